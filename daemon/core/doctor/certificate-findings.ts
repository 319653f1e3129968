import type { CertificateHolder } from '../../kernel/certificate-state.js';
import type { Said } from '../../kernel/said.js';
import { english } from '../../words/language.js';
import type { CertificateStatus } from '../delivery/broker/certificate-watch.js';
import { doctor, type Finding, finding } from './finding.js';

/** Warns of a certificate that expires within 30 days; fails on one that is not valid now. */
export function certificateFinding(
  certificate: CertificateStatus & { readonly isMadeByBox?: boolean },
): Finding {
  const { state, whose } = certificate;
  const check = doctor('check-certificate', { owner: ownerOf(whose) });
  const message = validityOf(certificate);
  if (state === 'in force') return finding(check, 'ok', { message });
  const remedy = doctor(`remedy-certificate-${certificate.isMadeByBox ? 'own' : whose}`);
  return finding(check, state === 'expires soon' ? 'warning' : 'failed', { message, remedy });
}

const ownerOf = (whose: CertificateHolder): Said => doctor(`owner-${whose}`);

/** `the broker (DNS:broker.example): 12 days left, until 2026-03-01` */
export function describeCertificate(certificate: CertificateStatus): string {
  const [owner, validity] = [ownerOf(certificate.whose), validityOf(certificate)];
  return `${english.textOf(owner)} (${certificate.names}): ${english.textOf(validity)}`;
}

function validityOf({ state, daysLeft, notBefore, notAfter }: CertificateStatus): Said {
  const [begin = '', end = ''] = [notBefore, notAfter].map((time) => time.slice(0, 10));
  if (state === 'expired') return doctor('certificate-expired', { date: end });
  if (state === 'not yet valid') return doctor('certificate-not-yet-valid', { date: begin });
  const key = state === 'in force' ? 'certificate-valid' : 'certificate-ends-soon';
  return doctor(key, { days: daysLeft, date: end });
}
