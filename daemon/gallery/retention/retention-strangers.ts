import type { StrangerId } from '../../domain/ids.js';
import type { Ageing } from '../../domain/retention/retention.js';
import type { StrangerState } from '../../domain/strangers/stranger.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { deleteStranger } from '../strangers/stranger-rows.js';

/**
 * Strangers in one state, by their last visit. Each is deleted together with the data key. `forget` gets those that were deleted,
 * to forget them elsewhere.
 */
export function ageingStrangers(
  database: OpenDatabase,
  state: StrangerState,
  forget: (ids: readonly StrangerId[]) => void,
): Ageing {
  const { db } = database;
  const count = db
    .prepare<[string, number], number>('SELECT count(*) FROM stranger WHERE state = ? AND last_seen_ms < ?')
    .pluck();
  const due = db
    .prepare<[string, number, number], StrangerId>(
      'SELECT id FROM stranger WHERE state = ? AND last_seen_ms < ? ORDER BY last_seen_ms LIMIT ?',
    )
    .pluck();
  return {
    countDue: (beforeMs) => count.get(state, beforeMs) ?? 0,
    begin: (beforeMs) => (limit) => {
      const ids = database.transaction(() => {
        const found = due.all(state, beforeMs, limit);
        for (const id of found) deleteStranger(database, id);
        return found;
      });
      forget(ids);
      return { count: ids.length, isMoreDue: ids.length === limit };
    },
  };
}
