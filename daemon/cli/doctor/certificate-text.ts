import { counted } from '../../base/counted.js';
import type { CertificateStatus } from '../../publish/broker/certificate-watch.js';

const owners = {
  client: 'this box',
  authority: 'the authority in mqtt.caFile',
  broker: 'the broker',
} as const;

export const ownerOf = ({ whose }: Pick<CertificateStatus, 'whose'>): string => owners[whose];

/** `the broker (DNS:broker.example): 12 days left, until 2026-03-01`; loud where it is not in force. */
export function describeCertificate(certificate: CertificateStatus): string {
  return `${ownerOf(certificate)} (${certificate.names}): ${describeValidity(certificate)}`;
}

export function describeValidity({ state, daysLeft, notBefore, notAfter }: CertificateStatus): string {
  const [begin, end] = [notBefore, notAfter].map((time) => time.slice(0, 10));
  if (state === 'expired') return `EXPIRED on ${end}`;
  if (state === 'not yet valid') return `NOT YET VALID, begins on ${begin}`;
  const left = `${counted(daysLeft, 'day')} left, until ${end}`;
  return state === 'in force' ? left : `${left}: RENEW IT`;
}
