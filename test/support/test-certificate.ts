import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestCertificate {
  /** PEM. Signed by itself, so it is its own authority. */
  readonly certificate: string;
  readonly key: string;
}

/** For a test's `skip`: why no certificate can be made, or false. */
export const withoutOpenssl: string | false =
  spawnSync('openssl', ['version']).status !== 0 && 'openssl is not installed';

/** A fresh certificate for one host name, valid from now for `days` (-1: it ended yesterday). */
export function makeCertificate(
  hostName: string,
  days = 1,
  newKey: readonly string[] = ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
): TestCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-certificate-'));
  const [key, request, certificate] = [
    join(folder, 'key'),
    join(folder, 'request'),
    join(folder, 'certificate'),
  ];
  try {
    openssl(
      ...['req', '-newkey', ...newKey, '-nodes'],
      ...['-subj', `/CN=${hostName}`, '-addext', `subjectAltName=DNS:${hostName}`],
      ...['-keyout', key, '-out', request],
    );
    openssl(
      ...['x509', '-req', '-in', request, '-signkey', key, '-days', String(days)],
      ...['-copy_extensions', 'copyall', '-out', certificate],
    );
    return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs openssl; throws its error output if it fails. */
export function openssl(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl: ${stderr}`);
}
