import { createReadStream, statSync } from 'node:fs';
import { wipe } from '../../host/sodium.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { Sqlite } from '../../host/sqlite-driver.js';
import type { Clock } from '../../kernel/clock.js';
import { isoTime } from '../../kernel/iso-time.js';
import { failure } from '../../words/errors.js';
import { keyIdOf } from '../gallery/keys/key-id.js';
import type { KeyRing } from '../gallery/keys/key-ring.js';
import { type OnBackupProgress, type OnBytes, stepReport } from './backup-progress.js';
import { type BoxFile, encodeFiles, wipeFiles } from './box-files.js';
import { encodeKeys } from './key-section.js';
import type { BackupFacts } from './open-backup.js';
import type { Recipient } from './recipient.js';
import { type Snapshot, takeSnapshot } from './snapshot.js';
import { writeBackup } from './write-backup.js';

/** Names of the sections of a backup, in their order. */
export const KEY_SECTION = 'keys';
export const DATABASE_SECTION = 'database';
export const FILES_SECTION = 'files';
/** The other databases of a box; their sections have these names. */
export const boxDatabases = ['records', 'accounts'] as const;
export type BoxDatabase = (typeof boxDatabases)[number];

/** What a backup of the whole box has beside the gallery. */
export interface RestOfBox {
  readonly databases: Readonly<Record<BoxDatabase, OpenDatabase>>;
  /** Reads the small files of the box, in one turn of the event loop. */
  readonly files: () => readonly BoxFile[];
}

const READ_BYTES = 256 * 1024;

export interface GalleryBackupOrder {
  readonly database: OpenDatabase;
  /** Of the open gallery. */
  readonly ring: KeyRing;
  /** The present key of the audit log, then the former ones. The caller wipes them. */
  readonly auditKeys: readonly Uint8Array[];
  /** Path of the new backup. */
  readonly target: string;
  readonly recipients: readonly Recipient[];
  /** Absent: only the gallery is backed up. */
  readonly rest?: RestOfBox | undefined;
  readonly identity: { readonly site: string; readonly box: string; readonly program: string };
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnBackupProgress;
}

/**
 * Backs up the open gallery, and the rest of the box, while they are in use, and verifies the backup.
 * @throws the errors of `takeSnapshot` and `writeBackup`
 */
export async function createGalleryBackup(order: GalleryBackupOrder): Promise<BackupFacts> {
  const { database, ring, auditKeys, rest, target, recipients, identity, clock, signal } = order;
  const progressOf = stepReport(['copy', 'write', 'read-back'], order.onProgress);
  const keks = keysInForce(ring);
  let keys: Uint8Array | undefined;
  let files: readonly BoxFile[] = [];
  let createdAt = '';
  let encoded: Buffer | undefined;
  try {
    using snapshot = await takeSnapshot(database, {
      others: rest === undefined ? [] : boxDatabases.map((name) => rest.databases[name]),
      onBytes: progressOf('copy'),
      onMoment() {
        createdAt = isoTime(clock.wallMs());
        files = rest?.files() ?? [];
      },
      signal,
    });
    for (const [index, path] of snapshot.others.entries())
      if (boxDatabases[index] === 'records') forgetClips(path);
    encoded = rest && encodeFiles(files);
    keks.push(...keysInForce(ring));
    keys = encodeKeys({ keks: needed(snapshot, keks), auditKeys });
    const { recogniser = '', schemaVersion, counts } = snapshot.facts;
    return await writeBackup({
      target,
      recipients,
      manifest: {
        ...{ createdAt, ...identity, schemaVersion, recogniser },
        counts: { ...counts, ...countsOfBox(snapshot.others), ...(rest && { files: files.length }) },
      },
      sections: [
        { name: KEY_SECTION, content: [keys] },
        { name: DATABASE_SECTION, content: contentOf(snapshot.path, progressOf('write')) },
        ...snapshot.others.map((path, index) => ({
          name: boxDatabases[index] ?? '',
          content: contentOf(path),
        })),
        ...(encoded === undefined ? [] : [{ name: FILES_SECTION, content: [encoded] }]),
      ],
      ...(signal === undefined ? {} : { signal }),
      onReadBack: progressOf('read-back'),
    });
  } finally {
    keks.forEach(wipe);
    if (keys !== undefined) wipe(keys);
    if (encoded !== undefined) wipe(encoded);
    wipeFiles(files);
  }
}

/**
 * Clips are in no backup, and their keys, which records.db has, must not outlive them there. `path`: a copy of records.db, which has no
 * write-ahead log.
 */
export function forgetClips(path: string): void {
  const db = new Sqlite(path);
  try {
    db.pragma('secure_delete = ON');
    db.exec('DELETE FROM passage_clip');
  } finally {
    db.close();
  }
}

/** The tables of the other databases that a backup counts. */
const countedTables: Readonly<Record<BoxDatabase, Readonly<Record<string, string>>>> = {
  records: { events: 'event', passages: 'passage' },
  accounts: { accounts: 'user', apiKeys: 'api_key' },
};

/** How many rows the copies have. */
export function countsOfBox(paths: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [index, path] of paths.entries()) {
    const name = boxDatabases[index];
    if (name === undefined) continue;
    const db = new Sqlite(path, { readonly: true });
    try {
      for (const [what, table] of Object.entries(countedTables[name])) {
        counts[what] = Number(db.prepare(`SELECT count(*) FROM "${table}"`).pluck().get());
      }
    } finally {
      db.close();
    }
  }
  return counts;
}

/** Opens the file only when it is read: if the backup is refused earlier, nothing stays open. */
async function* contentOf(path: string, onBytes: OnBytes = () => undefined): AsyncGenerator<Uint8Array> {
  const { size } = statSync(path);
  let doneBytes = 0;
  const pieces: AsyncIterable<Uint8Array> = createReadStream(path, { highWaterMark: READ_BYTES });
  for await (const piece of pieces) {
    yield piece;
    doneBytes += piece.length;
    onBytes(doneBytes, size);
  }
}

function keysInForce({ current, retiring }: KeyRing): Uint8Array[] {
  return retiring === undefined ? [current.copy()] : [current.copy(), retiring.copy()];
}

/** The keys that the copy names. A rotation may have begun or ended during the copy. */
function needed({ facts }: Snapshot, keks: readonly Uint8Array[]): readonly Uint8Array[] {
  return facts.keyIds.map((id) => {
    const found = keks.find((kek) => keyIdOf(kek) === id);
    if (found !== undefined) return found;
    throw failure('backup-key-changed', {}, { retryable: true });
  });
}
