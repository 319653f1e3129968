import { open } from 'node:fs/promises';
import { recipientsOf } from '../../core/backups/backup-recipients.js';
import type { Unlock } from '../../core/backups/recipient.js';
import { readRecoveryKey, writeRecoveryKey } from '../../core/backups/recovery-key-text.js';
import { wipe } from '../../host/sodium.js';
import { badInput, messageOf } from '../../kernel/errors.js';
import { readPassphrase } from '../key/key-passphrase.js';

/** Longer than any recovery key file. */
const mostBytes = 4096;

export interface SecretOptions {
  /** File with the secret half of a recovery key. */
  readonly recoveryKey?: string;
}

/**
 * Reads the secret that opens the backup at `path`: the recovery key from its file, or a passphrase from the terminal. The
 * caller wipes it.
 * @throws `recovery-key-needed`, `recovery-key-malformed`, `recovery-key-unreadable`, what `readPassphrase` and `recipientsOf` throw
 */
export async function openSecret(path: string, { recoveryKey }: SecretOptions): Promise<Unlock> {
  const recipients = await recipientsOf(path);
  if (recoveryKey !== undefined) return { recoverySecret: await readSecretFile(recoveryKey) };
  if (recipients.some(({ kind }) => kind === 'passphrase'))
    return { passphrase: await readPassphrase('Passphrase of the backup: ') };
  const ids = recipients.flatMap((each) => (each.kind === 'passphrase' ? [] : [each.keyId]));
  throw badInput('recovery-key-needed', `${path} opens only with the recovery key ${ids.join(' or ')}`, {
    remedy: "Give the file with its secret half: '--recovery-key FILE'.",
  });
}

export function wipeSecret(secret: Unlock): void {
  wipe('passphrase' in secret ? secret.passphrase : secret.recoverySecret);
}

/** The secret as a request has it: a recovery key as the text of its file. Wipes this text after `send`. */
export async function withSentSecret<T>(
  secret: Unlock,
  send: (sent: { readonly recoverySecret: Buffer } | { readonly passphrase: Buffer }) => Promise<T>,
): Promise<T> {
  if ('passphrase' in secret) return send({ passphrase: viewOf(secret.passphrase) });
  const line = writeRecoveryKey('secret', secret.recoverySecret);
  try {
    return await send({ recoverySecret: viewOf(line) });
  } finally {
    wipe(line);
  }
}

/** The same bytes, not a copy. */
function viewOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
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
      remedy: 'Give the file with the secret half of the recovery key.',
      cause: error,
    });
  } finally {
    wipe(text);
  }
}
