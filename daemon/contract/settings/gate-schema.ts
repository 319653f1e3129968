import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { credentialName } from './scalars.js';
import { field } from './setting-field.js';

const hostName = z
  .string()
  .regex(/^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, {
    error: 'must be a host name in lower case or an IPv4 address, without a port',
  });

const origin = z
  .string()
  .max(300)
  .refine((text) => URL.canParse(text) && new URL(text).origin === text, {
    error: 'must be an origin such as "https://console.example", without a path',
  });

/** The longest folder with a socket name behind it that fits `sun_path` of unix(7). */
const longestFolderBytes = 107 - '/gate.sock'.length;

const fields = z.strictObject({
  enabled: field(
    z.boolean().default(true),
    'restart',
    'Let the process `rollcall-gate` pass requests over HTTPS to this daemon. With `false`, only the commands on this machine reach it.',
  ),
  address: field(
    z
      .string()
      .refine((text) => isIP(text) !== 0, { error: 'must be an IP address' })
      .default('127.0.0.1'),
    'live',
    'Address at which the gate listens. `127.0.0.1`: only programs on this machine reach it. `0.0.0.0` (or `::`, which includes IPv6): the network reaches it.',
  ),
  port: field(z.int().min(1024).max(65_535).default(8443), 'live', 'Port at which the gate listens.'),
  minimumTls: field(
    z.enum(['1.2', '1.3']).default('1.3'),
    'live',
    'Oldest version of TLS that the gate speaks.',
  ),
  certificate: field(
    credentialName.exactOptional(),
    'live',
    'Name of the secret that holds the certificate of the gate, certificates of intermediate authorities if any, and its private key: all PEM, in one text. The box reads it again every minute. Absent: the box makes a certificate, and `rollcall identity show` prints its fingerprint.',
  ),
  hosts: field(
    z.array(hostName).max(32).default([]),
    'live',
    'Names by which callers reach this box, besides `localhost`, the name of the machine and its addresses. Requests for other hosts are refused.',
  ),
  passkeyHost: field(
    hostName
      .refine((text) => isIP(text) === 0, {
        error: 'must be a host name: browsers make no passkeys for addresses',
      })
      .exactOptional(),
    'live',
    'The one of `hosts` under which users open this box in a browser and use passkeys. The browser must trust the certificate of the gate for it. A passkey belongs to this name: with another name, users add new ones. Absent: the box offers no passkeys.',
  ),
  origins: field(
    z.array(origin).max(32).default([]),
    'live',
    'Origins of other web pages that may call the API from a browser, such as `https://console.example`. Their pages send a token: cookies of the box do not reach them.',
  ),
  connections: field(
    z.int().min(10).max(15_000).default(2_000),
    'live',
    'Largest number of simultaneous connections.',
  ),
  connectionsPerAddress: field(
    z.int().min(1).max(15_000).default(200),
    'live',
    'Largest number of simultaneous connections from one address (IPv6: from one network of 64 bits).',
  ),
  folder: field(
    z
      .string()
      .refine(isAbsolute, { error: 'must be an absolute path, beginning with "/"' })
      .refine((path) => Buffer.byteLength(path) <= longestFolderBytes, {
        error: `must have at most ${longestFolderBytes} bytes, the limit for the socket in it`,
      })
      .exactOptional(),
    'restart',
    'Folder in which the daemon hands its socket, settings and certificate over to the gate. Absent: `/run/rollcall-gate` where `control.socketPath` lies in `/run/rollcall`, otherwise the folder `gate` beside the control socket.',
  ),
});

export const gateSchema = fields.refine(
  ({ passkeyHost, hosts }) => passkeyHost === undefined || hosts.includes(passkeyHost),
  { path: ['passkeyHost'], error: 'must be one of gate.hosts' },
);
