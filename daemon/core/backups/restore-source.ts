import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type Database from 'better-sqlite3';
import { type OpenDatabase, openDatabase } from '../../host/sqlite.js';
import { Sqlite } from '../../host/sqlite-driver.js';
import { migrate } from '../../host/sqlite-migrations.js';
import { isRollcallError } from '../../kernel/errors.js';
import type { RecogniserId } from '../../kernel/ids.js';
import {
  GALLERY_APPLICATION_ID,
  GALLERY_MIGRATIONS,
  TABLES_CHECKED_AT_OPENING,
} from '../gallery/gallery-schema.js';
import { keyIdOf } from '../gallery/keys/key-id.js';
import { readKeySlots, readRecogniser } from '../gallery/keys/key-slots.js';
import { openWorkDirectory } from '../gallery/work-directory.js';
import { type OnBackupProgress, type OnBytes, stepReport } from './backup-progress.js';
import type { BackupKeys } from './key-section.js';
import { type BackupFacts, openBackup } from './open-backup.js';
import type { Unlock } from './recipient.js';
import { refuseContent, refuseNewer, refuseRecogniser } from './restore-errors.js';
import { unpackGallery } from './unpack-backup.js';

const SLICE_PICTURES = 50;

export interface RestoreSourceOptions {
  /** The backup's file. */
  readonly path: string;
  readonly unlock: Unlock;
  /** Path of the gallery. The backup is unpacked beside it and does not touch it. */
  readonly galleryPath: string;
  /** The recogniser of the box; undefined accepts any. */
  readonly recogniser?: RecogniserId;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnBackupProgress | undefined;
}

/** The unpacked gallery of a backup: migrated and checked. Disposal deletes it and wipes its keys. */
export interface RestoreSource extends AsyncDisposable {
  readonly facts: BackupFacts;
  readonly database: OpenDatabase;
  readonly keys: BackupKeys;
}

/**
 * Verifies every byte of a backup, then its database, without touching the present gallery.
 * @throws the errors of `openBackup` and `unpackGallery`, `recogniser-mismatch`, `database-newer`, `backup-unusable`
 */
export async function openRestoreSource(options: RestoreSourceOptions): Promise<RestoreSource> {
  const { path, unlock, galleryPath, recogniser, signal } = options;
  const progressOf = stepReport(['read', 'unpack', 'check'], options.onProgress);
  await using backup = await openBackup(path, unlock, { signal, onBytes: progressOf('read') });
  const { manifest } = backup.facts;
  if (recogniser !== undefined && manifest.recogniser !== recogniser)
    throw refuseRecogniser(path, manifest.recogniser, recogniser);
  if (manifest.schemaVersion > GALLERY_MIGRATIONS.length)
    throw refuseNewer(path, manifest.schemaVersion, GALLERY_MIGRATIONS.length);
  const directory = openWorkDirectory(galleryPath, 'restore');
  let keys: BackupKeys | undefined;
  let database: OpenDatabase | undefined;
  const release = (): void => {
    database?.close();
    keys?.[Symbol.dispose]();
    directory[Symbol.dispose]();
  };
  try {
    const target = join(directory.path, 'gallery.db');
    keys = await unpackGallery(backup, target, progressOf('unpack'));
    database = openUnpacked(path, target);
    await checkContent(path, database, { keys, recogniser, signal, onBytes: progressOf('check') });
    return { facts: backup.facts, database, keys, [Symbol.asyncDispose]: async () => release() };
  } catch (error) {
    release();
    throw error;
  }
}

function openUnpacked(path: string, target: string): OpenDatabase {
  try {
    return openDatabase(target, {
      applicationId: GALLERY_APPLICATION_ID,
      migrations: GALLERY_MIGRATIONS,
      checkedTables: TABLES_CHECKED_AT_OPENING,
    });
  } catch (error) {
    if (isRollcallError(error, 'database-damaged') || isRollcallError(error, 'database-foreign'))
      throw refuseContent(path, 'its database is damaged', error);
    throw error;
  }
}

/**
 * Reads every picture, in slices. SQLite's own check of such a table would block the event loop for about a second at 10,000
 * persons.
 */
async function readPictures(options: {
  readonly path: string;
  readonly database: OpenDatabase;
  readonly table: string;
  readonly signal: AbortSignal | undefined;
  readonly onPictures: (sizeBytes: number) => void;
}): Promise<void> {
  const { path, database, table, signal, onPictures } = options;
  const next = database.db.prepare<[number, number], { readonly row: number; readonly jpeg: Uint8Array }>(
    `SELECT rowid AS row, jpeg FROM ${table} WHERE rowid > ? ORDER BY rowid LIMIT ?`,
  );
  for (let last = Number.MIN_SAFE_INTEGER; ; ) {
    signal?.throwIfAborted();
    const rows = reading(path, table, () => next.all(last, SLICE_PICTURES));
    const end = rows.at(-1);
    if (end === undefined) return;
    last = end.row;
    onPictures(rows.reduce((sum, { jpeg }) => sum + jpeg.length, 0));
    await nextTurn();
  }
}

function reading<T>(path: string, table: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Sqlite.SqliteError)) throw error;
    throw refuseContent(path, `its table ${table} is damaged`, error);
  }
}

async function checkContent(
  path: string,
  database: OpenDatabase,
  options: {
    readonly keys: BackupKeys;
    readonly recogniser: RecogniserId | undefined;
    readonly signal: AbortSignal | undefined;
    readonly onBytes: OnBytes;
  },
): Promise<void> {
  const { db } = database;
  if (!hasOwnSchema(db)) throw refuseContent(path, 'its tables are not those of a gallery');
  if (db.pragma('quick_check(audit)', { simple: true }) !== 'ok')
    throw refuseContent(path, 'its table audit is damaged');
  const totalBytes = statSync(database.path).size;
  let doneBytes = 0;
  const onPictures = (sizeBytes: number): void => {
    doneBytes += sizeBytes;
    options.onBytes(doneBytes, totalBytes);
  };
  for (const table of ['photograph', 'evidence'])
    await readPictures({ path, database, table, signal: options.signal, onPictures });
  if (db.pragma('foreign_key_check(person)', { simple: true }) !== undefined)
    throw refuseContent(path, 'its rows refer to missing rows');
  const recogniser = readRecogniser(database);
  if (recogniser === undefined) throw refuseContent(path, 'it never had a key');
  if (options.recogniser !== undefined && recogniser !== options.recogniser)
    throw refuseRecogniser(path, recogniser, options.recogniser);
  const slots = readKeySlots(database);
  const ids = options.keys.keks.map(keyIdOf);
  if (slots.length === 0 || !slots.every(({ keyId }) => ids.includes(keyId)))
    throw refuseContent(path, 'its keys do not belong to its database');
}

/**
 * Whether the file has exactly the tables, indexes and triggers of this program: a foreign file could bring its own triggers.
 * Call it after the migrations.
 */
function hasOwnSchema(db: Database.Database): boolean {
  const model = new Sqlite(':memory:');
  try {
    migrate(model, ':memory:', GALLERY_MIGRATIONS);
    return schemaOf(model) === schemaOf(db);
  } finally {
    model.close();
  }
}

function schemaOf(db: Database.Database): string {
  const statements = db
    .prepare<[], string>(
      "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY type, name",
    )
    .pluck()
    .all();
  return statements.join('\n');
}
