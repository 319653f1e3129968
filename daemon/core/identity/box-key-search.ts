import type { CredentialPlaces } from '../../host/credentials.js';
import { type OwnSecretPlaces, openCredentialIfPresent, ownSecretsOnly } from '../../host/own-secret.js';
import { wipe } from '../../host/sodium.js';
import { badInput, isRollcallError } from '../../kernel/errors.js';
import { BOX_KEY_BYTES, type BoxKey, importBoxKey } from './box-key.js';

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
  return badInput('box-key-malformed', `the secret "${name}" ${what}`, {
    remedy: `Restore the original file of ${BOX_KEY_BYTES} bytes. If it is lost, move the damaged file away and restart the daemon: the box makes a new key, and you must tell the centres.`,
    details: { name, bytes, expected: BOX_KEY_BYTES },
  });
}
