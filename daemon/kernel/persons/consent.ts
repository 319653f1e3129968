import { isCalendarDate } from '../calendar-date.js';
import { checkText } from '../printable-text.js';

/**
 * The legal basis of an enrolment. A template is biometric data for identification. Regulation (EU) 2016/679 (GDPR) forbids
 * its processing (Art. 9(1)) unless an exception of Art. 9(2) applies, in addition to a ground of Art. 6(1).
 *
 * | basis                         | Art. 6(1) | Art. 9(2)                     |
 * |-------------------------------|-----------|-------------------------------|
 * | `consent`                     | (a)       | (a), given explicitly         |
 * | `employment-law`              | (b) (c)   | (b)                           |
 * | `vital-interests`             | (d)       | (c), if unable to consent     |
 * | `substantial-public-interest` | (e)       | (g), on the basis of law      |
 * | `contract`                    | (b)       | none                          |
 * | `legal-obligation`            | (c)       | none                          |
 * | `legitimate-interests`        | (f)       | none                          |
 *
 * The last three are for places whose law has no such ban; `liftsBiometricBan` returns false for them.
 */
export const consentBases = [
  'consent',
  'employment-law',
  'vital-interests',
  'substantial-public-interest',
  'contract',
  'legal-obligation',
  'legitimate-interests',
] as const;

export type ConsentBasis = (typeof consentBases)[number];

/** The legal basis of an enrolment and the place of its proof (GDPR Art. 7(1)). */
export interface Consent {
  readonly basis: ConsentBasis;
  /** Day of the consent, `YYYY-MM-DD`. */
  readonly dateIso: string;
  /** Identifies the proof: the number of a paper form, a contract or a ticket. */
  readonly reference: string;
  /** Day of withdrawal, `YYYY-MM-DD`: from then on there is no biometric data of the person. */
  readonly withdrawnIso?: string;
}

export const consentStates = ['none', 'recorded', 'withdrawn'] as const;
export type ConsentState = (typeof consentStates)[number];

export function consentStateOf(consent: Consent | undefined): ConsentState {
  if (consent === undefined) return 'none';
  return consent.withdrawnIso === undefined ? 'recorded' : 'withdrawn';
}

/** Longest reference, characters. */
const longestReference = 200;

/** A consent before its check: texts as typed. */
export interface GivenConsent {
  readonly basis: string;
  readonly dateIso: string;
  readonly reference: string;
}

type CheckedConsent = { readonly consent: Consent } | { readonly problems: readonly string[] };

/** The consent as it is stored, or all its problems. No date may be after `todayIso`. */
export function checkConsent(given: GivenConsent, todayIso: string): CheckedConsent {
  const basis = consentBases.find((known) => known === given.basis.trim());
  const dateIso = given.dateIso.trim();
  const reference = checkText(given.reference, {
    what: 'the reference of the consent',
    longest: longestReference,
  });
  const problems: string[] = [];
  if (basis === undefined) {
    problems.push(`the basis of the consent must be one of ${consentBases.join(', ')}`);
  }
  if (!isCalendarDate(dateIso)) problems.push('the date of the consent must be a date such as 2026-03-01');
  else if (dateIso > todayIso) problems.push('the date of the consent is in the future');
  if ('problem' in reference) problems.push(reference.problem);
  if (basis === undefined || 'problem' in reference || problems.length > 0) return { problems };
  return { consent: { basis, dateIso, reference: reference.text } };
}

/** Whether the basis includes an exception of GDPR Art. 9(2). */
export function liftsBiometricBan(basis: ConsentBasis): boolean {
  return basis !== 'contract' && basis !== 'legal-obligation' && basis !== 'legitimate-interests';
}
