import type { Clock } from '../base/clock.js';
import type { OpenDatabase } from '../host/sqlite.js';
import type { Actor } from './actor.js';
import { type AuditEntry, type NewAuditEntry, refuseMisshapen } from './audit-entry.js';
import { type AuditFilter, AuditRows } from './audit-rows.js';
import type { AuditVerdict, Witness } from './audit-verdict.js';
import { ChainWriter } from './chain-writer.js';
import { type PruneResult, prune } from './prune.js';
import { readEntry } from './read-entry.js';
import { verifyAtOnce, verifyInTurns } from './verify-log.js';

export interface AuditLogOptions {
  /** Holds the tables of `auditTables`. */
  readonly database: OpenDatabase;
  /** The audit key, 32 bytes. Belongs to the caller, who wipes it when the log is needed no more. */
  readonly key: Uint8Array;
  /** Keys of earlier times, where they are at hand: entries under them can be proven, too. */
  readonly formerKeys?: readonly Uint8Array[];
  readonly clock: Clock;
}

/** Who did what and when, in a chain that shows every later change. Works without the gallery's key. */
export interface AuditLog {
  /** Names the key in use. */
  readonly keyId: string;
  /**
   * The key that the newest entry is under, where it is not the one in use: then the box lost its audit key, or somebody
   * wrote the log anew. To be reported loudly. The next entry begins a new segment of the chain, which says so.
   */
  readonly foreignKeyId: string | undefined;
  /**
   * Writes one entry: in a transaction of its own, or within the one that runs, so that the entry is there exactly when the
   * change is. @throws the defect `audit-entry` for content that could be personal; what `OpenDatabase.transaction` throws
   */
  append(entry: NewAuditEntry): Witness;
  /** Checks every entry at once. `noted` is an entry's number and hash that somebody kept elsewhere. */
  verify(noted?: Witness): AuditVerdict;
  /** The same with turns of the event loop between; entries may be written and cut meanwhile. */
  verifyInTurns(noted?: Witness): Promise<AuditVerdict>;
  /** The newest `limit` entries that match, oldest first. */
  list(filter: AuditFilter & { readonly limit?: number }): readonly AuditEntry[];
  count(filter?: AuditFilter): number;
  countPerAction(filter?: AuditFilter): Readonly<Record<string, number>>;
  /**
   * Cuts off the oldest entries up to the first that is not from before `beforeMs`, and leaves an anchor and an entry
   * (`audit.pruned`) that say so. Cuts `limit` of them at most, to be called again where more is due.
   */
  prune(beforeMs: number, by: Actor, limit?: number): PruneResult;
}

/** Reads nothing but the newest entry; a log that cannot be proven is opened all the same, for it must go on. */
export function openAuditLog({ database, key, formerKeys = [], clock }: AuditLogOptions): AuditLog {
  const rows = new AuditRows(database);
  const writer = new ChainWriter({ rows, key, formerKeys, clock });
  const { keys, keyId } = writer;
  return {
    keyId,
    get foreignKeyId() {
      return writer.foreignKeyId();
    },
    append(entry) {
      refuseMisshapen(entry);
      return database.transaction(() => writer.write(entry));
    },
    verify: (noted) => verifyAtOnce(rows, keys, noted),
    verifyInTurns: (noted) => verifyInTurns(rows, keys, noted),
    list: ({ limit = 100, ...filter }) => rows.list(filter, limit).map(readEntry),
    count: (filter = {}) => rows.count(filter),
    countPerAction: (filter = {}) => rows.countPerAction(filter),
    prune: (beforeMs, by, limit = 1000) =>
      database.transaction(() => prune(rows, writer, { beforeMs, by, limit })),
  };
}
