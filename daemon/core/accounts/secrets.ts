import { createHash } from 'node:crypto';
import { newRandomBytes } from '../../host/sodium.js';

/** Kinds of secrets that the box makes. The prefix tells scanners and readers what a found text is. */
const prefixes = {
  session: 'rcs_',
  refresh: 'rcr_',
  'api-key': 'rck_',
  claim: 'rcc_',
  link: 'rcl_',
  phone: 'rcp_',
  screen: 'rcd_',
  'screen-pairing': 'rct_',
} as const;
export type SecretKind = keyof typeof prefixes;

const secretBytesCount = 32;
const form = /^[A-Za-z0-9_-]{43}$/;

/** A new secret of 256 random bits. It is shown once; the box keeps only its hash. */
export function newSecret(kind: SecretKind): { readonly text: string; readonly hash: Buffer } {
  const text = prefixes[kind] + Buffer.from(newRandomBytes(secretBytesCount)).toString('base64url');
  return { text, hash: sha256(text) };
}

/** The hash by which the box finds a secret again; undefined for a text that cannot be one of this kind. */
export function hashOfSecret(kind: SecretKind, text: string): Buffer | undefined {
  const prefix = prefixes[kind];
  return text.startsWith(prefix) && form.test(text.slice(prefix.length)) ? sha256(text) : undefined;
}

export function isSecret(kind: SecretKind, text: string): boolean {
  return hashOfSecret(kind, text) !== undefined;
}

const recoveryAlphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const recoveryForm = /^[0-9a-hjkmnp-tv-z]{16}$/;
/** Codes that a user gets at once. */
export const recoveryCodeCount = 10;

/** New recovery codes of 80 random bits, in groups that can be read aloud. */
export function newRecoveryCodes(): readonly string[] {
  return Array.from({ length: recoveryCodeCount }, () => {
    const letters = [...newRandomBytes(16)].map((byte) => recoveryAlphabet.charAt(byte & 31));
    return [0, 4, 8, 12].map((start) => letters.slice(start, start + 4).join('')).join('-');
  });
}

/** The hash of a recovery code as it was typed; undefined for a text that cannot be one. Bound to its user. */
export function hashOfRecoveryCode(userId: string, typed: string): Buffer | undefined {
  const plain = typed.toLowerCase().replaceAll(/[\s-]/g, '').replaceAll('o', '0').replaceAll(/[il]/g, '1');
  return recoveryForm.test(plain) ? sha256(`recovery code\n${userId}\n${plain}`) : undefined;
}

/** A password that the box makes: 100 random bits, to be replaced at the first login. */
export function newInitialPassword(): string {
  const letters = [...newRandomBytes(20)].map((byte) => recoveryAlphabet.charAt(byte & 31));
  return [0, 5, 10, 15].map((start) => letters.slice(start, start + 5).join('')).join('-');
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
