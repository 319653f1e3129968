import type { OpenDatabase } from '../host/sqlite.js';
import { explained } from './explained.js';

/** How many unknown persons each camera has had recorded since `sinceMs` (wall clock); cameras without any are left out. */
export type CountUnknown = (sinceMs: number) => ReadonlyMap<string, number>;

export function unknownCounterOf(database: OpenDatabase): CountUnknown {
  const count = database.db.prepare<[number], { camera: string; count: number }>(
    `SELECT camera_id AS camera, count(*) AS count FROM event
     WHERE kind = 'unknown' AND recorded_at_ms >= ? GROUP BY camera_id`,
  );
  return (sinceMs) =>
    explained(database, () => new Map(count.all(sinceMs).map(({ camera, count: n }) => [camera, n])));
}
