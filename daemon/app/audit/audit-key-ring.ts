import { type AuditKey, type AuditKeyPlaces, keepFormerKeys, openAuditKey } from '../../audit/audit-key.js';
import type { RollcallError } from '../../base/errors.js';
import { areEqual, secretBytes, wipe } from '../../host/sodium.js';

/** The keys of the audit log, of which a restore may bring more. */
export class AuditKeyRing implements Disposable {
  readonly key: Uint8Array;
  readonly #former: Uint8Array[];
  readonly #places: AuditKeyPlaces;

  /** Of a file of keys that cannot be used. */
  readonly damage: RollcallError | undefined;

  private constructor(places: AuditKeyPlaces, { key, formerKeys, damage }: AuditKey) {
    this.#places = places;
    this.key = key;
    this.#former = [...formerKeys];
    this.damage = damage;
  }

  /** @throws what `openAuditKey` throws */
  static async open(places: AuditKeyPlaces): Promise<AuditKeyRing> {
    return new AuditKeyRing(places, await openAuditKey(places));
  }

  get former(): readonly Uint8Array[] {
    return this.#former;
  }

  /** The one in use first. */
  get all(): readonly Uint8Array[] {
    return [this.key, ...this.#former];
  }

  /** Copies and keeps those that are new, on the disk too, to prove what was written under them. */
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
