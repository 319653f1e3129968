import type { Sodium } from './sodium.js';

/** Longest name, in characters (code points). */
export const LONGEST_NAME = 200;

/** Sealed names are padded to a multiple of this, so that their length says little about them. */
const NAME_BLOCK_BYTES = 64;

/**
 * Control characters, line and paragraph separators, lone surrogates, and the marks that reorder text on a screen
 * (Unicode Bidirectional Algorithm, UAX #9). Joiners stay: names in several scripts need them.
 */
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

/** The name as it is stored (trimmed, Unicode NFC), or why it cannot be one. */
export function checkName(text: string): { readonly name: string } | { readonly problem: string } {
  const name = text.trim().normalize('NFC');
  if (name.length === 0) return { problem: 'the name is empty' };
  if (unprintable.test(name)) return { problem: 'the name contains control characters' };
  if ([...name].length > LONGEST_NAME)
    return { problem: `the name is longer than ${LONGEST_NAME} characters` };
  return { name };
}

export function encodeName(sodium: Sodium, name: string): Uint8Array {
  return sodium.pad(new TextEncoder().encode(name), NAME_BLOCK_BYTES);
}

export function decodeName(sodium: Sodium, padded: Uint8Array): string {
  return new TextDecoder().decode(sodium.unpad(padded, NAME_BLOCK_BYTES));
}
