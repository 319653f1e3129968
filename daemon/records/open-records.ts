import type { Clock } from '../base/clock.js';
import { defect } from '../base/errors.js';
import type { Random } from '../base/random.js';
import type { BoxEvent, RecordedEvent } from '../domain/events/event.js';
import type { OpenDatabase } from '../host/sqlite.js';
import { type AlertDeliveries, alertDeliveriesOf } from './alerts/alert-deliveries.js';
import { type AlertJournal, alertJournalOf } from './alerts/alert-journal.js';
import { type AttendanceRecords, attendanceRecordsOf } from './attendance/attendance-records.js';
import { type SaidConditions, saidConditionsOf } from './box-condition-table.js';
import { type CommandRecords, commandRecordsOf } from './commands/command-records.js';
import { GrantSeal } from './commands/grant-seal.js';
import { countersOf } from './counters.js';
import type { FactStore } from './decider.js';
import { newEventId } from './event-id.js';
import { eventTableOf } from './event-table.js';
import { type LastSaid, lastSaidOf } from './last-said.js';
import { type Outbox, outboxEntranceOf, outboxOf } from './outbox/outbox.js';
import { type OutboxSurplus, outboxSurplusOf } from './outbox/outbox-surplus.js';
import { recentFactsOf } from './recent-facts.js';
import { RecordedMoments } from './recorded-moments.js';
import { lossSource, makeGood, type ToldLoss } from './recovery/make-good.js';
import { markedDatabase, positionOf } from './recovery/marked-database.js';
import { openRecordsFile } from './recovery/open-records-file.js';
import type { RecordsMark } from './recovery/records-mark.js';
import { type RetainedMessages, retainedMessagesOf } from './retained-messages.js';
import { type RecordsRetention, recordsRetentionOf } from './retention.js';
import type { EventQuery, StoredEvent } from './stored-event.js';
import { type CountUnknown, unknownCounterOf } from './unknown-counts.js';

export interface RecordsOptions {
  /** Of records.db; made when absent. */
  readonly path: string;
  /** Makes the bytes that are stored, and published later; called inside the transaction. */
  readonly encode: (event: RecordedEvent) => Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
  /** Disposed with the records. Absent: nothing that grants power outlives this opening. */
  readonly seal?: GrantSeal;
  /**
   * Knows outside of the file how far it has come. Belongs to the caller, who disposes it after the records. Absent: of a file
   * that is gone or older than it should be nothing is noticed.
   */
  readonly mark?: RecordsMark;
  /** Called when a transaction meets damage: what is left is made good at the next start. */
  readonly onDamaged?: (error: Error) => void;
}

/** What happened, and what has not left the box yet. One process at a time has it open. */
export interface Records extends FactStore, AsyncDisposable {
  /**
   * Writes an event and its place in the outbox in one transaction, which is on the disk when this returns. Throws
   * `disk-full` or another operational error when nothing was written. `alongside` is written in the same transaction.
   */
  record(event: BoxEvent, alongside?: () => void): RecordedEvent;
  /** The same for several events, which get their places in this order: all of them are written, or none. */
  recordAll(events: readonly BoxEvent[], alongside?: () => void): readonly RecordedEvent[];
  list(query: EventQuery): readonly StoredEvent[];
  /** By sequence, or by id. */
  find(which: number | string): StoredEvent | undefined;
  /** Events whose id begins like this, oldest first, at most `limit`. */
  beginningWith(beginning: string, limit: number): readonly StoredEvent[];
  /** Calls back after each commit, outside of `record`. Returns how to stop. */
  onRecorded(listener: (event: RecordedEvent, payload: Uint8Array) => void): () => void;
  /** Events written since the records were opened. */
  recordedCount(): number;
  readonly outbox: Outbox;
  readonly surplus: OutboxSurplus;
  readonly retention: RecordsRetention;
  readonly attendance: AttendanceRecords;
  readonly commands: CommandRecords;
  readonly alerts: { readonly journal: AlertJournal; readonly deliveries: AlertDeliveries };
  /** What the sources of events have said. */
  readonly sources: { readonly conditions: SaidConditions; readonly lastSaid: LastSaid };
  readonly retained: RetainedMessages;
  /** What was lost of the records, or stood to be lost, until that was said for long enough. */
  readonly loss: { told(): ToldLoss | undefined; forget(): void };
  readonly countUnknown: CountUnknown;
  /**
   * Takes `count` numbers in the order of the box's own state messages and returns the last; none is given twice, over
   * restarts too.
   */
  takeStateSequences(count: number): number;
}

