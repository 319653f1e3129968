import { decodeUtf8, parseObject } from './strict-text.js';

/** The only algorithm: Ed25519 (RFC 8037). No message can choose another. */
export const algorithm = 'EdDSA';

/** SHA-256 in base64url. */
const keyIdForm = /^[A-Za-z0-9_-]{43}$/;
/** 64 bytes in base64url. */
const signatureForm = /^[A-Za-z0-9_-]{86}$/;
const largestHeader = 1024;

/** The type in the header prevents that a signature for one purpose is accepted for another. */
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
 * Reads a base64url header. Undefined unless it has exactly the four parameters that the box writes, so `crit`, `b64`, keys and key
 * addresses are refused.
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

/** Several base64url texts can decode to the same bytes; accepts only the canonical one. */
export function isSignatureText(text: string): boolean {
  return signatureForm.test(text) && Buffer.from(text, 'base64url').toString('base64url') === text;
}
