import type { OpenDatabase } from '../../host/sqlite.js';
import { selectedOf } from '../../host/table-form.js';
import type { BoxEvent, EventKind, RecordedEvent } from '../../kernel/events/event.js';
import type { RecordsSeals } from './seals/records-seals.js';
import type { RowSeal } from './seals/row-seal.js';
import { type EventRow, eventForm } from './seals/sealed-forms.js';
import type { EventQuery, StoredEvent } from './stored-event.js';

/** A row with its seal. */
export type SealedEventRow = EventRow & { readonly seal: Uint8Array | null };
export const eventColumns = `${selectedOf(eventForm)}, seal`;

export interface EventSealing {
  /** Absent: rows are not sealed. */
  readonly rowSeal?: RowSeal | undefined;
  /** Absent: rows are not checked. */
  readonly seals?: Pick<RecordsSeals, 'events'> | undefined;
}

/** Among some events: the lowest sequence, the latest time of recording, and how many they are. */
export interface LowestSequence {
  readonly lowest: number;
  readonly latestMs: number;
  readonly count: number;
}

export interface EventTable {
  /** Called in the transaction that also fills the outbox. */
  insert(event: RecordedEvent, payload: Uint8Array): void;
  /** The events that match `query`, in order of their sequence. Reads every row between the sequences that `query` names. */
  list(query: EventQuery): readonly StoredEvent[];
  /**
   * The newest events of a kind, at most `limit`, in order of their sequence. Reads no other rows.
   */
  newestOf(kind: EventKind, limit: number): readonly StoredEvent[];
  /** The newest change of a camera. */
  newestOfCamera(id: string): StoredEvent | undefined;
  /**
   * The sequences of what tells about the sight of cameras in a period: the changes of cameras, and the starts and stops of the box.
   * With the last of each before it, which may go on, and the start behind it, before which the box may have been killed. Wall clock,
   * milliseconds since the epoch.
   */
  sightChanges(period: { readonly fromMs: number; readonly untilMs: number }): readonly number[];
  /** The events with these sequences, in order. */
  withSequences(sequences: readonly number[]): readonly StoredEvent[];
  /** Looks at the first `limit` events of a kind in the order of time that were recorded at `sinceMs` or later. Undefined without any. */
  lowestSince(kind: EventKind, sinceMs: number, limit: number): LowestSequence | undefined;
  /** By sequence, or by id. */
  find(which: number | string): StoredEvent | undefined;
  /** Events whose id begins like this, oldest first, at most `limit`. */
  beginningWith(beginning: string, limit: number): readonly StoredEvent[];
  /** The number of unknown persons recorded at each camera since `sinceMs` (wall clock); cameras without any are absent. */
  countUnknown(sinceMs: number): ReadonlyMap<string, number>;
}

/** The candidates of a `recognised-ambiguous` event; exactly the expressions of the indices. */
export const personOfCandidate = {
  nearer: "json_extract(CAST(payload AS TEXT), '$.data.candidates[0].person')",
  other: "json_extract(CAST(payload AS TEXT), '$.data.candidates[1].person')",
} as const;

/** Whether an event says that the box started or stopped; exactly the condition of the index. */
const isBoxRun = `kind = 'box'
    AND CASE WHEN json_valid(CAST(payload AS TEXT)) THEN json_extract(CAST(payload AS TEXT), '$.data.condition') END = 'running'`;

