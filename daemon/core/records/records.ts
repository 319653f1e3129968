import type { OpenDatabase } from '../../host/sqlite.js';
import type { Clock } from '../../kernel/clock.js';
import { defect } from '../../kernel/errors.js';
import type { BoxEvent, RecordedEvent } from '../../kernel/events/event.js';
import type { Random } from '../../kernel/random.js';
import { newEventId } from './event-id.js';
import { type EventTable, eventTableOf } from './event-table.js';
import { type Outbox, outboxEntranceOf, outboxOf } from './outbox/outbox.js';
import { type OutboxSurplus, outboxSurplusOf } from './outbox/outbox-surplus.js';
import { type RecentEvents, recentFactsOf } from './recent-facts.js';
import { RecordedMoments } from './recorded-moments.js';
import { markedDatabase, positionOf } from './recovery/marked-database.js';
import { openRecordsFile, type RecordsLoss } from './recovery/open-records-file.js';
import type { RecordsMark } from './recovery/records-mark.js';
import { lossSource, type ReportedLoss, recoverRecords } from './recovery/recover-records.js';
import { type RetainedMessages, retainedMessagesOf } from './retained-messages.js';
import { type RecordFinding, RecordsSeals } from './seals/records-seals.js';
import { RowSeal } from './seals/row-seal.js';
import {
  type PublishedConditions,
  publishedConditionsOf,
  type SourceStates,
  sourceStatesOf,
} from './source-states.js';
import type { EventQuery, StoredEvent } from './stored-event.js';

export interface RecordsOptions {
  /** Path of records.db, which is created if missing. */
  readonly path: string;
  /** Encodes an event for storage and publication; called inside the transaction. */
  readonly encode: (event: RecordedEvent) => Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
  /** For the seals of rows; the one in use first. Absent: rows that this program did not write are not noticed. */
  readonly auditKeys?: readonly Uint8Array[];
  /** The key in use was made at this start. */
  readonly isAuditKeyNew?: boolean;
  /** Called with what is in the file that this program did not write, or is missing: at the opening and later. */
  readonly onAltered?: (found: readonly RecordFinding[]) => void;
  /**
   * Knows the position of records.db outside of the file. The caller disposes it after the records. Absent: a missing or
   * older file is not noticed.
   */
  readonly mark?: RecordsMark;
  /** The file comes from the backup of a box that this one replaces: numbers continue far beyond those that it may have used. */
  readonly isRestored?: boolean;
  /** Called when a transaction finds damage; the next start recovers what is left. */
  readonly onDamaged?: (error: Error) => void;
}

/** The recorded events and the outbox, and the database for the tables of subjects. Only one process may open it at a time. */
export interface Records extends RecentEvents, AsyncDisposable {
  readonly database: OpenDatabase;
  /** Undefined without a key. */
  readonly rowSeal: RowSeal | undefined;
  /**
   * Writes an event and its outbox row in one transaction, which is on the disk when this returns. `alongside` runs in the same
   * transaction, with the event. Throws `disk-full` or another operational error if nothing was written.
   */
  record(event: BoxEvent, alongside?: (event: RecordedEvent) => void): RecordedEvent;
  /** Writes several events in this order, all or none. */
  recordAll(events: readonly BoxEvent[], alongside?: () => void): readonly RecordedEvent[];
  list(query: EventQuery): readonly StoredEvent[];
  /** Wall clock of the newest event, milliseconds since the epoch; undefined without any. */
  lastRecordedMs(): number | undefined;
  readonly newestOf: EventTable['newestOf'];
  readonly newestOfCamera: EventTable['newestOfCamera'];
  readonly sightChanges: EventTable['sightChanges'];
  readonly withSequences: EventTable['withSequences'];
  readonly lowestSince: EventTable['lowestSince'];
  /** By sequence, or by id. */
  find(which: number | string): StoredEvent | undefined;
  /** Events whose id begins like this, oldest first, at most `limit`. */
  beginningWith(beginning: string, limit: number): readonly StoredEvent[];
  /** Calls back for each event after its commit. Returns a function that ends this. */
  onRecorded(listener: (event: RecordedEvent, payload: Uint8Array) => void): () => void;
  /** Number of events written since the records were opened. */
  recordedCount(): number;
  readonly outbox: Outbox;
  readonly surplus: OutboxSurplus;
  /** What the sources of events remember. */
  readonly sources: { readonly conditions: PublishedConditions; readonly states: SourceStates };
  readonly retained: RetainedMessages;
  /** False if records.db was removed or replaced while it is open; closing the records then writes their content back. */
  isInPlace(): boolean;
  /** The last loss of records, until it has been published for long enough. */
  readonly loss: { reported(): ReportedLoss | undefined; forget(): void };
  readonly countUnknown: EventTable['countUnknown'];
  readonly transactionTimes: OpenDatabase['transactionTimes'];
  /**
   * Reserves `count` sequence numbers for state messages of the box and returns the last one. No number is given twice, also
   * after a restart.
   */
  takeStateSequences(count: number): number;
}

