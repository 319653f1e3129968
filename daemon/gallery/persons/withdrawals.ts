import { daemonAtStart } from '../../audit/actor.js';
import { isRollcallError } from '../../base/errors.js';
import type { PersonId } from '../../domain/ids.js';
import { isoTime } from '../../domain/iso-time.js';
import { type PersonProfile, withdrawn } from '../../domain/persons/person-profile.js';
import type { KeyRing } from '../keys/key-ring.js';
import { deletePerson, type ErasureParts, eraseBiometricData } from './erasure.js';
import type { PersonCountsRow } from './person-rows.js';
import type { Persons } from './persons.js';

interface Withdrawal {
  readonly id: PersonId;
  /** Of the person's row as the withdrawal left it. */
  readonly revision: number;
  readonly atMs: number;
}

/**
 * Withdraws consent again for whoever has done so before: their rows of an earlier day come back with a backup, or when
 * somebody copies them back into the file. How many they were. The write-ahead log is the caller's to empty.
 */
export function enforceWithdrawals(
  parts: ErasureParts & { readonly ring: KeyRing; readonly persons: Persons },
): number {
  const undone = parts.database.db
    .prepare<[], Withdrawal>(
      `SELECT id, withdrawn AS revision, atMs FROM person JOIN (
         SELECT subject, max(json_extract(details, '$.revision')) AS withdrawn, max(at_ms) AS atMs
         FROM audit WHERE action = 'person.consent-withdrawn' AND json_valid(details) GROUP BY subject
       ) ON subject = id WHERE revision < withdrawn`,
    )
    .all();
  for (const withdrawal of undone) {
    const person = parts.rows.person(withdrawal.id);
    if (person !== undefined) withdrawAgain(parts, person, withdrawal);
  }
  return undone.length;
}

function withdrawAgain(
  parts: Parameters<typeof enforceWithdrawals>[0],
  person: PersonCountsRow,
  { revision, atMs }: Withdrawal,
): void {
  const profile = profileOf(parts.persons, person, isoTime(atMs).slice(0, 10));
  const by = daemonAtStart;
  if (profile === undefined) return void deletePerson(parts, person, by);
  try {
    // Newer than the withdrawal itself: from here on this is the row that counts.
    eraseBiometricData(parts, { ...person, revision }, { profile, by });
  } catch (error) {
    if (!isRollcallError(error, 'erasure-incomplete')) throw error;
  }
}

/** As a withdrawal leaves it; undefined where it does not open: then nothing of the person can stay. */
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