export function eventTableOf(database: OpenDatabase, { rowSeal, seals }: EventSealing): EventTable {
  const { db } = database;
  const read = (rows: () => readonly SealedEventRow[]): readonly StoredEvent[] =>
    (seals?.events(rows) ?? database.read(rows)).map(({ commandId: _, seal: __, ...event }) => event);
  const insert = db.prepare(`
    INSERT INTO event (sequence, id, kind, camera_id, track_id, person_id, command_id, occurred_at_ms,
                       recorded_at_ms, payload, seal)
    VALUES (@sequence, @id, @kind, @cameraId, @trackId, @personId, @commandId, @occurredAtMs,
            @recordedAtMs, @payload, @seal)`);
  const listing = (person: string) => {
    const ordered = (order: 'DESC' | 'ASC') =>
      db.prepare<[Record<string, unknown>], SealedEventRow>(`
        SELECT ${eventColumns} FROM event ${person}
          AND sequence > @afterSequence AND sequence <= @toSequence
          AND recorded_at_ms >= @sinceMs AND recorded_at_ms < @beforeMs
          AND (@kind IS NULL OR kind = @kind)
          AND (@cameras IS NULL OR camera_id IN (SELECT value FROM json_each(@cameras)))
        ORDER BY sequence ${order} LIMIT @limit`);
    return { newest: ordered('DESC'), oldest: ordered('ASC') };
  };
  const listOfAll = listing('WHERE @personId IS NULL');
  const listsOfPerson = [
    listing('INDEXED BY event_by_person WHERE person_id = @personId'),
    ...(['nearer', 'other'] as const).map((which) =>
      listing(
        `INDEXED BY ambiguous_by_${which} WHERE kind = 'recognised-ambiguous' AND ${personOfCandidate[which]} = @personId`,
      ),
    ),
  ];
  const newestOf = db.prepare<[EventKind, number], SealedEventRow>(
    `SELECT ${eventColumns} FROM event INDEXED BY event_by_age
     WHERE kind = ? ORDER BY recorded_at_ms DESC LIMIT ?`,
  );
  const newestOfCamera = db.prepare<[string], SealedEventRow>(
    `SELECT ${eventColumns} FROM event WHERE kind = 'camera' AND camera_id = ? AND person_id IS NULL
     ORDER BY sequence DESC LIMIT 1`,
  );
  const sightChanges = db
    .prepare<[{ fromMs: number; untilMs: number }], number>(`
      SELECT change.sequence
      FROM (SELECT DISTINCT camera_id FROM event WHERE kind = 'camera') camera
      JOIN event change INDEXED BY camera_change_by_time
        ON change.kind = 'camera' AND change.camera_id = camera.camera_id AND change.occurred_at_ms < @untilMs
        AND change.occurred_at_ms >= coalesce((
          SELECT max(occurred_at_ms) FROM event
          WHERE kind = 'camera' AND camera_id = camera.camera_id AND occurred_at_ms < @fromMs), @fromMs)
      UNION ALL
      SELECT sequence FROM event INDEXED BY box_run_by_time WHERE ${isBoxRun}
        AND occurred_at_ms >= coalesce((
          SELECT max(occurred_at_ms) FROM event WHERE ${isBoxRun} AND occurred_at_ms < @fromMs), @fromMs)
        AND occurred_at_ms <= coalesce((
          SELECT min(occurred_at_ms) FROM event WHERE ${isBoxRun} AND occurred_at_ms >= @untilMs), @untilMs)
      ORDER BY 1`)
    .pluck();
  const withSequences = db.prepare<[string], SealedEventRow>(
    `SELECT ${eventColumns} FROM event WHERE sequence IN (SELECT value FROM json_each(?)) ORDER BY sequence`,
  );
  const bySequence = db.prepare<[number], SealedEventRow>(
    `SELECT ${eventColumns} FROM event WHERE sequence = ?`,
  );
  const byId = db.prepare<[string], SealedEventRow>(`SELECT ${eventColumns} FROM event WHERE id = ?`);
  // Uses the index of the ids. An id consists of digits, dashes and the letters a to f.
  const byBeginning = db.prepare<[{ beginning: string; limit: number }], SealedEventRow>(`
    SELECT ${eventColumns} FROM event WHERE id >= @beginning AND id < @beginning || 'g' ORDER BY id LIMIT @limit`);
  // Reads only the index, so that older rows cost nothing.
  const lowestSince = db.prepare<[Record<string, unknown>], LowestSequence>(`
    SELECT min(sequence) AS lowest, max(recorded_at_ms) AS latestMs, count(*) AS count
    FROM (SELECT sequence, recorded_at_ms FROM event
          WHERE kind = @kind AND recorded_at_ms >= @sinceMs ORDER BY recorded_at_ms LIMIT @limit)`);

  const unknownByCamera = db.prepare<[number], { camera: string; count: number }>(
    `SELECT camera_id AS camera, count(*) AS count FROM event
     WHERE kind = 'unknown' AND recorded_at_ms >= ? GROUP BY camera_id`,
  );

  return {
    insert(event, payload) {
      const row: EventRow = {
        sequence: event.sequence,
        id: event.id,
        kind: event.kind,
        ...subjectOf(event),
        occurredAtMs: Math.floor(event.occurredAtMs),
        recordedAtMs: Math.floor(event.recordedAtMs),
        payload,
      };
      insert.run({ ...row, seal: rowSeal?.seal(eventForm, row) ?? null });
    },
    list: (query) =>
      read(() => {
        const { keep = 'newest', limit } = query;
        const values = listValues(query);
        const lists = query.personId === undefined ? [listOfAll] : listsOfPerson;
        const found = lists.flatMap((list) => list[keep].all(values)).sort((a, b) => a.sequence - b.sequence);
        return keep === 'newest' ? found.slice(-limit) : found.slice(0, limit);
      }),
    newestOf: (kind, limit) => read(() => newestOf.all(kind, limit).sort((a, b) => a.sequence - b.sequence)),
    newestOfCamera: (id) => read(() => newestOfCamera.all(id))[0],
    sightChanges: ({ fromMs, untilMs }) =>
      database.read(() => sightChanges.all({ fromMs: Math.floor(fromMs), untilMs: Math.floor(untilMs) })),
    withSequences: (sequences) => read(() => withSequences.all(JSON.stringify(sequences))),
    lowestSince: (kind, sinceMs, limit) =>
      database.read(() => {
        const found = lowestSince.get({ kind, sinceMs, limit });
        return found === undefined || found.count === 0 ? undefined : found;
      }),
    find: (which) => read(() => (typeof which === 'number' ? bySequence.all(which) : byId.all(which)))[0],
    beginningWith: (beginning, limit) => read(() => byBeginning.all({ beginning, limit })),
    countUnknown: (sinceMs) =>
      database.read(() => new Map(unknownByCamera.all(sinceMs).map(({ camera, count }) => [camera, count]))),
  };
}

/** The values of `query` for its statements. */
function listValues(query: EventQuery): Record<string, unknown> {
  const { afterSequence = 0, toSequence = Number.MAX_SAFE_INTEGER, limit, cameraIds } = query;
  const { recordedSinceMs = Number.MIN_SAFE_INTEGER, recordedBeforeMs = Number.MAX_SAFE_INTEGER } = query;
  return {
    ...{ afterSequence, toSequence, limit, sinceMs: recordedSinceMs, beforeMs: recordedBeforeMs },
    kind: query.kind ?? null,
    personId: query.personId ?? null,
    cameras: cameraIds === undefined ? null : JSON.stringify(cameraIds),
  };
}

/** The ids that an event carries. */
function subjectOf(event: BoxEvent) {
  return {
    cameraId: 'cameraId' in event ? event.cameraId : null,
    trackId: 'trackId' in event ? event.trackId : null,
    personId: 'personId' in event ? event.personId : null,
    commandId: 'commandId' in event ? event.commandId : null,
  };
}
