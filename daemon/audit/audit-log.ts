import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../base/clock.js';
import type { OpenDatabase } from '../host/sqlite.js';
import { explainSqliteError } from '../host/sqlite-errors.js';
import type { Actor } from './actor.js';
import { type AuditEntry, type NewAuditEntry, refuseMisshapen } from './audit-entry.js';
import { type AuditFilter, AuditRows, type Tally } from './audit-rows.js';
import type { AuditVerdict, Witness } from './audit-verdict.js';
import { ChainWriter } from './chain-writer.js';
import { type PruneResult, prune } from './prune.js';
import { readEntry } from './read-entry.js';
import { isWholeSince, verifyAtOnce, verifyInTurns } from './verify-log.js';

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
  /** The first `limit` entries from the number `sequence` on, oldest first: for whoever follows the log. */
  from(sequence: number, limit: number): readonly AuditEntry[];
  /**
   * Whether the entry of this number and all after it are what was written under keys at hand, without a gap up to the newest
   * one ever written. Reads those entries only.
   */
  isWholeSince(sequence: number): boolean;
  /** The newest entry and the key that it is under. */
  newest(): (Witness & { readonly keyId: string }) | undefined;
  /** The oldest entry that was not cut off. */
  oldest(): AuditEntry | undefined;
  count(filter?: AuditFilter): number;
  /** How often each actor did what, of the entries that match. */
  tally(filter?: AuditFilter): readonly Tally[];
  /**
   * Cuts off the oldest entries up to the first that is not from before `beforeMs`, and leaves an anchor and an entry
   * (`audit.pruned`) that say so. Cuts `limit` of them at most, to be called again where more is due.
   */
  prune(beforeMs: number, by: Actor, limit?: number): PruneResult;
}

/**
 * Reads nothing but the newest entry; a log that cannot be proven is opened all the same, for it must go on.
 * Everything throws `database-damaged` and the like where SQLite cannot read the file.
 */
export function openAuditLog({ database, key, formerKeys = [], clock }: AuditLogOptions): AuditLog {
  const explained = <T>(read: () => T): T => {
    try {
      return read();
    } catch (error) {
      throw explainSqliteError(error, database.path);
    }
  };
  const rows = new AuditRows(database);
  const writer = new ChainWriter({ rows, key, formerKeys, clock });
  const { keys, keyId } = writer;
  return {
    keyId,
    get foreignKeyId() {
      return explained(() => writer.foreignKeyId());
    },
    append(entry) {
      refuseMisshapen(entry);
      return database.transaction(() => writer.write(entry));
    },
    verify: (noted) => explained(() => verifyAtOnce(rows, keys, noted)),
    async verifyInTurns(noted) {
      const walk = verifyInTurns(rows, keys, noted);
      for (;;) {
        const { done, value } = explained(() => walk.next());
        if (done === true) return value;
        await nextTurn();
      }
    },
    list: ({ limit = 100, ...filter }) => explained(() => rows.list(filter, limit).map(readEntry)),
    from: (sequence, limit) => explained(() => rows.after(sequence - 1, limit).map(readEntry)),
    isWholeSince: (sequence) => explained(() => isWholeSince(rows, keys, sequence)),
    newest: () =>
      explained(() => {
        const last = rows.last();
        return (
          last && { sequence: last.sequence, hash: Buffer.from(last.hash).toString('hex'), keyId: last.keyId }
        );
      }),
    oldest: () => explained(() => rows.after(Number.MIN_SAFE_INTEGER, 1).map(readEntry)[0]),
    count: (filter = {}) => explained(() => rows.count(filter)),
    tally: (filter = {}) => explained(() => rows.tally(filter)),
    prune(beforeMs, by, limit = 1000) {
      return database.transaction(() => prune(rows, writer, { beforeMs, by, limit }));
    },
  };
}
