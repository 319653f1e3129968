import type { OpenDatabase } from '../../../host/sqlite.js';
import type { EventKind } from '../../../kernel/events/event.js';
import { eventKinds } from '../../../kernel/events/event-type.js';
import type { GapNotice } from '../../../kernel/events/notice.js';
import { limitOf, type OutboxRules } from '../../../kernel/events/outbox-limits.js';
import { outboxReportOf } from './outbox.js';

/** Events to give up, and the event that reports them. The caller writes both in one transaction. */
export interface Surplus {
  readonly sequences: readonly number[];
  readonly gap: GapNotice;
}

/** Finds the events beyond the limits of the outbox, and gives them up. */
export interface OutboxSurplus {
  /** Undefined while the outbox is within its limits. */
  find(question: ExcessQuestion): Surplus | undefined;
  /** Call in the transaction that records the gap. */
  giveUp(sequences: readonly number[]): void;
}

export function outboxSurplusOf(database: OpenDatabase): OutboxSurplus {
  const { db } = database;
  const excess = outboxExcessOf(database);
  const unsentGaps = db.prepare<[string], { readonly sequence: number; readonly payload: Uint8Array }>(`
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
    // An earlier gap that was not sent yet becomes part of this one.
    for (const { sequence, payload } of unsentGaps.all(JSON.stringify(inFlight))) {
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
      database.read(() => {
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

export interface ExcessQuestion {
  readonly rules: OutboxRules;
  readonly nowMs: number;
  /** False while the clock is not trusted: no event is too old then. */
  readonly mayAge: boolean;
  /** Sequences on their way to the broker; they are never given up. */
  readonly inFlight: readonly number[];
  /** The largest number of rows to find. */
  readonly limit: number;
}

interface ExcessRow {
  readonly sequence: number;
  readonly kind: EventKind;
  readonly sizeBytes: number;
}

/** Finds rows beyond the limits. The least valuable kinds come first, and of each kind the oldest rows. */
interface OutboxExcess {
  tooOld(question: ExcessQuestion): readonly ExcessRow[];
  tooMany(question: ExcessQuestion): readonly ExcessRow[];
}

const dayMs = 86_400_000;
const bytesOfMiB = 1024 * 1024;
const leastWorthFirst: readonly EventKind[] = [...eventKinds].reverse();

export function outboxExcessOf(database: OpenDatabase): OutboxExcess {
  const report = outboxReportOf(database);
  const select = database.db.prepare<[Record<string, unknown>], ExcessRow>(`
    SELECT sequence, kind, size_bytes AS sizeBytes FROM outbox
    WHERE kind = @kind AND since_ms < @beforeMs AND sequence NOT IN (SELECT value FROM json_each(@inFlight))
    ORDER BY since_ms, sequence LIMIT @limit`);
  const oldest = (
    kind: EventKind,
    { inFlight }: ExcessQuestion,
    limit: number,
    beforeMs: number = Number.MAX_SAFE_INTEGER,
  ): readonly ExcessRow[] => select.all({ kind, inFlight: JSON.stringify(inFlight), beforeMs, limit });

  return {
    tooOld(question) {
      const { rules, nowMs, mayAge, limit } = question;
      const found: ExcessRow[] = [];
      for (const kind of mayAge ? leastWorthFirst : []) {
        const beforeMs = Math.floor(nowMs - limitOf(kind, rules).days * dayMs);
        found.push(...oldest(kind, question, limit - found.length, beforeMs));
      }
      return found;
    },
    tooMany(question) {
      const { rules, limit } = question;
      const counts = report.counts();
      const found = new Map<number, ExcessRow>();
      for (const kind of leastWorthFirst) {
        const excess = (counts.find((each) => each.kind === kind)?.count ?? 0) - limitOf(kind, rules).events;
        if (excess <= 0) continue;
        // The new event about this gap needs a place, too.
        const most = Math.min(limit - found.size, kind === 'gap' ? excess + 1 : excess);
        for (const row of oldest(kind, question, most)) found.set(row.sequence, row);
      }
      let excessBytes = counts.reduce((sum, { sizeBytes }) => sum + sizeBytes, -rules.totalMiB * bytesOfMiB);
      for (const { sizeBytes } of found.values()) excessBytes -= sizeBytes;
      // Giving up an event about a gap would only cause the next one.
      for (const kind of leastWorthFirst.filter((each) => each !== 'gap')) {
        if (excessBytes <= 0) break;
        for (const row of oldest(kind, question, limit)) {
          if (excessBytes <= 0 || found.size >= limit) break;
          if (found.has(row.sequence)) continue;
          found.set(row.sequence, row);
          excessBytes -= row.sizeBytes;
        }
      }
      return [...found.values()];
    },
  };
}

/** The content of an event about a gap. */
type StatedGap = Pick<GapNotice, 'firstSequence' | 'lastSequence' | 'counts' | 'reason'>;

/** Reads a recorded event of the kind `gap`. */
function statedGap(payload: Uint8Array): StatedGap {
  return (JSON.parse(new TextDecoder().decode(payload)) as { readonly data: StatedGap }).data;
}

/** One range over all events that are given up, with their number by kind. */
class WidestGap {
  #first = Number.MAX_SAFE_INTEGER;
  #last = 0;
  readonly #counts = new Map<string, number>();

  add(sequence: number, kind: EventKind): void {
    this.#widen(sequence, sequence);
    this.#count(kind, 1);
  }

  /** Includes the content of another gap. */
  absorb({ firstSequence, lastSequence, counts }: StatedGap): void {
    this.#widen(firstSequence, lastSequence);
    for (const [kind, more] of Object.entries(counts)) this.#count(kind, more);
  }

  notice(nowMs: number, reason: GapNotice['reason']): GapNotice {
    const counts = Object.fromEntries(this.#counts);
    const range = { firstSequence: this.#first, lastSequence: this.#last };
    return { kind: 'gap', occurredAtMs: nowMs, ...range, counts, reason };
  }

  #widen(first: number, last: number): void {
    this.#first = Math.min(this.#first, first);
    this.#last = Math.max(this.#last, last);
  }

  #count(kind: string, more: number): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + more);
  }
}
