import { newRandomBytes } from './sodium.js';

/** Crockford's base 32 in lower case: no letter looks like a digit; safe in topics and file names. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const ID_BYTES = 16;

/** 128 random bits as 26 letters and digits. */
export function opaqueText(): string {
  let value = 0n;
  for (const byte of newRandomBytes(ID_BYTES)) value = (value << 8n) | BigInt(byte);
  let text = '';
  for (let place = 0; place < 26; place += 1) {
    text = ALPHABET.charAt(Number(value & 31n)) + text;
    value >>= 5n;
  }
  return text;
}
