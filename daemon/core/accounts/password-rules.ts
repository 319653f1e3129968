import type { RollcallError } from '../../kernel/errors.js';
import { type SaidValues, said } from '../../kernel/said.js';
import { refusal } from '../../words/errors.js';

export const shortestPassword = 12;
export const longestPassword = 256;
/** A password that contains a known word must have so many other characters. */
const leastBeside = 8;
/** Fewer different characters are a pattern, such as `121212121212`. */
const leastDifferent = 5;

/** Words that an attacker tries first at this box: the user name, the site, the box. */
export interface KnownWords {
  readonly userName: string;
  readonly siteWords: readonly string[];
}

/** The form in which a password is checked and hashed: what looks the same is the same. */
export function normalPassword(text: string): string {
  return text.normalize('NFKC');
}

/**
 * Refuses a password that is too short, too long, common, or made of known words. Demands no kinds of characters (NIST SP
 * 800-63B, section 5.1.1.2). `text` is normalised.
 * @throws `password-refused`, whose detail `reason` is a code
 */
export async function refuseWeakPassword(text: string, { userName, siteWords }: KnownWords): Promise<void> {
  const length = [...text].length;
  if (length < shortestPassword) {
    throw refused('password-refused:too-short', { length, shortest: shortestPassword });
  }
  if (length > longestPassword) {
    throw refused('password-refused:too-long', { length, longest: longestPassword });
  }
  const plain = text.toLowerCase();
  for (const word of [userName, ...siteWords].map((each) => each.toLowerCase())) {
    if (word.length < 3 || [...plain.replaceAll(word, '')].length >= leastBeside) continue;
    throw refused('password-refused:known-word');
  }
  if (new Set(plain).size < leastDifferent || (await isCommon(plain))) {
    throw refused('password-refused:common');
  }
}

/** The new password is the present one or the one before it. */
export function usedBefore(): RollcallError {
  return refused('password-refused:used-before');
}

function refused(
  key: Extract<Parameters<typeof refusal>[0], `password-refused:${string}`>,
  values: SaidValues = {},
): RollcallError {
  const remedy = said('errors/remedy-password-refused', { shortest: shortestPassword });
  return refusal(key, values, { remedy, details: { reason: key.slice('password-refused:'.length) } });
}

/** True for a common password, also repeated, or with digits and signs before and after it. */
async function isCommon(plain: string): Promise<boolean> {
  // Read for the first password that is chosen, and not at the start of the box, which it would delay.
  const { commonPasswords: list } = await import('./common-passwords.js');
  const letters = plain.replace(/^[^\p{L}]+/u, '').replace(/[^\p{L}]+$/u, '');
  if (isRun(plain)) return true;
  return [plain, letters].some((text) => list.has(text) || list.has(repeatedPart(text)));
}

/** `abcabcabc` → `abc`; a text that repeats nothing stays. */
function repeatedPart(text: string): string {
  return /^(.+?)\1+$/su.exec(text)?.[1] ?? text;
}

/** True if each character follows the one before it in the same step: `123456789012`, `987654321098`, `lmnopqrstuvw`. */
function isRun(text: string): boolean {
  const codes = [...text].map((each) => each.charCodeAt(0));
  const steps = codes.slice(1).map((code, index) => (code - (codes[index] ?? 0) + 10) % 10);
  return new Set(steps).size === 1;
}
