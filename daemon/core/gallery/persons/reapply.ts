import type { OpenDatabase } from '../../../host/sqlite.js';
import { daemonAtStart } from '../../../kernel/actor.js';
import { isRollcallError } from '../../../kernel/errors.js';
import type { PersonId } from '../../../kernel/ids.js';
import { isoTime } from '../../../kernel/iso-time.js';
import { type PersonProfile, withdrawn } from '../../../kernel/persons/person-profile.js';
import type { KeyRing } from '../keys/key-ring.js';
import { deleteBiometricData, deletePerson, type ErasureContext } from './erasure.js';
import type { PersonChanges } from './person-changes.js';
import type { PersonCountsRow, PersonRows } from './person-rows.js';
import type { Persons } from './persons.js';

// After a restore, the erasures, withdrawals and removals of this box are applied again.

/**
 * Erases again the persons who have a tombstone: a restored backup, or a copy of old rows, brings erased persons back. Returns
 * the number of persons. The caller empties the write-ahead log.
 */
export function enforceTombstones(context: ErasureContext): number {
  const ids = context.database.db
    .prepare<[], PersonId>('SELECT person.id FROM tombstone JOIN person ON person.id = tombstone.person_id')
    .pluck()
    .all();
  for (const id of ids) {
    const person = context.rows.person(id);
    if (person !== undefined) deletePerson(context, person, { by: daemonAtStart, passages: 0 });
  }
  return ids.length;
}

interface Withdrawal {
  readonly id: PersonId;
  /** The revision of the person's row after the withdrawal. */
  readonly revision: number;
  readonly atMs: number;
}

/**
 * Withdraws consent again for the persons who had withdrawn it: a restored backup, or a copy of old rows, brings their templates
 * back. Returns the number of persons. The caller empties the write-ahead log.
 */
export function enforceWithdrawals(
  context: ErasureContext & { readonly ring: KeyRing; readonly persons: Persons },
): number {
  const undone = context.database.db
    .prepare<[], Withdrawal>(
      `SELECT id, withdrawn AS revision, atMs FROM person JOIN (
         SELECT subject, max(json_extract(details, '$.revision')) AS withdrawn, max(at_ms) AS atMs
         FROM audit WHERE action = 'person.consent-withdrawn' AND json_valid(details) GROUP BY subject
       ) ON subject = id WHERE revision < withdrawn`,
    )
    .all();
  for (const withdrawal of undone) {
    const person = context.rows.person(withdrawal.id);
    if (person !== undefined) withdrawAgain(context, person, withdrawal);
  }
  return undone.length;
}

function withdrawAgain(
  context: Parameters<typeof enforceWithdrawals>[0],
  person: PersonCountsRow,
  { revision, atMs }: Withdrawal,
): void {
  const profile = profileOf(context.persons, person, isoTime(atMs).slice(0, 10));
  const by = daemonAtStart;
  if (profile === undefined) return void deletePerson(context, person, { by, passages: 0 });
  // Makes the row newer than the withdrawal.
  deleteBiometricData(context, { ...person, revision }, { profile, by, passages: 0 });
}

/** The profile after a withdrawal; undefined if it does not open, and then the whole person is erased. */
function profileOf(
  persons: Persons,
  person: PersonCountsRow,
  withdrawnIso: string,
): PersonProfile | undefined {
  try {
    return withdrawn(persons.profile(person), withdrawnIso);
  } catch (error) {
    if (isRollcallError(error, 'field-damaged')) return undefined;
    throw error;
  }
}

export interface RemovalContext {
  readonly database: OpenDatabase;
  readonly rows: PersonRows;
  readonly persons: Persons;
  readonly changes: PersonChanges;
}

/**
 * Removes again the persons who were removed on this box after a backup and became active when that backup was restored. A
 * later `person restore` counts. Returns the number of persons.
 */
export function enforceRemovals({ database, rows, persons, changes }: RemovalContext): number {
  const ids = database.db
    .prepare<[], PersonId>(
      `SELECT person.id FROM person JOIN (
         SELECT subject, action, max(sequence) AS latest FROM audit
         WHERE action IN ('person.enrolled', 'person.removed', 'person.restored') GROUP BY subject
       ) ON subject = person.id
       WHERE person.state = 'active' AND action = 'person.removed'
         AND latest < (SELECT max(sequence) FROM audit WHERE action = 'backup.restored')`,
    )
    .pluck()
    .all();
  return ids.filter((id) => removeAgain(id, { rows, persons, changes })).length;
}

/** False if the row does not open; it is then quarantined, and the person is not recognised. */
function removeAgain(id: PersonId, { rows, persons, changes }: Omit<RemovalContext, 'database'>): boolean {
  const row = rows.person(id);
  if (row === undefined) return false;
  try {
    const profile = persons.profile(row);
    changes.change(row, { profile, state: 'removed' }, { by: daemonAtStart, action: 'person.removed' });
    return true;
  } catch (error) {
    if (isRollcallError(error, 'field-damaged')) return false;
    throw error;
  }
}
