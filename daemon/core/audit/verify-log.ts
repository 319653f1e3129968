import { areEqual } from '../../host/sodium.js';
import type { AuditRows, EntryRow } from './audit-rows.js';
import { hashEntry } from './audit-seal.js';
import type { AuditVerdict, Witness } from './audit-verdict.js';
import { type AuditKeys, ChainCheck, isGenuine } from './chain-check.js';

/** Entries between two turns of the event loop: a few milliseconds. */
const batchSize = 250;

/** Checks the chain and yields after each batch. Reads the last batch and the head without a yield between them. */
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

/** As `follow`, for a log that may be written and pruned between batches. */
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
      // Entries were pruned meanwhile, which would look like a gap: starts again.
      if (rows.mark('anchor')?.sequence !== from) break;
      if (done === true) return value;
      yield;
    }
  }
}

/** See `AuditLog.isWholeSince`. */
export function isWholeSince(rows: AuditRows, keys: AuditKeys, sequence: number): boolean {
  let last: EntryRow | undefined;
  for (let isMore = true; isMore; ) {
    const batch = rows.after(last?.sequence ?? sequence - 1, batchSize);
    for (const row of batch) {
      const key = keys.get(row.keyId);
      if (key === undefined || !areEqual(hashEntry(key, row), row.hash)) return false;
      if (row.sequence !== (last?.sequence ?? sequence - 1) + 1) return false;
      if (last !== undefined && !areEqual(row.previous, last.hash)) return false;
      last = row;
    }
    isMore = batch.length === batchSize;
  }
  const head = rows.mark('head');
  if (last === undefined || head === undefined || isGenuine(keys, 'head', head) !== true) return false;
  // The hash covers the sequence.
  return areEqual(head.hash, last.hash);
}
