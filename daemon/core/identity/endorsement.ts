import { CompactSign, compactVerify, errors } from 'jose';
import { algorithm, isSignatureText, jwsHeader, readJwsHeader } from './jws-header.js';
import type { VerifyingKey } from './public-key.js';
import type { KeyOf, SigningKey } from './signed-text.js';
import { decodeUtf8, parseObject } from './strict-text.js';

const type = 'rollcall-endorsement+jws';
const longest = 2048;

/**
 * Endorses the next key with the former one: a compact JWS with the payload `{"key":"<thumbprint>"}`. Receivers that trust the former
 * key can follow, whatever a broker in between does.
 */
export async function endorse(keyId: string, by: SigningKey, atMs: number): Promise<string> {
  return new CompactSign(new TextEncoder().encode(JSON.stringify({ key: keyId })))
    .setProtectedHeader({ ...jwsHeader(type, by.keyId, atMs) })
    .sign(by.privateKey);
}

export interface Endorsement {
  /** Thumbprint of the endorsed key. */
  readonly keyId: string;
  /** Thumbprint of the endorsing key. */
  readonly byKeyId: string;
}

/** Reads an endorsement; undefined where it is not a valid one by a key of `keyOf`. Never throws because of `text`. */
export async function readEndorsement(text: string, keyOf: KeyOf): Promise<Endorsement | undefined> {
  const [header = '', payload = '', signature = '', ...more] = text.split('.');
  if (text.length > longest || more.length > 0 || !isSignatureText(signature)) return undefined;
  const byKeyId = readJwsHeader(header, type)?.kid;
  const key = byKeyId === undefined ? undefined : keyOf(byKeyId);
  if (byKeyId === undefined || key === undefined) return undefined;
  const signed = await payloadSignedBy(key, `${header}.${payload}.${signature}`);
  const endorsed = signed === undefined ? undefined : parseObject(decodeUtf8(signed) ?? '');
  const keyId = endorsed?.['key'];
  return typeof keyId === 'string' ? { keyId, byKeyId } : undefined;
}

async function payloadSignedBy(key: VerifyingKey, jws: string): Promise<Uint8Array | undefined> {
  try {
    return (await compactVerify(jws, key, { algorithms: [algorithm] })).payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}
