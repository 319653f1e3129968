import { type AuditLog, openAuditLog } from '../../daemon/core/audit/audit-log.js';
import { auditTables } from '../../daemon/core/audit/audit-schema.js';
import { type OpenDatabase, openDatabase } from '../../daemon/host/sqlite.js';
import type { Actor } from '../../daemon/kernel/actor.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { openMemoryDatabase } from './memory-database.js';

export const somebody: Actor = { actor: 'uid:1000', origin: 'local socket pid 4711' };

/** Wall time at the start of every audit test. */
export const auditEpochMs = Date.UTC(2026, 2, 1, 8);

export const auditKeyOf = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

const tables = `${auditTables}; CREATE TABLE note (text TEXT NOT NULL) STRICT;`;

/** A database that holds nothing but an audit log and a table of notes. */
export function openAuditDatabase(path: string): OpenDatabase {
  return openDatabase(path, {
    migrations: [{ name: 'audit', apply: tables }],
    applicationId: 0x726f_6175,
  });
}

export interface AuditFixture extends Disposable {
  readonly database: OpenDatabase;
  readonly clock: VirtualClock;
  readonly log: AuditLog;
  /** Appends so many entries, a second apart. */
  fill(count: number): void;
  /** Runs statements without the triggers, as an attacker with the file would. */
  tamper(sql: string, ...values: readonly unknown[]): void;
  /** The log as it opens with other keys. */
  reopened(key: Uint8Array, formerKeys?: readonly Uint8Array[]): AuditLog;
}

/** A log under the key `auditKeyOf(7)` in the database at `path`, or in memory. */
export function openAuditFixture(path?: string): AuditFixture {
  const database = path === undefined ? openMemoryDatabase([{ apply: tables }]) : openAuditDatabase(path);
  const clock = new VirtualClock(auditEpochMs);
  const log = openAuditLog({ database, key: auditKeyOf(7), clock });
  return {
    database,
    clock,
    log,
    fill(count) {
      for (let index = 0; index < count; index += 1) {
        const action = index % 3 === 2 ? 'person.erased' : 'person.enrolled';
        log.append({ by: somebody, action, subject: `p-${index}`, details: { templates: index } });
        clock.advanceBy(1000);
      }
    },
    tamper(sql, ...values) {
      for (const trigger of ['audit_entry_unchanged', 'audit_entry_cut']) {
        database.db.exec(`DROP TRIGGER IF EXISTS ${trigger}`);
      }
      database.db.prepare(sql).run(...values);
    },
    reopened: (key, formerKeys = []) => openAuditLog({ database, key, formerKeys, clock }),
    [Symbol.dispose]: () => database.close(),
  };
}

/** Hands a new empty log, in memory, to `work`. */
export async function withAuditLog(work: (fixture: AuditFixture) => void | Promise<void>): Promise<void> {
  using fixture = openAuditFixture();
  await work(fixture);
}
