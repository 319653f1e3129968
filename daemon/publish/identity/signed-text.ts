import { type CryptoKey, errors, FlattenedSign, flattenedVerify } from 'jose';
import { defect } from '../../base/errors.js';
import { algorithm, isSignatureText, jwsHeader, readJwsHeader } from './jws-header.js';
import type { VerifyingKey } from './public-key.js';
import { decodeUtf8, isWellFormed, parseObject } from './strict-text.js';

const messageType = 'rollcall+jws';
const attribute = ',"signature":"';
const ending = '"}';

/** The private half of a signing key, as WebCrypto keeps it, and its name. */
export interface SigningKey {
  readonly keyId: string;
  readonly privateKey: CryptoKey;
}

/**
 * `json` with a detached JWS (RFC 7515 appendix F) as its last attribute. What is signed are the UTF-8 bytes of `json` as
 * they are: nobody has to bring JSON into a canonical form, neither here nor where it is verified.
 * `atMs`: wall clock, becomes `iat`. @throws the defect `not-signable`
 */
export async function signText(json: string, key: SigningKey, atMs: number): Promise<string> {
  if (!json.startsWith('{"') || !json.endsWith('}') || !isWellFormed(json)) {
    throw defect('not-signable', 'a text to be signed is no JSON object with an attribute');
  }
  const signed = await new FlattenedSign(new TextEncoder().encode(json))
    .setProtectedHeader({ ...jwsHeader(messageType, key.keyId, atMs) })
    .sign(key.privateKey);
  return `${json.slice(0, -1)}${attribute}${signed.protected}..${signed.signature}${ending}`;
}

/** What a signed text turned out to be. Only `valid` says anything about who wrote it. */
export type SignedTextVerdict =
  | {
      readonly outcome: 'valid';
      readonly keyId: string;
      /** When it was signed, seconds since the Unix epoch, as the box says. */
      readonly iat: number;
      /** The text that was signed: without the attribute `signature`. */
      readonly json: string;
      /** The same, parsed. */
      readonly value: Readonly<Record<string, unknown>>;
    }
  | { readonly outcome: 'unsigned' }
  | { readonly outcome: 'unknown-key'; readonly keyId: string }
  | { readonly outcome: 'bad-signature'; readonly keyId: string }
  | { readonly outcome: 'malformed'; readonly reason: string };

/** The key of that name, if it is one of those that are trusted. */
export type KeyOf = (keyId: string) => VerifyingKey | undefined;

/**
 * Whether `text`, as it came (bytes, or their text), was signed with a key that `keyOf` knows. Never throws for what it
 * reads. Nothing in the text chooses the algorithm or brings a key.
 */
export async function verifySignedText(text: string | Uint8Array, keyOf: KeyOf): Promise<SignedTextVerdict> {
  const whole = typeof text === 'string' ? text : decodeUtf8(text);
  const message = whole === undefined || !isWellFormed(whole) ? undefined : parseObject(whole);
  if (whole === undefined || message === undefined) return malformed('it is no JSON object in UTF-8');
  if (!Object.hasOwn(message, 'signature')) return { outcome: 'unsigned' };
  const parts = split(whole, message['signature']);
  if (parts === undefined) return malformed('its signature is not its last attribute, or has another form');
  const value = parseObject(parts.json);
  if (value === undefined || Object.hasOwn(value, 'signature')) return malformed('it has two signatures');
  const header = readJwsHeader(parts.protectedHeader, messageType);
  if (header === undefined) return malformed('the header of its signature is not as a box makes it');
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
  // Otherwise what stands last is not the attribute of the message itself.
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
