import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { dirname } from 'node:path';
import { makeOwnCertificate } from '../../host/own-certificate.js';
import type { Clock } from '../../kernel/clock.js';
import { certificateFacts } from '../delivery/broker/certificate-facts.js';
import { certificateStatus } from '../delivery/broker/certificate-watch.js';

const dayMs = 86_400_000;
const validDays = 365;
/** Callers whose clock is late accept the certificate, too. */
const earlierMs = dayMs;

export interface BoxCertificateOptions {
  /** Certificate and key, PEM. */
  readonly path: string;
  /** For people: which box shows it. */
  readonly commonName: string;
  /** Host names that it must be for, besides those of the machine. */
  readonly hosts: readonly string[];
  readonly clock: Clock;
}

/** Earlier certificates that are kept. Each start with a wrong clock may add one. */
const mostFormer = 8;

/**
 * The certificate that the box made for its gate, with its key. Makes one when there is none, when a name is missing in it, and when
 * it ends within 30 days. A change of addresses changes nothing: callers know the certificate by its fingerprint.
 *
 * A wrong clock makes a good certificate look expired, and the one that replaces it look not yet valid once the clock is right. So
 * replaced certificates are kept beside it, and the oldest one that is in force is used: when the clock is right again, callers see
 * the fingerprint that they know.
 */
export async function settleBoxCertificate(options: BoxCertificateOptions): Promise<Buffer> {
  const { path, commonName, hosts, clock } = options;
  const present = await readFile(path).catch(() => undefined);
  const former = await readFormer(formerPathOf(path));
  const known = [...former, ...(present === undefined ? [] : [present])];
  const usable = known.find((pem) => isInForce(pem, hosts, clock));
  if (usable !== undefined && present?.equals(usable) === true) return usable;
  const nowMs = clock.wallMs();
  const chosen =
    usable ??
    Buffer.from(
      await makeOwnCertificate({
        ...{ commonName, notBeforeMs: nowMs - earlierMs, notAfterMs: nowMs + validDays * dayMs },
        names: [...new Set([...hosts, ...machineNames(), ...machineAddresses()])],
      }),
    );
  const kept = known.filter((pem) => !pem.equals(chosen) && isFor(pem, hosts)).slice(-mostFormer);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // First the former ones: a kill between the two files loses none.
  await replacePrivate(formerPathOf(path), Buffer.concat(kept));
  await replacePrivate(path, chosen);
  return chosen;
}

const formerPathOf = (path: string): string => `${path}.former`;

/** The certificates in a file of several, each with its key, oldest first. */
async function readFormer(path: string): Promise<readonly Buffer[]> {
  const text = await readFile(path, 'latin1').catch(() => '');
  return text
    .split(/(?=-----BEGIN CERTIFICATE-----)/)
    .filter((pem) => pem !== '')
    .map((pem) => Buffer.from(pem, 'latin1'));
}

async function replacePrivate(path: string, content: Buffer): Promise<void> {
  await writeFile(`${path}.new`, content, { mode: 0o600, flush: true });
  // An interrupted earlier run may have left the file with another mode.
  await chmod(`${path}.new`, 0o600);
  await rename(`${path}.new`, path);
}

/** Whether the certificate is valid now and for more than 30 days, for all hosts. */
function isInForce(pem: Buffer, hosts: readonly string[], clock: Clock): boolean {
  if (!isFor(pem, hosts)) return false;
  return certificateStatus('gate', certificateFacts(pem), clock.wallMs()).state === 'in force';
}

/** False also for a file that cannot be read as a certificate with its key. */
function isFor(pem: Buffer, hosts: readonly string[]): boolean {
  try {
    const certificate = new X509Certificate(pem);
    return (
      certificate.checkPrivateKey(createPrivateKey(pem)) &&
      hosts.every((host) => certificate.checkHost(host) !== undefined || isAddressOf(certificate, host))
    );
  } catch {
    return false;
  }
}

const isAddressOf = (certificate: X509Certificate, host: string): boolean =>
  certificate.checkIP(host) !== undefined;

/** The names of this machine that callers use. */
export function machineNames(): readonly string[] {
  const name = hostname().toLowerCase();
  return [
    ...new Set([
      'localhost',
      ...(/^[a-z0-9][a-z0-9.-]*$/.test(name) ? [name, `${name.split('.')[0]}.local`] : []),
    ]),
  ];
}

/**
 * The addresses of this machine as far as the process may see them: the sandbox of the service hides all but these two. Callers by
 * address compare the fingerprint, or the address stands in `gate.hosts`.
 */
function machineAddresses(): readonly string[] {
  const loopback = ['127.0.0.1', '::1'];
  try {
    const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    return [
      ...loopback,
      ...all.map(({ address }) => address).filter((address) => !address.startsWith('fe80:')),
    ];
  } catch {
    return loopback;
  }
}
