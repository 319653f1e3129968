import { areEqual } from '../host/sodium.js';
import type { EntryRow, MarkRow } from './audit-rows.js';
import { beforeTheFirst, hashEntry, type Mark, sealMark } from './audit-seal.js';
import type { AuditVerdict, Breakage, BreakageReason, Segment, Witness } from './audit-verdict.js';

/** Keys at hand, by their id. */
export type AuditKeys = ReadonlyMap<string, Uint8Array>;

/** A segment of the chain may begin with this only: it says which key the entries before it were under. */
export const keyChanged = 'audit.key-changed';

/**
 * Whether a mark is one that the log wrote: false where the key is at hand and the seal is not its, undefined where the key
 * is not at hand.
 */
export function isGenuine(keys: AuditKeys, kind: 'head' | 'anchor', mark: MarkRow): boolean | undefined {
  const key = keys.get(mark.keyId);
  return key === undefined ? undefined : areEqual(sealMark(key, kind, mark), mark.seal);
}

/**
 * Follows the chain from the oldest entry to the newest and stops at the first that does not fit. The order is that of the
 * sequence; times are not looked at, for a clock may be set back.
 *
 * An entry whose key is at hand is proven by its hash, and with it the hash that it names as the one before. Entries under a
 * key that is not at hand can only be seen to name one another; a proven entry after them that knows of no change of key shows
 * that they were put there.
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
      this.#break(anchor.sequence + 1, 'cut', 'the record of what was cut off before it was altered');
    } else this.#compareNoted(anchor.sequence, anchor.hash);
  }

  /** Takes the next entry. False once something is broken: what follows says nothing more. */
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

  /** The verdict on entries that are followed by others. */
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

  /** The verdict on the whole log, of which `head` is the record of the newest entry. */
  finish(head: MarkRow | undefined): AuditVerdict {
    if (this.#breakage === undefined) this.#checkHead(head);
    const noted = this.#noted?.sequence ?? 0;
    if (this.#breakage === undefined && noted > this.#tip.sequence) {
      this.#break(this.#tip.sequence + 1, 'truncated', 'the log ends before the entry that was noted');
    }
    return this.verdictSoFar();
  }

  #isNext(row: EntryRow): boolean {
    const expected = this.#tip.sequence + 1;
    if (row.sequence === expected) return true;
    if (row.sequence < expected) {
      return this.#break(row.sequence, 'altered', 'there is an entry before the beginning of the log');
    }
    if (expected === 1) return this.#break(1, 'cut', 'the log does not begin with its first entry');
    if (this.#count === 0) {
      return this.#break(expected, 'cut', 'more is gone than was recorded as cut off');
    }
    return this.#break(expected, 'missing', 'there is no such entry');
  }

  #isLinked(row: EntryRow): boolean {
    const { sequence } = row;
    const key = this.#keys.get(row.keyId);
    if (key !== undefined && !areEqual(hashEntry(key, row), row.hash)) {
      return this.#break(sequence, 'altered', 'its content is not what was written');
    }
    const before = this.#segments.at(-1);
    if (before !== undefined && before.keyId !== row.keyId && row.action !== keyChanged) {
      if (key === undefined)
        return this.#break(sequence, 'altered', 'it names a key that was never changed to');
      if (before.isProven)
        return this.#break(sequence, 'reordered', 'it does not belong after the one before');
      return this.#break(before.first, 'altered', 'the entry after it was written under another key');
    }
    if (areEqual(row.previous, this.#tip.hash)) return true;
    if (before === undefined && this.#anchor === undefined) {
      return this.#break(sequence, 'cut', 'the log does not begin with its first entry');
    }
    if (key === undefined) return this.#break(sequence, 'altered', 'it does not name the entry before it');
    if (before?.isProven === false) {
      return this.#break(before.last, 'altered', 'it is not the entry that the next one names');
    }
    return this.#break(sequence, 'reordered', 'it does not belong after the one before');
  }

  #checkHead(head: MarkRow | undefined): void {
    const next = this.#tip.sequence + 1;
    const last = this.#segments.at(-1);
    if (head === undefined) {
      if (next > 1)
        this.#break(next, 'truncated', 'the record of the newest entry is gone, entries may be too');
      return;
    }
    const isHeadProven = isGenuine(this.#keys, 'head', head);
    if (isHeadProven === false || (isHeadProven === undefined && last?.isProven === true)) {
      this.#break(next, 'truncated', 'the record of the newest entry was altered, entries may be gone');
    } else if (head.sequence >= next) {
      this.#break(next, 'truncated', `entries up to ${head.sequence} were written and are gone`);
    } else if (head.sequence < this.#tip.sequence) {
      this.#break(head.sequence + 1, 'altered', 'it is newer than the record of the newest entry');
    } else if (last !== undefined && isHeadProven === true && !last.isProven) {
      this.#break(last.first, 'altered', 'the newest entry was written under another key');
    } else if (!areEqual(head.hash, this.#tip.hash)) {
      this.#break(this.#tip.sequence, 'reordered', 'it is not the newest entry that was recorded');
    }
  }

  #compareNoted(sequence: number, hash: Mark['hash']): void {
    if (this.#noted?.sequence !== sequence) return;
    if (Buffer.from(hash).toString('hex') !== this.#noted.hash) {
      this.#break(
        sequence,
        'reordered',
        'it is not the entry that was noted: another log stands in its place',
      );
    }
  }

  #break(sequence: number, reason: BreakageReason, message: string): false {
    this.#breakage ??= { sequence, reason, message };
    return false;
  }
}
