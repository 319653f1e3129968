import { existsSync, linkSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  databaseDamaged,
  databaseFiles,
  databaseLogs,
  type OpenDatabase,
  openDatabase,
  restrictToOwner,
} from '../../../host/sqlite.js';
import { Sqlite } from '../../../host/sqlite-driver.js';
import { syncDirectory } from '../../../host/sync-directory.js';
import { isRollcallError } from '../../../kernel/errors.js';
import { recordsApplicationId, recordsMigrations } from '../records-schema.js';
import { positionOf } from './marked-database.js';
import { type MarkFound, type RecordsMark, reservedBehind } from './records-mark.js';
import { type Salvage, salvageInto } from './salvage.js';

/**
 * A fault of records.db at a start: `missing` (no file, or an empty one), `older` (a copy from before the last recorded
 * event), `damaged`, `unproven` (the mark is missing or this box did not seal it, so that an older file would not show),
 * `restored` (it comes from the backup of a box that this one replaces, and that may have gone on since).
 */
export type RecordsLoss = 'missing' | 'older' | 'damaged' | 'unproven' | 'restored';

/** The fault that a start found, and what is left. */
export interface FoundLoss {
  readonly loss: RecordsLoss;
  /** For `damaged`: what could be read. */
  readonly salvage?: Salvage;
  /** Path under which the damaged file is kept. */
  readonly keptAs?: string;
}

const options = { migrations: recordsMigrations, applicationId: recordsApplicationId };
/** After an unclean end, a file up to this size is checked completely, with its indices. */
const mostChecked = 256 * 1024 * 1024;

interface OpenRecordsFileOptions {
  readonly path: string;
  /** Absent: only damage is found. */
  readonly mark?: RecordsMark | undefined;
  readonly nowMs: number;
  /** The file comes from the backup of a box that this one replaces. */
  readonly isRestored?: boolean;
  /** A random name for a file. */
  readonly newName: () => string;
  /** Recovers what is left, in one transaction; called with the file that becomes records.db. */
  readonly recover: (database: OpenDatabase, found: FoundLoss) => void;
}

/**
 * Opens records.db and recovers it after a loss. A damaged file is kept as `records.db.damaged-TIME`, closed to others; a new
 * file gets what can be read of it. After a kill at any point, the next start repeats the work. Throws what `openDatabase`
 * throws, except for damage.
 */
