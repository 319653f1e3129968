import { type PersonId, personId } from '../domain/ids.js';
import { newRandomBytes } from '../host/sodium.js';

/** Crockford's base 32, lower case: no letters that are mistaken for digits; safe in topics and file names. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const ID_BYTES = 16;

/** 128 random bits as 26 letters and digits. */
function opaqueText(): string {
  let value = 0n;
  for (const byte of newRandomBytes(ID_BYTES)) value = (value << 8n) | BigInt(byte);
  let text = '';
  for (let place = 0; place < 26; place += 1) {
    text = ALPHABET.charAt(Number(value & 31n)) + text;
    value >>= 5n;
  }
  return text;
}

/** A new person id, `p-` and 128 random bits: says nothing about the person or when they were enrolled. */
export function newPersonId(): PersonId {
  return personId(`p-${opaqueText()}`);
}

/**
 * An id for another row: `t` template, `f` photograph, `e` evidence, `k` data key, `i` import. The prefix only helps the eye.
 */
export function newRowId(prefix: 't' | 'f' | 'e' | 'k' | 'i'): string {
  return `${prefix}-${opaqueText()}`;
}
