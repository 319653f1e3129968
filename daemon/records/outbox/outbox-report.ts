import type { EventKind } from '../../domain/events/event.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { explained } from '../explained.js';

/** How much there is of one kind. */
export interface OutboxCounts {
  readonly kind: EventKind;
  readonly count: number;
  readonly sizeBytes: number;
  /** Given up since the database was made. */
  readonly givenUp: number;
}

/** Since when the oldest of one kind waits. */
export interface OutboxOldest {
  readonly kind: EventKind;
  /** When it came into the outbox, wall clock, milliseconds since the epoch. */
  readonly sinceMs: number;
}

/** What became of a recorded event on its way out. */
export type EventDelivery = 'waiting' | 'kept-for-centre' | 'given-up' | 'delivered';

export interface OutboxReport {
  /** Of the kinds that were ever recorded. */
  counts(): readonly OutboxCounts[];
  oldest(): readonly OutboxOldest[];
  /** How many rows a broker has, which are kept for the centre. Reads the whole outbox. */
  keptForCentreCount(): number;
  /** Sequence of the newest event; 0 where there is none. */
  newestSequence(): number;
  /** Of an event that is in the records. */
  deliveryOf(sequence: number): EventDelivery;
}

export function outboxReportOf(database: OpenDatabase): OutboxReport {
  const { db } = database;
  const counts = db.prepare<[], OutboxCounts>(
    'SELECT kind, count, size_bytes AS sizeBytes, given_up AS givenUp FROM outbox_total',
  );
  const oldest = db.prepare<[], OutboxOldest>(`
    SELECT kind, (SELECT min(since_ms) FROM outbox WHERE outbox.kind = outbox_total.kind) AS sinceMs
    FROM outbox_total WHERE count > 0`);
  const kept = db.prepare<[], number>('SELECT count(*) FROM outbox WHERE sent_over IS NOT NULL').pluck();
  const newest = db.prepare<[], number>("SELECT value FROM counter WHERE name = 'event'").pluck();
  const delivery = db
    .prepare<[{ sequence: number }], EventDelivery>(`
      SELECT coalesce(
        (SELECT CASE WHEN sent_over IS NULL THEN 'waiting' ELSE 'kept-for-centre' END
         FROM outbox WHERE sequence = @sequence),
        (SELECT 'given-up' FROM given_up WHERE sequence = @sequence),
        'delivered')`)
    .pluck();
  return {
    counts: () => explained(database, () => counts.all()),
    oldest: () => explained(database, () => oldest.all()),
    keptForCentreCount: () => explained(database, () => kept.get() ?? 0),
    newestSequence: () => explained(database, () => newest.get() ?? 0),
    deliveryOf: (sequence) => explained(database, () => delivery.get({ sequence }) ?? 'delivered'),
  };
}
