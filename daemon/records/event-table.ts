import type { BoxEvent, RecordedEvent } from '../domain/events/event.js';
import { eventKinds } from '../domain/events/event-type.js';
import type { OpenDatabase } from '../host/sqlite.js';
import { explained } from './explained.js';
import type { EventQuery, StoredEvent } from './stored-event.js';

/** The table of events: writing and listing. */
export interface EventTable {
  /** Call inside the transaction that also fills the outbox. */
  insert(event: RecordedEvent, payload: Uint8Array): void;
  /** The newest events that `query` asks for, oldest of them first. */
  list(query: EventQuery): readonly StoredEvent[];
  /** By sequence, or by id. */
  find(which: number | string): StoredEvent | undefined;
  /** Events whose id begins like this, oldest first, at most `limit`. */
  beginningWith(beginning: string, limit: number): readonly StoredEvent[];
}

/** The persons of a `recognised-ambiguous` event, as the indices of the table have them. */
export const personOfCandidate = {
  nearer: "json_extract(CAST(payload AS TEXT), '$.data.candidates[0].person')",
  other: "json_extract(CAST(payload AS TEXT), '$.data.candidates[1].person')",
} as const;

export function eventTableOf(database: OpenDatabase): EventTable {
  const { db } = database;
  const insert = db.prepare(`
    INSERT INTO event (sequence, id, kind, camera_id, track_id, person_id, command_id, occurred_at_ms,
                       recorded_at_ms, payload)
    VALUES (@sequence, @id, @kind, @cameraId, @trackId, @personId, @commandId, @occurredAtMs,
            @recordedAtMs, @payload)`);
  const columns = `sequence, id, kind, camera_id AS cameraId, track_id AS trackId, person_id AS personId,
           occurred_at_ms AS occurredAtMs, recorded_at_ms AS recordedAtMs, payload`;
  const listing = (person: string) =>
    db.prepare<[Record<string, unknown>], StoredEvent>(`
      SELECT ${columns} FROM event ${person}
        AND sequence > @afterSequence AND sequence <= @toSequence AND recorded_at_ms >= @sinceMs
        AND (@kind IS NULL OR kind = @kind)
      ORDER BY sequence DESC LIMIT @limit`);
  const listOfAll = listing('WHERE @personId IS NULL');
  const listsOfPerson = [
    listing('INDEXED BY event_by_person WHERE person_id = @personId'),
    ...(['nearer', 'other'] as const).map((which) =>
      listing(
        `INDEXED BY ambiguous_by_${which} WHERE kind = 'recognised-ambiguous' AND ${personOfCandidate[which]} = @personId`,
      ),
    ),
  ];
  const bySequence = db.prepare<[number], StoredEvent>(`SELECT ${columns} FROM event WHERE sequence = ?`);
  const byId = db.prepare<[string], StoredEvent>(`SELECT ${columns} FROM event WHERE id = ?`);
  // By the index of the ids; they hold only digits, dashes and the letters a to f.
  const byBeginning = db.prepare<[{ beginning: string; limit: number }], StoredEvent>(`
    SELECT ${columns} FROM event WHERE id >= @beginning AND id < @beginning || 'g' ORDER BY id LIMIT @limit`);
  // By the index: where little is as young, the rest need not be read.
  const firstSince = db
    .prepare<[{ kinds: string; sinceMs: number }], number | null>(`
      SELECT min((SELECT min(sequence) FROM event WHERE kind = value AND recorded_at_ms >= @sinceMs))
      FROM json_each(@kinds)`)
    .pluck();

  return {
    insert: (event, payload) =>
      void insert.run({
        sequence: event.sequence,
        id: event.id,
        kind: event.kind,
        ...subjectOf(event),
        occurredAtMs: Math.floor(event.occurredAtMs),
        recordedAtMs: Math.floor(event.recordedAtMs),
        payload,
      }),
    list: ({ afterSequence = 0, toSequence, recordedSinceMs, limit, kind, personId = null }) =>
      explained(database, () => {
        const sinceMs = recordedSinceMs ?? Number.MIN_SAFE_INTEGER;
        const kinds = JSON.stringify(kind === undefined ? eventKinds : [kind]);
        const first = recordedSinceMs === undefined ? 0 : firstSince.get({ kinds, sinceMs });
        if (first === undefined || first === null) return [];
        const query = {
          afterSequence: Math.max(afterSequence, first - 1),
          toSequence: toSequence ?? Number.MAX_SAFE_INTEGER,
          ...{ sinceMs, limit, kind: kind ?? null, personId },
        };
        if (personId === null) return listOfAll.all(query).reverse();
        return listsOfPerson
          .flatMap((list) => list.all(query))
          .sort((a, b) => a.sequence - b.sequence)
          .slice(-limit);
      }),
    find: (which) =>
      explained(database, () => (typeof which === 'number' ? bySequence.get(which) : byId.get(which))),
    beginningWith: (beginning, limit) => explained(database, () => byBeginning.all({ beginning, limit })),
  };
}

/** What an event is about; null where it is not about such a thing. */
function subjectOf(event: BoxEvent) {
  return {
    cameraId: 'cameraId' in event ? event.cameraId : null,
    trackId: 'trackId' in event ? event.trackId : null,
    personId: 'personId' in event ? event.personId : null,
    commandId: 'commandId' in event ? event.commandId : null,
  };
}
