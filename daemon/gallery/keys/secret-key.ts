import { counted } from '../../base/counted.js';
import { badInput, isRollcallError, RollcallError } from '../../base/errors.js';
import { type CredentialPlaces, openCredential } from '../../host/credentials.js';
import { KEY_BYTES, secretBytes, wipe } from '../../host/sodium.js';
import { keyIdOf } from './key-id.js';

/** Where one key may be. */
export interface SecretKeyPlace {
  readonly name: string;
  readonly places: CredentialPlaces;
}

/**
 * The key in memory of its own; undefined where there is no such secret.
 * @throws `key-malformed`, and what `openCredential` throws otherwise
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
      throw badInput(
        'key-malformed',
        `the secret "${name}" has ${counted(bytes.length, 'byte')}, a key has ${KEY_BYTES}`,
        {
          remedy: 'put back the key exactly as it was made: raw bytes, no text form of them, no line end',
        },
      );
    }
    const kek = secretBytes(KEY_BYTES);
    kek.set(bytes);
    return kek;
  } finally {
    wipe(bytes);
  }
}

/** Public id of the key; undefined where there is none, or none that can be used. */
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
