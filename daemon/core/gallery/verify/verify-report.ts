import type { VerifyReason, VerifyStep, VerifyTable } from '../../../kernel/gallery/gallery-damage.js';
import type { AuditVerdict } from '../../audit/audit-verdict.js';

/** A problem of a row. Ids reveal nothing about a person. */
export interface VerifyFinding {
  readonly table: VerifyTable;
  /** Absent if the rows of the table could not be listed to the end. */
  readonly rowId?: string;
  readonly personId?: string;
  readonly reason: VerifyReason;
}

/**
 * A person whose templates disagree (see `findDisagreement`): their photographs may show different people. Nothing is damaged,
 * and nothing is quarantined.
 */
export interface DisagreeingPerson {
  readonly personId: string;
  /** Recogniser of the templates. During a move to another recogniser a person has templates of both. */
  readonly recogniser: string;
  /** Similarity from which this recogniser treats two faces as one person. */
  readonly threshold: number;
  /** False if there is no majority; then all templates are listed. */
  readonly isWrongOneKnown: boolean;
  readonly templates: readonly {
    readonly templateId: string;
    /** Absent if retention has deleted the photograph. */
    readonly photographId?: string;
    /** To the mean of the others; without a majority, to the closest of the others. */
    readonly similarity: number;
  }[];
}

/** Numbers of checked rows. */
export interface VerifyCounts {
  readonly dataKeys: number;
  readonly persons: number;
  readonly templates: number;
  readonly photographs: number;
  readonly evidence: number;
  readonly strangers: number;
}

/** The progress of a verification. */
export interface VerifyProgress {
  readonly step: VerifyStep;
  /** Rows: data keys, persons, photographs, event pictures and strangers. */
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
  /** SQLite's messages about the pages of the file; empty if they are whole. */
  readonly pages: readonly string[];
  /** Undefined if the log cannot be read. */
  readonly audit: AuditVerdict | undefined;
  /** Nothing is damaged or missing. Independent of `disagreeing`. */
  readonly isWhole: boolean;
}
