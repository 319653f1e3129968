import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type Neighbour,
  nearestFirst,
  neighbourOf,
  neighboursKept,
  ownSimilarities,
  type PersonLikeness,
  visitorSimilarities,
} from '../../../kernel/identification/calibration.js';
import type { PersonId } from '../../../kernel/ids.js';
import type { OwnThreshold } from '../../../kernel/persons/person-profile.js';
import type { Gallery } from '../gallery.js';
import { PersonReferences } from './person-references.js';

/** Persons with whom every person is compared, for an estimate of the mean. */
const samplePersons = 32;

/** Profiles opened between two turns of the event loop. An import changes thousands of persons in one call. */
const slicePersons = 50;

/** Searches, or persons read and compared, between two turns of the event loop: one person may have twenty references. */
const sliceReferences = 8;

type TableGallery = Pick<Gallery, 'recogniser' | 'listPersons' | 'showPerson' | 'readTemplates' | 'nearest'>;

/** The similarities of one person. `own` is undefined while only other persons have added themselves as neighbours. */
interface Entry {
  own: readonly number[] | undefined;
  others: readonly number[];
  neighbours: Map<PersonId, Neighbour>;
}

/** Templates in the clear. They are overwritten after use. */
type Sample = ReadonlyMap<PersonId, PersonReferences>;

/**
 * The similarities between the active persons of a gallery, without templates. Reads one person between two turns of the event
 * loop, with the search index for the nearest, so that 10,000 persons do not block other work.
 */
export class LikenessTable {
  readonly #gallery: TableGallery;
  #entries = new Map<PersonId, Entry>();
  #ownThresholds = new Map<PersonId, OwnThreshold>();

  constructor(gallery: TableGallery) {
    this.#gallery = gallery;
  }

  /** All persons in the table, one person per step. */
  *personSteps(): Generator<undefined, readonly PersonLikeness[]> {
    const known = [...this.#entries].filter(([, { own }]) => own !== undefined);
    const persons: PersonLikeness[] = [];
    for (const [personId, { own = [], others, neighbours }] of known) {
      yield;
      const nearest = nearestFirst([...neighbours.values()]);
      persons.push({ personId, own, others, neighbours: nearest, otherCount: known.length - 1 });
    }
    return persons;
  }

  /** The person's own threshold, if it was set for the recogniser in use. */
  ownThresholdOf(id: PersonId): OwnThreshold | undefined {
    const own = this.#ownThresholds.get(id);
    return own?.recogniser === this.#gallery.recogniser ? own : undefined;
  }

  /** Reads all persons. The former table stays in use until the end. Throws the errors of the gallery and the reason of `signal`. */
  async rebuild(signal: AbortSignal): Promise<void> {
    const active = (await this.#gallery.listPersons()).filter(({ state }) => state === 'active');
    const ownThresholds = new Map<PersonId, OwnThreshold>();
    for (const { id, profile } of active)
      if (profile?.threshold !== undefined) ownThresholds.set(id, profile.threshold);
    const entries = new Map<PersonId, Entry>();
    await this.#readPersons(
      active.map(({ id }) => id),
      entries,
      signal,
    );
    this.#entries = entries;
    this.#ownThresholds = ownThresholds;
  }

  /** Reads these persons again after any change of them. Throws as `rebuild` does. */
  async refresh(ids: readonly PersonId[], signal: AbortSignal): Promise<void> {
    this.#forget(new Set(ids));
    const active: PersonId[] = [];
    for (const [index, id] of ids.entries()) {
      if (index % slicePersons === slicePersons - 1) await nextTurn();
      signal.throwIfAborted();
      const person = this.#gallery.showPerson(id);
      if (person?.state !== 'active') continue;
      active.push(id);
      if (person.profile?.threshold !== undefined) this.#ownThresholds.set(id, person.profile.threshold);
    }
    await this.#readPersons(active, this.#entries, signal);
  }

  #forget(ids: ReadonlySet<PersonId>): void {
    for (const id of ids) {
      this.#entries.delete(id);
      this.#ownThresholds.delete(id);
    }
    for (const { neighbours } of this.#entries.values())
      for (const id of neighbours.keys()) if (ids.has(id)) neighbours.delete(id);
  }

  async #readPersons(
    ids: readonly PersonId[],
    entries: Map<PersonId, Entry>,
    signal: AbortSignal,
  ): Promise<void> {
    if (ids.length === 0) return;
    const sample = this.#readSample([...new Set([...entries.keys(), ...ids])]);
    try {
      for (const id of ids) {
        signal.throwIfAborted();
        await this.#readOne(id, entries, sample);
        await nextTurn();
      }
    } finally {
      for (const references of sample.values()) references[Symbol.dispose]();
    }
  }

  async #readOne(id: PersonId, entries: Map<PersonId, Entry>, sample: Sample): Promise<void> {
    using own = new PersonReferences(this.#gallery, id);
    const references = own.embeddings;
    if (references.length === 0) return;
    const found = new Set<PersonId>();
    for (const [index, reference] of references.entries()) {
      if (index % sliceReferences === sliceReferences - 1) await nextTurn();
      const candidates = await this.#gallery.nearest(reference, { count: neighboursKept + 1 });
      for (const { personId } of candidates) if (personId !== id) found.add(personId);
    }
    const entry = entryOf(entries, id);
    entry.own = ownSimilarities(references);
    entry.others = [...sample]
      .filter(([other]) => other !== id)
      .flatMap(([, theirs]) => visitorSimilarities(references, theirs.embeddings));
    for (const [index, other] of [...found].entries()) {
      if (index % sliceReferences === sliceReferences - 1) await nextTurn();
      using kept = new PersonReferences(this.#gallery, other);
      const theirs = kept.embeddings;
      if (theirs.length === 0) continue;
      offer(entry, neighbourOf(other, visitorSimilarities(references, theirs)));
      offer(entryOf(entries, other), neighbourOf(id, visitorSimilarities(theirs, references)));
    }
  }

  #readSample(ids: readonly PersonId[]): Sample {
    const step = Math.max(1, ids.length / samplePersons);
    const sample = new Map<PersonId, PersonReferences>();
    for (let at = 0; at < ids.length; at += step) {
      const id = ids[Math.floor(at)];
      if (id === undefined) continue;
      const references = new PersonReferences(this.#gallery, id);
      if (references.templates.length > 0) sample.set(id, references);
    }
    return sample;
  }
}

function entryOf(entries: Map<PersonId, Entry>, id: PersonId): Entry {
  const known = entries.get(id);
  if (known !== undefined) return known;
  const entry: Entry = { own: undefined, others: [], neighbours: new Map() };
  entries.set(id, entry);
  return entry;
}

function offer(entry: Entry, neighbour: Neighbour): void {
  entry.neighbours.set(neighbour.personId, neighbour);
  if (entry.neighbours.size <= 4 * neighboursKept) return;
  entry.neighbours = new Map(
    nearestFirst([...entry.neighbours.values()]).map((kept) => [kept.personId, kept]),
  );
}
