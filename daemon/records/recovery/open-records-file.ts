import { existsSync, linkSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { isRollcallError } from '../../base/errors.js';
import { closeToOthers, databaseDamaged, type OpenDatabase, openDatabase } from '../../host/sqlite.js';
import { syncDirectory } from '../../host/sync-directory.js';
import { recordsApplicationId, recordsMigrations } from '../schema.js';
import { positionOf } from './marked-database.js';
import { type MarkFound, type RecordsMark, reservedBehind } from './records-mark.js';
import { type Salvage, salvageInto } from './salvage.js';

/**
 * What is the matter with records.db at a start: `missing` (there is none, or an empty one), `older` (a copy from before what
 * was recorded last), `damaged`, `unproven` (the mark that would tell is gone or is not the box's own).
 */
export const recordsLosses = ['missing', 'older', 'damaged', 'unproven'] as const;
export type RecordsLoss = (typeof recordsLosses)[number];

/** What a start found, and what is left. */
export interface FoundLoss {
  readonly loss: RecordsLoss;
  /** Of `damaged`: what could be read. */
  readonly salvage?: Salvage;
  /** Where the damaged file is kept. */
  readonly keptAs?: string;
}

const options = { migrations: recordsMigrations, applicationId: recordsApplicationId };
/** A file of up to this size is read in full, with its indices, where the last run was cut short. */
const mostChecked = 256 * 1024 * 1024;

export interface OpenRecordsFileOptions {
  readonly path: string;
  /** Absent: nothing is known outside of the file, and only damage is found. */
  readonly mark?: RecordsMark | undefined;
  readonly nowMs: number;
  /** A random name for a file. */
  readonly newName: () => string;
  /**
   * Brings what is left in order, in one transaction: called with the file that is going to be records.db.
   */
  readonly makeGood: (database: OpenDatabase, found: FoundLoss) => void;
}

/**
 * Opens records.db whatever became of it, and says what did. A damaged file is kept beside it, closed to others, under the name
 * `records.db.damaged-TIME`; what can be read of it is in the new one. A kill at any point leaves what the next start does
 * again. Throws what `openDatabase` throws but for damage.
 */
export function openRecordsFile(given: OpenRecordsFileOptions): OpenDatabase {
  const { path, mark, makeGood, newName } = given;
  const isNew = sizeOf(path) === 0;
  if (isNew) keepLog(given);
  try {
    const database = openDatabase(path, options);
    const loss = lossOf(database, isNew, mark);
    try {
      if (mustBeChecked(database, mark, loss)) assertWhole(database);
      if (loss !== undefined) makeGood(database, { loss });
      if (mark !== undefined) takeUp(database, mark, newName);
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

/** Puts what can be read in the place of the damaged file. */
function replaceDamaged(given: OpenRecordsFileOptions): OpenDatabase {
  const { path, mark, makeGood, newName } = given;
  const keptAs = keepDamaged(given);
  const fresh = `${path}.salvage-part`;
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${fresh}${suffix}`, { force: true });
  const database = openDatabase(fresh, options);
  try {
    makeGood(database, { loss: 'damaged', salvage: salvageInto(database, keptAs), keptAs });
    database.db.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    database.close();
    // Made by reading it.
    rmSync(`${keptAs}-shm`, { force: true });
    if (sizeOf(`${keptAs}-wal`) === 0) rmSync(`${keptAs}-wal`, { force: true });
  }
  // A log of the damaged file would be played into the new one.
  for (const suffix of ['-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
  renameSync(fresh, path);
  syncDirectory(dirname(path));
  const opened = openDatabase(path, options);
  if (mark !== undefined) takeUp(opened, mark, newName);
  return opened;
}

/** Gives a file its name where it has none, and lets the mark follow it. */
function takeUp(database: OpenDatabase, mark: RecordsMark, newName: () => string): void {
  const position = positionOf(database);
  const { lineage, event, state } = position();
  if (lineage === '') {
    const name = newName();
    mark.announce('', name, reservedBehind({ event, state }));
    database.transaction(() => void database.db.prepare('INSERT INTO lineage (name) VALUES (?)').run(name));
  }
  mark.begin(position());
}

/** The name stays taken until the new file has it; its log goes along. A start that was cut short is gone on with. */
function keepDamaged({ path, nowMs }: OpenRecordsFileOptions): string {
  const { ino } = statSync(path);
  const before = readdirSync(dirname(path))
    .filter((name) => name.startsWith(`${basename(path)}.damaged-`))
    .map((name) => join(dirname(path), name))
    .find((name) => statSync(name).ino === ino);
  const keptAs = before ?? freeName(path, nowMs);
  if (before === undefined) linkSync(path, keptAs);
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${keptAs}-wal`);
  closeToOthers(keptAs);
  syncDirectory(dirname(path));
  return keptAs;
}

/** The log of a file that is gone may be of use to whoever examines it, and would be in the way of a new one. */
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
    // A mark may be an older one, too: it is on the disk before the other place hears of what it reserves.
    if (isTheFile && revision >= before.revision && before.eventTo >= reserved) return undefined;
    return isNew ? 'missing' : 'older';
  }
  if (isNew) return found.kind === 'unproven' || reserved > 0 ? 'missing' : undefined;
  // The first start of a release that keeps a mark finds a file without a name, and no mark.
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
 * Whether the file itself is at fault. A database of another kind is taken for a damaged one of ours only where it has our
 * tables: a wrong path must not cost somebody else's file its place.
 */
function isDamage(error: unknown, path: string): boolean {
  // A statement that does not fit the tables, though their version does.
  if (error instanceof Database.SqliteError) return true;
  if (isRollcallError(error, 'database-foreign')) return hasOurTables(path);
  return isRollcallError(error, 'database-damaged');
}

function hasOurTables(path: string): boolean {
  const db = new Database(path, { readonly: true });
  try {
    const ours = "name IN ('event', 'outbox', 'lineage')";
    return db.prepare(`SELECT count(*) FROM sqlite_schema WHERE ${ours}`).pluck().get() === 3;
  } finally {
    db.close();
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