export function openRecordsFile(given: OpenRecordsFileOptions): OpenDatabase {
  const { path, mark, recover, newName } = given;
  const isNew = sizeOf(path) === 0;
  if (isNew) keepLog(given);
  try {
    const database = openDatabase(path, options);
    const loss = given.isRestored === true ? 'restored' : lossOf(database, isNew, mark);
    try {
      if (mustBeChecked(database, mark, loss)) assertWhole(database);
      if (loss !== undefined) recover(database, { loss });
      if (mark !== undefined) startMark(database, mark, newName);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    if (!isDamage(error, path)) throw error;
    return replaceDamaged(given);
  }
}

/** Replaces the damaged file by a new one with everything that can be read. */
function replaceDamaged(given: OpenRecordsFileOptions): OpenDatabase {
  const { path, mark, recover, newName } = given;
  const keptAs = keepDamaged(given);
  const fresh = `${path}.salvage-part`;
  for (const suffix of databaseFiles) rmSync(`${fresh}${suffix}`, { force: true });
  const database = openDatabase(fresh, options);
  try {
    recover(database, { loss: 'damaged', salvage: salvageInto(database, keptAs), keptAs });
    database.db.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    database.close();
    // Reading the damaged file created these.
    rmSync(`${keptAs}-shm`, { force: true });
    if (sizeOf(`${keptAs}-wal`) === 0) rmSync(`${keptAs}-wal`, { force: true });
  }
  // SQLite would apply a log of the damaged file to the new one.
  for (const suffix of databaseLogs) rmSync(`${path}${suffix}`, { force: true });
  renameSync(fresh, path);
  syncDirectory(dirname(path));
  const opened = openDatabase(path, options);
  if (mark !== undefined) startMark(opened, mark, newName);
  return opened;
}

/** Gives the file a lineage name if it has none, and starts to follow it in the mark. */
function startMark(database: OpenDatabase, mark: RecordsMark, newName: () => string): void {
  const position = positionOf(database);
  const { lineage, event, state } = position();
  if (lineage === '') {
    const name = newName();
    mark.announce('', name, reservedBehind({ event, state }));
    database.transaction(() => void database.db.prepare('INSERT INTO lineage (name) VALUES (?)').run(name));
  }
  mark.begin(position());
}

/** Keeps the damaged file and its log under another name. Reuses the name of an earlier start that was interrupted. */
function keepDamaged({ path, nowMs }: OpenRecordsFileOptions): string {
  const { ino } = statSync(path);
  const before = readdirSync(dirname(path))
    .filter((name) => name.startsWith(`${basename(path)}.damaged-`))
    .map((name) => join(dirname(path), name))
    .find((name) => statSync(name).ino === ino);
  const keptAs = before ?? freeName(path, nowMs);
  if (before === undefined) linkSync(path, keptAs);
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${keptAs}-wal`);
  restrictToOwner(keptAs);
  syncDirectory(dirname(path));
  return keptAs;
}

/** Keeps the log of a missing file for examination: a new file must not get it. */
function keepLog({ path, nowMs }: OpenRecordsFileOptions): void {
  if (sizeOf(`${path}-wal`) > 0) renameSync(`${path}-wal`, `${freeName(path, nowMs)}-wal`);
  rmSync(`${path}-shm`, { force: true });
}

function freeName(path: string, nowMs: number): string {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const isTaken = (name: string): boolean => existsSync(name) || existsSync(`${name}-wal`);
  let name = `${path}.damaged-${time}`;
  for (let number = 2; isTaken(name); number += 1) name = `${path}.damaged-${time}-${number}`;
  return name;
}

function lossOf(
  database: OpenDatabase,
  isNew: boolean,
  mark: RecordsMark | undefined,
): RecordsLoss | undefined {
  if (mark === undefined) return undefined;
  const { found } = mark;
  const { lineage, revision, event } = positionOf(database)();
  const reserved = mark.trailed?.eventTo ?? 0;
  if (found.kind === 'proven') {
    const { mark: before } = found;
    const isTheFile = [before.lineage, before.nextLineage].includes(lineage);
    // The mark itself may be an older copy: then the trail knows of more reserved numbers than the mark.
    if (isTheFile && revision >= before.revision && before.eventTo >= reserved) return undefined;
    return isNew ? 'missing' : 'older';
  }
  if (isNew) return found.kind === 'unproven' || reserved > 0 ? 'missing' : undefined;
  // A first start that was killed leaves a file without a name and no mark.
  const isFirst = found.kind === 'none' && lineage === '' && reserved <= event;
  return isFirst ? undefined : 'unproven';
}

function mustBeChecked(
  { path }: OpenDatabase,
  mark: RecordsMark | undefined,
  loss: RecordsLoss | undefined,
): boolean {
  if (loss !== undefined) return loss !== 'missing';
  return mark !== undefined && !wasClosed(mark.found) && sizeOf(path) <= mostChecked;
}

const wasClosed = (found: MarkFound): boolean => found.kind !== 'proven' || found.mark.isClosed;

/** @throws `database-damaged` */
function assertWhole({ db, path }: OpenDatabase): void {
  const verdict: unknown = db.pragma('integrity_check(1)', { simple: true });
  const foreign = db.pragma('foreign_key_check') as readonly unknown[];
  if (verdict === 'ok' && foreign.length === 0) return;
  throw databaseDamaged(path, verdict === 'ok' ? 'foreign keys' : verdict);
}

/**
 * Whether the file itself is damaged. A foreign database counts as our damaged file only if it has our tables: a wrong path
 * must not replace a file of another program.
 */
function isDamage(error: unknown, path: string): boolean {
  // A statement does not fit the tables, although their version is right.
  if (error instanceof Sqlite.SqliteError) return true;
  if (isRollcallError(error, 'database-foreign')) return hasOurTables(path);
  return isRollcallError(error, 'database-damaged');
}

function hasOurTables(path: string): boolean {
  const db = new Sqlite(path, { readonly: true });
  try {
    const ours = "name IN ('event', 'outbox', 'lineage')";
    return db.prepare(`SELECT count(*) FROM sqlite_schema WHERE ${ours}`).pluck().get() === 3;
  } finally {
    db.close();
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
