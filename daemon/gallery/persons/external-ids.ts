import { createHmac } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PersonId } from '../../domain/ids.js';
import type { PersonProfile } from '../../domain/persons/person-profile.js';
import { fillRandomly, KEY_BYTES, secretBytes, wipe } from '../../host/sodium.js';
import type { PersonCountsRow, PersonRows } from './person-rows.js';
import type { Persons } from './persons.js';

/** Profiles opened between two turns of the event loop: some milliseconds of work. */
const SLICE_PERSONS = 100;

/** What stands for an external id in memory: the same id, the same text. */
type Hash = (externalId: string) => string;

/** Who had which external id at one moment, and whoever was added since. Holds no external id. */
export class ExternalIdsAtOnce {
  readonly #hash: Hash;
  readonly #holders: Map<string, PersonId>;

  /** Takes `holders` over; by what `hash` makes of the external ids. */
  constructor(hash: Hash, holders: Map<string, PersonId>) {
    this.#hash = hash;
    this.#holders = holders;
  }

  holder(externalId: string): PersonId | undefined {
    return this.#holders.get(this.#hash(externalId));
  }

  add(externalId: string, id: PersonId): void {
    this.#holders.set(this.#hash(externalId), id);
  }
}

/**
 * Finds persons, active or removed, by their external id without opening every profile. In memory lies HMAC-SHA-256 of each
 * external id under a key that is random in each process: neither the ids, nor anything that a list of likely ids could be
 * held against without that key. It is read once, when somebody first asks, and told of every change from then on.
 *
 * What it finds is opened and compared before it is told, so the rows have the last word.
 */
export class ExternalIds implements Disposable {
  readonly #rows: PersonRows;
  readonly #persons: Persons;
  readonly #key = secretBytes(KEY_BYTES);
  readonly #holders = new Map<string, PersonId[]>();
  readonly #hashOf = new Map<PersonId, string>();
  #whole: Promise<void> | undefined;

  constructor({ rows, persons }: { readonly rows: PersonRows; readonly persons: Persons }) {
    this.#rows = rows;
    this.#persons = persons;
    fillRandomly(this.#key);
  }

  /** Resolves when everybody is in it: 0.1 s at 10,000 persons the first time, with turns of the event loop between. */
  whole(): Promise<void> {
    this.#whole ??= this.#readAll();
    return this.#whole;
  }

  /** Who has the external id; of several, whoever was enrolled last. To be asked in the turn in which `whole` resolved. */
  holder(externalId: string): PersonId | undefined {
    const ids = this.#holders.get(this.#hash(externalId)) ?? [];
    return this.#last(ids, (profile) => profile.externalId === externalId);
  }

  /** Who has which external id now. To be asked in the turn in which `whole` resolved. */
  now(): ExternalIdsAtOnce {
    const holders = new Map<string, PersonId>();
    for (const [hash, ids] of this.#holders) {
      const id = ids.length === 1 ? ids[0] : this.#last(ids, () => true);
      if (id !== undefined) holders.set(hash, id);
    }
    return new ExternalIdsAtOnce(this.#hash, holders);
  }

  /** To be told of every profile that was stored of somebody active or removed. */
  note(id: PersonId, { externalId }: PersonProfile): void {
    // Whoever is stored before it is read is found by reading.
    if (this.#whole === undefined) return;
    const hash = externalId === undefined ? undefined : this.#hash(externalId);
    if (this.#hashOf.get(id) === hash) return;
    this.#forget(id);
    if (hash === undefined) return;
    this.#hashOf.set(id, hash);
    const others = this.#holders.get(hash);
    if (others === undefined) this.#holders.set(hash, [id]);
    else others.push(id);
  }

  /** To be told after every deletion, done or not: looks at what is left. */
  reread(id: PersonId): void {
    const row = this.#rows.person(id);
    const profile = row === undefined ? undefined : this.#persons.profileIfWhole(row);
    if (profile === undefined) this.#forget(id);
    else this.note(id, profile);
  }

  [Symbol.dispose](): void {
    this.#holders.clear();
    this.#hashOf.clear();
    wipe(this.#key);
  }

  async #readAll(): Promise<void> {
    try {
      let previousId = '';
      for (;;) {
        // Before the first slice, too: from then on `note` is heeded.
        await nextTurn();
        const persons = this.#rows.personsAfter(previousId, SLICE_PERSONS);
        for (const row of persons) {
          if (row.state === 'staged') continue;
          const profile = this.#persons.profileIfWhole(row);
          if (profile !== undefined) this.note(row.id, profile);
        }
        const last = persons.at(-1);
        if (last === undefined) return;
        previousId = last.id;
      }
    } catch (error) {
      this.#whole = undefined;
      this.#holders.clear();
      this.#hashOf.clear();
      throw error;
    }
  }

  /** The last enrolled of these whose profile opens and is meant. */
  #last(ids: readonly PersonId[], isMeant: (profile: PersonProfile) => boolean): PersonId | undefined {
    let last: PersonCountsRow | undefined;
    for (const id of ids) {
      const row = this.#rows.person(id);
      if (row === undefined || row.state === 'staged' || (last && !isAfter(row, last))) continue;
      const profile = this.#persons.profileIfWhole(row);
      if (profile !== undefined && isMeant(profile)) last = row;
    }
    return last?.id;
  }

  #forget(id: PersonId): void {
    const hash = this.#hashOf.get(id);
    if (hash === undefined) return;
    this.#hashOf.delete(id);
    const others = (this.#holders.get(hash) ?? []).filter((other) => other !== id);
    if (others.length === 0) this.#holders.delete(hash);
    else this.#holders.set(hash, others);
  }

  /** UTF-16, in which no two texts are the same bytes. */
  readonly #hash: Hash = (externalId) =>
    createHmac('sha256', this.#key).update(externalId, 'utf16le').digest('binary');
}

/** In the order in which persons are listed. */
function isAfter(a: PersonCountsRow, b: PersonCountsRow): boolean {
  return a.enrolledAtMs === b.enrolledAtMs ? a.id > b.id : a.enrolledAtMs > b.enrolledAtMs;
}
