import type { OpenDatabase } from '../../host/sqlite.js';
import type { RecordedFacts } from '../../kernel/attendance/attendance-rules.js';
import type { Fact } from '../../kernel/events/event.js';
import { type CameraId, type PassageId, passageId } from '../../kernel/ids.js';
import { personOfCandidate } from './event-table.js';

type LastTimeKey = { readonly kind: string; readonly camera: string; readonly person: string | null };

/** The newest events, among which a fact within a cooldown is looked for. */
const recentEvents = 1_000;

/** The lookups of the attendance rules in the table of events. */
export interface RecentEvents extends RecordedFacts {
  /** The passage of the recent fact of this kind, camera and time. */
  passageOfFact(kind: Fact['kind'], cameraId: CameraId, occurredAtMs: number): PassageId | undefined;
}

export function recentFactsOf(database: OpenDatabase): RecentEvents {
  const { db } = database;
  // The newest by sequence, not by time: an event from a clock that was once ahead must not block others for ever.
  const lastOfPerson = db
    .prepare<[LastTimeKey], number>(`
      SELECT occurred_at_ms FROM event WHERE kind = @kind AND camera_id = @camera AND person_id = @person
      ORDER BY sequence DESC LIMIT 1`)
    .pluck();
  const lastRefusal = db.prepare<[LastTimeKey], { readonly atMs: number; readonly reason: string | null }>(`
    SELECT occurred_at_ms AS atMs, json_extract(CAST(payload AS TEXT), '$.data.reason') AS reason
    FROM event WHERE kind = @kind AND camera_id = @camera AND person_id = @person
    ORDER BY sequence DESC LIMIT 1`);
  const lastOfCamera = db
    .prepare<[Omit<LastTimeKey, 'person'>], number>(`
      SELECT occurred_at_ms FROM event WHERE kind = @kind AND camera_id = @camera
      ORDER BY sequence DESC LIMIT 1`)
    .pluck();
  const lastOfPair = db
    .prepare<[{ camera: string; a: string; b: string }], number>(`
      SELECT occurred_at_ms FROM event INDEXED BY ambiguous_by_nearer
      WHERE kind = 'recognised-ambiguous' AND camera_id = @camera
        AND ${personOfCandidate.nearer} IN (@a, @b) AND ${personOfCandidate.other} IN (@a, @b)
      ORDER BY sequence DESC LIMIT 1`)
    .pluck();
  const passage = db
    .prepare<[{ kind: string; camera: string; atMs: number }], string | null>(`
      SELECT json_extract(CAST(payload AS TEXT), '$.data.passage')
      FROM (SELECT * FROM event ORDER BY sequence DESC LIMIT ${recentEvents})
      WHERE kind = @kind AND camera_id = @camera AND occurred_at_ms = @atMs LIMIT 1`)
    .pluck();
  const lastTime = (key: LastTimeKey): number | undefined =>
    database.read(() => (key.person === null ? lastOfCamera.get(key) : lastOfPerson.get(key)));

  return {
    lastAttendanceMs: (person, camera) => lastTime({ kind: 'attendance', camera, person }),
    lastUnprovenMs: (person, camera) => lastTime({ kind: 'recognised-unproven', camera, person }),
    lastRefusedMs(person, camera, isBarred) {
      const last = database.read(() => lastRefusal.get({ kind: 'recognised-refused', camera, person }));
      return isBarred && last?.reason !== 'barred' ? undefined : last?.atMs;
    },
    lastWatchedMs: (person, camera) => lastTime({ kind: 'watchlist', camera, person }),
    lastAmbiguousMs: ([a, b], camera) => database.read(() => lastOfPair.get({ camera, a, b })),
    lastAttackMs: (camera) => lastTime({ kind: 'attack', camera, person: null }),
    passageOfFact(kind, camera, atMs) {
      const id = database.read(() => passage.get({ kind, camera, atMs: Math.floor(atMs) }));
      return typeof id === 'string' ? passageId(id) : undefined;
    },
  };
}
