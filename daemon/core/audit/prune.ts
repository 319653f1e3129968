import type { Actor } from '../../kernel/actor.js';
import type { AuditRows, EntryRow } from './audit-rows.js';
import type { AuditVerdict } from './audit-verdict.js';
import { ChainCheck } from './chain-check.js';
import type { ChainWriter } from './chain-writer.js';

export interface PruneResult {
  readonly cutCount: number;
  /** More is due; the limit was reached. */
  readonly isMoreDue: boolean;
  /** The verdict on the entries before they were deleted. Absent if none was due. */
  readonly verdict?: AuditVerdict;
}

/**
 * Deletes the oldest entries. Call it in a transaction. Checks them first and records the verdict, so that pruning cannot hide
 * a change.
 *
 * Deletes only an unbroken run from the oldest entry on: a clock that was far behind never costs newer entries, and after a
 * clock that was far ahead the entries stay until that time has come.
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