type Listener = Parameters<Records['onRecorded']>[0];

/**
 * Opens records.db. If the file is missing, damaged or older than expected, it recovers what is left (`loss`). Otherwise it
 * throws what `openDatabase` throws.
 */
export function openRecords(options: RecordsOptions): Records {
  const { clock, auditKeys = [] } = options;
  const rowSeal = rowSealOf(auditKeys);
  const { database, seals, closed } = openMarked(options, rowSeal);
  const events = eventTableOf(database, { rowSeal, seals });
  const moments = new RecordedMoments(clock);
  const write = writerOf(database, options, rowSeal);
  const next = countersOf(database);
  const conditions = publishedConditionsOf(database);
  const states = sourceStatesOf(database);
  const listeners = new Set<Listener>();
  let recordedCount = 0;

  const recordAll = (
    happened: readonly BoxEvent[],
    alongside: (events: readonly RecordedEvent[]) => void,
  ): readonly RecordedEvent[] => {
    const written = database.transaction(() => {
      const rows = happened.map(write);
      alongside(rows.map(({ event }) => event));
      return rows;
    });
    recordedCount += written.length;
    for (const { event, payload } of written) {
      moments.note(event.sequence, event.recordedAtMs);
      for (const listener of listeners) queueMicrotask(() => listener(event, payload));
    }
    return written.map(({ event }) => event);
  };

  return {
    ...recentFactsOf(database),
    database,
    rowSeal,
    list: events.list,
    lastRecordedMs: () => events.list({ limit: 1 })[0]?.recordedAtMs,
    newestOf: events.newestOf,
    newestOfCamera: events.newestOfCamera,
    sightChanges: events.sightChanges,
    withSequences: events.withSequences,
    lowestSince: events.lowestSince,
    find: events.find,
    beginningWith: events.beginningWith,
    outbox: outboxOf(database, moments, seals),
    surplus: outboxSurplusOf(database),
    sources: { conditions, states },
    loss: reportedLossOf(states),
    retained: retainedMessagesOf(database),
    countUnknown: events.countUnknown,
    isInPlace: () => database.isInPlace(),
    transactionTimes: database.transactionTimes,
    recordAll: (happened, alongside = () => undefined) => recordAll(happened, alongside),
    record(happened, alongside = () => undefined) {
      const [event] = recordAll([happened], (events) => events.forEach(alongside));
      if (event === undefined) throw defect('event-not-written', 'recordAll returned no event');
      return event;
    },
    onRecorded(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    recordedCount: () => recordedCount,
    takeStateSequences: (count) => database.transaction(() => next('state', count)),
    async [Symbol.asyncDispose]() {
      listeners.clear();
      closed();
      rowSeal?.[Symbol.dispose]();
    },
  };
}

function rowSealOf([key, ...former]: readonly Uint8Array[]): RowSeal | undefined {
  return key === undefined ? undefined : new RowSeal([key, ...former]);
}

/** Writes one event and its outbox row; called in a transaction. */
function writerOf(
  database: OpenDatabase,
  { encode, clock, random }: RecordsOptions,
  rowSeal: RowSeal | undefined,
) {
  const events = eventTableOf(database, { rowSeal });
  const entrance = outboxEntranceOf(database);
  const next = countersOf(database);
  const conditions = publishedConditionsOf(database);
  return (happened: BoxEvent) => {
    const recordedAtMs = clock.wallMs();
    const id = newEventId(recordedAtMs, random);
    const event: RecordedEvent = { ...happened, id, sequence: next('event'), recordedAtMs };
    const payload = encode(event);
    events.insert(event, payload);
    const { sequence, kind } = event;
    entrance.add({ sequence, kind, recordedAtMs, sizeBytes: payload.byteLength });
    if (event.kind === 'box') conditions.note(event);
    return { event, payload };
  };
}

interface OpenedRecords {
  readonly database: OpenDatabase;
  /** Undefined without a key. */
  readonly seals: RecordsSeals | undefined;
  /** Closes the file and notes this in the mark. */
  closed(): void;
}

/** Opens the file, looks at what somebody else wrote into it, and follows its transactions in the mark. */
function openMarked(options: RecordsOptions, rowSeal: RowSeal | undefined): OpenedRecords {
  const { path, clock, random, mark, isRestored = false } = options;
  const nowMs = clock.wallMs();
  const newName = (): string => newEventId(nowMs, random);
  let loss: RecordsLoss | undefined;
  const file = openRecordsFile({
    ...{ path, mark, isRestored, nowMs, newName },
    recover(database, found) {
      loss = found.loss;
      recoverRecords(database, found, {
        ...{ mark, nowMs, newName },
        record: (into, events) => void events.map(writerOf(into, options, rowSeal)),
      });
    },
  });
  const close = (): void => {
    file.putBack();
    file.close();
  };
  const seals = rowSeal && openSeals(file, rowSeal, loss, options);
  if (seals !== undefined) mark?.noteSealed();
  const opened = seals?.database ?? file;
  if (mark === undefined) return { database: opened, seals, closed: close };
  let isDamaged = false;
  const database = markedDatabase(opened, mark, (error) => {
    isDamaged = true;
    options.onDamaged?.(error);
  });
  return {
    database,
    seals,
    closed() {
      const position = isDamaged ? undefined : positionOf(database)();
      close();
      if (position !== undefined) mark.note(position, true);
    },
  };
}

function openSeals(
  file: OpenDatabase,
  rowSeal: RowSeal,
  loss: RecordsLoss | undefined,
  { clock, mark, isAuditKeyNew = false, onAltered }: RecordsOptions,
): RecordsSeals {
  try {
    return new RecordsSeals(file, {
      rowSeal,
      opened: { wasSealed: mark?.isSealed === true, isKeyNew: isAuditKeyNew, loss },
      nowMs: () => clock.wallMs(),
      onFound: (found) => onAltered?.(found),
    });
  } catch (error) {
    file.close();
    throw error;
  }
}

function reportedLossOf(states: SourceStates): Records['loss'] {
  return {
    reported() {
      const text = states.of(lossSource);
      return text === undefined ? undefined : (JSON.parse(text) as ReportedLoss);
    },
    forget: () => states.forget(lossSource),
  };
}

/** Numbers that never decrease, whatever is deleted around them. */
type Counters = (counter: 'event' | 'state', count?: number) => number;

/** Increases a counter by `count` (default 1) and returns the new value. Throws what SQLite throws. */
function countersOf({ db }: OpenDatabase): Counters {
  const advance = db
    .prepare<[number, string], number>('UPDATE counter SET value = value + ? WHERE name = ? RETURNING value')
    .pluck();
  return (counter, count = 1) => {
    const value = advance.get(count, counter);
    if (value === undefined) throw defect('counter-missing', `records.db has no counter "${counter}"`);
    return value;
  };
}
