import type { AuditVerdict } from '../../audit/audit-verdict.js';
import type { QuarantinedRow } from './quarantine.js';

/**
 * - `does-not-open`, `key-does-not-open`, `not-a-template`, `of-nobody`, `rolled-back`, `erased`, `page-damaged`: as in the
 *   quarantine.
 * - `of-nothing`: a data key under which nothing lies.
 * - `not-in-audit`: the audit log does not know the person.
 * - `missing`: the audit log knows a person, or that they have more templates, but the file does not hold them.
 */
export type VerifyReason = QuarantinedRow['reason'] | 'of-nothing' | 'not-in-audit' | 'missing';

export type VerifyTable = 'key_slot' | 'data_key' | 'person' | 'template' | 'photograph' | 'evidence';

/** Something that is not as it should be. Ids say nothing about a person. */
export interface VerifyFinding {
  readonly table: VerifyTable;
  /** Absent where the rows of the table could not even be listed to the end. */
  readonly rowId?: string;
  readonly personId?: string;
  readonly reason: VerifyReason;
}

/**
 * A person whose templates do not agree with each other, as `findDisagreement` has it: they may have been enrolled from
 * photographs of different people. Nothing is damaged, and nothing is put aside.
 */
export interface DisagreeingPerson {
  readonly personId: string;
  /** What made the templates; during a move to another recogniser a person has templates of both. */
  readonly recogniser: string;
  /** Similarity from which this recogniser takes two faces for one person. */
  readonly threshold: number;
  /** False: no majority agrees, and all templates are named. */
  readonly isWrongOneKnown: boolean;
  readonly templates: readonly {
    readonly templateId: string;
    /** Absent where the photograph was forgotten. */
    readonly photographId?: string;
    /** To the middle of the others; where no majority agrees, to the closest of the others. */
    readonly similarity: number;
  }[];
}

/** Rows looked at. */
export interface VerifyCounts {
  readonly dataKeys: number;
  readonly persons: number;
  readonly templates: number;
  readonly photographs: number;
  readonly evidence: number;
}

/** How far a verification is: rows are opened, then the audit log, then the pages of the file are checked. */
export interface VerifyProgress {
  readonly step: 'rows' | 'audit-log' | 'pages';
  /** Rows: data keys, persons, photographs and pictures kept with events. */
  readonly done: number;
  readonly total: number;
}

export interface VerifyReport {
  /** Wall clock, milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly checked: VerifyCounts;
  readonly findings: readonly VerifyFinding[];
  readonly disagreeing: readonly DisagreeingPerson[];
  /** What SQLite says about the pages of the file; empty where they are whole. */
  readonly pages: readonly string[];
  /** Undefined where damage keeps the log from being read. */
  readonly audit: AuditVerdict | undefined;
  /** Nothing is damaged or missing. Says nothing about `disagreeing`. */
  readonly isWhole: boolean;
}
