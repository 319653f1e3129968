import type { OpenDatabase } from '../../host/sqlite.js';
import { explained } from '../explained.js';

/** What a centre has confirmed, and what is kept until it does. */
export interface CentreConfirmations {
  /** The number of a connection that begins now. */
  nextConnection(): number;
  /** The broker took these rows over that connection: they are kept for the centre. */
  keep(sequences: readonly number[], connection: number): void;
  /** Call in the transaction that deletes what the broker took. */
  noteSent(sequences: readonly number[]): void;
  /**
   * The centre has stored everything up to `sequence`, or up to the newest event that was sent where that is less. `inFlight`
   * are those on their way: the centre may be faster than the broker. How many rows are kept no longer.
   */
  confirmUpTo(sequence: number, inFlight: readonly number[]): number;
  /** Up to where it has stored everything; never less than before. */
  confirmed(): number;
}

export function centreConfirmationsOf(database: OpenDatabase): CentreConfirmations {
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
    confirmed: () => explained(database, () => read.get('centre') ?? 0),
  };
}
