/**
 * What is wrong at the place named:
 * - `altered`: a field of the entry is not what was written.
 * - `missing`: there is no entry of this sequence, though there are later ones.
 * - `reordered`: a genuine entry, which does not belong after the one before it.
 * - `truncated`: entries at the new end are gone, or the record of the newest one is.
 * - `cut`: entries at the old end are gone without the anchor that a lawful cut leaves.
 */
export type BreakageReason = 'altered' | 'missing' | 'reordered' | 'truncated' | 'cut';

export interface Breakage {
  /** The first entry that cannot be relied on. */
  readonly sequence: number;
  readonly reason: BreakageReason;
  /** One sentence for a person. */
  readonly message: string;
}

/** Neighbouring entries under one key. */
export interface Segment {
  readonly keyId: string;
  readonly first: number;
  readonly last: number;
  /** Whether the key is at hand: without it only the order can be seen, and somebody else may have written them. */
  readonly isProven: boolean;
}

export interface AuditVerdict {
  /**
   * - `whole`: every entry is as it was written, none is gone.
   * - `unproven`: nothing contradicts that, but some entries are under a key that is not at hand.
   * - `broken`: see `breakage`.
   */
  readonly outcome: 'whole' | 'unproven' | 'broken';
  /** Entries looked at, up to the breakage. */
  readonly entryCount: number;
  readonly segments: readonly Segment[];
  readonly breakage?: Breakage;
  /** The newest entry. Noted elsewhere, it shows later whether the whole file was put back to an older state. */
  readonly newest?: Witness;
}

/** An entry by its number and hash (hexadecimal), as somebody noted it. */
export interface Witness {
  readonly sequence: number;
  readonly hash: string;
}
