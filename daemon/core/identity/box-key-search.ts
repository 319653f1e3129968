import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CredentialPlaces } from '../../host/credentials.js';
import { moveKeyFile } from '../../host/key-file.js';
import {
  type OwnSecretPlaces,
  openCredentialIfPresent,
  ownSecretPath,
  ownSecretsOnly,
} from '../../host/own-secret.js';
import { wipe } from '../../host/sodium.js';
import { isRollcallError } from '../../kernel/errors.js';
import { refusal } from '../../words/errors.js';
import { BOX_KEY_BYTES, type BoxKey, importBoxKey } from './box-key.js';
import type { IdentityState } from './identity-state.js';

/** The secret with the identity key of the box. */
export const boxKeyName = 'box-key';
/** The secret with the next key, for a rotation. */
export const nextBoxKeyName = 'box-key.next';

/** A box key and where it was found. */
export interface FoundBoxKey {
  readonly key: BoxKey;
  /** Made by the box and stored in its own directory; other keys were handed over. */
  readonly isOwn: boolean;
  /** Whether it has the name of the next key. */
  readonly isNext: boolean;
  /** Whether it is in the directory of secret files; it may also be a credential. */
  readonly isSecretFile: boolean;
}

/**
 * All box keys: handed-over keys before own keys, and each present key before the next one. The caller disposes the keys.
 * @throws `box-key-malformed`, what `openCredential` throws for a secret that is open to others or unreadable
 */
export async function findBoxKeys(places: OwnSecretPlaces): Promise<readonly FoundBoxKey[]> {
  const files: CredentialPlaces = { ...places, credentialsDirectory: '' };
  const own = ownSecretsOnly(places);
  const searched = [
    { places: files, isOwn: false, isSecretFile: true },
    { places, isOwn: false, isSecretFile: false },
    { places: own, isOwn: true, isSecretFile: false },
  ];
  const found: FoundBoxKey[] = [];
  try {
    for (const { places: where, ...about } of searched) {
      for (const name of [boxKeyName, nextBoxKeyName]) {
        const isNext = name === nextBoxKeyName;
        const key = await readBoxKey(name, where);
        if (key === undefined) continue;
        if (found.some((one) => one.key.keyId === key.keyId && one.isOwn === about.isOwn))
          key[Symbol.dispose]();
        else found.push({ key, isNext, ...about });
      }
    }
  } catch (error) {
    for (const { key } of found) key[Symbol.dispose]();
    throw error;
  }
  return found.sort((a, b) => rank(a) - rank(b));
}

function rank({ isOwn, isNext }: FoundBoxKey): number {
  return (isOwn ? 2 : 0) + (isNext ? 1 : 0);
}

async function readBoxKey(name: string, places: CredentialPlaces): Promise<BoxKey | undefined> {
  const bytes = await openCredentialIfPresent(name, places).catch((error: unknown) => {
    throw isRollcallError(error, 'credential-empty') ? malformed(name, 0) : error;
  });
  if (bytes === undefined) return undefined;
  try {
    const isKey = bytes.length === BOX_KEY_BYTES && bytes.some((byte) => byte !== 0);
    if (isKey) return await importBoxKey(bytes);
    throw malformed(name, bytes.length);
  } finally {
    wipe(bytes);
  }
}

function malformed(name: string, bytes: number) {
  const what = bytes === 0 ? 'is empty' : 'is damaged: it does not have the form of a box key';
  return refusal(
    'box-key-malformed',
    { name, what, boxKeyBytes: BOX_KEY_BYTES },
    { details: { name, bytes, expected: BOX_KEY_BYTES } },
  );
}

/** The name of the file of the key in force: the proper one, or still that of the next key. */
export type KeyPlace = 'in-place' | 'still-next';

/**
 * Renames the file of the key in force to its proper name, over the file of the former key, and removes the rest of an interrupted
 * rotation. Call it after `state` was written, and at each start.
 * @throws what `findBoxKeys` and `moveKeyFile` throw
 */
export async function settleBoxKeys(places: OwnSecretPlaces, state: IdentityState): Promise<KeyPlace> {
  const found = await findBoxKeys(places);
  for (const { key } of found) key[Symbol.dispose]();
  const inForce = found.find(({ key }) => key.keyId === state.current.keyId);
  if (inForce === undefined) return 'in-place';
  const isFormer = (keyId: string): boolean => state.former.some((former) => former.keyId === keyId);
  const own = ownSecretPath(boxKeyName, places);
  const ownNext = ownSecretPath(nextBoxKeyName, places);
  if (inForce.isOwn && inForce.isNext) await moveKeyFile(ownNext, own);
  else await rm(ownNext, { force: true });
  if (inForce.isOwn) return 'in-place';
  if (found.some(({ key, isOwn, isNext }) => isOwn && !isNext && isFormer(key.keyId)))
    await rm(own, { force: true });
  if (!inForce.isNext) return 'in-place';
  const replaced = found.find(({ isSecretFile, isNext }) => isSecretFile && !isNext);
  if (!inForce.isSecretFile || replaced === undefined || !isFormer(replaced.key.keyId)) return 'still-next';
  const directory = places.secretsDirectory;
  const moved = await moveKeyFile(join(directory, nextBoxKeyName), join(directory, boxKeyName));
  return moved === 'moved' ? 'in-place' : 'still-next';
}
