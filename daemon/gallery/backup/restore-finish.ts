import { open } from 'node:fs/promises';
import type { Actor } from '../../audit/actor.js';
import { openAuditLog } from '../../audit/audit-log.js';
import { replaceLog } from '../../audit/carry-log.js';
import type { Clock } from '../../base/clock.js';
import { operational } from '../../base/errors.js';
import { explainSqliteError } from '../../host/sqlite-errors.js';
import { insertTombstone } from '../persons/erasure.js';
import { PersonRows } from '../persons/person-rows.js';
import { enforceTombstones } from '../persons/tombstones.js';
import { emptyWriteAheadLog } from '../write-ahead-log.js';
import type { PresentState } from './restore-present.js';
import type { RestoreSource } from './restore-source.js';

export interface RestoreFinish {
  readonly present: PresentState;
  /** The box's, and those of earlier times with those of the backup. */
  readonly auditKey: Uint8Array;
  readonly formerAuditKeys: readonly Uint8Array[];
  readonly by: Actor;
  readonly clock: Clock;
}

/** What a restore came to. Counts and codes only. */
export interface RestoreOutcome {
  readonly persons: number;
  readonly templates: number;
  readonly tombstones: number;
  /** Persons of the backup who had been erased on this box since. */
  readonly erasedAgain: number;
  /** Whose audit log goes on. */
  readonly log: 'box' | 'backup';
  /** False where the damaged file did not tell whom it had erased. */
  readonly areErasuresKnown: boolean;
}

/**
 * Completes the unpacked gallery with what outlives a restore: erasures of the box, and its audit log. The log of the backup
 * goes on only where the box has none of its own worth keeping: a new box, or a file too damaged to give it. Synchronous from
 * the look at the present file on; nothing may be written there any more. Closes the unpacked gallery on the disk.
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
  // What was under way when the backup was made: imports, and a move to another recogniser.
  db.exec(`DELETE FROM person WHERE state = 'staged';
           DELETE FROM template WHERE recogniser <> (SELECT recogniser FROM gallery);`);
  const erasedAgain = enforceTombstones({ database, rows, audit, clock });
  db.exec(`DELETE FROM data_key WHERE id NOT IN (SELECT data_key_id FROM person)
             AND id NOT IN (SELECT data_key_id FROM evidence)`);
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

/** After this the file stands alone: no log beside it, every byte on the disk. */
async function closeOnDisk({ database }: RestoreSource): Promise<void> {
  const { db, path } = database;
  if (!emptyWriteAheadLog(database)) {
    throw operational('database-busy', `another program reads ${path}`, {
      remedy: 'end it and restore again; nothing was changed',
      details: { path },
      retryable: true,
    });
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
