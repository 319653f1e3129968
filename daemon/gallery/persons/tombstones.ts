import { daemonAtStart } from '../../audit/actor.js';
import type { PersonId } from '../../domain/ids.js';
import { deletePerson, type ErasureParts } from './erasure.js';

/**
 * Erases again whoever has a tombstone: rows of erased persons come back with a backup, or when somebody copies them back
 * into the file. How many they were. The write-ahead log is the caller's to empty.
 */
export function enforceTombstones(parts: ErasureParts): number {
  const ids = parts.database.db
    .prepare<[], PersonId>('SELECT person.id FROM tombstone JOIN person ON person.id = tombstone.person_id')
    .pluck()
    .all();
  for (const id of ids) {
    const person = parts.rows.person(id);
    if (person !== undefined) deletePerson(parts, person, daemonAtStart);
  }
  return ids.length;
}
