import type { OpenDatabase } from '../../host/sqlite.js';
import type { StrangerId } from '../../kernel/ids.js';
import type { Ageing } from '../../kernel/retention/retention-rules.js';
import type { StrangerState } from '../../kernel/strangers/stranger.js';
import { deleteStranger } from '../gallery/strangers/stranger-rows.js';

/**
 * Strangers in one state, by their last visit. Each is deleted together with the data key. `forget` gets those that were deleted,
 * to forget them elsewhere. Those who are set aside wait for their own end, which deletes their pictures, too, unless that is long due:
 * a sealed gallery must not keep them.
 */
export function ageingStrangers(
  database: OpenDatabase,
  state: StrangerState,
  forget: (ids: readonly StrangerId[]) => void,
): Ageing {
  const { db } = database;
  const due = 'state = @state AND last_seen_ms < @beforeMs AND coalesce(forgotten_at_ms, 0) < @beforeMs';
  const count = db
    .prepare<[{ state: string; beforeMs: number }], number>(`SELECT count(*) FROM stranger WHERE ${due}`)
    .pluck();
  const next = db
    .prepare<[{ state: string; beforeMs: number; limit: number }], StrangerId>(
      `SELECT id FROM stranger WHERE ${due} ORDER BY last_seen_ms LIMIT @limit`,
    )
    .pluck();
  return {
    countDue: (beforeMs) => Number(count.get({ state, beforeMs })),
    begin: (beforeMs) => (limit) => {
      const ids = database.transaction(() => {
        const found = next.all({ state, beforeMs, limit });
        for (const id of found) deleteStranger(database, id);
        return found;
      });
      forget(ids);
      return { count: ids.length, isMoreDue: ids.length === limit };
    },
  };
}
