import type { z } from 'zod';
import { sealTo } from '../../host/sealed-box.js';
import { wipe } from '../../host/sodium.js';
import { refusal } from '../../words/errors.js';
import type { BoxDecryption } from '../identity/identity-keys.js';

/** Length of the key of a gallery digest. */
export const DIGEST_KEY_BYTES = 32;

/**
 * Opens and checks JSON that a centre sealed to the box. No error message repeats its content.
 * @throws `sealed-unreadable`, `sealed-malformed`
 */
export function openSealedJson<Value>(
  sealed: string,
  decryption: BoxDecryption,
  schema: z.ZodType<Value>,
): Value {
  const bytes = openSealedBytes(sealed, decryption);
  try {
    const parsed = schema.safeParse(parse(bytes));
    if (parsed.success) return parsed.data;
    throw refusal('sealed-malformed:content', { fields: placesOf(parsed.error) });
  } finally {
    wipe(bytes);
  }
}

/** Where a content does not fit, without what stands there. */
export function placesOf({ issues }: z.ZodError): string {
  return issues
    .slice(0, 5)
    .map(({ path, code }) => `${placeOf(path)} (${code})`)
    .join(', ');
}

/** The centre chooses the field names, so only harmless characters are repeated. */
function placeOf(path: readonly PropertyKey[]): string {
  const place = path.map((part) => String(part).replaceAll(/[^A-Za-z0-9_-]/g, '?')).join('.');
  return place === '' ? 'top level' : place.slice(0, 100);
}

/** Opens into memory for secrets. The caller wipes it. @throws `sealed-unreadable` */
export function openSealedBytes(sealed: string, decryption: BoxDecryption): Uint8Array {
  const bytes = decryption.open(Buffer.from(sealed, 'base64url'));
  if (bytes !== undefined) return bytes;
  throw refusal('sealed-unreadable');
}

/** Opens the key of a gallery digest. The caller wipes it. @throws `sealed-unreadable`, `sealed-malformed` */
export function openDigestKey(sealed: string, decryption: BoxDecryption): Uint8Array {
  const key = openSealedBytes(sealed, decryption);
  if (key.length === DIGEST_KEY_BYTES) return key;
  wipe(key);
  throw refusal('sealed-malformed:digest-key', { digestKeyBytes: DIGEST_KEY_BYTES });
}

/** Seals JSON to a public key; base64url. @throws `public-key-weak` */
export function sealJson(publicKey: string, value: unknown): string {
  return sealBytes(publicKey, Buffer.from(JSON.stringify(value), 'utf8'));
}

/** Seals bytes to a public key; base64url. @throws `public-key-weak` */
export function sealBytes(publicKey: string, bytes: Uint8Array): string {
  const sealed = sealTo(Buffer.from(publicKey, 'base64url'), bytes);
  if (sealed !== undefined) return Buffer.from(sealed).toString('base64url');
  throw refusal('public-key-weak');
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError) throw refusal('sealed-malformed:json');
    throw error;
  }
}
