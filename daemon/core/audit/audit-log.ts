import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OpenDatabase } from '../../host/sqlite.js';
import { explainSqliteError } from '../../host/sqlite-errors.js';
import type { Actor } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import { type AuditEntry, type NewAuditEntry, refuseMisshapen } from './audit-entry.js';
import { type AuditFilter, AuditRows, type SequenceRange, type Tally } from './audit-rows.js';
import type { AuditVerdict, Witness } from './audit-verdict.js';
import { ChainWriter } from './chain-writer.js';
import { type PruneResult, prune } from './prune.js';
import { readEntry } from './read-entry.js';
import { isWholeSince, verifyAtOnce, verifyInTurns } from './verify-log.js';

export interface AuditLogOptions {
  /** Has the tables of `auditTables`. */
  readonly database: OpenDatabase;
  /** The audit key, 32 bytes. The caller wipes it after the last use of the log. */
  readonly key: Uint8Array;
  /** Available former keys: they prove older entries. */
  readonly formerKeys?: readonly Uint8Array[];
  readonly clock: Clock;
}

/** Entries searched between two turns of the event loop: some milliseconds. */
const rangeEntries = 5000;

/** Who did what and when, in a hash chain that reveals every later change. Works without the gallery's key. */
export interface AuditLog {
  /** Id of the key in use. */
  readonly keyId: string;
  /**
   * The key of the newest entry, if it is not the key in use: the box lost its audit key, or the log was replaced. Report it
   * clearly. The next entry begins a new segment of the chain and records the change of key.
   */
  readonly foreignKeyId: string | undefined;
  /**
   * Writes one entry, in the present transaction or in its own. Entry and change are then stored together or not at all.
   * @throws the defect `audit-entry` for content that could be personal; the errors of `OpenDatabase.transaction`
   */
  append(entry: NewAuditEntry): Witness;
  /** Checks every entry in one turn of the event loop. `noted`: number and hash of an entry that were kept elsewhere. */
  verify(noted?: Witness): AuditVerdict;
  /** The same with turns of the event loop. Entries may be written and pruned meanwhile. */
  verifyInTurns(noted?: Witness): Promise<AuditVerdict>;
  /** The newest `limit` entries that match, oldest first. */
  list(filter: AuditFilter & { readonly limit?: number }): readonly AuditEntry[];
  /** The first `limit` entries from `sequence` on, oldest first, for readers that follow the log. */
  from(sequence: number, limit: number): readonly AuditEntry[];
  /**
   * Whether this entry and all later ones are genuine under available keys, without a gap up to the newest entry ever written.
   * Reads only those entries.
   */
  isWholeSince(sequence: number): boolean;
  /** The newest entry and the id of its key. */
  newest(): (Witness & { readonly keyId: string }) | undefined;
  /** The oldest entry that was not pruned. */
  oldest(): AuditEntry | undefined;
  count(filter?: AuditFilter): number;
  /**
   * The newest `limit` entries that match and are older than the entry `before`, newest first. Searches a long log with turns
   * of the event loop.
   */
  listInTurns(
    filter: AuditFilter,
    page: { readonly limit: number; readonly before?: number | undefined },
  ): Promise<readonly AuditEntry[]>;
  /** Counts of matching entries by action and actor, in this order, with turns of the event loop. */
  tallyInTurns(filter?: AuditFilter): Promise<readonly Tally[]>;
  /**
   * Deletes the oldest entries, up to the first that is not older than `beforeMs`, and records that in an anchor and an entry
   * (`audit.pruned`). Deletes at most `limit` entries; call it again if more are due.
   */
  prune(beforeMs: number, by: Actor, limit?: number): PruneResult;
}

/**
 * Reads only the newest entry. Also opens a log that cannot be verified, because recording must continue. All methods throw
 * `database-damaged` and similar errors if SQLite cannot read the file.
 */
export function openAuditLog({ database, key, formerKeys = [], clock }: AuditLogOptions): AuditLog {
  const reading = <T>(read: () => T): T => {
    try {
      return read();
    } catch (error) {
      throw explainSqliteError(error, database.path);
    }
  };
  const rows = new AuditRows(database);
  /**
   * The log before an entry in ranges, the newest first, with a turn of the event loop after each. Counts entries, because
   * numbers have gaps in a log that was altered.
   */
  async function* rangesBefore(before: number): AsyncGenerator<SequenceRange> {
    for (let end: number | undefined = before; end !== undefined; ) {
      const upTo: number = end;
      const start: number | undefined = reading(() => rows.startOf(upTo, rangeEntries));
      yield { first: start ?? Number.MIN_SAFE_INTEGER, end: upTo };
      end = start;
      await nextTurn();
    }
  }
  const writer = new ChainWriter({ rows, key, formerKeys, clock });
  const { keys, keyId } = writer;
  return {
    keyId,
    get foreignKeyId() {
      return reading(() => writer.foreignKeyId());
    },
    append(entry) {
      refuseMisshapen(entry);
      return database.transaction(() => writer.write(entry));
    },
    verify: (noted) => reading(() => verifyAtOnce(rows, keys, noted)),
    async verifyInTurns(noted) {
      const walk = verifyInTurns(rows, keys, noted);
      for (;;) {
        const { done, value } = reading(() => walk.next());
        if (done === true) return value;
        await nextTurn();
      }
    },
    list: ({ limit = 100, ...filter }) => reading(() => rows.list(filter, limit).map(readEntry)),
    from: (sequence, limit) => reading(() => rows.after(sequence - 1, limit).map(readEntry)),
    isWholeSince: (sequence) => reading(() => isWholeSince(rows, keys, sequence)),
    newest: () =>
      reading(() => {
        const last = rows.last();
        return (
          last && { sequence: last.sequence, hash: Buffer.from(last.hash).toString('hex'), keyId: last.keyId }
        );
      }),
    oldest: () => reading(() => rows.after(Number.MIN_SAFE_INTEGER, 1).map(readEntry)[0]),
    count: (filter = {}) => reading(() => rows.count(filter)),
    async listInTurns(filter, { limit, before = Number.MAX_SAFE_INTEGER }) {
      const found: AuditEntry[] = [];
      for await (const range of rangesBefore(before)) {
        found.push(...reading(() => rows.within(range, filter, limit - found.length).map(readEntry)));
        if (found.length >= limit) break;
      }
      return found;
    },
    async tallyInTurns(filter = {}) {
      const counts = new Map<string, Tally>();
      for await (const range of rangesBefore(Number.MAX_SAFE_INTEGER)) {
        for (const { action, actor, count } of reading(() => rows.tally(range, filter))) {
          const key = `${action} ${actor}`;
          counts.set(key, { action, actor, count: count + (counts.get(key)?.count ?? 0) });
        }
      }
      return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, tally]) => tally);
    },
    prune(beforeMs, by, limit = 1000) {
      return database.transaction(() => prune(rows, writer, { beforeMs, by, limit }));
    },
  };
}
