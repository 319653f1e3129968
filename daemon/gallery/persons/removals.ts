import { daemonAtStart } from '../../audit/actor.js';
import { isRollcallError } from '../../base/errors.js';
import type { PersonId } from '../../domain/ids.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import type { PersonChanges } from './person-changes.js';
import type { PersonRows } from './person-rows.js';
import type { Persons } from './persons.js';

export interface RemovalParts {
  readonly database: OpenDatabase;
  readonly rows: PersonRows;
  readonly persons: Persons;
  readonly changes: PersonChanges;
}

/**
 * Removes again whoever was removed on this box and is active in a backup that was restored since: the backup is from before
 * that. Whoever was restored (`person restore`) meanwhile stays. How many they were.
 */
export function enforceRemovals({ database, rows, persons, changes }: RemovalParts): number {
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

/** False where the row does not open: it is put aside, and nobody is recognised by it. */
function removeAgain(id: PersonId, { rows, persons, changes }: Omit<RemovalParts, 'database'>): boolean {
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
