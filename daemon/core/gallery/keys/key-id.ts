import { deriveSubkey, wipe } from '../../../host/sodium.js';

/** Context of every subkey of a KEK (crypto_kdf: keyed BLAKE2b). Never use it for another purpose. */
export const KEK_CONTEXT = 'rcgallry';
/** Number of the subkey of the public id. */
export const KEK_ID_SUBKEY = 3;
/** Bytes of the id; twice as many hexadecimal digits. */
export const KEK_ID_BYTES = 8;

/** crypto_kdf gives at least 16 bytes. */
const leastSubkeyBytes = 16;

/** Public id of a KEK, lower-case hexadecimal. Reveals nothing about the key. */
export function keyIdOf(kek: Uint8Array): string {
  const derived = new Uint8Array(leastSubkeyBytes);
  deriveSubkey(derived, kek, KEK_ID_SUBKEY, KEK_CONTEXT);
  const id = Buffer.from(derived.subarray(0, KEK_ID_BYTES)).toString('hex');
  wipe(derived);
  return id;
}
