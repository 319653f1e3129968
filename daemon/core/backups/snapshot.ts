import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenDatabase } from '../../host/sqlite.js';
import { Sqlite } from '../../host/sqlite-driver.js';
import { explainGalleryError } from '../gallery/gallery-file.js';
import { openWorkDirectory } from '../gallery/work-directory.js';
import type { OnBytes } from './backup-progress.js';
import { type DatabaseFacts, readDatabaseFacts } from './database-facts.js';

/** Pages copied in one turn of the event loop, and pages between two syncs to the disk. */
const STEP_PAGES = 50;
const SYNC_PAGES = 2000;

/** A consistent copy of the gallery in one file. Disposal deletes it. */
export interface Snapshot extends Disposable {
  readonly path: string;
  readonly facts: DatabaseFacts;
}

/**
 * Copies the gallery in small steps through its own connection. The copy includes writes that happen meanwhile, and between two
 * steps no lock delays an erasure. (A second connection would prevent the write-ahead log from being emptied.) Fields stay
 * sealed.
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
 * Syncs the copy to the disk bit by bit, in another thread. Otherwise the final commit would block the event loop until the whole
 * copy is written (measured for 256 MiB: 200 ms instead of 30 ms).
 */
class SyncPace {
  readonly #file: FileHandle;
  #pages = 0;
  #syncing: Promise<void> | undefined;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Number of pages to copy in the next step: 0 during a sync. */
  next(): number {
    if (this.#syncing !== undefined) return 0;
    this.#pages += STEP_PAGES;
    if (this.#pages < SYNC_PAGES) return STEP_PAGES;
    this.#pages = 0;
    const done = (): void => {
      this.#syncing = undefined;
    };
    // An error occurs again at the commit and is reported there.
    this.#syncing = this.#file.datasync().then(done, done);
    return 0;
  }

  async settle(): Promise<void> {
    await this.#syncing;
  }
}

/** Switches the copy to a rollback journal, so that it needs no write-ahead log. */
function leaveLog(path: string): DatabaseFacts {
  const db = new Sqlite(path);
  try {
    db.pragma('journal_mode = DELETE');
    return readDatabaseFacts(db);
  } finally {
    db.close();
  }
}
