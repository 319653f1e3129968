import type { Clock } from '../base/clock.js';
import { defect } from '../base/errors.js';
import type { Random } from '../base/random.js';
import type { Fact, RecordedEvent } from '../domain/event.js';
import { openDatabase } from '../host/sqlite.js';
import { type AttendanceRecords, attendanceRecordsOf } from './attendance-records.js';
import type { FactStore } from './decider.js';
import { newEventId } from './event-id.js';
import { eventTableOf } from './event-table.js';
import { explained } from './explained.js';
import { type Outbox, outboxOf } from './outbox.js';
import { type RecordsRetention, recordsRetentionOf } from './retention.js';
import { recordsApplicationId, recordsMigrations } from './schema.js';
import type { EventQuery, StoredEvent } from './stored-event.js';

export interface RecordsOptions {
  /** Of records.db; made when absent. */
  readonly path: string;
  /** Makes the bytes that are stored and later published; called inside the transaction. */
  readonly encode: (event: RecordedEvent) => Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
}

/** What happened, and what has not left the box yet. One process at a time has it open. */
export interface Records extends FactStore, AsyncDisposable {
  /**
   * Writes a fact and its place in the outbox in one transaction, which is on the disk when this returns. Throws
   * `disk-full` or another operational error when nothing was written.
   */
  record(fact: Fact): RecordedEvent;
  list(query: EventQuery): readonly StoredEvent[];
  /** Calls back after each commit, outside of `record`. Returns how to stop. */
  onRecorded(listener: (event: RecordedEvent, payload: Uint8Array) => void): () => void;
  readonly outbox: Outbox;
  readonly retention: RecordsRetention;
  readonly attendance: AttendanceRecords;
  /**
   * Takes `count` numbers in the order of the box's own state messages and returns the last; none is given twice, over
   * restarts too.
   */
  takeStateSequences(count: number): number;
}

type Listener = Parameters<Records['onRecorded']>[0];

/** Opens records.db. Throws what `openDatabase` throws when the file cannot be used. */
export function openRecords({ path, encode, clock, random }: RecordsOptions): Records {
  const database = openDatabase(path, { migrations: recordsMigrations, applicationId: recordsApplicationId });
  const events = eventTableOf(database);
  const addToOutbox = database.db.prepare('INSERT INTO outbox (sequence) VALUES (?)');
  const advance = database.db
    .prepare<[number, string], number>('UPDATE counter SET value = value + ? WHERE name = ? RETURNING value')
    .pluck();
  const next = (counter: 'event' | 'state', count = 1): number => {
    const value = advance.get(count, counter);
    if (value === undefined) throw defect('counter-missing', `records.db has no counter "${counter}"`);
    return value;
  };
  const listeners = new Set<Listener>();

  const write = (fact: Fact) => {
    const recordedAtMs = clock.wallMs();
    const id = newEventId(recordedAtMs, random);
    const event: RecordedEvent = { ...fact, id, sequence: next('event'), recordedAtMs };
    const payload = encode(event);
    events.insert(event, payload);
    addToOutbox.run(event.sequence);
    return { event, payload };
  };

  return {
    lastAttendanceMs: events.lastAttendanceMs,
    lastUnknownMs: events.lastUnknownMs,
    lastAttackMs: events.lastAttackMs,
    list: events.list,
    outbox: outboxOf(database),
    retention: recordsRetentionOf(database),
    attendance: attendanceRecordsOf(database),
    record(fact) {
      const { event, payload } = database.transaction(() => write(fact));
      for (const listener of listeners) queueMicrotask(() => listener(event, payload));
      return event;
    },
    onRecorded(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    takeStateSequences: (count) => explained(database, () => next('state', count)),
    async [Symbol.asyncDispose]() {
      listeners.clear();
      database.close();
    },
  };
}
