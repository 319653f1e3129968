import { open } from 'node:fs/promises';
import { badInput, messageOf } from '../../base/errors.js';
import type { BackupSecret } from '../../control/backup-control.js';
import { recipientsOf } from '../../gallery/backup/backup-recipients.js';
import { readRecoveryKey } from '../../gallery/backup/recovery-key-text.js';
import { wipe } from '../../host/sodium.js';
import { readPassphrase } from '../key/key-passphrase.js';

/** Longer than any recovery key with all its white space. */
const mostBytes = 4096;

export interface SecretOptions {
  /** File of the secret half of a recovery key. */
  readonly recoveryKey?: string;
}

/**
 * What opens the backup at `path`: the recovery key where its file is named, otherwise a passphrase, which is asked for. The
 * caller wipes it.
 * @throws `recovery-key-needed`, `recovery-key-malformed`, `recovery-key-unreadable`, what `readPassphrase` and `recipientsOf` throw
 */
export async function openSecret(path: string, { recoveryKey }: SecretOptions): Promise<BackupSecret> {
  const recipients = await recipientsOf(path);
  if (recoveryKey !== undefined) return { recoverySecret: await readSecretFile(recoveryKey) };
  if (recipients.some(({ kind }) => kind === 'passphrase'))
    return { passphrase: await readPassphrase('Passphrase of the backup: ') };
  const ids = recipients.flatMap((each) => (each.kind === 'passphrase' ? [] : [each.keyId]));
  throw badInput('recovery-key-needed', `${path} opens with the recovery key ${ids.join(' or ')} only`, {
    remedy: "name the file of its secret half with '--recovery-key FILE'",
  });
}

export function wipeSecret(secret: BackupSecret): void {
  wipe('passphrase' in secret ? secret.passphrase : secret.recoverySecret);
}

async function readSecretFile(path: string): Promise<Uint8Array> {
  const text = Buffer.alloc(mostBytes);
  try {
    const file = await open(path, 'r');
    try {
      const { bytesRead } = await file.read(text, 0, mostBytes, null);
      return readRecoveryKey('secret', text.subarray(0, bytesRead));
    } finally {
      await file.close();
    }
  } catch (error) {
    const isSystemError = error instanceof Error && 'syscall' in error;
    if (!isSystemError) throw error;
    throw badInput('recovery-key-unreadable', `cannot read ${path}: ${messageOf(error)}`, {
      remedy: 'name the file that holds the secret half of the recovery key',
      cause: error,
    });
  } finally {
    wipe(text);
  }
}
