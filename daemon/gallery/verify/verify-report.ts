import type { AuditVerdict } from '../../audit/audit-verdict.js';

/**
 * - `does-not-open`, `key-does-not-open`, `not-a-template`, `of-nobody`, `rolled-back`, `erased`, `page-damaged`: as in the
 *   quarantine.
 * - `of-nothing`: a data key under which nothing lies.
 * - `not-in-audit`: the audit log does not know the person.
 * - `missing`: the audit log knows a person, or that they have more templates, but the file does not hold them.
 */
export type VerifyReason =
  | 'does-not-open'
  | 'key-does-not-open'
  | 'not-a-template'
  | 'of-nobody'
  | 'rolled-back'
  | 'erased'
  | 'page-damaged'
  | 'of-nothing'
  | 'not-in-audit'
  | 'missing';

export type VerifyTable = 'key_slot' | 'data_key' | 'person' | 'template' | 'photograph' | 'evidence';

/** Something that is not as it should be. Ids say nothing about a person. */
export interface VerifyFinding {
  readonly table: VerifyTable;
  /** Absent where the rows of the table could not even be listed to the end. */
  readonly rowId?: string;
  readonly personId?: string;
  readonly reason: VerifyReason;
}

/** Rows looked at. */
export interface VerifyCounts {
  readonly dataKeys: number;
  readonly persons: number;
  readonly templates: number;
  readonly photographs: number;
  readonly evidence: number;
}

export interface VerifyReport {
  /** Wall clock, milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly checked: VerifyCounts;
  readonly findings: readonly VerifyFinding[];
  /** What SQLite says about the pages of the file; empty where they are whole. */
  readonly pages: readonly string[];
  /** Undefined where damage keeps the log from being read. */
  readonly audit: AuditVerdict | undefined;
  readonly isWhole: boolean;
}
