import { decodeUtf8, parseObject } from './strict-text.js';

/** The only algorithm: Ed25519 (RFC 8037). Nothing that is read can choose another. */
export const algorithm = 'EdDSA';

/** SHA-256 in base64url. */
const keyIdForm = /^[A-Za-z0-9_-]{43}$/;
/** 64 bytes in base64url. */
const signatureForm = /^[A-Za-z0-9_-]{86}$/;
const largestHeader = 1024;

/** Keeps a signature over one sort of thing from ever being taken for one over another. */
export type JwsType = 'rollcall+jws' | 'rollcall-endorsement+jws';

export interface JwsHeader {
  readonly alg: typeof algorithm;
  readonly kid: string;
  readonly typ: JwsType;
  /** Seconds since the Unix epoch. */
  readonly iat: number;
}

/** `atMs`: wall clock. */
export function jwsHeader(typ: JwsType, keyId: string, atMs: number): JwsHeader {
  return { alg: algorithm, kid: keyId, typ, iat: Math.floor(atMs / 1000) };
}

/**
 * The header that is written so, base64url. Undefined unless it has exactly the four parameters that the box writes: so no
 * `crit`, no `b64`, no key or address of one.
 */
export function readJwsHeader(
  encoded: string,
  typ: JwsType,
): { readonly kid: string; readonly iat: number } | undefined {
  if (encoded.length > largestHeader) return undefined;
  const text = decodeUtf8(Buffer.from(encoded, 'base64url'));
  const header = text === undefined ? undefined : parseObject(text);
  if (header === undefined || Object.keys(header).length !== 4) return undefined;
  const { alg, kid, typ: found, iat } = header;
  if (alg !== algorithm || found !== typ) return undefined;
  if (typeof kid !== 'string' || !keyIdForm.test(kid) || !Number.isSafeInteger(iat)) return undefined;
  return { kid, iat: Number(iat) };
}

/** Two texts of base64url can stand for the same bytes; only one of them is what was written. */
export function isSignatureText(text: string): boolean {
  return signatureForm.test(text) && Buffer.from(text, 'base64url').toString('base64url') === text;
}
