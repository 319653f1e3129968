import type { z } from 'zod';
import { badInput } from '../../base/errors.js';
import { sealTo } from '../../host/sealed-box.js';
import { wipe } from '../../host/sodium.js';
import type { BoxDecryption } from '../../publish/identity/box-decryption.js';

/** Bytes of the key that digests are made with. */
export const DIGEST_KEY_BYTES = 32;

/**
 * What a centre sealed to the box, checked. No message holds anything of it.
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
    const places = parsed.error.issues.slice(0, 5).map(({ path, code }) => `${placeOf(path)} (${code})`);
    throw badInput('sealed-malformed', `what was sealed does not fit the command: ${places.join(', ')}`);
  } finally {
    wipe(bytes);
  }
}

/** Names of fields are the centre's own words: only those that look like names are repeated. */
function placeOf(path: readonly PropertyKey[]): string {
  const place = path.map((part) => String(part).replaceAll(/[^A-Za-z0-9_-]/g, '?')).join('.');
  return place === '' ? 'the whole' : place.slice(0, 100);
}

/** In memory made for keys; the caller wipes it. @throws `sealed-unreadable` */
export function openSealedBytes(sealed: string, decryption: BoxDecryption): Uint8Array {
  const bytes = decryption.open(Buffer.from(sealed, 'base64url'));
  if (bytes !== undefined) return bytes;
  throw badInput(
    'sealed-unreadable',
    'what was sealed was not sealed to the key of this box, or was altered',
    {
      remedy: 'seal it to the X25519 key that the box publishes in its key set',
    },
  );
}

/** The key of a digest. The caller wipes it. @throws `sealed-unreadable`, `sealed-malformed` */
export function openDigestKey(sealed: string, decryption: BoxDecryption): Uint8Array {
  const key = openSealedBytes(sealed, decryption);
  if (key.length === DIGEST_KEY_BYTES) return key;
  wipe(key);
  throw badInput('sealed-malformed', `the key of a digest has ${DIGEST_KEY_BYTES} bytes`);
}

/** JSON that only the holder of the key can read, base64url. @throws `public-key-weak` */
export function sealJson(publicKey: string, value: unknown): string {
  return sealBytes(publicKey, Buffer.from(JSON.stringify(value), 'utf8'));
}

/** The same for bytes. @throws `public-key-weak` */
export function sealBytes(publicKey: string, bytes: Uint8Array): string {
  const sealed = sealTo(Buffer.from(publicKey, 'base64url'), bytes);
  if (sealed !== undefined) return Buffer.from(sealed).toString('base64url');
  throw badInput('public-key-weak', 'the key to seal to is no X25519 key that protects anything');
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError) throw badInput('sealed-malformed', 'what was sealed is no JSON');
    throw error;
  }
}
