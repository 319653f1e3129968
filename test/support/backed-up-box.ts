import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { type BackupBox, openBackupBox } from './backup-box.js';
import { passphrase, recoveryKey } from './backup-fixture.js';
import { enrolmentOf, temporaryDirectory, tester } from './gallery-fixture.js';

/** Opens what `backedUpBox` has made. */
export const secret = { recoverySecret: recoveryKey.secretKey };
export const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
export const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'done';
  } catch (error) {
    if (isRollcallError(error)) return error.code;
    throw error;
  }
};

export async function enrol(box: BackupBox, ...names: readonly string[]) {
  const ids = [];
  for (const [index, name] of names.entries())
    ids.push(await box.vault.gallery().addPerson(enrolmentOf(name, [name.length * 100 + index]), tester));
  return ids;
}

/** A box with Ada and Grace and a backup of it, closed. */
export async function backedUpBox(t: TestContext) {
  const directory = temporaryDirectory(t);
  const path = join(temporaryDirectory(t), 'night.rcb');
  await using box = await openBackupBox(directory);
  const ids = await enrol(box, 'Ada', 'Grace');
  const answer = await box.backups.create({ path, passphrase }, tester);
  return { directory, path, ids, answer };
}

export const actionsOf = (box: BackupBox): readonly string[] =>
  box.vault.audit.list({ limit: 1000 }).map(({ action }) => action);

/** What lies beside the gallery. */
export const filesOf = ({ galleryPath }: BackupBox): readonly string[] =>
  readdirSync(join(galleryPath, '..')).filter(
    (name) => name.startsWith('gallery.db') && !/-(wal|shm)$/.test(name),
  );
