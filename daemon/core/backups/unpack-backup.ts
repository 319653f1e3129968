import { open } from 'node:fs/promises';
import { wipe } from '../../host/sodium.js';
import { onFile, refuseBackup } from './backup-errors.js';
import type { OnBytes } from './backup-progress.js';
import { DATABASE_SECTION, KEY_SECTION } from './create-backup.js';
import { type BackupKeys, decodeKeys, LARGEST_KEY_SECTION } from './key-section.js';
import type { BackupSection, OpenedBackup } from './open-backup.js';

/**
 * Writes the database of a backup to the new file `path`, readable by its owner only, and returns its keys.
 * @throws `backup-foreign` if the backup has no gallery, `disk-full`, `backup-not-written`, and the errors of
 * `OpenedBackup.sections`
 */
export async function unpackGallery(
  backup: OpenedBackup,
  path: string,
  onBytes?: OnBytes,
): Promise<BackupKeys> {
  let keys: BackupKeys | undefined;
  let hasDatabase = false;
  try {
    for await (const section of backup.sections()) {
      if (section.name === KEY_SECTION) keys = await readKeys(section);
      if (section.name !== DATABASE_SECTION) continue;
      await writeSection(path, section, onBytes);
      hasDatabase = true;
    }
    if (keys !== undefined && hasDatabase) return keys;
    throw refuseBackup('backup-foreign', backup.facts.path, 'it contains no gallery');
  } catch (error) {
    keys?.[Symbol.dispose]();
    throw error;
  }
}

async function readKeys({ content, sizeBytes }: BackupSection): Promise<BackupKeys | undefined> {
  if (sizeBytes > LARGEST_KEY_SECTION) return undefined;
  let keys: BackupKeys | undefined;
  // The section is shorter than a chunk.
  for await (const chunk of content) {
    keys = decodeKeys(chunk);
    wipe(chunk);
  }
  return keys;
}

/** All bytes of a section. The caller checks its size first, and wipes them. */
export async function readSection({ content, sizeBytes }: BackupSection): Promise<Buffer> {
  const bytes = Buffer.alloc(sizeBytes);
  let offset = 0;
  for await (const chunk of content) {
    bytes.set(chunk, offset);
    offset += chunk.length;
    wipe(chunk);
  }
  return bytes;
}

/** Writes a section to the new file `path`, readable by its owner only. @throws `disk-full`, `backup-not-written` */
export async function writeSection(
  path: string,
  { content, sizeBytes }: BackupSection,
  onBytes?: OnBytes,
): Promise<void> {
  const file = await onFile('written', path, () => open(path, 'wx', 0o600));
  try {
    let doneBytes = 0;
    for await (const chunk of content) {
      await onFile('written', path, () => file.writeFile(chunk));
      doneBytes += chunk.length;
      onBytes?.(doneBytes, sizeBytes);
    }
  } finally {
    await file.close();
  }
}
