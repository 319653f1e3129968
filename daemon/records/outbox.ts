import type { Fact } from '../domain/event.js';
import type { OpenDatabase } from '../host/sqlite.js';
import { explained } from './explained.js';

/** An event that no broker has acknowledged yet. */
export interface OutboxRow {
  readonly sequence: number;
  readonly kind: Fact['kind'];
  /** The bytes to publish. */
  readonly payload: Uint8Array;
}

/** The only queue between what happened and the broker: survives everything, forgets only on acknowledgement. */
export interface Outbox {
  /** At most `limit` rows with a sequence above `afterSequence`, in order, without those of `heldKinds`. */
  pending(afterSequence: number, limit: number, heldKinds: readonly Fact['kind'][]): readonly OutboxRow[];
  /** Deletes rows that the broker has acknowledged, all or none. Naming a row twice is harmless. */
  acknowledge(sequences: readonly number[]): void;
  depth(): number;
}

export function outboxOf(database: OpenDatabase): Outbox {
  const { db } = database;
  const select = db.prepare<[number, string, number], OutboxRow>(`
    SELECT sequence, kind, payload FROM outbox JOIN event USING (sequence)
    WHERE sequence > ? AND kind NOT IN (SELECT value FROM json_each(?))
    ORDER BY sequence LIMIT ?`);
  const remove = db.prepare('DELETE FROM outbox WHERE sequence IN (SELECT value FROM json_each(?))');
  const count = db.prepare<[], number>('SELECT count(*) FROM outbox').pluck();
  return {
    pending: (afterSequence, limit, heldKinds) =>
      explained(database, () => select.all(afterSequence, JSON.stringify(heldKinds), limit)),
    acknowledge: (sequences) => database.transaction(() => void remove.run(JSON.stringify(sequences))),
    depth: () => explained(database, () => count.get() ?? 0),
  };
}
