import type { EventKind } from '../../domain/events/event.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { explained } from '../explained.js';
import type { RecordedMoments } from '../recorded-moments.js';
import { type CentreConfirmations, centreConfirmationsOf } from './outbox-centre.js';
import { type OutboxCounts, type OutboxReport, outboxReportOf } from './outbox-report.js';
import { type OutboxResending, outboxResendingOf } from './outbox-resend.js';

/** An event that is not confirmed yet: by a broker, or by the centre where that is asked to. */
export interface OutboxRow {
  readonly sequence: number;
  readonly kind: EventKind;
  /** How long ago it was recorded, milliseconds; infinite where the clock does not tell. */
  readonly ageMs: number;
  /** Somebody asked for it to be sent again. */
  readonly isAgain: boolean;
  /** Of a `reply`: the command it answers. */
  readonly commandId: string | null;
  /** The recorded bytes: JSON. */
  readonly payload: Uint8Array;
}

interface StoredRow extends Omit<OutboxRow, 'isAgain' | 'ageMs'> {
  readonly isAgain: 0 | 1;
  readonly recordedAtMs: number;
}

/** What sends the outbox over one connection after the other. */
export interface SendingOutbox {
  /** A new connection begins: what was sent over those before and is not confirmed is pending again. */
  begin(): void;
  /** At most `limit` rows with a sequence above `afterSequence`, in order, without those of `heldKinds`. */
  pending(afterSequence: number, limit: number, heldKinds: readonly EventKind[]): readonly OutboxRow[];
  /** The broker has these rows, all of them or none is noted. Naming a row twice is harmless. */
  acknowledge(sequences: readonly number[]): void;
  /** How many rows there are. */
  depth(): number;
  /** Of all events ever recorded; 0 where there is none. */
  newestSequence(): number;
}

/** The only queue between what happened and the broker: survives everything, forgets only on acknowledgement. */
export interface Outbox extends SendingOutbox, OutboxReport, OutboxResending {
  /** The same rows, which stay when the broker has them, until the centre has confirmed them. */
  readonly forCentre: SendingOutbox;
  readonly centre: CentreConfirmations;
}

/** For writing an event: called in its transaction. */
export interface OutboxEntrance {
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

export function outboxOf(database: OpenDatabase, moments: Pick<RecordedMoments, 'ageMs'>): Outbox {
  const { db } = database;
  const report = outboxReportOf(database);
  const centre = centreConfirmationsOf(database);
  const select = db.prepare<[Record<string, unknown>], StoredRow>(`
    SELECT sequence, outbox.kind AS kind, recorded_at_ms AS recordedAtMs, is_again AS isAgain,
           command_id AS commandId, payload
    FROM outbox JOIN event USING (sequence)
    WHERE sequence > @after AND sent_over IS NOT @connection
      AND outbox.kind NOT IN (SELECT value FROM json_each(@held))
    ORDER BY sequence LIMIT @limit`);
  const pendingOver =
    (connection: () => number): SendingOutbox['pending'] =>
    (after, limit, heldKinds) =>
      explained(database, () =>
        select
          .all({ after, limit, held: JSON.stringify(heldKinds), connection: connection() })
          .map(({ recordedAtMs, isAgain, ...row }) => ({
            ...row,
            isAgain: isAgain === 1,
            ageMs: moments.ageMs(row.sequence, recordedAtMs),
          })),
      );
  const remove = db.prepare('DELETE FROM outbox WHERE sequence IN (SELECT value FROM json_each(?))');
  const depth = (): number => total(report.counts());
  let connection = 0;
  return {
    ...report,
    ...outboxResendingOf(database),
    begin: () => undefined,
    // No connection has this number: whatever is there has to go.
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