type Listener = Parameters<Records['onRecorded']>[0];

/**
 * Opens records.db, and makes good what became of it where it is lost, damaged or older than it should be (`loss`). Throws what
 * `openDatabase` throws else when the file cannot be used.
 */
export function openRecords(options: RecordsOptions): Records {
  const { clock } = options;
  const { database, closed } = openMarked(options);
  const events = eventTableOf(database);
  const moments = new RecordedMoments(clock);
  const write = writerOf(database, options);
  const next = countersOf(database);
  const conditions = saidConditionsOf(database);
  const seal = options.seal ?? new GrantSeal('', []);
  const lastSaid = lastSaidOf(database);
  const listeners = new Set<Listener>();
  let recordedCount = 0;

  const recordAll = (happened: readonly BoxEvent[], alongside: () => void): readonly RecordedEvent[] => {
    const written = database.transaction(() => {
      alongside();
      return happened.map(write);
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
    list: events.list,
    find: events.find,
    beginningWith: events.beginningWith,
    outbox: outboxOf(database, moments),
    surplus: outboxSurplusOf(database),
    retention: recordsRetentionOf(database),
    attendance: attendanceRecordsOf(database),
    alerts: { journal: alertJournalOf(database), deliveries: alertDeliveriesOf(database) },
    commands: commandRecordsOf(database, conditions, { seal, nowMs: () => clock.wallMs() }),
    sources: { conditions, lastSaid },
    loss: toldLossOf(lastSaid),
    retained: retainedMessagesOf(database),
    countUnknown: unknownCounterOf(database),
    recordAll: (happened, alongside = () => undefined) => recordAll(happened, alongside),
    record(happened, alongside = () => undefined) {
      const [event] = recordAll([happened], alongside);
      if (event === undefined) throw defect('event-not-written', 'an event was recorded and not given back');
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
      seal[Symbol.dispose]();
      closed();
    },
  };
}

/** Writes one event and its place in the outbox; to be called in a transaction. */
function writerOf(database: OpenDatabase, { encode, clock, random }: RecordsOptions) {
  const events = eventTableOf(database);
  const entrance = outboxEntranceOf(database);
  const next = countersOf(database);
  const conditions = saidConditionsOf(database);
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

/** The file, with its transactions in the mark; `closed` closes it and says so there. */
function openMarked(options: RecordsOptions): { readonly database: OpenDatabase; closed(): void } {
  const { path, clock, random, mark } = options;
  const nowMs = clock.wallMs();
  const newName = (): string => newEventId(nowMs, random);
  const opened = openRecordsFile({
    ...{ path, mark, nowMs, newName },
    makeGood: (database, found) =>
      makeGood(database, found, {
        ...{ mark, nowMs, newName },
        record: (file, events) => void events.map(writerOf(file, options)),
      }),
  });
  if (mark === undefined) return { database: opened, closed: () => opened.close() };
  let isDamaged = false;
  const database = markedDatabase(opened, mark, (error) => {
    isDamaged = true;
    options.onDamaged?.(error);
  });
  return {
    database,
    closed() {
      const position = isDamaged ? undefined : positionOf(database)();
      database.close();
      if (position !== undefined) mark.note(position, true);
    },
  };
}

function toldLossOf(lastSaid: LastSaid): Records['loss'] {
  return {
    told() {
      const said = lastSaid.of(lossSource);
      return said === undefined ? undefined : (JSON.parse(said) as ToldLoss);
    },
    forget: () => lastSaid.forget(lossSource),
  };
}
