import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { moveKeyFile } from '../../host/key-file.js';
import { type OwnSecretPlaces, ownSecretPath } from '../../host/own-secret.js';
import { boxKeyName, findBoxKeys, nextBoxKeyName } from './box-key-search.js';
import type { IdentityState } from './identity-state.js';

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
