import type { OpenDatabase } from '../../../host/sqlite.js';
import type { EventKind } from '../../../kernel/events/event.js';
import type { EventDelivery } from '../../../kernel/events/event-delivery.js';
import { type EventSealing, eventColumns, type SealedEventRow } from '../event-table.js';
import type { RecordedMoments } from '../recorded-moments.js';

/** An event that was not confirmed yet: by the broker or, if the configuration requires this, by the centre. */
export interface OutboxRow {
  readonly sequence: number;
  readonly kind: EventKind;
  /** Time since the event was recorded, milliseconds; infinite if the clock cannot tell. */
  readonly ageMs: number;
  /** A centre or an operator asked for this event again. */
  readonly isAgain: boolean;
  /** For a `reply`: the command that it answers. */
  readonly commandId: string | null;
  /** The recorded bytes: JSON. */
  readonly payload: Uint8Array;
}

interface StoredRow extends SealedEventRow {
  readonly isAgain: 0 | 1;
}

/** The part of the outbox that the publisher uses. It has one connection at a time. */
export interface SendingOutbox {
  /**
   * Call when a new connection begins. Rows that were sent over earlier connections and are not confirmed are pending again.
   */
  begin(): void;
  /** At most `limit` rows with a sequence above `afterSequence`, in order, without those of `heldKinds`. */
  pending(afterSequence: number, limit: number, heldKinds: readonly EventKind[]): readonly OutboxRow[];
  /** Notes that the broker has taken these rows: all, or none if it fails. A row may be named twice. */
  acknowledge(sequences: readonly number[]): void;
  /** Number of rows. */
  depth(): number;
  /** Sequence of the newest event ever recorded; 0 without events. */
  newestSequence(): number;
}

/** The events that wait for the broker. They survive restarts; a row stays until it is acknowledged or given up. */
export interface Outbox extends SendingOutbox, OutboxReport, OutboxResending {
  /** The same rows, but each stays after the broker has taken it, until the centre has confirmed it. */
  readonly forCentre: SendingOutbox;
  readonly centre: CentreConfirmations;
}

interface OutboxEntrance {
  /** Call in the transaction that writes the event. */
  add(event: {
    readonly sequence: number;
    readonly kind: EventKind;
    readonly recordedAtMs: number;
    readonly sizeBytes: number;
  }): void;
}

export function outboxEntranceOf({ db }: OpenDatabase): OutboxEntrance {
  const insert = db.prepare<[number, string, number, number]>(
    'INSERT INTO outbox (sequence, kind, size_bytes, since_ms) VALUES (?, ?, ?, ?)',
  );
  return {
    add: ({ sequence, kind, recordedAtMs, sizeBytes }) =>
      void insert.run(sequence, kind, sizeBytes, Math.floor(recordedAtMs)),
  };
}

export function outboxOf(
  database: OpenDatabase,
  moments: Pick<RecordedMoments, 'ageMs'>,
  seals?: EventSealing['seals'],
): Outbox {
  const { db } = database;
  const report = outboxReportOf(database);
  const centre = centreConfirmationsOf(database);
  const read = (rows: () => readonly StoredRow[]): readonly StoredRow[] =>
    seals?.events(rows) ?? database.read(rows);
  const select = db.prepare<[Record<string, unknown>], StoredRow>(`
    SELECT ${eventColumns}, isAgain FROM event JOIN (
      SELECT sequence AS number, is_again AS isAgain FROM outbox
      WHERE sequence > @after AND sent_over IS NOT @connection
        AND kind NOT IN (SELECT value FROM json_each(@held))
      ORDER BY sequence LIMIT @limit) ON sequence = number
    ORDER BY sequence`);
  const pendingOver =
    (connection: () => number): SendingOutbox['pending'] =>
    (after, limit, heldKinds) =>
      read(() => select.all({ after, limit, held: JSON.stringify(heldKinds), connection: connection() })).map(
        ({ sequence, kind, commandId, payload, recordedAtMs, isAgain }) => ({
          ...{ sequence, kind, commandId, payload },
          isAgain: isAgain === 1,
          ageMs: moments.ageMs(sequence, recordedAtMs),
        }),
      );
  const remove = db.prepare('DELETE FROM outbox WHERE sequence IN (SELECT value FROM json_each(?))');
  const depth = (): number => total(report.counts());
  let connection = 0;
  return {
    ...report,
    ...outboxResendingOf(database),
    // The broker's confirmation deletes a row, so all rows that are left are pending.
    begin: () => undefined,
    // No connection has the number -1.
    pending: pendingOver(() => -1),
    acknowledge: (sequences) =>
      database.transaction(() => {
        remove.run(JSON.stringify(sequences));
        centre.noteSent(sequences);
      }),
    depth,
    forCentre: {
      begin() {
        connection = centre.nextConnection();
      },
      pending: pendingOver(() => connection),
      acknowledge: (sequences) => centre.keep(sequences, connection),
      depth,
      newestSequence: report.newestSequence,
    },
    centre,
  };
}

