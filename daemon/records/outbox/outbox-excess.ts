import type { EventKind } from '../../domain/events/event.js';
import { eventKinds } from '../../domain/events/event-type.js';
import { limitOf, type OutboxRules } from '../../domain/events/outbox-limits.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { outboxReportOf } from './outbox-report.js';

export interface ExcessQuestion {
  readonly rules: OutboxRules;
  readonly nowMs: number;
  /** False where the clock is in doubt: nothing is too old then. */
  readonly mayAge: boolean;
  /** On their way to the broker: left alone. */
  readonly inFlight: readonly number[];
  /** At most so many at a time. */
  readonly limit: number;
}

export interface ExcessRow {
  readonly sequence: number;
  readonly kind: EventKind;
  readonly sizeBytes: number;
}

/** What is beyond the limits. Of each kind the oldest come first, of all kinds those of least worth. */
export interface OutboxExcess {
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
        // The gap that states it needs a place as well.
        const most = Math.min(limit - found.size, kind === 'gap' ? excess + 1 : excess);
        for (const row of oldest(kind, question, most)) found.set(row.sequence, row);
      }
      let excessBytes = counts.reduce((sum, { sizeBytes }) => sum + sizeBytes, -rules.totalMiB * bytesOfMiB);
      for (const { sizeBytes } of found.values()) excessBytes -= sizeBytes;
      // A gap given up would only make place for the next one.
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
