import { isUtf8 } from 'node:buffer';
import { badInput } from '../../base/errors.js';

/** Fewest characters; NIST SP 800-63B asks for 8 where guesses are limited, and here they are not. */
const leastCharacters = 12;
/** Fewest different bytes: refuses a repeated letter, not a bad choice. */
const leastDifferent = 6;
export const MOST_PASSPHRASE_BYTES = 1024;

/**
 * Why a new passphrase is not good enough, in sentences without it; empty where it is. The bytes are looked at in
 * place: no string of them is made, since a string cannot be wiped.
 */
export function passphraseProblems(passphrase: Uint8Array): readonly string[] {
  const problems: string[] = [];
  if (!isUtf8(passphrase)) problems.push('it is not UTF-8 text');
  if (passphrase.some((byte) => byte < 0x20 || byte === 0x7f)) {
    problems.push('it holds a line end, a tab or another control character');
  }
  // Bytes that continue a character are 10xxxxxx (RFC 3629).
  const characters = passphrase.reduce((count, byte) => count + ((byte & 0xc0) === 0x80 ? 0 : 1), 0);
  if (characters < leastCharacters) problems.push(`it is shorter than ${leastCharacters} characters`);
  if (new Set(passphrase).size < leastDifferent) {
    problems.push(`it is made of fewer than ${leastDifferent} different characters`);
  }
  if (passphrase.length > MOST_PASSPHRASE_BYTES) {
    problems.push(`it is longer than ${MOST_PASSPHRASE_BYTES} bytes`);
  }
  return problems;
}

/**
 * Refuses a new passphrase that is too easy to guess, be it of a gallery or of a backup: both can be guessed at without limit
 * by a person who has the file. @throws `passphrase-refused`, which names all problems and never the passphrase
 */
export function refuseWeakPassphrase(passphrase: Uint8Array): void {
  const problems = passphraseProblems(passphrase);
  if (problems.length === 0) return;
  throw badInput('passphrase-refused', `the passphrase is not good enough: ${problems.join('; ')}`, {
    remedy: 'choose a longer one; six random words are easy to type and hard to guess',
  });
}