function total(counts: readonly OutboxCounts[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0);
}

/** Rows that are kept until the centre has confirmed them. */
interface CentreConfirmations {
  /** The number of a new connection. */
  nextConnection(): number;
  /** The broker took these rows over this connection; they are kept for the centre. */
  keep(sequences: readonly number[], connection: number): void;
  /** Call in the transaction that deletes the rows that the broker took. */
  noteSent(sequences: readonly number[]): void;
  /**
   * Notes that the centre has stored all events up to `sequence`, and deletes their rows. A sequence above the newest event that
   * was sent counts as that event. `inFlight`: events on their way to the broker; the centre may confirm one before the broker
   * does. Returns the number of deleted rows.
   */
  confirmUpTo(sequence: number, inFlight: readonly number[]): number;
  /** The sequence up to which the centre has stored all events; never decreases. */
  confirmed(): number;
}

function centreConfirmationsOf(database: OpenDatabase): CentreConfirmations {
  const { db } = database;
  const read = db.prepare<[string], number>('SELECT value FROM counter WHERE name = ?').pluck();
  const raise = db.prepare<[number, string]>('UPDATE counter SET value = max(value, ?) WHERE name = ?');
  const advance = db
    .prepare<[], number>("UPDATE counter SET value = value + 1 WHERE name = 'connection' RETURNING value")
    .pluck();
  const mark = db.prepare<[number, string]>(
    'UPDATE outbox SET sent_over = ? WHERE sequence IN (SELECT value FROM json_each(?))',
  );
  const remove = db.prepare<[number, string]>(`
    DELETE FROM outbox WHERE sequence <= ?
      AND (sent_over IS NOT NULL OR sequence IN (SELECT value FROM json_each(?)))`);
  const noteSent = (sequences: readonly number[]): void => void raise.run(Math.max(0, ...sequences), 'sent');
  return {
    nextConnection: () => database.transaction(() => advance.get() ?? 0),
    keep: (sequences, connection) =>
      database.transaction(() => {
        mark.run(connection, JSON.stringify(sequences));
        noteSent(sequences);
      }),
    noteSent,
    confirmUpTo: (sequence, inFlight) =>
      database.transaction(() => {
        const newestSent = Math.max(read.get('sent') ?? 0, ...inFlight);
        const upTo = Math.min(sequence, newestSent);
        raise.run(upTo, 'centre');
        return remove.run(upTo, JSON.stringify(inFlight)).changes;
      }),
    confirmed: () => database.read(() => read.get('centre') ?? 0),
  };
}

/** Sequences from first to last, both included. */
interface SequenceRange {
  readonly first: number;
  readonly last: number;
}

