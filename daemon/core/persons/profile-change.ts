import type { ProfileChange } from '../../contract/persons.js';
import type { FieldValues } from '../../kernel/persons/custom-fields.js';
import { longestReason, type PersonProfile } from '../../kernel/persons/person-profile.js';
import { present } from '../../kernel/present.js';
import { checkText } from '../../kernel/printable-text.js';
import { refusal } from '../../words/errors.js';
import { type ProfileRules, requireProfile } from './photo-enrolment.js';

/**
 * Applies a change to the profile and checks the result. `definedFields`: the custom fields of the box. A value whose
 * field is no longer defined may stay. @throws `profile-refused`
 */
export function changedProfile(
  before: PersonProfile,
  change: ProfileChange,
  { todayIso, definedFields }: ProfileRules,
): PersonProfile {
  const pick = <T>(next: T | null | undefined, old: T | undefined): T | undefined =>
    next === undefined ? old : (next ?? undefined);
  const profile = requireProfile(
    {
      name: change.name ?? before.name,
      externalId: pick(change.externalId, before.externalId),
      notes: pick(change.notes, before.notes),
      fields: changedFields(before.fields, change.fields),
      consent: pick(change.consent, before.consent),
      groups: pick(change.groups, before.groups),
      validFrom: pick(change.validFrom, before.validFrom),
      validUntil: pick(change.validUntil, before.validUntil),
      watch: pick(change.watch, before.watch),
    },
    { todayIso, definedFields: new Set([...definedFields, ...Object.keys(before.fields ?? {})]) },
  );
  // Only new consent revokes a withdrawal.
  const withdrawnIso = change.consent === undefined ? before.consent?.withdrawnIso : undefined;
  const { threshold, origins } = before;
  return {
    ...profile,
    ...present({
      consent: profile.consent && { ...profile.consent, ...present({ withdrawnIso }) },
      threshold,
      origins,
    }),
  };
}

function changedFields(before: FieldValues = {}, change: ProfileChange['fields'] = {}): FieldValues {
  const changes = Object.entries(change).map(([id, value]) => [id, value ?? ''] as const);
  return Object.fromEntries([...Object.entries(before), ...changes]);
}

/** Sets the person's own threshold; null removes it, undefined leaves it as it is. @throws `threshold-refused` */
export function withThreshold(
  profile: PersonProfile,
  given: ProfileChange['threshold'],
  { floor, recogniser }: { readonly floor: number; readonly recogniser: string },
): PersonProfile {
  if (given === undefined) return profile;
  const { threshold: _, ...rest } = profile;
  if (given === null) return rest;
  const { similarity } = given;
  const checked = checkText(given.reason, { what: 'the reason', longest: longestReason });
  if ('problem' in checked) {
    throw refusal('threshold-refused', { problem: checked.problem });
  }
  if (similarity < floor) {
    throw refusal('threshold-refused:too-low', { similarity, floor }, { details: { floor } });
  }
  return { ...rest, threshold: { similarity, recogniser, reason: checked.text } };
}
