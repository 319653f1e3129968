import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { badInput, isRollcallError } from '../base/errors.js';
import { type CredentialPlaces, openCredential } from '../host/credentials.js';
import { createKeyFile, moveKeyFile } from '../host/key-file.js';
import { newRandomBytes, secretBytes, wipe } from '../host/sodium.js';
import { HASH_BYTES } from './audit-seal.js';

export interface AuditKeyPlaces {
  /** Directory of secret files, as configured in `secretsDir`. */
  readonly secretsDirectory: string;
  /** Where the box keeps what it makes itself; the key of its own making is `keys/audit-key` below it. */
  readonly dataDir: string;
  /** By default what `$CREDENTIALS_DIRECTORY` names. */
  readonly credentialsDirectory?: string | undefined;
}

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
  const own = join(places.dataDir, 'keys');
  const formerKeys = split(formerName, await find(formerName, places, own));
  const [key] = split(secretName, await find(secretName, places, own), 1);
  if (key !== undefined) return { key, formerKeys, isNew: false };
  return { key: await make(join(own, secretName)), formerKeys, isNew: true };
}

/**
 * Writes down the keys of earlier times in the place of the box's own making, in place of what was there.
 * @throws what `createKeyFile` and `moveKeyFile` throw
 */
export async function keepFormerKeys(
  { dataDir }: AuditKeyPlaces,
  keys: readonly Uint8Array[],
): Promise<void> {
  const path = join(dataDir, 'keys', formerName);
  const bytes = Buffer.concat(keys);
  try {
    await rm(`${path}.next`, { force: true });
    await createKeyFile(`${path}.next`, bytes);
    await moveKeyFile(`${path}.next`, path);
  } finally {
    wipe(bytes);
  }
}

async function find(name: string, places: AuditKeyPlaces, own: string): Promise<Buffer | undefined> {
  return (
    (await readIfThere(name, places)) ??
    (await readIfThere(name, { credentialsDirectory: '', secretsDirectory: own }))
  );
}

async function readIfThere(name: string, places: CredentialPlaces): Promise<Buffer | undefined> {
  try {
    return await openCredential(name, places);
  } catch (error) {
    if (isRollcallError(error, 'credential-missing')) return undefined;
    throw error;
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
