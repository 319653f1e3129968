import { X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { dirname } from 'node:path';
import type { Clock } from '../../base/clock.js';
import { makeOwnCertificate } from '../../host/own-certificate.js';
import { certificateFacts } from '../../publish/broker/certificate-facts.js';
import { certificateStatus, warnedDays } from '../../publish/broker/certificate-watch.js';

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

/**
 * The certificate that the box made for its gate, with its key. Makes one where there is none, where a name is missing in it, and
 * where it ends within 30 days. A change of addresses changes nothing: callers know the certificate by its fingerprint.
 */
export async function settleBoxCertificate(options: BoxCertificateOptions): Promise<Buffer> {
  const { path, commonName, hosts, clock } = options;
  const present = await readFile(path).catch(() => undefined);
  if (present !== undefined && isUsable(present, hosts, clock)) return present;
  const nowMs = clock.wallMs();
  const made = makeOwnCertificate({
    ...{ commonName, notBeforeMs: nowMs - earlierMs, notAfterMs: nowMs + validDays * dayMs },
    names: [...new Set([...hosts, ...machineNames(), ...machineAddresses()])],
  });
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.new`, made, { mode: 0o600, flush: true });
  // An interrupted earlier run may have left the file with another mode.
  await chmod(`${path}.new`, 0o600);
  await rename(`${path}.new`, path);
  return Buffer.from(made);
}

function isUsable(pem: Buffer, hosts: readonly string[], clock: Clock): boolean {
  try {
    const certificate = new X509Certificate(pem);
    const status = certificateStatus('gate', certificateFacts(certificate), clock.wallMs());
    // The clock of a box may be wrong for a while; a certificate from its future is no reason for another one.
    const isInForce = status.state !== 'expired' && status.daysLeft >= warnedDays;
    return (
      isInForce &&
      hosts.every((host) => certificate.checkHost(host) !== undefined || isAddressOf(certificate, host))
    );
  } catch {
    // A file that cannot be read as a certificate is replaced.
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
