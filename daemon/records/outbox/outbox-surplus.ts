import type { GapNotice } from '../../domain/events/notice.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { explained } from '../explained.js';
import { type ExcessQuestion, type ExcessRow, outboxExcessOf } from './outbox-excess.js';
import { statedGap, WidestGap } from './widest-gap.js';

/** What has to go, and the event that says so: both in one transaction, or neither. */
export interface Surplus {
  readonly sequences: readonly number[];
  readonly gap: GapNotice;
}

/** What is beyond the limits of the outbox, and how it goes. */
export interface OutboxSurplus {
  /** Undefined where everything is within the limits. */
  find(question: ExcessQuestion): Surplus | undefined;
  /** Call in the transaction that records the gap. */
  giveUp(sequences: readonly number[]): void;
}

export function outboxSurplusOf(database: OpenDatabase): OutboxSurplus {
  const { db } = database;
  const excess = outboxExcessOf(database);
  const unheard = db.prepare<[string], { readonly sequence: number; readonly payload: Uint8Array }>(`
    SELECT sequence, payload FROM outbox JOIN event USING (sequence)
    WHERE outbox.kind = 'gap' AND sent_over IS NULL AND sequence NOT IN (SELECT value FROM json_each(?))`);
  const payloadOf = db.prepare<[number], Uint8Array>('SELECT payload FROM event WHERE sequence = ?').pluck();
  const count = db.prepare<[string]>(`
    UPDATE outbox_total SET given_up = given_up + (SELECT count(*) FROM outbox
      WHERE outbox.kind = outbox_total.kind AND sequence IN (SELECT value FROM json_each(?)))`);
  const note = db.prepare<[string]>('INSERT OR IGNORE INTO given_up SELECT value FROM json_each(?)');
  const remove = db.prepare<[string]>(
    'DELETE FROM outbox WHERE sequence IN (SELECT value FROM json_each(?))',
  );

  const surplus = (
    rows: readonly ExcessRow[],
    reason: GapNotice['reason'],
    { nowMs, inFlight }: ExcessQuestion,
  ): Surplus => {
    const sequences = new Set(rows.map(({ sequence }) => sequence));
    const gap = new WidestGap();
    for (const { sequence, kind } of rows) {
      gap.add(sequence, kind);
      const payload = kind === 'gap' ? payloadOf.get(sequence) : undefined;
      if (payload !== undefined) gap.absorb(statedGap(payload));
    }
    // A statement that nobody has heard yet becomes part of this one.
    for (const { sequence, payload } of unheard.all(JSON.stringify(inFlight))) {
      const earlier = statedGap(payload);
      if (earlier.reason !== reason || sequences.has(sequence)) continue;
      sequences.add(sequence);
      gap.add(sequence, 'gap');
      gap.absorb(earlier);
    }
    return { sequences: [...sequences], gap: gap.notice(nowMs, reason) };
  };

  return {
    find: (question) =>
      explained(database, () => {
        const old = excess.tooOld(question);
        if (old.length > 0) return surplus(old, 'too-old', question);
        const many = excess.tooMany(question);
        return many.length > 0 ? surplus(many, 'too-many', question) : undefined;
      }),
    giveUp(sequences) {
      const list = JSON.stringify(sequences);
      count.run(list);
      note.run(list);
      remove.run(list);
    },
  };
}
