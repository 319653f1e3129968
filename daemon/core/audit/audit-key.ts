import { createKeyFile, moveKeyFile } from '../../host/key-file.js';
import {
  type OwnSecretPlaces,
  openCredentialIfPresent,
  ownSecretPath,
  ownSecretsOnly,
  replaceOwnSecret,
} from '../../host/own-secret.js';
import { newRandomBytes, secretBytes, wipe } from '../../host/sodium.js';
import { isRollcallError, type RollcallError } from '../../kernel/errors.js';
import { refusal } from '../../words/errors.js';
import { HASH_BYTES } from './audit-seal.js';

export type AuditKeyPlaces = OwnSecretPlaces;

export interface AuditKey {
  /** 32 bytes in guarded memory. The caller wipes them. */
  readonly key: Uint8Array;
  /** Former keys, in any order. The caller wipes them. */
  readonly formerKeys: readonly Uint8Array[];
  /** The key was just created. This is normal only at the first start of a box. */
  readonly isNew: boolean;
  /** Why an existing key file cannot be used. */
  readonly damage?: RollcallError;
}

const secretName = 'audit-key';
/** Any number of former keys, one after the other: of restored boxes, and of this box before a change of key. */
const formerName = 'audit-key-former';

/**
 * The key of the audit log: the systemd credential or secret file `audit-key`, or else the box's own key, which is created at the
 * first start. It is separate from the gallery's keys, because the log is also written while the gallery is sealed. A damaged key
 * does not stop the log: the box creates its own key, renames its own damaged file to `audit-key.damaged`, and reports `damage`.
 * @throws the errors of `openCredential` for a secret that is unreadable or that others can read, and the errors of
 *   `createKeyFile` and `moveKeyFile`
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

/**
 * The keys that `openAuditKey` would open, the one in use first, in guarded memory; the caller wipes them. Only reads: keys that are
 * missing or damaged are left out.
 * @throws the errors of `openCredential` for a secret that is unreadable or that others can read
 */
export async function findAuditKeys(places: AuditKeyPlaces): Promise<readonly Uint8Array[]> {
  const former = await readKeys(formerName, places, Number.POSITIVE_INFINITY);
  const found = await readKeys(secretName, places, 1);
  return [...found.keys, ...former.keys];
}

interface ReadKeys {
  readonly keys: readonly Uint8Array[];
  readonly damage?: RollcallError;
  readonly isOwnDamaged: boolean;
}

/** The first readable keys of two places: those that were provided, then the box's own. */
async function readKeys(name: string, places: AuditKeyPlaces, most: number): Promise<ReadKeys> {
  let damage: RollcallError | undefined;
  let isOwnDamaged = false;
  const status = () => ({ isOwnDamaged, ...(damage === undefined ? {} : { damage }) });
  for (const where of [places, ownSecretsOnly(places)]) {
    try {
      const keys = split(name, await openCredentialIfPresent(name, where), most);
      if (keys.length > 0) return { keys, ...status() };
    } catch (error) {
      if (!isRollcallError(error, 'audit-key-malformed') && !isRollcallError(error, 'credential-empty'))
        throw error;
      damage ??= isRollcallError(error, 'credential-empty') ? malformed(name, 0) : error;
      isOwnDamaged = where !== places;
    }
  }
  return { keys: [], ...status() };
}

/**
 * Replaces the file of the former keys in the box's own place.
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
  return refusal('audit-key-malformed', { name, what }, { details: { name, bytes, expected: HASH_BYTES } });
}

function guarded(bytes: Uint8Array): Uint8Array {
  const key = secretBytes(HASH_BYTES);
  key.set(bytes);
  return key;
}
