import { isUtf8 } from 'node:buffer';
import { refusal } from '../../../words/errors.js';

/** Fewest characters. NIST SP 800-63B requires 8 if the number of guesses is limited; here it is not. */
const leastCharacters = 12;
/** Fewest different bytes. Refuses repeated letters only, not every bad choice. */
const leastDifferent = 6;
export const MOST_PASSPHRASE_BYTES = 1024;

/**
 * The problems of a new passphrase, in sentences that do not contain it. Works on the bytes, because a string cannot be wiped.
 */
export function passphraseProblems(passphrase: Uint8Array): readonly string[] {
  const problems: string[] = [];
  if (!isUtf8(passphrase)) problems.push('it is not UTF-8 text');
  if (passphrase.some((byte) => byte < 0x20 || byte === 0x7f)) {
    problems.push('it contains a line end, a tab or another control character');
  }
  // Bytes that continue a character are 10xxxxxx (RFC 3629).
  const characters = passphrase.reduce((count, byte) => count + ((byte & 0xc0) === 0x80 ? 0 : 1), 0);
  if (characters < leastCharacters) problems.push(`it is shorter than ${leastCharacters} characters`);
  if (new Set(passphrase).size < leastDifferent) {
    problems.push(`it has fewer than ${leastDifferent} different characters`);
  }
  if (passphrase.length > MOST_PASSPHRASE_BYTES) {
    problems.push(`it is longer than ${MOST_PASSPHRASE_BYTES} bytes`);
  }
  return problems;
}

/**
 * Refuses a new passphrase of a gallery or a backup that is too easy to guess. An attacker with the file can guess without
 * limit. @throws `passphrase-refused`, which names all problems and never the passphrase
 */
export function refuseWeakPassphrase(passphrase: Uint8Array): void {
  const problems = passphraseProblems(passphrase);
  if (problems.length === 0) return;
  throw refusal('passphrase-refused', { problems: problems.join('; ') });
}
