import type { AuditOutcome, BreakageReason } from '../../kernel/audit-outcome.js';

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
  /** With the outcome `broken`, `breakage` says where. */
  readonly outcome: AuditOutcome;
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
