import type { AuditRows } from './audit-rows.js';
import type { AuditVerdict, Witness } from './audit-verdict.js';
import { type AuditKeys, ChainCheck } from './chain-check.js';

/** Entries between two turns of the event loop: a few milliseconds' worth. */
const batchSize = 250;

/** Follows the chain batch by batch; yields after each. The last batch and the head are read without a turn between. */
function* follow(
  rows: AuditRows,
  keys: AuditKeys,
  noted: Witness | undefined,
): Generator<void, AuditVerdict> {
  const check = new ChainCheck(keys, rows.mark('anchor'), noted);
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const batch = rows.after(after, batchSize);
    for (const row of batch) {
      if (!check.step(row)) return check.verdictSoFar();
    }
    if (batch.length < batchSize) return check.finish(rows.mark('head'));
    after = batch.at(-1)?.sequence ?? after;
    yield;
  }
}

export function verifyAtOnce(rows: AuditRows, keys: AuditKeys, noted?: Witness): AuditVerdict {
  const walk = follow(rows, keys, noted);
  for (;;) {
    const { done, value } = walk.next();
    if (done === true) return value;
  }
}

/** Yields after each batch, when entries may be written and cut. */
export function* verifyInTurns(
  rows: AuditRows,
  keys: AuditKeys,
  noted?: Witness,
): Generator<void, AuditVerdict> {
  for (;;) {
    const from = rows.mark('anchor')?.sequence;
    const walk = follow(rows, keys, noted);
    for (;;) {
      const { done, value } = walk.next();
      // What was cut off meanwhile would look like a gap: then from the new beginning.
      if (rows.mark('anchor')?.sequence !== from) break;
      if (done === true) return value;
      yield;
    }
  }
}
