import Sqlite from 'better-sqlite3';
import { type AuditLog, openAuditLog } from '../audit/audit-log.js';
import type { Clock } from '../base/clock.js';
import { isRollcallError, operational } from '../base/errors.js';
import { Lifetime } from '../base/lifetime.js';
import { type OpenDatabase, openDatabase } from '../host/sqlite.js';
import { explainSqliteError } from '../host/sqlite-errors.js';
import { lockGallery } from './gallery-lock.js';
import { GALLERY_APPLICATION_ID, GALLERY_MIGRATIONS, TABLES_CHECKED_AT_OPENING } from './schema.js';
import { emptyWriteAheadLog } from './write-ahead-log.js';

/** Nobody else writes; a foreign program that reads must not hold the event loop for seconds. */
const BUSY_TIMEOUT_MS = 20;

export interface GalleryFileOptions {
  /** Database file; made where it is missing, for its owner only. */
  readonly path: string;
  /** 32 bytes; belongs to the caller. */
  readonly auditKey: Uint8Array;
  /** Keys that older audit entries are under; they belong to the caller, too. */
  readonly formerAuditKeys?: readonly Uint8Array[];
  readonly clock: Clock;
}

/** The gallery's file, open for this process alone. Without a key it is sealed: only the audit log can be used. */
export interface GalleryFile extends AsyncDisposable {
  readonly database: OpenDatabase;
  readonly audit: AuditLog;
}

/**
 * Opens the file and brings it to the newest form. Only one opening at a time.
 * @throws `gallery-in-use`, `gallery-damaged`, `database-newer`, `database-foreign` and what else `openDatabase` refuses
 */
export async function openGalleryFile({
  path,
  auditKey,
  formerAuditKeys = [],
  clock,
}: GalleryFileOptions): Promise<GalleryFile> {
  const lifetime = new Lifetime(clock);
  try {
    const lock = lockGallery(path);
    lifetime.defer('gallery lock', () => lock[Symbol.dispose]());
    const options = {
      applicationId: GALLERY_APPLICATION_ID,
      migrations: GALLERY_MIGRATIONS,
      checkedTables: TABLES_CHECKED_AT_OPENING,
    };
    const database = lifetime.use('gallery database', openDatabase(path, options));
    database.db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
    // An erasure may have been cut short between the deletion and this; a reader elsewhere puts it off to the next time.
    emptyWriteAheadLog(database);
    const audit = openAuditLog({ database, key: auditKey, formerKeys: formerAuditKeys, clock });
    return { database, audit, [Symbol.asyncDispose]: () => lifetime[Symbol.asyncDispose]() };
  } catch (error) {
    await lifetime[Symbol.asyncDispose]();
    throw explainGalleryError(error, path);
  }
}

/** A statement, or a row of the program's making, that does not fit the tables, though their version does: they were altered. */
function isSchemaError(error: unknown): boolean {
  return error instanceof Sqlite.SqliteError && /^SQLITE_(?:ERROR$|CONSTRAINT|MISMATCH)/.test(error.code);
}

/** Damage has the gallery's own code, wherever in the file it was met. */
export function explainGalleryError(error: unknown, path: string): unknown {
  const explained = explainSqliteError(error, path);
  if (!isRollcallError(explained, 'database-damaged') && !isSchemaError(explained)) return explained;
  return operational('gallery-damaged', `the gallery file ${path} is damaged`, {
    remedy: 'Restore a backup (rollcall backup restore); keep the damaged file for examination.',
    details: { path },
    cause: explained,
  });
}

/** Runs what reads rows. @throws `gallery-damaged` where the file does not hold them as it should */
export function reading<T>({ path }: OpenDatabase, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explainGalleryError(error, path);
  }
}