interface OutboxResending {
  /**
   * Puts the first `limit` events of a range into the outbox again, in one transaction. Rows that wait for the broker stay
   * unchanged. `count`: how many events are sent again. `through`: the last sequence that was handled.
   */
  putBack(
    range: SequenceRange,
    about: { readonly nowMs: number; readonly limit: number },
  ): { readonly count: number; readonly through: number };
  /**
   * The events of a range that are no longer in the records. `ranges`: the first ranges of them, at most
   * `limit`. `count`: the number of all of them.
   */
  missing(
    range: SequenceRange,
    limit: number,
  ): { readonly ranges: readonly SequenceRange[]; readonly count: number };
}

export function outboxResendingOf(database: OpenDatabase): OutboxResending {
  const { db } = database;
  const lastOfBatch = db
    .prepare<[number, number, number], number>(
      'SELECT max(sequence) FROM (SELECT sequence FROM event WHERE sequence BETWEEN ? AND ? ORDER BY sequence LIMIT ?)',
    )
    .pluck();
  const between = 'sequence BETWEEN @first AND @last';
  const unmark = db.prepare<[Record<string, number>]>(
    `UPDATE outbox SET is_again = 1, sent_over = NULL, since_ms = @nowMs WHERE ${between} AND sent_over IS NOT NULL`,
  );
  const forgetGivenUp = db.prepare<[Record<string, number>]>(`DELETE FROM given_up WHERE ${between}`);
  const add = db.prepare<[Record<string, number>]>(`
    INSERT INTO outbox (sequence, kind, size_bytes, since_ms, is_again)
    SELECT sequence, kind, length(payload), @nowMs, 1 FROM event
    WHERE ${between} AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.sequence = event.sequence)`);
  const countRecorded = db
    .prepare<[Record<string, number>], number>(`SELECT count(*) FROM event WHERE ${between}`)
    .pluck();
  const holes = db.prepare<[Record<string, number>], SequenceRange>(`
    SELECT before + 1 AS first, sequence - 1 AS last FROM (
      SELECT sequence, lag(sequence, 1, @first - 1) OVER (ORDER BY sequence) AS before
      FROM (SELECT sequence FROM event WHERE ${between} UNION ALL SELECT @last + 1))
    WHERE sequence > before + 1 ORDER BY sequence LIMIT @limit`);
  return {
    putBack: ({ first, last }, { nowMs, limit }) =>
      database.transaction(() => {
        const through = lastOfBatch.get(first, last, limit);
        if (through === undefined || through === null) return { count: 0, through: last };
        const batch = { first, last: through };
        const unmarked = unmark.run({ ...batch, nowMs: Math.floor(nowMs) }).changes;
        forgetGivenUp.run(batch);
        return { count: unmarked + add.run({ ...batch, nowMs: Math.floor(nowMs) }).changes, through };
      }),
    missing: ({ first, last }, limit) =>
      database.read(() => ({
        ranges: holes.all({ first, last, limit }),
        count: last - first + 1 - Number(countRecorded.get({ first, last })),
      })),
  };
}

/** The rows of one kind. */
interface OutboxCounts {
  readonly kind: EventKind;
  readonly count: number;
  readonly sizeBytes: number;
  /** Events given up since the database was made. */
  readonly givenUp: number;
}

/** The age of the oldest row of one kind. */
interface OutboxOldest {
  readonly kind: EventKind;
  /** When the row came into the outbox, wall clock, milliseconds since the epoch. */
  readonly sinceMs: number;
}

interface OutboxReport {
  /** One entry for each kind that was ever recorded. */
  counts(): readonly OutboxCounts[];
  oldest(): readonly OutboxOldest[];
  /** Number of rows that the broker has taken and that are kept for the centre. Reads the whole outbox. */
  keptForCentreCount(): number;
  /** Sequence of the newest event ever recorded; 0 without events. */
  newestSequence(): number;
  /** `sequence`: of an event that is in the records. */
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
    counts: () => database.read(() => counts.all()),
    oldest: () => database.read(() => oldest.all()),
    keptForCentreCount: () => database.read(() => Number(kept.get())),
    newestSequence: () => database.read(() => newest.get() ?? 0),
    deliveryOf: (sequence) => database.read(() => delivery.get({ sequence }) ?? 'delivered'),
  };
}
