import type { Clock } from '../base/clock.js';
import { defect } from '../base/errors.js';
import type { Random } from '../base/random.js';
import type { BoxEvent, RecordedEvent } from '../domain/events/event.js';
import { openDatabase } from '../host/sqlite.js';
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
import { explained } from './explained.js';
import { type LastSaid, lastSaidOf } from './last-said.js';
import { type Outbox, outboxEntranceOf, outboxOf } from './outbox/outbox.js';
import { type OutboxSurplus, outboxSurplusOf } from './outbox/outbox-surplus.js';
import { recentFactsOf } from './recent-facts.js';
import { RecordedMoments } from './recorded-moments.js';
import { type RetainedMessages, retainedMessagesOf } from './retained-messages.js';
import { type RecordsRetention, recordsRetentionOf } from './retention.js';
import { recordsApplicationId, recordsMigrations } from './schema.js';
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
  readonly countUnknown: CountUnknown;
  /**
   * Takes `count` numbers in the order of the box's own state messages and returns the last; none is given twice, over
   * restarts too.
   */
  takeStateSequences(count: number): number;
}

type Listener = Parameters<Records['onRecorded']>[0];

/** Opens records.db. Throws what `openDatabase` throws when the file cannot be used. */
export function openRecords({ path, encode, clock, random, ...options }: RecordsOptions): Records {
  const database = openDatabase(path, { migrations: recordsMigrations, applicationId: recordsApplicationId });
  const events = eventTableOf(database);
  const entrance = outboxEntranceOf(database);
  const moments = new RecordedMoments(clock);
  const next = countersOf(database);
  const conditions = saidConditionsOf(database);
  const seal = options.seal ?? new GrantSeal('', []);
  const listeners = new Set<Listener>();
  let recordedCount = 0;

  const write = (happened: BoxEvent) => {
    const recordedAtMs = clock.wallMs();
    const id = newEventId(recordedAtMs, random);
    const event: RecordedEvent = { ...happened, id, sequence: next('event'), recordedAtMs };
    const payload = encode(event);
    events.insert(event, payload);
    const { sequence, kind } = event;
    entrance.add({ sequence, kind, recordedAtMs, sizeBytes: payload.byteLength });
    moments.note(sequence, recordedAtMs);
    if (event.kind === 'box') conditions.note(event);
    return { event, payload };
  };

  const recordAll = (happened: readonly BoxEvent[], alongside: () => void): readonly RecordedEvent[] => {
    const written = database.transaction(() => {
      alongside();
      return happened.map(write);
    });
    recordedCount += written.length;
    for (const { event, payload } of written) {
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
    sources: { conditions, lastSaid: lastSaidOf(database) },
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
    takeStateSequences: (count) => explained(database, () => next('state', count)),
    async [Symbol.asyncDispose]() {
      listeners.clear();
      seal[Symbol.dispose]();
      database.close();
    },
  };
}
