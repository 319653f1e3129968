import { keyedHash } from '../host/keyed-hash.js';

/** Bytes of the audit key and of every hash in the log. */
export const HASH_BYTES = 32;
/** What the first entry of all names as the hash before it. */
export const beforeTheFirst: Uint8Array = new Uint8Array(HASH_BYTES);

/** Everything an entry's hash speaks for: all columns of its row but the hash itself. */
export interface SealedEntry {
  readonly sequence: number;
  readonly atMs: number;
  readonly actor: string;
  readonly origin: string;
  readonly action: string;
  readonly subject: string;
  readonly details: string;
  readonly keyId: string;
  readonly previous: Uint8Array;
}

export function hashEntry(key: Uint8Array, entry: SealedEntry): Buffer {
  const { sequence, atMs, actor, origin, action, subject, details, keyId, previous } = entry;
  return keyedHash(key, 'rollcall audit entry 1', [
    sequence,
    atMs,
    actor,
    origin,
    action,
    subject,
    details,
    keyId,
    previous,
  ]);
}

/** The newest entry ever written, or the last one cut off. */
export type MarkKind = 'head' | 'anchor';

export interface Mark {
  readonly sequence: number;
  readonly hash: Uint8Array;
  readonly keyId: string;
}

export function sealMark(key: Uint8Array, kind: MarkKind, { sequence, hash, keyId }: Mark): Buffer {
  return keyedHash(key, `rollcall audit ${kind} 1`, [sequence, hash, keyId]);
}

/** Names a key without telling anything about it: 16 hexadecimal digits. */
export function auditKeyId(key: Uint8Array): string {
  return keyedHash(key, 'rollcall audit key id 1', []).toString('hex', 0, 8);
}
