import { areEqual } from '../../host/sodium.js';
import type { BreakageReason } from '../../kernel/audit-outcome.js';
import type { EntryRow, MarkRow } from './audit-rows.js';
import { beforeTheFirst, hashEntry, type Mark, sealMark } from './audit-seal.js';
import type { AuditVerdict, Breakage, Segment, Witness } from './audit-verdict.js';

/** The available keys by id. */
export type AuditKeys = ReadonlyMap<string, Uint8Array>;

/** The action of the first entry of every new segment. It names the key of the preceding entries. */
export const keyChanged = 'audit.key-changed';

/**
 * Whether a mark is genuine: false if its seal is wrong, undefined if its key is not available.
 */
export function isGenuine(keys: AuditKeys, kind: 'head' | 'anchor', mark: MarkRow): boolean | undefined {
  const key = keys.get(mark.keyId);
  return key === undefined ? undefined : areEqual(sealMark(key, kind, mark), mark.seal);
}

/**
 * Follows the chain from the oldest entry to the newest and stops at the first breakage. Uses the sequence and ignores times,
 * because a clock may be set back.
 *
 * If the key is available, the hash proves an entry and its link to the preceding entry. Without the key, only the links between
 * entries can be checked; if a proven entry follows without a change of key, the unproven entries before it are forged.
 */
export class ChainCheck {
  readonly #keys: AuditKeys;
  readonly #noted: Witness | undefined;
  readonly #anchor: MarkRow | undefined;
  readonly #segments: Segment[] = [];
  #tip: { readonly sequence: number; readonly hash: Uint8Array };
  #count = 0;
  #breakage: Breakage | undefined;
  #isAnchorProven = true;

  constructor(keys: AuditKeys, anchor: MarkRow | undefined, noted?: Witness) {
    this.#keys = keys;
    this.#noted = noted;
    this.#anchor = anchor;
    this.#tip = anchor ?? { sequence: 0, hash: beforeTheFirst };
    if (anchor === undefined) return;
    const isProven = isGenuine(keys, 'anchor', anchor);
    this.#isAnchorProven = isProven === true;
    if (isProven === false) {
      this.#break(anchor.sequence + 1, 'cut', 'the record of the pruned entries before it was altered');
    } else this.#compareNoted(anchor.sequence, anchor.hash);
  }

  /** Checks the next entry. False after a breakage: later entries add no information. */
  step(row: EntryRow): boolean {
    if (this.#breakage !== undefined) return false;
    if (!this.#isNext(row) || !this.#isLinked(row)) return false;
    const isProven = this.#keys.has(row.keyId);
    const segment = this.#segments.at(-1);
    if (segment?.keyId === row.keyId) {
      this.#segments[this.#segments.length - 1] = { ...segment, last: row.sequence };
    } else {
      const { keyId, sequence } = row;
      this.#segments.push({ keyId, first: sequence, last: sequence, isProven });
    }
    this.#tip = row;
    this.#count += 1;
    this.#compareNoted(row.sequence, row.hash);
    return this.#breakage === undefined;
  }

  /** The verdict on the entries so far. */
  verdictSoFar(): AuditVerdict {
    const breakage = this.#breakage;
    const isProven = this.#isAnchorProven && this.#segments.every((segment) => segment.isProven);
    const { sequence, hash } = this.#tip;
    return {
      outcome: breakage !== undefined ? 'broken' : isProven ? 'whole' : 'unproven',
      entryCount: this.#count,
      segments: this.#segments,
      ...(breakage === undefined ? {} : { breakage }),
      ...(sequence === 0 ? {} : { newest: { sequence, hash: Buffer.from(hash).toString('hex') } }),
    };
  }

  /** The verdict on the whole log. `head` is the record of its newest entry. */
  finish(head: MarkRow | undefined): AuditVerdict {
    if (this.#breakage === undefined) this.#checkHead(head);
    const noted = this.#noted?.sequence ?? 0;
    if (this.#breakage === undefined && noted > this.#tip.sequence) {
      this.#break(this.#tip.sequence + 1, 'truncated', 'the log ends before the noted entry');
    }
    return this.verdictSoFar();
  }

  #isNext(row: EntryRow): boolean {
    const expected = this.#tip.sequence + 1;
    if (row.sequence === expected) return true;
    if (row.sequence < expected) {
      return this.#break(row.sequence, 'altered', 'the entry is older than the beginning of the log');
    }
    if (expected === 1) return this.#break(1, 'cut', 'the log does not begin with its first entry');
    if (this.#count === 0) {
      return this.#break(expected, 'cut', 'more entries are missing than were recorded as pruned');
    }
    return this.#break(expected, 'missing', 'the entry is missing');
  }

  #isLinked(row: EntryRow): boolean {
    const { sequence } = row;
    const key = this.#keys.get(row.keyId);
    if (key !== undefined && !areEqual(hashEntry(key, row), row.hash)) {
      return this.#break(sequence, 'altered', 'its content was changed');
    }
    const before = this.#segments.at(-1);
    if (before !== undefined && before.keyId !== row.keyId && row.action !== keyChanged) {
      if (key === undefined)
        return this.#break(sequence, 'altered', 'no entry records the change to its key');
      if (before.isProven)
        return this.#break(sequence, 'reordered', 'it does not follow the preceding entry');
      return this.#break(before.first, 'altered', 'the entry after it was written under another key');
    }
    if (areEqual(row.previous, this.#tip.hash)) return true;
    if (before === undefined && this.#anchor === undefined) {
      return this.#break(sequence, 'cut', 'the log does not begin with its first entry');
    }
    if (key === undefined)
      return this.#break(sequence, 'altered', 'it does not refer to the preceding entry');
    if (before?.isProven === false) {
      return this.#break(before.last, 'altered', 'the next entry refers to another entry');
    }
    return this.#break(sequence, 'reordered', 'it does not follow the preceding entry');
  }

  #checkHead(head: MarkRow | undefined): void {
    const next = this.#tip.sequence + 1;
    const last = this.#segments.at(-1);
    if (head === undefined) {
      if (next > 1)
        this.#break(
          next,
          'truncated',
          'the record of the newest entry is missing, and entries may be missing',
        );
      return;
    }
    const isHeadProven = isGenuine(this.#keys, 'head', head);
    if (isHeadProven === false || (isHeadProven === undefined && last?.isProven === true)) {
      this.#break(
        next,
        'truncated',
        'the record of the newest entry was altered, and entries may be missing',
      );
    } else if (head.sequence >= next) {
      this.#break(next, 'truncated', `entries up to ${head.sequence} were written and are missing`);
    } else if (head.sequence < this.#tip.sequence) {
      this.#break(head.sequence + 1, 'altered', 'it is newer than the record of the newest entry');
    } else if (last !== undefined && isHeadProven === true && !last.isProven) {
      this.#break(last.first, 'altered', 'the newest entry was written under another key');
    } else if (!areEqual(head.hash, this.#tip.hash)) {
      this.#break(this.#tip.sequence, 'reordered', 'the record of the newest entry refers to another entry');
    }
  }

  #compareNoted(sequence: number, hash: Mark['hash']): void {
    if (this.#noted?.sequence !== sequence) return;
    if (Buffer.from(hash).toString('hex') !== this.#noted.hash) {
      this.#break(sequence, 'reordered', 'it differs from the noted entry: the log was replaced');
    }
  }

  #break(sequence: number, reason: BreakageReason, message: string): false {
    this.#breakage ??= { sequence, reason, message };
    return false;
  }
}
