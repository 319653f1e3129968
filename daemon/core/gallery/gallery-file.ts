import { type OpenDatabase, openDatabase } from '../../host/sqlite.js';
import { Sqlite } from '../../host/sqlite-driver.js';
import { explainSqliteError } from '../../host/sqlite-errors.js';
import type { Clock } from '../../kernel/clock.js';
import { isRollcallError } from '../../kernel/errors.js';
import { Lifetime } from '../../kernel/lifetime.js';
import { failure } from '../../words/errors.js';
import { type AuditLog, openAuditLog } from '../audit/audit-log.js';
import { lockGallery } from './gallery-lock.js';
import { GALLERY_APPLICATION_ID, GALLERY_MIGRATIONS, TABLES_CHECKED_AT_OPENING } from './gallery-schema.js';
import { forgetDeleted, wasNotClosedCleanly } from './leftovers.js';

/** Only this process writes. A program that reads the file must not block the event loop for seconds. */
const BUSY_TIMEOUT_MS = 20;

export interface GalleryFileOptions {
  /** Database file. Created if missing, readable by its owner only. */
  readonly path: string;
  /** 32 bytes. The caller wipes them. */
  readonly auditKey: Uint8Array;
  /** Keys of older audit entries. The caller wipes them. */
  readonly formerAuditKeys?: readonly Uint8Array[];
  readonly clock: Clock;
}

/** The gallery's file, open in this process only. Without a key it is sealed, and only the audit log can be used. */
export interface GalleryFile extends AsyncDisposable {
  readonly database: OpenDatabase;
  readonly audit: AuditLog;
}

/**
 * Opens the file and migrates it to the newest schema.
 * @throws `gallery-in-use`, `gallery-damaged`, `database-newer`, `database-foreign`, and other errors of `openDatabase`
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
    const isUnfinished = wasNotClosedCleanly(path);
    const database = lifetime.use('gallery database', openDatabase(path, options));
    database.db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
    // An erasure may have been interrupted before its end. If another program reads the file, the next opening tries again.
    if (isUnfinished) forgetDeleted(database);
    const audit = openAuditLog({ database, key: auditKey, formerKeys: formerAuditKeys, clock });
    return { database, audit, [Symbol.asyncDispose]: () => lifetime[Symbol.asyncDispose]() };
  } catch (error) {
    await lifetime[Symbol.asyncDispose]();
    throw explainGalleryError(error, path);
  }
}

/** A statement or row of this program does not fit tables of the right version: the tables were altered. */
function isSchemaError(error: unknown): boolean {
  return error instanceof Sqlite.SqliteError && /^SQLITE_(?:ERROR$|CONSTRAINT|MISMATCH)/.test(error.code);
}

/** Gives damage anywhere in the file the code `gallery-damaged`. Returns other errors as they are. */
export function explainGalleryError(error: unknown, path: string): unknown {
  const explained = explainSqliteError(error, path);
  if (!isRollcallError(explained, 'database-damaged') && !isSchemaError(explained)) return explained;
  return failure('gallery-damaged:file', { path }, { details: { path }, cause: explained });
}

/** Runs `work`, which reads rows. @throws `gallery-damaged` if the file cannot be read */
export function reading<T>({ path }: OpenDatabase, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explainGalleryError(error, path);
  }
}
