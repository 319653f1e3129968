import { KEY_BYTES, newRandomBytes, wipe } from '../../../host/sodium.js';
import { places } from '../places.js';
import { newRowId } from '../row-id.js';
import type { SealingKey } from '../sealing.js';
import type { KeyEncryptionKey } from './key-encryption-key.js';

/** A data key in the database. */
export interface DataKeyRow {
  readonly id: string;
  readonly kekId: string;
  readonly wrapped: Uint8Array;
}

/** The KEKs in force: one, or two during a rotation. The current one wraps new data keys. */
export class KeyRing implements Disposable {
  #current: KeyEncryptionKey;
  #retiring: KeyEncryptionKey | undefined;

  /** Takes ownership of the keys and wipes them at disposal. */
  constructor(current: KeyEncryptionKey, retiring?: KeyEncryptionKey) {
    this.#current = current;
    this.#retiring = retiring;
  }

  get current(): KeyEncryptionKey {
    return this.#current;
  }

  /** The key that a running rotation retires. */
  get retiring(): KeyEncryptionKey | undefined {
    return this.#retiring;
  }

  /** Makes `next` the current key and the former key the retiring one. */
  beginRotation(next: KeyEncryptionKey): void {
    this.#retiring = this.#current;
    this.#current = next;
  }

  /** Wipes the retired key. */
  endRotation(): void {
    this.#retiring?.[Symbol.dispose]();
    this.#retiring = undefined;
  }

  /** A random data key and its row. The caller wipes `key.bytes`. */
  newDataKey(): { readonly row: DataKeyRow; readonly key: SealingKey } {
    const key = { id: newRowId('k'), bytes: newRandomBytes(KEY_BYTES) };
    return { row: this.wrap(key), key };
  }

  /** The row of a data key, wrapped with the current KEK. */
  wrap(key: SealingKey): DataKeyRow {
    const wrapped = this.#current.wrap(places.dataKey(key.id), key.bytes);
    return { id: key.id, kekId: this.#current.id, wrapped };
  }

  /** The data key of a row; undefined if its KEK is not in force or does not unwrap it. The caller wipes it. */
  unwrap(row: DataKeyRow): SealingKey | undefined {
    const kek = [this.#current, this.#retiring].find((candidate) => candidate?.id === row.kekId);
    const bytes = kek?.unwrap(places.dataKey(row.id), row.wrapped);
    return bytes === undefined ? undefined : { id: row.id, bytes };
  }

  /** Unwraps a data key for `work` and wipes it afterwards. Undefined if the key does not unwrap. */
  using<T>(row: DataKeyRow, work: (key: SealingKey) => T): T | undefined {
    const key = this.unwrap(row);
    if (key === undefined) return undefined;
    try {
      return work(key);
    } finally {
      wipe(key.bytes);
    }
  }

  [Symbol.dispose](): void {
    this.#current[Symbol.dispose]();
    this.#retiring?.[Symbol.dispose]();
  }
}
