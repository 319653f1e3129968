import { badInput, defect, operational } from '../base/errors.js';
import type { FieldPlace } from './field-place.js';
import { KEY_ID_BYTES, openField, type SealingKey, sealField } from './sealing.js';
import { loadSodium, type Sodium } from './sodium.js';

/** Bytes of the secret that an installer keeps for a gallery. */
export const GALLERY_KEY_BYTES = 32;

/** Context and numbers of the subkeys (crypto_kdf: keyed BLAKE2b); never to be used for anything else. */
const KDF_CONTEXT = 'rcgallry';
const SEALING_SUBKEY = 1;
const CHECK_SUBKEY = 2;
const ID_SUBKEY = 3;

/** Where the gallery's secret comes from: a file, a systemd credential, later a TPM or a passphrase. */
export interface KeyProvider {
  /** Says where it looks, for messages; never contains the secret. */
  readonly description: string;
  /** The secret; undefined where none was set up yet. The reader wipes the bytes after use. */
  readSecret(): Promise<Uint8Array | undefined>;
}

/**
 * Seals and opens the fields of one gallery. Holds only keys derived from the secret, never the secret itself,
 * and wipes them when disposed.
 */
export class GalleryKey implements Disposable {
  /** Public identifier of the key, hexadecimal; says nothing about the secret. */
  readonly id: string;
  readonly #sodium: Sodium;
  readonly #sealing: SealingKey;
  readonly #check: Uint8Array;
  #isDisposed = false;

  constructor(sodium: Sodium, secret: Uint8Array) {
    const derive = (size: number, subkey: number): Uint8Array =>
      sodium.crypto_kdf_derive_from_key(size, subkey, KDF_CONTEXT, secret);
    this.#sodium = sodium;
    // crypto_kdf gives at least 16 bytes.
    this.id = sodium.to_hex(derive(16, ID_SUBKEY).subarray(0, KEY_ID_BYTES));
    this.#sealing = { id: this.id, bytes: derive(GALLERY_KEY_BYTES, SEALING_SUBKEY) };
    this.#check = derive(32, CHECK_SUBKEY);
  }

  /** Stored beside the data: tells a wrong key from damaged data without giving the key away. */
  get checkValue(): Uint8Array {
    return Uint8Array.from(this.#check);
  }

  hasCheckValue(stored: Uint8Array): boolean {
    return stored.length === this.#check.length && this.#sodium.memcmp(stored, this.#check);
  }

  seal(place: FieldPlace, plaintext: Uint8Array): Uint8Array {
    this.#assertUsable();
    return sealField(this.#sodium, this.#sealing, place, plaintext);
  }

  /** The plaintext; undefined where it does not open (see `openField`). The caller wipes it after use. */
  open(place: FieldPlace, sealed: Uint8Array): Uint8Array | undefined {
    this.#assertUsable();
    return openField(this.#sodium, this.#sealing, place, sealed);
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#sodium.memzero(this.#sealing.bytes);
    this.#sodium.memzero(this.#check);
  }

  #assertUsable(): void {
    if (this.#isDisposed) throw defect('key-disposed', 'the gallery key was used after it was wiped');
  }
}

/** A new random secret of `GALLERY_KEY_BYTES`, to be stored where a key provider finds it. Wipe it afterwards. */
export async function createGalleryKey(): Promise<Uint8Array> {
  const sodium = await loadSodium();
  return sodium.randombytes_buf(GALLERY_KEY_BYTES);
}

/**
 * Reads the secret and derives the gallery's key; the bytes of the secret are wiped.
 * @throws `key-missing` where there is no secret, `key-malformed` where it has the wrong size
 */
export async function readGalleryKey(provider: KeyProvider): Promise<GalleryKey> {
  const sodium = await loadSodium();
  const secret = await provider.readSecret();
  if (secret === undefined) {
    throw operational('key-missing', `there is no gallery key in ${provider.description}`, {
      remedy:
        'Create one with `rollcall key init`, or put back the key file that belongs to this gallery; without it nothing in the gallery can be read.',
    });
  }
  try {
    if (secret.length !== GALLERY_KEY_BYTES) {
      throw badInput(
        'key-malformed',
        `the gallery key in ${provider.description} has ${secret.length} bytes instead of ${GALLERY_KEY_BYTES}`,
        { remedy: 'Put back the key file exactly as `rollcall key init` wrote it.' },
      );
    }
    return new GalleryKey(sodium, secret);
  } finally {
    sodium.memzero(secret);
  }
}
