import type { Clock } from '../base/clock.js';
import type { Lifetime } from '../base/lifetime.js';
import type { PersonId, RecogniserId } from '../domain/ids.js';
import type { Candidate, Embedding } from '../domain/match.js';
import { checkEnrolment, type Enrolment } from './enrolment.js';
import type { Gallery, PersonDetail, PersonEntry } from './gallery.js';
import { InFlight } from './in-flight.js';
import type { PersonRows } from './person-rows.js';
import type { Quarantine, QuarantinedRow } from './quarantine.js';
import { newPersonId } from './row-id.js';
import type { SealedPersons } from './sealed-persons.js';
import type { SearchIndex, SearchOptions } from './search-index.js';
import type { Sodium } from './sodium.js';

/** Similar persons worth naming before an enrolment. */
const MOST_SIMILAR = 5;

export interface GalleryParts {
  readonly sodium: Sodium;
  readonly recogniser: RecogniserId;
  readonly dimensions: number;
  readonly keyId: string;
  readonly rows: PersonRows;
  readonly persons: SealedPersons;
  readonly index: SearchIndex;
  readonly quarantine: Quarantine;
  readonly clock: Clock;
  /** Owns the index, the database, the lock and the key. */
  readonly lifetime: Lifetime;
}

/** The rows and the index, changed together: the index never knows a person whom the database does not. */
export class OpenedGallery implements Gallery {
  readonly #parts: GalleryParts;
  readonly #inFlight = new InFlight();

  constructor(parts: GalleryParts) {
    this.#parts = parts;
  }

  get recogniser(): RecogniserId {
    return this.#parts.recogniser;
  }

  get keyId(): string {
    return this.#parts.keyId;
  }

  get personCount(): number {
    return this.#parts.index.personCount;
  }

  get templateCount(): number {
    return this.#parts.index.templateCount;
  }

  get quarantined(): readonly QuarantinedRow[] {
    return this.#parts.quarantine.rows;
  }

  async addPerson(enrolment: Enrolment): Promise<PersonId> {
    const { sodium, dimensions, recogniser, persons, index, clock } = this.#parts;
    const name = checkEnrolment(enrolment, dimensions);
    const { photographs } = enrolment;
    return this.#inFlight.run(async () => {
      const id = newPersonId(sodium);
      await persons.add({ id, name, enrolledAtMs: clock.wallMs(), recogniser, photographs });
      index.add(
        id,
        photographs.map(({ embedding }) => embedding),
      );
      return id;
    });
  }

  listPersons(): Promise<readonly PersonEntry[]> {
    return this.#inFlight.run(() => this.#parts.persons.list());
  }

  showPerson(id: PersonId): PersonDetail | undefined {
    this.#inFlight.assertOpen();
    return this.#parts.persons.show(id);
  }

  readPhotograph(id: PersonId, photographId: string): Uint8Array | undefined {
    this.#inFlight.assertOpen();
    return this.#parts.persons.photograph(id, photographId);
  }

  removePerson(id: PersonId): boolean {
    this.#inFlight.assertOpen();
    const { index, quarantine, rows } = this.#parts;
    // Memory first: were the deletion to fail, the person is not recognised rather than recognised by mistake.
    index.remove(id);
    quarantine.release(id);
    return rows.delete(id);
  }

  nearest(probe: Embedding, options: SearchOptions): Promise<readonly Candidate[]> {
    return this.#inFlight.run(() => this.#parts.index.nearest(probe, options));
  }

  async findSimilar(embeddings: readonly Embedding[], threshold: number): Promise<readonly Candidate[]> {
    const closest = new Map<PersonId, Candidate>();
    for (const embedding of embeddings) {
      for (const candidate of await this.nearest(embedding, { count: MOST_SIMILAR })) {
        const known = closest.get(candidate.personId);
        if (candidate.similarity < threshold || (known && known.similarity >= candidate.similarity)) continue;
        closest.set(candidate.personId, candidate);
      }
    }
    return [...closest.values()].sort((a, b) => b.similarity - a.similarity).slice(0, MOST_SIMILAR);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inFlight.close();
    await this.#parts.lifetime[Symbol.asyncDispose]();
  }
}
