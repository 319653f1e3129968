import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openssl, type TestCertificate } from './test-certificate.js';

export interface CertificateWish {
  readonly commonName: string;
  /** As in `subjectAltName`: `DNS:localhost`, `IP:127.0.0.1`. Absent: a certificate of a client. */
  readonly hosts?: readonly string[];
  /** Days from now; by default yesterday to a hundred days ahead. */
  readonly fromDay?: number;
  readonly untilDay?: number;
}

/** Signs certificates with any dates. */
export interface CertificateAuthority extends Disposable {
  /** PEM. */
  readonly certificate: string;
  issue(wish: CertificateWish): TestCertificate;
}

const configuration = (folder: string): string => `
[ca]
default_ca = authority
[authority]
database = ${folder}/index.txt
new_certs_dir = ${folder}
rand_serial = yes
default_md = sha256
unique_subject = no
copy_extensions = copy
policy = policy
x509_extensions = issued
[policy]
commonName = supplied
[issued]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`;

/** `YYYYMMDDHHMMSSZ` in `days` from now. */
const inDays = (days: number): string =>
  new Date(Date.now() + days * 86_400_000).toISOString().replace(/[-:T]|\.\d+/g, '');

export function makeAuthority(name: string): CertificateAuthority {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-authority-'));
  const at = (file: string): string => join(folder, file);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  writeFileSync(at('index.txt'), '');
  writeFileSync(at('authority.cnf'), configuration(folder));
  openssl(
    ...['req', '-x509', ...newKey, '-days', '200', '-subj', `/CN=${name}`],
    ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
    ...['-keyout', at('authority.key'), '-out', at('authority.pem')],
  );
  return {
    certificate: readFileSync(at('authority.pem'), 'utf8'),
    issue({ commonName, hosts = [], fromDay = -1, untilDay = 100 }) {
      const names = hosts.length === 0 ? [] : ['-addext', `subjectAltName=${hosts.join(',')}`];
      openssl(
        ...['req', ...newKey, '-subj', `/CN=${commonName}`, ...names],
        ...['-keyout', at('key'), '-out', at('request')],
      );
      openssl(
        ...['ca', '-batch', '-notext', '-config', at('authority.cnf')],
        ...['-cert', at('authority.pem'), '-keyfile', at('authority.key'), '-in', at('request')],
        ...['-startdate', inDays(fromDay), '-enddate', inDays(untilDay), '-out', at('certificate')],
      );
      return { certificate: readFileSync(at('certificate'), 'utf8'), key: readFileSync(at('key'), 'utf8') };
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
