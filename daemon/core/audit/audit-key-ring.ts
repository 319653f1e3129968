import { areEqual, secretBytes, wipe } from '../../host/sodium.js';
import type { RollcallError } from '../../kernel/errors.js';
import { type AuditKey, type AuditKeyPlaces, keepFormerKeys, openAuditKey } from './audit-key.js';

/** The keys of the audit log: the key in use, and former keys that prove older entries. A restore may add former keys. */
export class AuditKeyRing implements Disposable {
  readonly key: Uint8Array;
  readonly #former: Uint8Array[];
  readonly #places: AuditKeyPlaces;

  /** The error of a key file that cannot be used; undefined if all can be used. */
  readonly damage: RollcallError | undefined;
  /** The key in use was made at this start. */
  readonly isNew: boolean;

  private constructor(places: AuditKeyPlaces, { key, formerKeys, damage, isNew }: AuditKey) {
    this.#places = places;
    this.key = key;
    this.#former = [...formerKeys];
    this.damage = damage;
    this.isNew = isNew;
  }

  /** @throws like `openAuditKey` */
  static async open(places: AuditKeyPlaces): Promise<AuditKeyRing> {
    return new AuditKeyRing(places, await openAuditKey(places));
  }

  /** The keys that are no longer in use. */
  get former(): readonly Uint8Array[] {
    return this.#former;
  }

  /** All keys; the one in use first. */
  get all(): readonly [Uint8Array, ...Uint8Array[]] {
    return [this.key, ...this.#former];
  }

  /**
   * Adds copies of keys that it does not have yet to the former keys, also on the disk. They verify the entries written under
   * them.
   */
  async adopt(keys: readonly Uint8Array[]): Promise<void> {
    const missing = keys.filter((key) => !this.all.some((known) => areEqual(known, key)));
    if (missing.length === 0) return;
    for (const key of missing) {
      const copy = secretBytes(key.length);
      copy.set(key);
      this.#former.push(copy);
    }
    await keepFormerKeys(this.#places, this.#former);
  }

  [Symbol.dispose](): void {
    this.all.forEach(wipe);
  }
}
