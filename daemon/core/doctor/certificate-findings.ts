import type { CertificateHolder } from '../../kernel/certificate-state.js';
import { counted } from '../../kernel/counted.js';
import type { CertificateStatus } from '../delivery/broker/certificate-watch.js';
import type { Finding } from './finding.js';

const remedies: Readonly<Record<CertificateHolder, string>> = {
  client:
    'Renew the certificate: write the new certificate and its key into the secret that mqtt.clientCertificate names, then reload; also check the clock of this machine.',
  authority:
    'Ask the operator of the broker for the new certificate of the authority, add it to the file that mqtt.caFile names, then reload; also check the clock of this machine.',
  gate: 'Write the new certificate and its key into the secret that gate.certificate names; the box reads it within a minute; also check the clock of this machine.',
  broker: 'Ask the operator of the broker to renew the certificate; also check the clock of this machine.',
};

const ownRemedy =
  'Let a time server control the clock of this machine (timedatectl set-ntp true); while the clock is right, the box replaces its own certificate within a minute.';

/** Warns of a certificate that expires within 30 days; fails on one that is not valid now. */
export function certificateFinding(
  certificate: CertificateStatus & { readonly isMadeByBox?: boolean },
): Finding {
  const { state, whose } = certificate;
  const about = { check: `certificate of ${ownerOf(certificate)}`, message: describeValidity(certificate) };
  if (state === 'in force') return { ...about, outcome: 'ok' };
  return {
    ...about,
    outcome: state === 'expires soon' ? 'warning' : 'failed',
    remedy: certificate.isMadeByBox ? ownRemedy : remedies[whose],
  };
}

const owners = {
  client: 'this box',
  authority: 'the authority in mqtt.caFile',
  broker: 'the broker',
  gate: 'the gate',
} as const;

export const ownerOf = ({ whose }: Pick<CertificateStatus, 'whose'>): string => owners[whose];

/** `the broker (DNS:broker.example): 12 days left, until 2026-03-01` */
export function describeCertificate(certificate: CertificateStatus): string {
  return `${ownerOf(certificate)} (${certificate.names}): ${describeValidity(certificate)}`;
}

function describeValidity({ state, daysLeft, notBefore, notAfter }: CertificateStatus): string {
  const [begin, end] = [notBefore, notAfter].map((time) => time.slice(0, 10));
  if (state === 'expired') return `EXPIRED on ${end}`;
  if (state === 'not yet valid') return `NOT YET VALID, valid from ${begin}`;
  const left = `${counted(daysLeft, 'day')} left, until ${end}`;
  return state === 'in force' ? left : `${left}: RENEW IT`;
}
