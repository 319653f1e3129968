import { KEY_BYTES, newRandomBytes, wipe } from '../../host/sodium.js';
import { places } from '../places.js';
import { newRowId } from '../row-id.js';
import type { SealingKey } from '../sealing.js';
import type { KeyEncryptionKey } from './key-encryption-key.js';

/** A data key as it lies in the database. */
export interface DataKeyRow {
  readonly id: string;
  readonly kekId: string;
  readonly wrapped: Uint8Array;
}

/** The key-encryption keys in force: one, or two while a rotation runs. New data keys are wrapped by the current one. */
export class KeyRing implements Disposable {
  #current: KeyEncryptionKey;
  #retiring: KeyEncryptionKey | undefined;

  /** Takes the keys over and wipes them in the end. */
  constructor(current: KeyEncryptionKey, retiring?: KeyEncryptionKey) {
    this.#current = current;
    this.#retiring = retiring;
  }

  get current(): KeyEncryptionKey {
    return this.#current;
  }

  /** The key that a running rotation takes out of use. */
  get retiring(): KeyEncryptionKey | undefined {
    return this.#retiring;
  }

  /** From now on `next` is the current key, and the one before is on its way out. */
  beginRotation(next: KeyEncryptionKey): void {
    this.#retiring = this.#current;
    this.#current = next;
  }

  /** Wipes the key that a rotation has taken out of use. */
  endRotation(): void {
    this.#retiring?.[Symbol.dispose]();
    this.#retiring = undefined;
  }

  /** A random data key and the row that keeps it. The caller wipes `key.bytes`. */
  newDataKey(): { readonly row: DataKeyRow; readonly key: SealingKey } {
    const key = { id: newRowId('k'), bytes: newRandomBytes(KEY_BYTES) };
    return { row: this.wrap(key), key };
  }

  /** The row of a data key under the current key. */
  wrap(key: SealingKey): DataKeyRow {
    const wrapped = this.#current.wrap(places.dataKey(key.id), key.bytes);
    return { id: key.id, kekId: this.#current.id, wrapped };
  }

  /** The data key of a row; undefined where it does not unwrap or no key in force is called so. The caller wipes it. */
  unwrap(row: DataKeyRow): SealingKey | undefined {
    const kek = [this.#current, this.#retiring].find((candidate) => candidate?.id === row.kekId);
    const bytes = kek?.unwrap(places.dataKey(row.id), row.wrapped);
    return bytes === undefined ? undefined : { id: row.id, bytes };
  }

  /** Unwraps for the time of `work`; undefined where the key does not unwrap. */
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
