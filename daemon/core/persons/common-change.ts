import { isDeepStrictEqual } from 'node:util';
import {
  type ChangedPerson,
  type CommonChange,
  changedFields,
  type ProfileChange,
} from '../../contract/persons.js';
import type { PersonProfile } from '../../kernel/persons/person-profile.js';
import { present } from '../../kernel/present.js';
import { refusal } from '../../words/errors.js';
import { refusalOfOne } from '../api/refusal-of-one.js';

/** What a change that is the same for many persons means for one of them. */
export function changeFor(
  { groups = [] }: Pick<PersonProfile, 'groups'>,
  { addGroups, removeGroups, ...same }: CommonChange,
): ProfileChange {
  if (addGroups === undefined && removeGroups === undefined) return same;
  const left = new Set(removeGroups);
  return { ...same, groups: [...groups, ...(addGroups ?? [])].filter((group) => !left.has(group)) };
}

type Known = { readonly profile?: PersonProfile | undefined } | undefined;

/** How the persons are read and written. */
export interface ProfileAccess {
  known(id: string): Known;
  /** The profile after a change. @throws `profile-refused`, `field-damaged` */
  changed(id: string, change: ProfileChange): PersonProfile | undefined;
  /** Stores a profile, or returns false where the person is gone. */
  write(id: string, profile: PersonProfile): boolean;
}

/** Changes one of many persons, or says what would become of them. An error of this person is their refusal. */
export function changeOne(
  id: string,
  change: CommonChange,
  { known, changed, write }: ProfileAccess,
  { isPreview, isNamed }: { readonly isPreview: boolean; readonly isNamed: boolean },
): ChangedPerson {
  const before = known(id);
  const name = isNamed ? before?.profile?.name : undefined;
  const about = { id, ...present({ name }) };
  try {
    const profile = before && changed(id, changeFor(before.profile ?? {}, change));
    if (profile === undefined) throw unknownPerson(id);
    if (change.consent !== undefined && before?.profile?.consent?.withdrawnIso !== undefined)
      throw hasWithdrawn();
    const fields = changedFields.filter(
      (field) => !isDeepStrictEqual(profile[field], before?.profile?.[field]),
    );
    if (fields.length === 0) return { ...about, outcome: 'unchanged', fields };
    if (!isPreview && !write(id, profile)) throw unknownPerson(id);
    return { ...about, outcome: 'changed', fields };
  } catch (error) {
    return { ...about, outcome: 'refused', fields: [], refusal: refusalOfOne(error, ofOnePerson) };
  }
}

const ofOnePerson = ['no-such-person', 'profile-refused', 'field-damaged', 'consent-withdrawn'];

/** New consent revokes a withdrawal: that is decided for each person alone. */
const hasWithdrawn = () => refusal('consent-withdrawn');

const unknownPerson = (id: string) => refusal('no-such-person', { id });

/** Refuses a call that asks for nothing. @throws `nothing-to-change` */
export function requireChange(change: CommonChange): void {
  if (Object.values(change).some((value) => value !== undefined)) return;
  throw refusal('nothing-to-change');
}
