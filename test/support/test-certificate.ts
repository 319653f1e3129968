import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

const dayMs = 86_400_000;

/** Such as `20260302100000Z`. */
const opensslTime = (ms: number): string => `${new Date(ms).toISOString().replaceAll(/[-:T]|\..*/g, '')}Z`;

/** A fresh certificate for one host name, valid from now for `days` (-1: it ended yesterday, and began the day before). */
export function makeCertificate(
  hostName: string,
  days = 1,
  newKey: readonly string[] = ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
): TestCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-certificate-'));
  const [key, request, certificate, settings] = ['key', 'request', 'certificate', 'settings'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  const untilMs = Date.now() + days * dayMs;
  try {
    openssl(
      ...['req', '-newkey', ...newKey, '-nodes'],
      ...['-subj', `/CN=${hostName}`, '-addext', `subjectAltName=DNS:${hostName}`],
      ...['-keyout', key, '-out', request],
    );
    // Of the commands of openssl, `ca` alone takes a beginning in every version: newer ones refuse an end before now without one.
    writeFileSync(join(folder, 'index'), '');
    writeFileSync(
      settings,
      `[ca]\ndefault_ca = own\n[own]\ndatabase = ${folder}/index\nnew_certs_dir = ${folder}\nserial = ${folder}/serial\ndefault_md = sha256\n` +
        'policy = any\ncopy_extensions = copyall\n[any]\ncommonName = supplied\n',
    );
    openssl(
      ...['ca', '-selfsign', '-batch', '-notext', '-create_serial', '-config', settings, '-keyfile', key],
      ...['-startdate', opensslTime(untilMs - Math.abs(days) * dayMs), '-enddate', opensslTime(untilMs)],
      ...['-in', request, '-out', certificate],
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
