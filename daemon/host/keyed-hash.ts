import { createHmac, hkdfSync } from 'node:crypto';
import { KEY_BYTES, secretBytes, wipe } from './sodium.js';

type Part = string | number | Uint8Array;

/**
 * HMAC-SHA-256 (RFC 2104, FIPS 198-1) over `use` and `parts`, 32 bytes. `use` separates the uses of one key. `encodeParts`
 * makes sure that different parts never have the same bytes.
 */
export function keyedHash(key: Uint8Array, use: string, parts: readonly Part[]): Buffer {
  return createHmac('sha256', key)
    .update(encodeParts([use, ...parts]))
    .digest();
}

/**
 * Encodes several parts unambiguously: the number of parts, then each part after its length, like PASETO's
 * pre-authentication encoding (https://github.com/paseto-standard/paseto-spec, "PAE Definition"). Numbers are written in
 * decimal, so no digit is lost.
 */
function encodeParts(parts: readonly Part[]): Buffer {
  const pieces: Uint8Array[] = [littleEndian(parts.length)];
  for (const part of parts) {
    const bytes = part instanceof Uint8Array ? part : Buffer.from(String(part), 'utf8');
    pieces.push(littleEndian(bytes.length), bytes);
  }
  return Buffer.concat(pieces);
}

function littleEndian(count: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(count);
  return bytes;
}

/** A key of 32 bytes for one use of another key (HKDF with SHA-256, RFC 5869), in guarded memory; the caller wipes it. */
export function hkdfKey(key: Uint8Array, use: string): Uint8Array {
  const bytes = new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), use, KEY_BYTES));
  const derived = secretBytes(KEY_BYTES);
  derived.set(bytes);
  wipe(bytes);
  return derived;
}
