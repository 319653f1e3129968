import type { Sodium } from './sodium.js';

/** Sealed names are padded to a multiple of this, so that their length says little about them. */
const NAME_BLOCK_BYTES = 64;

export function encodeName(sodium: Sodium, name: string): Uint8Array {
  return sodium.pad(new TextEncoder().encode(name), NAME_BLOCK_BYTES);
}

export function decodeName(sodium: Sodium, padded: Uint8Array): string {
  return new TextDecoder().decode(sodium.unpad(padded, NAME_BLOCK_BYTES));
}
