import { checkText } from '../printable-text.js';
import { type Consent, checkConsent, type GivenConsent } from './consent.js';
import { checkFields, type FieldValues } from './custom-fields.js';
import { checkTerms, type GivenTerms, type PersonTerms } from './person-standing.js';

/** Shown for a name that cannot be decrypted. */
export const damagedName = '(damaged)';

/** Longest name, in characters (code points). */
export const longestName = 200;
/** Longest id of a person in another system, characters. */
export const longestExternalId = 100;
/** Longest notes, characters. */
export const longestNotes = 2000;

/** Longest reason for a threshold, in characters. */
export const longestReason = 500;

/** A threshold that was set by hand for one person; it replaces the one from calibration. */
export interface OwnThreshold {
  /** Cosine of the recogniser, -1..1. */
  readonly similarity: number;
  /** The recogniser that the threshold is for; with another recogniser it has no effect. */
  readonly recogniser: string;
  readonly reason: string;
}

/** The passage that a photograph was taken from. */
export interface PhotographOrigin {
  readonly passage: string;
  readonly camera: string;
  /** When the passage was, wall clock, whole milliseconds since the epoch. */
  readonly seenAtMs: number;
}

/** The written data about a person. All of it is personal data and is sealed. */
export interface PersonProfile extends PersonTerms {
  readonly name: string;
  /** What another system (payroll, access control) knows the person by; no two persons have the same. */
  readonly externalId?: string;
  /** May have several lines. */
  readonly notes?: string;
  /** Also of fields that the configuration no longer defines. */
  readonly fields?: FieldValues;
  readonly consent?: Consent;
  /** Absent: the threshold from calibration. */
  readonly threshold?: OwnThreshold;
  /** The photographs that were taken from passages, by their ids. All others were enrolled. */
  readonly origins?: Readonly<Record<string, PhotographOrigin>>;
}

/** A profile before its check. An empty text counts as absent, except the name. */
export interface GivenProfile extends GivenTerms {
  readonly name: string;
  readonly externalId?: string | undefined;
  readonly notes?: string | undefined;
  readonly fields?: FieldValues | undefined;
  readonly consent?: GivenConsent | undefined;
}

type CheckedProfile = { readonly profile: PersonProfile } | { readonly problems: readonly string[] };

/** The name as it is stored (trimmed, Unicode NFC), or its problem. */
export function checkName(text: string): { readonly name: string } | { readonly problem: string } {
  const checked = checkText(text, { what: 'the name', longest: longestName });
  return 'problem' in checked ? checked : { name: checked.text };
}

/**
 * The profile as it is stored, or all its problems. `todayIso` is `YYYY-MM-DD`. `knownFields`: the custom fields that may have a
 * value; undefined where they are not known.
 */
export function checkProfile(
  given: GivenProfile,
  todayIso: string,
  knownFields?: ReadonlySet<string>,
): CheckedProfile {
  const problems: string[] = [];
  const optional = (text: string | undefined, what: string, longest: number, isMultiline: boolean) => {
    if (text === undefined || text.trim() === '') return undefined;
    const checked = checkText(text, { what, longest, isMultiline });
    if ('text' in checked) return checked.text;
    problems.push(checked.problem);
    return undefined;
  };
  const name = checkName(given.name);
  if ('problem' in name) problems.push(name.problem);
  const externalId = optional(given.externalId, 'the external id', longestExternalId, false);
  const notes = optional(given.notes, 'the note', longestNotes, true);
  const { fields, problems: ofFields } = checkFields(given.fields ?? {}, knownFields);
  problems.push(...ofFields);
  const checked = given.consent === undefined ? undefined : checkConsent(given.consent, todayIso);
  if (checked !== undefined && 'problems' in checked) problems.push(...checked.problems);
  const { terms, problems: ofTerms } = checkTerms(given);
  problems.push(...ofTerms);
  if ('problem' in name || problems.length > 0) return { problems };
  return {
    profile: {
      name: name.name,
      ...(externalId === undefined ? {} : { externalId }),
      ...(notes === undefined ? {} : { notes }),
      ...(fields === undefined ? {} : { fields }),
      ...(checked !== undefined && 'consent' in checked ? { consent: checked.consent } : {}),
      ...terms,
    },
  };
}

/**
 * The profile after consent was withdrawn on `withdrawnIso`, `YYYY-MM-DD`: without what says how to treat the person when their
 * face is recognised, and without the passages of photographs.
 */
export function withdrawn(profile: PersonProfile, withdrawnIso: string): PersonProfile {
  const {
    groups: _g,
    validFrom: _f,
    validUntil: _u,
    watch: _w,
    threshold: _t,
    origins: _o,
    ...kept
  } = profile;
  // A withdrawal must be stored also where the consent itself was never stored.
  const { consent = { basis: 'consent', dateIso: withdrawnIso, reference: 'not recorded' } } = kept;
  return { ...kept, consent: { ...consent, withdrawnIso } };
}
