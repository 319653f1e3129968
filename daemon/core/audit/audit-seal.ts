import { keyedHash } from '../../host/keyed-hash.js';
import { areEqual } from '../../host/sodium.js';

/** Bytes of the audit key and of every hash in the log. */
export const HASH_BYTES = 32;
/** The previous hash of the very first entry. */
export const beforeTheFirst: Uint8Array = new Uint8Array(HASH_BYTES);

/** The hashed columns of an entry: all except the hash itself. */
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

/** `head`: the newest entry ever written. `anchor`: the last pruned entry. */
export type MarkKind = 'head' | 'anchor';

export interface Mark {
  readonly sequence: number;
  readonly hash: Uint8Array;
  readonly keyId: string;
}

export function sealMark(key: Uint8Array, kind: MarkKind, { sequence, hash, keyId }: Mark): Buffer {
  return keyedHash(key, `rollcall audit ${kind} 1`, [sequence, hash, keyId]);
}

/** Seals the text that records the progress of records.db; hexadecimal. */
export function sealRecordsMark(key: Uint8Array, text: string): string {
  return keyedHash(key, 'rollcall records mark 1', [text]).toString('hex');
}

export function isGenuineRecordsMark(key: Uint8Array, text: string, given: string): boolean {
  return areEqual(Buffer.from(sealRecordsMark(key, text)), Buffer.from(given));
}

/** Public id of a key: 16 hexadecimal digits that reveal nothing about it. */
export function auditKeyId(key: Uint8Array): string {
  return keyedHash(key, 'rollcall audit key id 1', []).toString('hex', 0, 8);
}
