import type { RecentFacts } from '../domain/attendance-rules.js';
import type { RecordedEvent } from '../domain/event.js';
import type { OpenDatabase } from '../host/sqlite.js';
import { explained } from './explained.js';
import type { EventQuery, StoredEvent } from './stored-event.js';

/** The table of events: writing, listing, and what the rules ask. */
export interface EventTable extends RecentFacts {
  /** Call inside the transaction that also fills the outbox. */
  insert(event: RecordedEvent, payload: Uint8Array): void;
  /** The newest events that `query` asks for, oldest of them first. */
  list(query: EventQuery): readonly StoredEvent[];
}

type LastTimeKey = { readonly kind: string; readonly camera: string; readonly person: string | null };

export function eventTableOf(database: OpenDatabase): EventTable {
  const { db } = database;
  const insert = db.prepare(`
    INSERT INTO event (sequence, id, kind, camera_id, track_id, person_id, occurred_at_ms, recorded_at_ms, payload)
    VALUES (@sequence, @id, @kind, @cameraId, @trackId, @personId, @occurredAtMs, @recordedAtMs, @payload)`);
  const list = db.prepare<[Record<string, unknown>], StoredEvent>(`
    SELECT sequence, id, kind, camera_id AS cameraId, track_id AS trackId, person_id AS personId,
           occurred_at_ms AS occurredAtMs, recorded_at_ms AS recordedAtMs, payload
    FROM event WHERE sequence > @afterSequence AND (@kind IS NULL OR kind = @kind)
      AND (@personId IS NULL OR person_id = @personId)
    ORDER BY sequence DESC LIMIT @limit`);
  // The newest by sequence, not the greatest time: a clock that once stood in the future must not decide for ever.
  const lastOfPerson = db
    .prepare<[LastTimeKey], number>(`
      SELECT occurred_at_ms FROM event WHERE kind = @kind AND camera_id = @camera AND person_id = @person
      ORDER BY sequence DESC LIMIT 1`)
    .pluck();
  const lastOfCamera = db
    .prepare<[Omit<LastTimeKey, 'person'>], number>(`
      SELECT occurred_at_ms FROM event WHERE kind = @kind AND camera_id = @camera
      ORDER BY sequence DESC LIMIT 1`)
    .pluck();
  const lastTime = (key: LastTimeKey): number | undefined =>
    explained(database, () => (key.person === null ? lastOfCamera.get(key) : lastOfPerson.get(key)));

  return {
    insert: (event, payload) =>
      void insert.run({
        sequence: event.sequence,
        id: event.id,
        kind: event.kind,
        cameraId: event.cameraId,
        trackId: event.trackId,
        personId: event.kind === 'unknown' ? null : event.personId,
        occurredAtMs: Math.floor(event.occurredAtMs),
        recordedAtMs: Math.floor(event.recordedAtMs),
        payload,
      }),
    list: ({ afterSequence = 0, limit, kind = null, personId = null }) =>
      explained(database, () => list.all({ afterSequence, limit, kind, personId }).reverse()),
    lastAttendanceMs: (person, camera) => lastTime({ kind: 'attendance', camera, person }),
    lastUnknownMs: (camera) => lastTime({ kind: 'unknown', camera, person: null }),
    lastAttackMs: (camera) => lastTime({ kind: 'attack', camera, person: null }),
  };
}
