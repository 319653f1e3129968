import type { PersonDetail } from '../../../contract/person.js';
import type { ProfileChange } from '../../../contract/persons.js';
import type { ConsentBasis } from '../../../kernel/persons/consent.js';
import type { FieldValues } from '../../../kernel/persons/custom-fields.js';
import type { WatchMark } from '../../../kernel/persons/person-standing.js';

/** A profile as a form holds it: an empty text for what is absent. */
export interface ProfileDraft {
  readonly name: string;
  readonly externalId: string;
  /** Separated by commas. */
  readonly groups: string;
  readonly validFrom: string;
  readonly validUntil: string;
  readonly mark: WatchMark | '';
  readonly markReason: string;
  readonly basis: ConsentBasis | '';
  readonly consentDay: string;
  readonly consentReference: string;
  readonly notes: string;
  /** The custom fields that the user has edited, by ID. The others are not sent, so changes that another user makes to them stay. */
  readonly fields: FieldValues;
}

export type ConsentDraft = Pick<ProfileDraft, 'basis' | 'consentDay' | 'consentReference'>;

export const emptyDraft: ProfileDraft = {
  ...{ name: '', externalId: '', groups: '', validFrom: '', validUntil: '', mark: '', markReason: '' },
  ...{ basis: '', consentDay: '', consentReference: '', notes: '', fields: {} },
};

export function draftOf(person: PersonDetail): ProfileDraft {
  const { name, externalId = '', groups = [], validFrom = '', validUntil = '' } = person;
  const { watch, consent, notes = '' } = person;
  return {
    ...{ name, externalId, groups: groups.join(', '), validFrom, validUntil, notes, fields: {} },
    ...{ mark: watch?.mark ?? '', markReason: watch?.reason ?? '' },
    basis: consent?.basis ?? '',
    consentDay: consent?.dateIso ?? '',
    consentReference: consent?.reference ?? '',
  };
}

/** The groups that a field names, separated by commas. */
export const groupNames = (text: string): readonly string[] =>
  text
    .split(/[,;]/)
    .map((group) => group.trim())
    .filter((group) => group !== '');

/** The values of a form that are not empty, trimmed, in the order of their IDs. */
export const givenFields = (values: FieldValues): FieldValues =>
  Object.fromEntries(
    Object.entries(values)
      .map(([id, value]) => [id, value.trim()] as const)
      .filter(([, value]) => value !== '')
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

/** Null for a value that was taken away. Undefined if the person has all of them already. */
function fieldChangesOf({ fields = {} }: PersonDetail, typed: FieldValues): ProfileChange['fields'] {
  const changes = Object.entries(typed)
    .map(([id, value]) => [id, value.trim()] as const)
    .filter(([id, value]) => value !== (fields[id] ?? ''))
    .map(([id, value]) => [id, value === '' ? null : value] as const);
  return changes.length === 0 ? undefined : Object.fromEntries(changes);
}

/** The parts of a profile as the box takes them; `undefined` for what is absent. */
function partsOf(draft: ProfileDraft) {
  const { basis, consentDay: dateIso, consentReference: reference, mark, markReason: reason } = draft;
  const groups = groupNames(draft.groups);
  return {
    externalId: draft.externalId.trim() || undefined,
    notes: draft.notes.trim() || undefined,
    validFrom: draft.validFrom || undefined,
    validUntil: draft.validUntil || undefined,
    groups: groups.length === 0 ? undefined : groups,
    watch: mark === '' ? undefined : { mark, reason },
    consent: basis === '' ? undefined : { basis, dateIso, reference },
  };
}

/** A new person's profile. */
export function profileOf(draft: ProfileDraft) {
  const given = Object.entries(partsOf(draft)).filter(([, value]) => value !== undefined);
  const fields = givenFields(draft.fields);
  return {
    name: draft.name,
    ...(Object.keys(fields).length > 0 && { fields }),
    ...(Object.fromEntries(given) as DefinedParts),
  };
}
type DefinedParts = { [K in keyof ReturnType<typeof partsOf>]?: NonNullable<ReturnType<typeof partsOf>[K]> };

/** What differs between a person and the form: null for what was taken away. */
export function changeOf(person: PersonDetail, draft: ProfileDraft): ProfileChange {
  const [before, after] = [partsOf(draftOf(person)), partsOf(draft)];
  const changed = Object.entries(after)
    .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof typeof before]))
    .map(([name, value]) => [name, value ?? null] as const);
  const fields = fieldChangesOf(person, draft.fields);
  return {
    ...(draft.name !== person.name && { name: draft.name }),
    ...(fields && { fields }),
    ...(Object.fromEntries(changed) as ProfileChange),
  };
}
