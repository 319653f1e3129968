import type { CertificateHolder } from '../../kernel/certificate-state.js';
import type { Said } from '../../kernel/said.js';
import type { CertificateStatus } from '../delivery/broker/certificate-watch.js';
import { doctor, type Finding, finding } from './finding.js';

/** Warns of a certificate that expires within 30 days; fails on one that is not valid now. */
export function certificateFinding(
  certificate: CertificateStatus & { readonly isMadeByBox?: boolean },
): Finding {
  const { state, whose } = certificate;
  const check = checkOf(whose);
  const message = validityOf(certificate);
  if (state === 'in force') return finding(check, 'ok', { message });
  const remedy = doctor(`remedy-certificate-${certificate.isMadeByBox ? 'own' : whose}`);
  return finding(check, state === 'expires soon' ? 'warning' : 'failed', { message, remedy });
}

const checkOf = (whose: CertificateHolder): Said =>
  doctor('check-certificate', { owner: doctor(`owner-${whose}`) });

/** `certificate of the broker (DNS:broker.example): 12 days left, until 2026-03-01` */
export const certificateFact = (certificate: CertificateStatus): Said =>
  doctor('fact-certificate', {
    certificate: checkOf(certificate.whose),
    names: certificate.names,
    validity: validityOf(certificate),
  });

function validityOf({ state, daysLeft, notBefore, notAfter }: CertificateStatus): Said {
  const [begin = '', end = ''] = [notBefore, notAfter].map((time) => time.slice(0, 10));
  if (state === 'expired') return doctor('certificate-expired', { date: end });
  if (state === 'not yet valid') return doctor('certificate-not-yet-valid', { date: begin });
  const key = state === 'in force' ? 'certificate-valid' : 'certificate-ends-soon';
  return doctor(key, { days: daysLeft, date: end });
}
