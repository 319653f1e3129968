import type { Actor } from '../audit/actor.js';
import type { AuditEntry } from '../audit/audit-entry.js';
import type { AuditVerdict, Witness } from '../audit/audit-verdict.js';

/** Which entries of the audit log; times in milliseconds since the Unix epoch, `toMs` itself excluded. */
export interface AuditQuery {
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  /** An action such as `person.erased`, or a group of them such as `person`. */
  readonly action?: string | undefined;
  readonly actor?: string | undefined;
  readonly subject?: string | undefined;
  /** The newest so many. */
  readonly limit: number;
}

/** An entry as the API gives it: `at` is ISO 8601 in UTC. */
export interface ShownAuditEntry extends Omit<AuditEntry, 'atMs'> {
  readonly at: string;
}

export interface ReportPeriod {
  readonly fromMs: number;
  /** Excluded. */
  readonly toMs: number;
}

/** How often an actor did something. */
export interface ActorCount {
  readonly action: string;
  readonly actor: string;
  readonly count: number;
}

/** A key of the gallery, by what may be known of it. */
export interface KeyAge {
  readonly keyId: string;
  /** Where it comes from: `secret`, `passphrase`, … */
  readonly provider: string;
  /** ISO 8601 in UTC. */
  readonly madeAt: string;
  readonly ageDays: number;
}

/**
 * What an auditor asks for a period: figures, opaque ids and hashes; no personal data. Times are ISO 8601 in UTC. Entries
 * that retention has cut off are not in it: `oldestEntryAt` tells how far back the log reaches.
 */
export interface ComplianceReport {
  readonly site: string;
  readonly box: string;
  readonly version: string;
  readonly madeAt: string;
  readonly period: { readonly from: string; readonly to: string };
  readonly oldestEntryAt?: string;
  readonly entryCount: number;
  /** Every action that occurred. */
  readonly actions: Readonly<Record<string, number>>;
  readonly persons: {
    readonly enrolled: number;
    readonly changed: number;
    readonly removed: number;
    readonly restored: number;
    readonly erased: number;
    readonly consentWithdrawn: number;
  };
  /** The erasures and withdrawals themselves, at most 1000, the newest: to be compared with the certificates. */
  readonly erasures: readonly ShownAuditEntry[];
  /** Who looked at personal data or opened the gallery: exports, backups, photographs, unlocks, logins. */
  readonly accesses: readonly ActorCount[];
  /** Unlocks, logins and requests that were refused. */
  readonly refusals: readonly ActorCount[];
  readonly keys: readonly KeyAge[];
  /** Of the whole log, not only of the period. */
  readonly integrity: AuditVerdict;
}

/** What can be asked about the audit log. None of it needs the gallery's key. */
export interface AuditControl {
  /** Oldest first. */
  list(query: AuditQuery): readonly ShownAuditEntry[];
  /** Whether the log is as it was written; `noted` is an entry that somebody kept elsewhere. */
  verify(noted?: Witness): Promise<AuditVerdict>;
  /** Leaves an entry (`audit.exported`), written after the report was made. */
  report(period: ReportPeriod, actor: Actor): Promise<ComplianceReport>;
}
