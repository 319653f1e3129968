import type { OpenDatabase } from '../../host/sqlite.js';
import { explained } from '../explained.js';

/** Sequences from first to last, both included. */
export interface SequenceRange {
  readonly first: number;
  readonly last: number;
}

export interface OutboxResending {
  /**
   * Puts the events of a range into the outbox once more, at most `limit` of them from its beginning, in one transaction. Those
   * that wait already stay as they are. `through`: the last sequence that was looked at.
   */
  putBack(
    range: SequenceRange,
    about: { readonly nowMs: number; readonly limit: number },
  ): { readonly count: number; readonly through: number };
  /** What of a range is in the records no more: the first ranges, at most `limit`, and how many events there are in all. */
  missing(
    range: SequenceRange,
    limit: number,
  ): { readonly ranges: readonly SequenceRange[]; readonly count: number };
}

export function outboxResendingOf(database: OpenDatabase): OutboxResending {
  const { db } = database;
  const end = db
    .prepare<[number, number, number], number>(
      'SELECT max(sequence) FROM (SELECT sequence FROM event WHERE sequence BETWEEN ? AND ? ORDER BY sequence LIMIT ?)',
    )
    .pluck();
  const between = 'sequence BETWEEN @first AND @last';
  const unmark = db.prepare<[Record<string, number>]>(
    `UPDATE outbox SET is_again = 1, sent_over = NULL, since_ms = @nowMs WHERE ${between} AND sent_over IS NOT NULL`,
  );
  const forget = db.prepare<[Record<string, number>]>(`DELETE FROM given_up WHERE ${between}`);
  const add = db.prepare<[Record<string, number>]>(`
    INSERT INTO outbox (sequence, kind, size_bytes, since_ms, is_again)
    SELECT sequence, kind, length(payload), @nowMs, 1 FROM event
    WHERE ${between} AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.sequence = event.sequence)`);
  const present = db
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
        const through = end.get(first, last, limit);
        if (through === undefined || through === null) return { count: 0, through: last };
        const batch = { first, last: through };
        const unmarked = unmark.run({ ...batch, nowMs: Math.floor(nowMs) }).changes;
        forget.run(batch);
        return { count: unmarked + add.run({ ...batch, nowMs: Math.floor(nowMs) }).changes, through };
      }),
    missing: ({ first, last }, limit) =>
      explained(database, () => ({
        ranges: holes.all({ first, last, limit }),
        count: last - first + 1 - (present.get({ first, last }) ?? 0),
      })),
  };
}
