import { createReadStream, statSync } from 'node:fs';
import { wipe } from '../../host/sodium.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import type { Clock } from '../../kernel/clock.js';
import { isoTime } from '../../kernel/iso-time.js';
import { failure } from '../../words/errors.js';
import { keyIdOf } from '../gallery/keys/key-id.js';
import type { KeyRing } from '../gallery/keys/key-ring.js';
import { type OnBackupProgress, type OnBytes, stepReport } from './backup-progress.js';
import { encodeKeys } from './key-section.js';
import type { BackupFacts } from './open-backup.js';
import type { Recipient } from './recipient.js';
import { type Snapshot, takeSnapshot } from './snapshot.js';
import { writeBackup } from './write-backup.js';

/** Names of the sections of a backup, in their order. */
export const KEY_SECTION = 'keys';
export const DATABASE_SECTION = 'database';

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
  readonly identity: { readonly site: string; readonly box: string; readonly program: string };
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnBackupProgress;
}

/**
 * Backs up the open gallery while it is in use, and verifies the backup.
 * @throws the errors of `takeSnapshot` and `writeBackup`
 */
export async function createGalleryBackup(order: GalleryBackupOrder): Promise<BackupFacts> {
  const { database, ring, auditKeys, target, recipients, identity, clock, signal } = order;
  const progressOf = stepReport(['copy', 'write', 'read-back'], order.onProgress);
  const keks = keysInForce(ring);
  let keys: Uint8Array | undefined;
  try {
    using snapshot = await takeSnapshot(database, signal, progressOf('copy'));
    const createdAt = isoTime(clock.wallMs());
    keks.push(...keysInForce(ring));
    keys = encodeKeys({ keks: needed(snapshot, keks), auditKeys });
    const { recogniser = '', schemaVersion, counts } = snapshot.facts;
    return await writeBackup({
      target,
      recipients,
      manifest: { createdAt, ...identity, schemaVersion, recogniser, counts: { ...counts } },
      sections: [
        { name: KEY_SECTION, content: [keys] },
        { name: DATABASE_SECTION, content: contentOf(snapshot.path, progressOf('write')) },
      ],
      ...(signal === undefined ? {} : { signal }),
      onReadBack: progressOf('read-back'),
    });
  } finally {
    keks.forEach(wipe);
    if (keys !== undefined) wipe(keys);
  }
}

/** Opens the file only when it is read: if the backup is refused earlier, nothing stays open. */
async function* contentOf(path: string, onBytes: OnBytes): AsyncGenerator<Uint8Array> {
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
