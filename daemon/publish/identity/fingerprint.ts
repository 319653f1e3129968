/** Bytes that are shown: nobody makes another key with the same 16 (RFC 7638 thumbprints are SHA-256). */
const shownBytes = 16;

/** The beginning of a thumbprint as two people can compare it: eight groups of four hexadecimal digits. */
export function fingerprintOf(keyId: string): string {
  const hex = Buffer.from(keyId, 'base64url').subarray(0, shownBytes).toString('hex');
  return (hex.match(/.{4}/g) ?? []).join(' ');
}
