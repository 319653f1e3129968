import { createHash } from 'node:crypto';
import { secretBytes, wipe } from '../../host/sodium.js';
import { counted } from '../../kernel/counted.js';
import type { RollcallError } from '../../kernel/errors.js';
import { refusal } from '../../words/errors.js';

const KEY_BYTES = 32;
const CHECK_BYTES = 4;
const DIGITS = 2 * (KEY_BYTES + CHECK_BYTES);

const words = { secret: 'rollcall-recovery-secret-1', public: 'rollcall-recovery-public-1' } as const;

/** Which half of a recovery key. */
export type RecoveryKeyHalf = keyof typeof words;

/**
 * One half as a line of ASCII that can be printed and typed in again: a word, a space, 72 hexadecimal digits and a line feed.
 * The last 8 digits are a checksum: the first bytes of the SHA-256 of word and key. Returns bytes, because strings cannot be
 * wiped.
 */
export function writeRecoveryKey(half: RecoveryKeyHalf, key: Uint8Array): Uint8Array {
  const word = words[half];
  const line = Buffer.alloc(word.length + 1 + DIGITS + 1);
  line.write(`${word} `, 'latin1');
  writeDigits(line, word.length + 1, key);
  writeDigits(line, word.length + 1 + 2 * KEY_BYTES, checkOf(half, key));
  line.write('\n', line.length - 1, 'latin1');
  return line;
}

/**
 * Reads the output of `writeRecoveryKey` and ignores white space. The key is in guarded memory; the caller wipes it.
 * @throws `recovery-key-malformed`, which never contains the input
 */
export function readRecoveryKey(half: RecoveryKeyHalf, text: Uint8Array): Uint8Array {
  const characters = text.filter((byte) => byte > 0x20);
  const bytes = secretBytes(KEY_BYTES + CHECK_BYTES);
  try {
    const word = Buffer.from(words[half], 'latin1');
    if (!word.equals(characters.subarray(0, word.length)))
      throw malformed(`it does not begin with "${words[half]}"`);
    const digits = characters.subarray(word.length);
    if (digits.length !== DIGITS)
      throw malformed(`it has ${counted(digits.length, 'digit')} instead of ${DIGITS}`);
    readDigits(bytes, digits);
    const key = secretBytes(KEY_BYTES);
    key.set(bytes.subarray(0, KEY_BYTES));
    if (!checkOf(half, key).equals(bytes.subarray(KEY_BYTES))) {
      wipe(key);
      throw malformed('a digit is wrong');
    }
    return key;
  } finally {
    wipe(characters);
    wipe(bytes);
  }
}

function checkOf(half: RecoveryKeyHalf, key: Uint8Array): Buffer {
  return createHash('sha256').update(words[half]).update(key).digest().subarray(0, CHECK_BYTES);
}

// Hexadecimal by hand: library functions use a string, which stays in memory.

function writeDigits(target: Buffer, offset: number, bytes: Uint8Array): void {
  for (const [index, byte] of bytes.entries()) {
    target[offset + 2 * index] = digit(byte >> 4);
    target[offset + 2 * index + 1] = digit(byte & 15);
  }
}

function digit(value: number): number {
  return value < 10 ? 0x30 + value : 0x61 + value - 10;
}

function readDigits(target: Uint8Array, digits: Uint8Array): void {
  for (const [index, character] of digits.entries()) {
    const lowerCase = character | 0x20;
    const isDigit = character >= 0x30 && character <= 0x39;
    if (!isDigit && !(lowerCase >= 0x61 && lowerCase <= 0x66))
      throw malformed('it has characters that are not hexadecimal digits');
    const value = isDigit ? character - 0x30 : lowerCase - 0x61 + 10;
    target[index >> 1] = ((target[index >> 1] ?? 0) << 4) | value;
  }
}

function malformed(why: string): RollcallError {
  return refusal('recovery-key-malformed:half', { why });
}
