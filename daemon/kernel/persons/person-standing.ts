import { isCalendarDate } from '../calendar-date.js';
import { isSlug } from '../ids.js';
import { checkText } from '../printable-text.js';

/**
 * - `watch`: the box tells of the person at once, and records attendance as usual.
 * - `barred`: the box tells of the person at once, and records no attendance.
 */
export const watchMarks = ['watch', 'barred'] as const;
export type WatchMark = (typeof watchMarks)[number];

/** Why the box watches for a person. */
interface Watch {
  readonly mark: WatchMark;
  readonly reason: string;
}

/** Most groups of one person. */
export const mostGroups = 20;
/** Longest reason of a mark, in characters. */
const longestWatchReason = 500;

/** To whom a person belongs, when they are valid, and whether the box watches for them. */
export interface PersonTerms {
  /** Sorted; absent instead of empty. */
  readonly groups?: readonly string[];
  /** First and last valid day at the site, `YYYY-MM-DD`. Absent: without an end on this side. */
  readonly validFrom?: string;
  readonly validUntil?: string;
  readonly watch?: Watch;
}

/** Terms before their check. An empty text or list counts as absent. */
export interface GivenTerms {
  readonly groups?: readonly string[] | undefined;
  readonly validFrom?: string | undefined;
  readonly validUntil?: string | undefined;
  readonly watch?: { readonly mark: string; readonly reason: string } | undefined;
}

export const validities = ['valid', 'not-yet-valid', 'expired'] as const;
/** Whether a day lies within the validity of a person. */
export type Validity = (typeof validities)[number];
/** What a person counts as on a day. A barred person is barred whatever the day. */
export type Standing = Validity | 'barred';

/** `dayIso`: the day at the site, `YYYY-MM-DD`. Both ends of the validity are valid days. */
export function validityOn(
  { validFrom, validUntil }: Pick<PersonTerms, 'validFrom' | 'validUntil'>,
  dayIso: string,
): Validity {
  if (validFrom !== undefined && dayIso < validFrom) return 'not-yet-valid';
  return validUntil !== undefined && dayIso > validUntil ? 'expired' : 'valid';
}

/** The part of the terms that decides. */
export interface StandingTerms extends Pick<PersonTerms, 'validFrom' | 'validUntil'> {
  readonly watch?: Pick<Watch, 'mark'>;
}

export function standingOn(terms: StandingTerms, dayIso: string): Standing {
  return terms.watch?.mark === 'barred' ? 'barred' : validityOn(terms, dayIso);
}

/** The terms as they are stored, and all their problems; the terms count only if there are none. */
export function checkTerms(given: GivenTerms): {
  readonly terms: PersonTerms;
  readonly problems: readonly string[];
} {
  const problems: string[] = [];
  const groups = checkGroups(given.groups ?? [], problems);
  const validFrom = checkDay(given.validFrom, 'the first valid day', problems);
  const validUntil = checkDay(given.validUntil, 'the last valid day', problems);
  if (validFrom !== undefined && validUntil !== undefined && validFrom > validUntil)
    problems.push('the last valid day is before the first');
  const watch = given.watch && checkWatch(given.watch, problems);
  const terms = {
    ...(groups.length === 0 ? {} : { groups }),
    ...(validFrom === undefined ? {} : { validFrom }),
    ...(validUntil === undefined ? {} : { validUntil }),
    ...(watch === undefined ? {} : { watch }),
  };
  return { terms, problems };
}

function checkGroups(given: readonly string[], problems: string[]): readonly string[] {
  const groups = [...new Set(given.map((group) => group.trim()).filter((group) => group !== ''))].sort();
  if (!groups.every(isSlug)) {
    problems.push(
      'the name of a group has 1 to 64 lower-case letters, digits, "-" and "_", and begins and ends with a letter or digit',
    );
  }
  if (groups.length > mostGroups) problems.push(`there are more than ${mostGroups} groups`);
  return groups;
}

function checkDay(given: string | undefined, what: string, problems: string[]): string | undefined {
  const day = given?.trim() ?? '';
  if (day === '') return undefined;
  if (!isCalendarDate(day)) problems.push(`${what} must be a date such as 2026-03-01`);
  return day;
}

function checkWatch(given: NonNullable<GivenTerms['watch']>, problems: string[]): Watch | undefined {
  const mark = watchMarks.find((known) => known === given.mark.trim());
  const reason = checkText(given.reason, { what: 'the reason of the mark', longest: longestWatchReason });
  if (mark === undefined) problems.push(`the mark must be one of ${watchMarks.join(', ')}`);
  if ('problem' in reason) problems.push(reason.problem);
  return mark === undefined || 'problem' in reason ? undefined : { mark, reason: reason.text };
}
