import { type CredentialPlaces, openCredential } from '../../../host/credentials.js';
import { KEY_BYTES, secretBytes, wipe } from '../../../host/sodium.js';
import { isRollcallError, RollcallError } from '../../../kernel/errors.js';
import { refusal } from '../../../words/errors.js';
import { keyIdOf } from './key-id.js';

/** A possible place of a key. */
export interface SecretKeyPlace {
  readonly name: string;
  readonly places: CredentialPlaces;
}

/**
 * The key in guarded memory; undefined if the secret does not exist.
 * @throws `key-malformed`, and other errors of `openCredential`
 */
export async function readSecretKey({ name, places }: SecretKeyPlace): Promise<Uint8Array | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await openCredential(name, places);
  } catch (error) {
    if (isRollcallError(error, 'credential-missing')) return undefined;
    throw error;
  }
  try {
    if (bytes.length !== KEY_BYTES) {
      throw refusal('key-malformed', { name, bytes: bytes.length, keyBytes: KEY_BYTES });
    }
    const kek = secretBytes(KEY_BYTES);
    kek.set(bytes);
    return kek;
  } finally {
    wipe(bytes);
  }
}

/** Public id of the key; undefined if there is no usable key. */
export async function idIfReadable(place: SecretKeyPlace): Promise<string | undefined> {
  try {
    const kek = await readSecretKey(place);
    if (kek === undefined) return undefined;
    const id = keyIdOf(kek);
    wipe(kek);
    return id;
  } catch (error) {
    if (error instanceof RollcallError) return undefined;
    throw error;
  }
}
