import { KEY_BYTES, secretBytes, wipe } from '../../host/sodium.js';

/** The keys of a backup's database and audit log, 32 bytes each, in guarded memory. */
export interface BackupKeys extends Disposable {
  /** Key-encryption keys in force. */
  readonly keks: readonly Uint8Array[];
  /** The key of the audit log, then those of earlier times. */
  readonly auditKeys: readonly Uint8Array[];
}

/** First byte of the section: its format version. */
const FORM = 1;
const KINDS = { kek: 1, audit: 2 } as const;
const ENTRY_BYTES = 1 + KEY_BYTES;
/** More keys than a box ever has. */
const MOST_KEYS = 255;
/** Longest section, bytes. */
export const LARGEST_KEY_SECTION = 1 + MOST_KEYS * ENTRY_BYTES;

/** The section `keys`, in guarded memory: a format version, then each key after a byte for its kind. The caller wipes it. */
export function encodeKeys({ keks, auditKeys }: Omit<BackupKeys, typeof Symbol.dispose>): Uint8Array {
  const entries = [
    ...keks.map((key) => [KINDS.kek, key] as const),
    ...auditKeys.map((key) => [KINDS.audit, key] as const),
  ].slice(0, MOST_KEYS);
  const bytes = secretBytes(1 + entries.length * ENTRY_BYTES);
  bytes[0] = FORM;
  for (const [index, [kind, key]] of entries.entries()) {
    bytes[1 + index * ENTRY_BYTES] = kind;
    bytes.set(key, 2 + index * ENTRY_BYTES);
  }
  return bytes;
}

/** The inverse of `encodeKeys`; undefined if the bytes have another format. Disposal wipes the keys. */
export function decodeKeys(bytes: Uint8Array): BackupKeys | undefined {
  const count = (bytes.length - 1) / ENTRY_BYTES;
  if (bytes[0] !== FORM || !Number.isInteger(count)) return undefined;
  const keks: Uint8Array[] = [];
  const auditKeys: Uint8Array[] = [];
  const keys: BackupKeys = {
    keks,
    auditKeys,
    [Symbol.dispose]: () => [...keks, ...auditKeys].forEach(wipe),
  };
  for (let offset = 1; offset < bytes.length; offset += ENTRY_BYTES) {
    const key = secretBytes(KEY_BYTES);
    key.set(bytes.subarray(offset + 1, offset + ENTRY_BYTES));
    (bytes[offset] === KINDS.kek ? keks : auditKeys).push(key);
  }
  return keys;
}
