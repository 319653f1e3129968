import { badInput, isRollcallError } from '../../base/errors.js';
import type { CredentialPlaces } from '../../host/credentials.js';
import { type OwnSecretPlaces, ownPlaces, readIfThere } from '../../host/own-secret.js';
import { wipe } from '../../host/sodium.js';
import { BOX_KEY_BYTES, type BoxKey, importBoxKey } from './box-key.js';

/** The secret that a box is known by. */
export const boxKeyName = 'box-key';
/** The one that a rotation goes to. */
export const nextBoxKeyName = 'box-key.next';

/** A box key that lies somewhere. */
export interface FoundBoxKey {
  readonly key: BoxKey;
  /** Made by the box, in a place of its own; the others were handed over. */
  readonly isOwn: boolean;
  /** Whether it has the name of the one that a rotation goes to. */
  readonly isNext: boolean;
  /** Whether it lies in the directory of secret files, whether or not as a credential, too. */
  readonly isSecretFile: boolean;
}

/**
 * All box keys there are: those that were handed over first, of these the one in its proper place first. The caller
 * disposes the keys.
 * @throws `box-key-malformed`, what `openCredential` throws for a secret that is open to others or unreadable
 */
export async function findBoxKeys(places: OwnSecretPlaces): Promise<readonly FoundBoxKey[]> {
  const files: CredentialPlaces = { ...places, credentialsDirectory: '' };
  const own = ownPlaces(places);
  const looks = [
    { places: files, isOwn: false, isSecretFile: true },
    { places, isOwn: false, isSecretFile: false },
    { places: own, isOwn: true, isSecretFile: false },
  ];
  const found: FoundBoxKey[] = [];
  try {
    for (const { places: where, ...about } of looks) {
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
  const bytes = await readIfThere(name, places).catch((error: unknown) => {
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
  return badInput('box-key-malformed', `the secret "${name}" ${what}`, {
    remedy: `put back the file of ${BOX_KEY_BYTES} bytes as it was written; where it is lost, move it away and start the daemon again: the box makes a new key, which centres have to be told about`,
    details: { name, bytes, expected: BOX_KEY_BYTES },
  });
}
