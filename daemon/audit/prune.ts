import type { Actor } from './actor.js';
import type { AuditRows, EntryRow } from './audit-rows.js';
import type { AuditVerdict } from './audit-verdict.js';
import { ChainCheck } from './chain-check.js';
import type { ChainWriter } from './chain-writer.js';

export interface PruneResult {
  readonly cutCount: number;
  /** More is due; the limit was reached. */
  readonly isMoreDue: boolean;
  /** What the check of the entries said before they were cut off. Absent where nothing was due. */
  readonly verdict?: AuditVerdict;
}

/**
 * To be called within a transaction. What is cut off is checked first, and the entry about the cut keeps what was found:
 * forgetting must not be a way to get rid of the traces of a change.
 *
 * Only an unbroken run from the oldest entry on is cut. A clock that once stood far behind therefore never costs newer entries;
 * one that once stood far ahead keeps them until that time has come.
 */
export function prune(
  rows: AuditRows,
  writer: ChainWriter,
  { beforeMs, by, limit }: { readonly beforeMs: number; readonly by: Actor; readonly limit: number },
): PruneResult {
  const found = rows.after(Number.MIN_SAFE_INTEGER, limit + 1);
  const firstKept = found.findIndex((row) => row.atMs >= beforeMs);
  const dueCount = firstKept < 0 ? found.length : firstKept;
  const due = found.slice(0, Math.min(dueCount, limit));
  const last = due.at(-1);
  if (last === undefined) return { cutCount: 0, isMoreDue: false };
  const verdict = check(rows, writer, due);
  writer.putMark('anchor', last);
  rows.cut(last.sequence);
  const { breakage, outcome } = verdict;
  writer.write({
    by,
    action: 'audit.pruned',
    details: {
      entries: due.length,
      through: last.sequence,
      outcome,
      ...(breakage === undefined ? {} : { brokenAt: breakage.sequence, reason: breakage.reason }),
    },
  });
  return { cutCount: due.length, isMoreDue: dueCount > limit, verdict };
}

function check(rows: AuditRows, { keys }: ChainWriter, due: readonly EntryRow[]): AuditVerdict {
  const chain = new ChainCheck(keys, rows.mark('anchor'));
  for (const row of due) {
    if (!chain.step(row)) break;
  }
  return chain.verdictSoFar();
}
