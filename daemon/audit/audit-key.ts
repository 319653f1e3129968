import { badInput } from '../base/errors.js';
import { createKeyFile } from '../host/key-file.js';
import { findSecret, type OwnSecretPlaces, ownSecretPath, replaceOwnSecret } from '../host/own-secret.js';
import { newRandomBytes, secretBytes, wipe } from '../host/sodium.js';
import { HASH_BYTES } from './audit-seal.js';

export type AuditKeyPlaces = OwnSecretPlaces;

export interface AuditKey {
  /** 32 bytes in guarded memory; the caller wipes them at the end. */
  readonly key: Uint8Array;
  /** Keys of earlier times, in any order. The caller wipes them, too. */
  readonly formerKeys: readonly Uint8Array[];
  /** It was made just now: rightly so at the first start of a box only. */
  readonly isNew: boolean;
}

const secretName = 'audit-key';
/** Any number of keys, one after the other: of a box whose backup was restored here, of before a change of key. */
const formerName = 'audit-key-former';

/**
 * The key of the audit log: the systemd credential or secret file `audit-key`, else the key that the box made itself, which is
 * made at the first start. It is no part of the gallery's keys: the log is written while the gallery is sealed, too.
 * @throws `audit-key-malformed`, what `openCredential` throws for a secret that is open to others or unreadable, what
 *   `createKeyFile` throws
 */
export async function openAuditKey(places: AuditKeyPlaces): Promise<AuditKey> {
  const formerKeys = split(formerName, await findSecret(formerName, places));
  const [key] = split(secretName, await findSecret(secretName, places), 1);
  if (key !== undefined) return { key, formerKeys, isNew: false };
  return { key: await make(ownSecretPath(secretName, places)), formerKeys, isNew: true };
}

/**
 * Writes down the keys of earlier times in the place of the box's own making, in place of what was there.
 * @throws what `replaceOwnSecret` throws
 */
export async function keepFormerKeys(places: AuditKeyPlaces, keys: readonly Uint8Array[]): Promise<void> {
  const bytes = Buffer.concat(keys);
  try {
    await replaceOwnSecret(ownSecretPath(formerName, places), bytes);
  } finally {
    wipe(bytes);
  }
}

async function make(path: string): Promise<Uint8Array> {
  const bytes = newRandomBytes(HASH_BYTES);
  try {
    await createKeyFile(path, bytes);
    return guarded(bytes);
  } finally {
    wipe(bytes);
  }
}

function split(name: string, bytes: Buffer | undefined, most = Number.POSITIVE_INFINITY): Uint8Array[] {
  if (bytes === undefined) return [];
  try {
    const count = bytes.length / HASH_BYTES;
    if (!Number.isInteger(count) || count > most) {
      throw badInput('audit-key-malformed', `the secret "${name}" does not have the size of an audit key`, {
        remedy:
          'put back the file as it was written; where it is lost, move it away: the box makes a new key, and its log says so',
        details: { name, bytes: bytes.length, expected: HASH_BYTES },
      });
    }
    return Array.from({ length: count }, (_, index) =>
      guarded(bytes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)),
    );
  } finally {
    wipe(bytes);
  }
}

function guarded(bytes: Uint8Array): Uint8Array {
  const key = secretBytes(HASH_BYTES);
  key.set(bytes);
  return key;
}
