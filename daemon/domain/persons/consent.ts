import { isCalendarDate } from '../calendar-date.js';
import { checkText } from '../printable-text.js';

/**
 * On what ground a person is enrolled. A template is biometric data that identifies: Regulation (EU) 2016/679 (GDPR)
 * forbids to process it (Art. 9(1)) unless an exception of Art. 9(2) lifts that, besides a ground of Art. 6(1).
 *
 * | basis                         | Art. 6(1) | Art. 9(2)                     |
 * |-------------------------------|-----------|-------------------------------|
 * | `consent`                     | (a)       | (a), given explicitly         |
 * | `employment-law`              | (b) (c)   | (b)                           |
 * | `vital-interests`             | (d)       | (c), who cannot consent       |
 * | `substantial-public-interest` | (e)       | (g), on the basis of law      |
 * | `contract`                    | (b)       | none                          |
 * | `legal-obligation`            | (c)       | none                          |
 * | `legitimate-interests`        | (f)       | none                          |
 *
 * The last three are there for places whose law has no such ban; `liftsBiometricBan` tells them apart.
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

/** Why a person may be enrolled, and where the proof of it is kept (GDPR Art. 7(1)). */
export interface Consent {
  readonly basis: ConsentBasis;
  /** Day it was given, `YYYY-MM-DD`. */
  readonly dateIso: string;
  /** Where the proof is found: the number of a paper form, of a contract, of a ticket. */
  readonly reference: string;
  /** Day it was withdrawn, `YYYY-MM-DD`: from then on there is no biometric data of the person. */
  readonly withdrawnIso?: string;
}

/** Longest reference, characters. */
export const longestReference = 200;

/** What a consent is before it was checked: texts as somebody typed them. */
export interface GivenConsent {
  readonly basis: string;
  readonly dateIso: string;
  readonly reference: string;
}

export type CheckedConsent = { readonly consent: Consent } | { readonly problems: readonly string[] };

/** The consent as it is stored, or everything that is wrong with it. No date may lie after `todayIso`. */
export function checkConsent(given: GivenConsent, todayIso: string): CheckedConsent {
  const basis = consentBases.find((known) => known === given.basis.trim());
  const dateIso = given.dateIso.trim();
  const reference = checkText(given.reference, {
    what: 'the reference of the consent',
    longest: longestReference,
  });
  const problems: string[] = [];
  if (basis === undefined) {
    problems.push(`the basis of the consent is none of ${consentBases.join(', ')}`);
  }
  if (!isCalendarDate(dateIso)) problems.push('the date of the consent is not of the form YYYY-MM-DD');
  else if (dateIso > todayIso) problems.push('the date of the consent lies in the future');
  if ('problem' in reference) problems.push(reference.problem);
  if (basis === undefined || 'problem' in reference || problems.length > 0) return { problems };
  return { consent: { basis, dateIso, reference: reference.text } };
}

/** Whether an exception of GDPR Art. 9(2) goes with the basis. */
export function liftsBiometricBan(basis: ConsentBasis): boolean {
  return basis !== 'contract' && basis !== 'legal-obligation' && basis !== 'legitimate-interests';
}
