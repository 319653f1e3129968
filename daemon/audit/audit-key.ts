import { badInput, isRollcallError, type RollcallError } from '../base/errors.js';
import { createKeyFile, moveKeyFile } from '../host/key-file.js';
import {
  type OwnSecretPlaces,
  ownPlaces,
  ownSecretPath,
  readIfThere,
  replaceOwnSecret,
} from '../host/own-secret.js';
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
  /** Of a file of keys that is there and cannot be used. */
  readonly damage?: RollcallError;
}

const secretName = 'audit-key';
/** Any number of keys, one after the other: of a box whose backup was restored here, of before a change of key. */
const formerName = 'audit-key-former';

/**
 * The key of the audit log: the systemd credential or secret file `audit-key`, else the key that the box made itself, which is
 * made at the first start. It is no part of the gallery's keys: the log is written while the gallery is sealed, too.
 * A damaged file keeps nothing from being recorded: the box goes on with a key of its own, puts a damaged one of its own aside as
 * `audit-key.damaged`, and says so (`damage`).
 * @throws what `openCredential` throws for a secret that is open to others or unreadable, what `createKeyFile` and
 *   `moveKeyFile` throw
 */
export async function openAuditKey(places: AuditKeyPlaces): Promise<AuditKey> {
  const former = await readKeys(formerName, places, Number.POSITIVE_INFINITY);
  const found = await readKeys(secretName, places, 1);
  const damage = found.damage ?? former.damage;
  const about = { formerKeys: former.keys, ...(damage === undefined ? {} : { damage }) };
  const [key] = found.keys;
  if (key !== undefined) return { ...about, key, isNew: false };
  const path = ownSecretPath(secretName, places);
  if (found.isOwnDamaged) await moveKeyFile(path, `${path}.damaged`);
  return { ...about, key: await make(path), isNew: true };
}

interface ReadKeys {
  readonly keys: readonly Uint8Array[];
  readonly damage?: RollcallError;
  readonly isOwnDamaged: boolean;
}

/** The keys that were handed over, else those that the box made: the first of the two that is there and whole. */
async function readKeys(name: string, places: AuditKeyPlaces, most: number): Promise<ReadKeys> {
  let damage: RollcallError | undefined;
  let isOwnDamaged = false;
  const told = () => ({ isOwnDamaged, ...(damage === undefined ? {} : { damage }) });
  for (const where of [places, ownPlaces(places)]) {
    try {
      const keys = split(name, await readIfThere(name, where), most);
      if (keys.length > 0) return { keys, ...told() };
    } catch (error) {
      if (!isRollcallError(error, 'audit-key-malformed') && !isRollcallError(error, 'credential-empty'))
        throw error;
      damage ??= isRollcallError(error, 'credential-empty') ? malformed(name, 0) : error;
      isOwnDamaged = where !== places;
    }
  }
  return { keys: [], ...told() };
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
    if (!Number.isInteger(count) || count > most || bytes.every((byte) => byte === 0)) {
      throw malformed(name, bytes.length);
    }
    return Array.from({ length: count }, (_, index) =>
      guarded(bytes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)),
    );
  } finally {
    wipe(bytes);
  }
}

function malformed(name: string, bytes: number): RollcallError {
  const what = bytes === 0 ? 'is empty' : 'is damaged: it does not have the form of an audit key';
  return badInput('audit-key-malformed', `the secret "${name}" ${what}`, {
    remedy:
      'put back the file as it was written and start the daemon again; where it is lost, the box goes on with a new key, and its log says so',
    details: { name, bytes, expected: HASH_BYTES },
  });
}

function guarded(bytes: Uint8Array): Uint8Array {
  const key = secretBytes(HASH_BYTES);
  key.set(bytes);
  return key;
}
