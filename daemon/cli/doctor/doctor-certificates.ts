import type { CertificateStatus } from '../../publish/broker/certificate-watch.js';
import { describeValidity, ownerOf } from './certificate-text.js';
import type { Finding } from './doctor-finding.js';

const remedies: Readonly<Record<CertificateStatus['whose'], string>> = {
  client:
    'renew it: write the new certificate and its key into the secret that mqtt.clientCertificate names, and reload; check the clock of this machine',
  authority:
    'get the one that follows it from the operator of the broker, add it to the file that mqtt.caFile names, and reload; check the clock of this machine',
  broker: 'have the operator of the broker renew it; check the clock of this machine',
};

/** A certificate that ends within 30 days is worth a warning; one that is not in force is a failure. */
export function certificateFinding(certificate: CertificateStatus): Finding {
  const { state, whose } = certificate;
  const about = { check: `certificate of ${ownerOf(certificate)}`, message: describeValidity(certificate) };
  if (state === 'in force') return { ...about, outcome: 'ok' };
  return { ...about, outcome: state === 'expires soon' ? 'warning' : 'failed', remedy: remedies[whose] };
}
