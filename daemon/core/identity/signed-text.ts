import { type CryptoKey, errors, FlattenedSign, flattenedVerify } from 'jose';
import { defect } from '../../kernel/errors.js';
import { algorithm, isSignatureText, jwsHeader, readJwsHeader } from './jws-header.js';
import type { VerifyingKey } from './public-key.js';
import { decodeUtf8, isWellFormed, parseObject } from './strict-text.js';

const messageType = 'rollcall+jws';
const attribute = ',"signature":"';
const ending = '"}';

/** The private half of a signing key in WebCrypto, and its id. */
export interface SigningKey {
  readonly keyId: string;
  readonly privateKey: CryptoKey;
}

/**
 * Adds a detached JWS (RFC 7515 appendix F) to `json` as its last attribute. It signs the UTF-8 bytes of `json` as they are, so neither
 * side needs a canonical form of JSON. `atMs`: wall clock, becomes `iat`. @throws the defect `not-signable`
 */
export async function signText(json: string, key: SigningKey, atMs: number): Promise<string> {
  if (!json.startsWith('{"') || !json.endsWith('}') || !isWellFormed(json)) {
    throw defect('not-signable', 'a text to be signed is not a JSON object with an attribute');
  }
  const signed = await new FlattenedSign(new TextEncoder().encode(json))
    .setProtectedHeader({ ...jwsHeader(messageType, key.keyId, atMs) })
    .sign(key.privateKey);
  return `${json.slice(0, -1)}${attribute}${signed.protected}..${signed.signature}${ending}`;
}

/** The result of a verification. Only `valid` proves the origin of the text. */
export type SignedTextVerdict =
  | {
      readonly outcome: 'valid';
      readonly keyId: string;
      /** When it was signed, seconds since the Unix epoch, as the box says. */
      readonly iat: number;
      /** The signed text, without the attribute `signature`. */
      readonly json: string;
      /** The same, parsed. */
      readonly value: Readonly<Record<string, unknown>>;
    }
  | { readonly outcome: 'unsigned' }
  | { readonly outcome: 'unknown-key'; readonly keyId: string }
  | { readonly outcome: 'bad-signature'; readonly keyId: string }
  | { readonly outcome: 'malformed'; readonly reason: string };

/** The trusted key of an id; undefined where it is not trusted. */
export type KeyOf = (keyId: string) => VerifyingKey | undefined;

/**
 * Verifies that `text`, as it was received, was signed with a key of `keyOf`. Never throws because of the text. The text can neither
 * choose the algorithm nor provide a key.
 */
export async function verifySignedText(text: string | Uint8Array, keyOf: KeyOf): Promise<SignedTextVerdict> {
  const whole = typeof text === 'string' ? text : decodeUtf8(text);
  const message = whole === undefined || !isWellFormed(whole) ? undefined : parseObject(whole);
  if (whole === undefined || message === undefined) return malformed('it is not a JSON object in UTF-8');
  if (!Object.hasOwn(message, 'signature')) return { outcome: 'unsigned' };
  const parts = split(whole, message['signature']);
  if (parts === undefined) return malformed('its signature is not the last attribute, or has the wrong form');
  const value = parseObject(parts.json);
  if (value === undefined || Object.hasOwn(value, 'signature')) return malformed('it has two signatures');
  const header = readJwsHeader(parts.protectedHeader, messageType);
  if (header === undefined) return malformed('the header of its signature is not that of a box');
  const { kid: keyId, iat } = header;
  const key = keyOf(keyId);
  if (key === undefined) return { outcome: 'unknown-key', keyId };
  if (!(await isSignedBy(key, parts))) return { outcome: 'bad-signature', keyId };
  return { outcome: 'valid', keyId, iat, json: parts.json, value };
}

interface SignedParts {
  readonly json: string;
  readonly protectedHeader: string;
  readonly signature: string;
}

function split(whole: string, given: unknown): SignedParts | undefined {
  const at = whole.lastIndexOf(attribute);
  if (at < 0 || !whole.endsWith(ending)) return undefined;
  const written = whole.slice(at + attribute.length, -ending.length);
  // Otherwise the last text is part of a nested value and not the attribute of the message.
  if (written !== given) return undefined;
  const [protectedHeader = '', payload = '', signature = '', ...more] = written.split('.');
  if (payload !== '' || more.length > 0 || !isSignatureText(signature)) return undefined;
  return { json: `${whole.slice(0, at)}}`, protectedHeader, signature };
}

async function isSignedBy(key: VerifyingKey, parts: SignedParts): Promise<boolean> {
  const payload = Buffer.from(parts.json, 'utf8').toString('base64url');
  try {
    const jws = { protected: parts.protectedHeader, payload, signature: parts.signature };
    await flattenedVerify(jws, key, { algorithms: [algorithm] });
    return true;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}

function malformed(reason: string): SignedTextVerdict {
  return { outcome: 'malformed', reason };
}
