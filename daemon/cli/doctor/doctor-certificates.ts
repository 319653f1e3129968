import type { Config } from '../../config/schema.js';
import type { CredentialPlaces } from '../../host/credentials.js';
import { certificateFacts } from '../../publish/broker/certificate-facts.js';
import { type CertificateStatus, certificateStatus } from '../../publish/broker/certificate-watch.js';
import { parseClientCertificate } from '../../publish/broker/client-certificate.js';
import { describeValidity, ownerOf } from './certificate-text.js';
import { type Finding, failed } from './doctor-finding.js';
import { openAsDaemon } from './doctor-secret.js';

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

/** Whether the client certificate can be used, and how long; nothing where none is configured. */
export async function clientCertificateFindings(
  { mqtt }: Pick<Config, 'mqtt'>,
  places: CredentialPlaces,
): Promise<readonly Finding[]> {
  const name = mqtt?.clientCertificate;
  if (name === undefined) return [];
  try {
    const text = await openAsDaemon(name, places);
    try {
      const { certificate, key } = parseClientCertificate(name, text);
      key.fill(0);
      return [certificateFinding(certificateStatus('client', certificateFacts(certificate), Date.now()))];
    } finally {
      text.fill(0);
    }
  } catch (error) {
    return [failed('certificate of this box', error)];
  }
}
