/**
 * The kind of damage:
 * - `altered`: a field of the entry was changed.
 * - `missing`: the entry of this sequence is missing, and later ones exist.
 * - `reordered`: a genuine entry that does not follow the preceding one.
 * - `truncated`: the newest entries, or the record of the newest one, are missing.
 * - `cut`: the oldest entries are missing without the anchor that pruning leaves.
 */
export type BreakageReason = 'altered' | 'missing' | 'reordered' | 'truncated' | 'cut';

export interface Breakage {
  /** The first unreliable entry. */
  readonly sequence: number;
  readonly reason: BreakageReason;
  /** One sentence, for display. */
  readonly message: string;
}

/** Consecutive entries under one key. */
export interface Segment {
  readonly keyId: string;
  readonly first: number;
  readonly last: number;
  /** Whether the key is available. Without it only the order can be checked, and the entries may be forged. */
  readonly isProven: boolean;
}

export interface AuditVerdict {
  /**
   * - `whole`: every entry is unchanged and none is missing.
   * - `unproven`: no damage was found, but the key of some entries is not available.
   * - `broken`: see `breakage`.
   */
  readonly outcome: 'whole' | 'unproven' | 'broken';
  /** Number of checked entries, up to the breakage. */
  readonly entryCount: number;
  readonly segments: readonly Segment[];
  readonly breakage?: Breakage;
  /** The newest entry. Kept elsewhere, it later reveals if the whole file was replaced by an older one. */
  readonly newest?: Witness;
}

/** Number and hash (hexadecimal) of an entry. */
export interface Witness {
  readonly sequence: number;
  readonly hash: string;
}
