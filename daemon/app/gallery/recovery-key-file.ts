import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readRecoveryKey, writeRecoveryKey } from '../../gallery/backup/recovery-key-text.js';
import { createKeyFile, moveKeyFile } from '../../host/key-file.js';

/** The public half lies here, below `dataDir`. It opens nothing. */
const place = ['keys', 'recovery-key-public'] as const;

/** The public half of the recovery key; undefined where none was made. @throws `recovery-key-malformed` */
export async function readInstalledKey(dataDir: string): Promise<Uint8Array | undefined> {
  let text: Buffer;
  try {
    text = await readFile(join(dataDir, ...place));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  return readRecoveryKey('public', text);
}

/** Puts another one in its place, so that it survives a power cut. @throws `key-file-not-written`, `key-file-not-moved` */
export async function installKey(dataDir: string, publicKey: Uint8Array): Promise<void> {
  const path = join(dataDir, ...place);
  await rm(`${path}.next`, { force: true });
  await createKeyFile(`${path}.next`, writeRecoveryKey('public', publicKey));
  await moveKeyFile(`${path}.next`, path);
}
