import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import type { OpenDatabase } from '../../host/sqlite.js';
import { explainGalleryError } from '../gallery-file.js';
import { openWorkDirectory } from '../work-directory.js';
import type { OnBytes } from './backup-progress.js';
import { type DatabaseFacts, readDatabaseFacts } from './database-facts.js';

/** Pages copied in one turn of the event loop, and between two times that they are brought to the disk. */
const STEP_PAGES = 50;
const SYNC_PAGES = 2000;

/** A copy of the gallery as it was at one moment, in one file that nobody writes. Disposal deletes it. */
export interface Snapshot extends Disposable {
  readonly path: string;
  readonly facts: DatabaseFacts;
}

/**
 * Copies the gallery through its own connection, in small steps: what is written meanwhile is copied, too, and between two
 * steps nothing is held that an erasure would have to wait for. (A second connection would keep the write-ahead log from being
 * emptied for as long as it reads.) Fields are as sealed in the copy as in the gallery.
 * @throws `disk-full`, `disk-failed`, `gallery-damaged`, and the reason of `signal`
 */
export async function takeSnapshot(
  database: OpenDatabase,
  signal?: AbortSignal,
  onBytes?: OnBytes,
): Promise<Snapshot> {
  const directory = openWorkDirectory(database.path, 'backup');
  try {
    const path = join(directory.path, 'gallery.db');
    await copyInSteps(database, path, signal, onBytes);
    return { path, facts: leaveLog(path), [Symbol.dispose]: () => directory[Symbol.dispose]() };
  } catch (error) {
    directory[Symbol.dispose]();
    throw explainGalleryError(error, database.path);
  }
}

async function copyInSteps(
  { db }: OpenDatabase,
  path: string,
  signal?: AbortSignal,
  onBytes?: OnBytes,
): Promise<void> {
  const pageBytes = Number(db.pragma('page_size', { simple: true }));
  const file = await open(path, 'wx', 0o600);
  const pace = new SyncPace(file);
  try {
    await db.backup(path, {
      progress({ totalPages, remainingPages }) {
        signal?.throwIfAborted();
        onBytes?.((totalPages - remainingPages) * pageBytes, totalPages * pageBytes);
        return pace.next();
      },
    });
  } finally {
    await pace.settle();
    await file.close();
  }
}

/**
 * Brings the copy to the disk bit by bit in another thread. Otherwise the last step, which commits everything, would hold
 * the event loop for as long as the whole copy takes to be written (200 ms for 256 MiB where this was measured; 30 ms so).
 */
class SyncPace {
  readonly #file: FileHandle;
  #pages = 0;
  #syncing: Promise<void> | undefined;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** How many pages to copy in the next step: none while the disk is busy. */
  next(): number {
    if (this.#syncing !== undefined) return 0;
    this.#pages += STEP_PAGES;
    if (this.#pages < SYNC_PAGES) return STEP_PAGES;
    this.#pages = 0;
    const done = (): void => {
      this.#syncing = undefined;
    };
    // What fails here fails again, and is told, when the copy is committed.
    this.#syncing = this.#file.datasync().then(done, done);
    return 0;
  }

  async settle(): Promise<void> {
    await this.#syncing;
  }
}

/** The copy would still ask for a write-ahead log of its own. */
function leaveLog(path: string): DatabaseFacts {
  const db = new Sqlite(path);
  try {
    db.pragma('journal_mode = DELETE');
    return readDatabaseFacts(db);
  } finally {
    db.close();
  }
}
