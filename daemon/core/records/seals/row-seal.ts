import { hkdfKey, keyedHash } from '../../../host/keyed-hash.js';
import { areEqual, wipe } from '../../../host/sodium.js';
import type { TableForm } from '../../../host/table-form.js';

const use = 'rollcall records rows 1';
const sealBytes = 32;

/** Which of the keys: 0 is the one in use. */
export type KeyIndex = number;

/**
 * Seals rows of records.db (HMAC-SHA-256) under keys that are derived from those of the audit log, which are available whenever
 * the daemon runs. A seal covers the name of the table and every field of its form, the number of the row among them.
 */
export class RowSeal implements Disposable {
  readonly #keys: readonly Uint8Array[];

  /** `auditKeys`: the current key first, then former ones. The caller keeps and wipes them. */
  constructor(auditKeys: readonly [Uint8Array, ...Uint8Array[]]) {
    this.#keys = auditKeys.map((each) => hkdfKey(each, use));
  }

  get keys(): readonly KeyIndex[] {
    return [...this.#keys.keys()];
  }

  seal<Row extends object>(form: TableForm<Row>, row: Row): Uint8Array {
    return this.#sealOf(0, form, row);
  }

  /** Whether one of these keys sealed the row. `seal` may hold several seals, each under another key. */
  isGenuine<Row extends object>(
    form: TableForm<Row>,
    row: Row & { readonly seal: Uint8Array | null },
    keys: readonly KeyIndex[],
  ): boolean {
    const { seal } = row;
    if (seal === null) return false;
    return keys.some((key) => {
      const own = this.#sealOf(key, form, row);
      return chunksOf(seal).some((chunk) => areEqual(own, chunk));
    });
  }

  sealText(text: string): Uint8Array {
    return keyedHash(this.#keyAt(0), 'records text', [text]);
  }

  /** The key that sealed the text; undefined if none did. */
  keyOfText(text: string, seal: Uint8Array): KeyIndex | undefined {
    return this.keys.find((key) => areEqual(keyedHash(this.#keyAt(key), 'records text', [text]), seal));
  }

  [Symbol.dispose](): void {
    for (const key of this.#keys) wipe(key);
  }

  /** As JSON, a number, a text and nothing differ. Bytes follow as parts of their own. */
  #sealOf<Row extends object>(key: KeyIndex, form: TableForm<Row>, row: Row): Uint8Array {
    const values = Object.keys(form.columns).map((field) => row[field as keyof Row] ?? null);
    const bytes = values.filter((value) => value instanceof Uint8Array);
    const others = values.map((value) => (value instanceof Uint8Array ? [] : value));
    return keyedHash(this.#keyAt(key), 'records row', [form.name, JSON.stringify(others), ...bytes]);
  }

  #keyAt(key: KeyIndex): Uint8Array {
    const found = this.#keys[key];
    if (found === undefined) throw new RangeError('no such key');
    return found;
  }
}

/** The seal with an earlier one behind it. If the earlier key comes back, the row is still proven. */
export function withFormerSeal(seal: Uint8Array, former: Uint8Array | null): Uint8Array {
  const [first] = former === null ? [] : chunksOf(former);
  return first === undefined ? seal : Buffer.concat([seal, first]);
}

function chunksOf(seal: Uint8Array): readonly Uint8Array[] {
  const [first, second] = [seal.subarray(0, sealBytes), seal.subarray(sealBytes, 2 * sealBytes)];
  return [first, second].filter(({ length }) => length === sealBytes);
}
