import { createHmac } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fillRandomly, KEY_BYTES, secretBytes, wipe } from '../../../host/sodium.js';
import type { PersonId } from '../../../kernel/ids.js';
import type { PersonProfile } from '../../../kernel/persons/person-profile.js';
import type { PersonDirectory } from './person-directory.js';
import type { PersonCountsRow, PersonRow, PersonRows } from './person-rows.js';
import type { Persons } from './persons.js';

/** Profiles opened between two turns of the event loop: some milliseconds of work. */
const SLICE_PERSONS = 100;

/** Replaces an external id in memory. Equal ids give equal texts. */
type Hash = (externalId: string) => string;

/** The holders of external ids at one moment, and those added since. Stores only hashes. */
export class ExternalIdsAtOnce {
  readonly #hash: Hash;
  readonly #holders: Map<string, PersonId>;

  /** Takes ownership of `holders`, whose keys are hashes. */
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
 * Finds active and removed persons by their external id without opening every profile. Memory holds only the HMAC-SHA-256 of
 * each external id, under a random key of this process: without the key, a list of likely ids cannot be compared with it. The
 * first use reads all profiles; later changes are passed to `note`.
 *
 * A match is verified against the opened profile. The same reading fills `directory`.
 */
export class ExternalIds implements Disposable {
  readonly #rows: PersonRows;
  readonly #persons: Persons;
  readonly #key = secretBytes(KEY_BYTES);
  readonly #directory: PersonDirectory;
  readonly #holders = new Map<string, PersonId[]>();
  readonly #hashOf = new Map<PersonId, string>();
  #whole: Promise<void> | undefined;
  #isDisposed = false;

  constructor({
    rows,
    persons,
    directory,
  }: {
    readonly rows: PersonRows;
    readonly persons: Persons;
    readonly directory: PersonDirectory;
  }) {
    this.#rows = rows;
    this.#persons = persons;
    this.#directory = directory;
    fillRandomly(this.#key);
  }

  /** Resolves when all persons are read: 0.1 s for 10,000 persons the first time, with turns of the event loop. */
  whole(): Promise<void> {
    this.#whole ??= this.#readAll();
    return this.#whole;
  }

  /** The person with this external id; of several, the last enrolled. Call it in the turn in which `whole` resolved. */
  holder(externalId: string): PersonId | undefined {
    const ids = this.#holders.get(this.#hash(externalId)) ?? [];
    return this.#last(ids, (profile) => profile.externalId === externalId);
  }

  /** The present holders of all external ids. Call it in the turn in which `whole` resolved. */
  now(): ExternalIdsAtOnce {
    const holders = new Map<string, PersonId>();
    for (const [hash, ids] of this.#holders) {
      const id = ids.length === 1 ? ids[0] : this.#last(ids, () => true);
      if (id !== undefined) holders.set(hash, id);
    }
    return new ExternalIdsAtOnce(this.#hash, holders);
  }

  /** Call it with the new row and profile of a person. `profile`: undefined if it does not open. */
  note(row: PersonRow, profile: PersonProfile | undefined): void {
    // `#readAll` will find the person.
    if (this.#whole === undefined || row.state === 'staged') return;
    const { id, enrolledAtMs, state } = row;
    this.#directory.note({ id, enrolledAtMs, state }, profile);
    const externalId = profile?.externalId;
    const hash = externalId === undefined ? undefined : this.#hash(externalId);
    if (this.#hashOf.get(id) === hash) return;
    this.#forget(id);
    if (hash === undefined) return;
    this.#hashOf.set(id, hash);
    const others = this.#holders.get(hash);
    if (others === undefined) this.#holders.set(hash, [id]);
    else others.push(id);
  }

  /** Call it after every other change and every deletion, also a failed one: reads the person's row again. */
  reread(id: PersonId): void {
    const row = this.#rows.person(id);
    if (row !== undefined) this.note(row, this.#persons.profileIfWhole(row));
    else {
      this.#forget(id);
      this.#directory.forget(id);
    }
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#holders.clear();
    this.#hashOf.clear();
    wipe(this.#key);
  }

  async #readAll(): Promise<void> {
    try {
      let previousId = '';
      for (;;) {
        // Also before the first slice: `note` works from then on.
        await nextTurn();
        if (this.#isDisposed) return;
        const persons = this.#rows.personsAfter(previousId, SLICE_PERSONS);
        for (const row of persons) {
          if (row.state !== 'staged') this.note(row, this.#persons.profileIfWhole(row));
        }
        const last = persons.at(-1);
        if (last === undefined) return;
        previousId = last.id;
      }
    } catch (error) {
      this.#whole = undefined;
      this.#directory.clear();
      this.#holders.clear();
      this.#hashOf.clear();
      throw error;
    }
  }

  /** The last enrolled of these persons whose profile opens and matches. */
  #last(ids: readonly PersonId[], isMatch: (profile: PersonProfile) => boolean): PersonId | undefined {
    let last: PersonCountsRow | undefined;
    for (const id of ids) {
      const row = this.#rows.person(id);
      if (row === undefined || row.state === 'staged' || (last && !isAfter(row, last))) continue;
      const profile = this.#persons.profileIfWhole(row);
      if (profile !== undefined && isMatch(profile)) last = row;
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

  /** UTF-16: different texts never have the same bytes. */
  readonly #hash: Hash = (externalId) =>
    createHmac('sha256', this.#key).update(externalId, 'utf16le').digest('binary');
}

/** Whether `a` comes after `b` in the order of enrolment. */
function isAfter(a: PersonCountsRow, b: PersonCountsRow): boolean {
  return a.enrolledAtMs === b.enrolledAtMs ? a.id > b.id : a.enrolledAtMs > b.enrolledAtMs;
}
