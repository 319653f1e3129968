/** Values by key, made when they are first asked for; no more than `most`: whatever was asked for longest ago is forgotten. */
export class RecentMap<Value> {
  readonly #most: number;
  readonly #make: () => Value;
  readonly #values = new Map<string, Value>();

  constructor(most: number, make: () => Value) {
    this.#most = most;
    this.#make = make;
  }

  get size(): number {
    return this.#values.size;
  }

  at(key: string): Value {
    const value = this.#values.get(key) ?? this.#make();
    // A map keeps the order in which keys were set.
    this.#values.delete(key);
    this.#values.set(key, value);
    const [oldest] = this.#values.keys();
    if (this.#values.size > this.#most && oldest !== undefined) this.#values.delete(oldest);
    return value;
  }
}
