import { readFile, writeFile } from 'node:fs/promises';
import type { BackupSource } from '../../daemon/core/backups/backup-output.js';
import { openBackup } from '../../daemon/core/backups/open-backup.js';
import type { Recipient, Unlock } from '../../daemon/core/backups/recipient.js';
import { newRecoveryKey, type RecoveryKey } from '../../daemon/core/backups/recovery-key.js';
import type { BackupOrder } from '../../daemon/core/backups/write-backup.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { seededRandom } from '../../daemon/kernel/random.js';

export const manifest: BackupOrder['manifest'] = {
  createdAt: '2026-03-01T08:00:00.000Z',
  site: 'test-site',
  box: 'test-box',
  program: '0.1.0',
  schemaVersion: 4,
  recogniser: 'test-recogniser',
  counts: { persons: 3, templates: 9, tombstones: 1 },
};

export const recoveryKey: RecoveryKey = newRecoveryKey();
export const passphrase = Buffer.from('correct horse battery staple');

/** As little as Argon2id can spend. */
export const littleCost = { passes: 1, memoryBytes: 8192 };

export const forRecoveryKey: Recipient = { kind: 'recovery-public-key', publicKey: recoveryKey.publicKey };
export const forPassphrase: Recipient = { kind: 'passphrase', passphrase, cost: littleCost };
export const withRecoverySecret: Unlock = { recoverySecret: recoveryKey.secretKey };
export const withPassphrase: Unlock = { passphrase };

/** Bytes that follow from `seed` and do not repeat. */
export function noise(seed: number, size: number): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({ length: size }, () => Math.floor(random.unit() * 256));
}

export function source(name: string, ...content: readonly Uint8Array[]): BackupSource {
  return { name, content };
}

/** Everything in a backup, section by section. */
export async function contentsOf(path: string, unlock: Unlock): Promise<ReadonlyMap<string, Buffer>> {
  await using backup = await openBackup(path, unlock);
  const found = new Map<string, Buffer>();
  for await (const { name, content } of backup.sections()) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    found.set(name, Buffer.concat(chunks));
  }
  return found;
}

/** Writes `bytes` to `path`. The code with which the file is refused; undefined if it opens. */
export async function refusalOf(
  path: string,
  bytes: Uint8Array,
  unlock: Unlock,
): Promise<string | undefined> {
  await writeFile(path, bytes);
  try {
    await using _ = await openBackup(path, unlock);
    return undefined;
  } catch (error) {
    if (isRollcallError(error)) return error.code;
    throw error;
  }
}

/** A backup taken apart. */
export interface BackupParts {
  /** Everything before the stream. */
  readonly opening: Buffer;
  readonly header: Buffer;
  /** Length and ciphertext of each message. */
  readonly messages: readonly Buffer[];
}

/** Takes a backup apart as docs/reference/backup.md describes it. */
export async function takeApart(path: string): Promise<BackupParts> {
  const bytes = await readFile(path);
  const start = 22 + bytes.readUInt32BE(18);
  const messages: Buffer[] = [];
  for (let offset = start + 24; offset < bytes.length; ) {
    const end = offset + 4 + bytes.readUInt32BE(offset);
    messages.push(bytes.subarray(offset, end));
    offset = end;
  }
  return { opening: bytes.subarray(0, start), header: bytes.subarray(start, start + 24), messages };
}

export function putTogether({ opening, header, messages }: BackupParts): Buffer {
  return Buffer.concat([opening, header, ...messages]);
}
