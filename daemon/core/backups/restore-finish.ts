import { open } from 'node:fs/promises';
import { explainSqliteError } from '../../host/sqlite-errors.js';
import type { Actor } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import { failure } from '../../words/errors.js';
import { openAuditLog } from '../audit/audit-log.js';
import { replaceLog } from '../audit/carry-log.js';
import { DATA_KEY_HOLDERS } from '../gallery/gallery-schema.js';
import { emptyWriteAheadLog } from '../gallery/leftovers.js';
import { insertTombstone } from '../gallery/persons/erasure.js';
import { PersonRows } from '../gallery/persons/person-rows.js';
import { enforceTombstones } from '../gallery/persons/reapply.js';
import type { PresentState } from './restore-present.js';
import type { RestoreSource } from './restore-source.js';

export interface RestoreFinish {
  readonly present: PresentState;
  /** The present audit key of the box; below, the former keys of box and backup. */
  readonly auditKey: Uint8Array;
  readonly formerAuditKeys: readonly Uint8Array[];
  readonly by: Actor;
  readonly clock: Clock;
}

/** The result of a restore. Counts and codes only. */
export interface RestoreOutcome {
  readonly persons: number;
  readonly templates: number;
  readonly tombstones: number;
  /** Persons of the backup who had been erased on this box since the backup. */
  readonly erasedAgain: number;
  /** The origin of the audit log that continues. */
  readonly log: 'box' | 'backup';
  /** False if the tombstones of the damaged file could not be read. */
  readonly areErasuresKnown: boolean;
}

/**
 * Completes the unpacked gallery with the erasures of the box and its audit log. The log of the backup continues only on a new
 * box, or if the box's own log cannot be read. Nothing may be written to the present file after it was read. Closes the
 * unpacked gallery and syncs it to the disk.
 * @throws `disk-full`, `disk-failed`
 */
export async function finishRestore(source: RestoreSource, finish: RestoreFinish): Promise<RestoreOutcome> {
  const { database } = source;
  try {
    const outcome = database.transaction(() => merge(source, finish));
    await closeOnDisk(source);
    return outcome;
  } catch (error) {
    throw explainSqliteError(error, database.path);
  }
}

function merge({ database, facts }: RestoreSource, finish: RestoreFinish): RestoreOutcome {
  const { db } = database;
  const { present, auditKey, formerAuditKeys, by, clock } = finish;
  const ownLog = present.isNew ? undefined : present.log;
  if (ownLog !== undefined) replaceLog(db, ownLog);
  for (const { personId, erasedAtMs } of present.tombstones ?? [])
    insertTombstone(database, personId, erasedAtMs);
  const audit = openAuditLog({ database, key: auditKey, formerKeys: formerAuditKeys, clock });
  const rows = new PersonRows(database);
  // Unfinished work of the backup: imports, and a move to another recogniser.
  db.exec(`DELETE FROM person WHERE state = 'staged';
           DELETE FROM template WHERE recogniser <> (SELECT recogniser FROM gallery);`);
  const erasedAgain = enforceTombstones({ database, rows, audit, clock });
  const held = DATA_KEY_HOLDERS.map((table) => `id NOT IN (SELECT data_key_id FROM ${table})`);
  db.exec(`DELETE FROM data_key WHERE ${held.join(' AND ')}`);
  const count = (table: string): number => Number(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
  const outcome: RestoreOutcome = {
    persons: count('person'),
    templates: count('template'),
    tombstones: count('tombstone'),
    erasedAgain,
    log: ownLog === undefined ? 'backup' : 'box',
    areErasuresKnown: present.tombstones !== undefined,
  };
  const { sha256, manifest } = facts;
  const details = { ...outcome, sha256, backupAt: manifest.createdAt };
  audit.append({ by, action: 'backup.restored', details });
  return outcome;
}

/** Leaves a file without a write-ahead log, synced to the disk. */
async function closeOnDisk({ database }: RestoreSource): Promise<void> {
  const { db, path } = database;
  if (!emptyWriteAheadLog(database)) {
    throw failure('database-busy', { path }, { details: { path }, retryable: true });
  }
  db.pragma('journal_mode = DELETE');
  database.close();
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
