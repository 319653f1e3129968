import type { PersonId, RecogniserId } from '../domain/ids.js';
import type { Candidate, Embedding } from '../domain/match.js';
import type { Enrolment } from './enrolment.js';
import type { QuarantinedRow } from './quarantine.js';
import type { SearchOptions } from './search-index.js';

export interface PersonEntry {
  readonly id: PersonId;
  /** Undefined where the sealed name does not open; the row is then in quarantine. */
  readonly name: string | undefined;
  /** Wall clock, milliseconds since the epoch. */
  readonly enrolledAtMs: number;
  readonly templateCount: number;
  readonly photographCount: number;
}

export interface PersonDetail extends PersonEntry {
  readonly templates: readonly { readonly id: string; readonly quality: number }[];
  readonly photographIds: readonly string[];
}

/** The enrolled persons of one box: sealed at rest, their templates in memory for exact search. */
export interface Gallery extends AsyncDisposable {
  readonly recogniser: RecogniserId;
  /** Public identifier of the key that seals it. */
  readonly keyId: string;
  /** Persons with at least one usable template. */
  readonly personCount: number;
  /** Templates in use. */
  readonly templateCount: number;
  /** Rows found damaged since the gallery was opened. */
  readonly quarantined: readonly QuarantinedRow[];

  /**
   * Enrols a person in one transaction: entirely or not at all. They are found from the moment this resolves.
   * @throws `enrolment-refused` with every problem of the name and the photographs
   */
  addPerson(enrolment: Enrolment): Promise<PersonId>;
  /** Everybody, in order of enrolment. Opens the names. */
  listPersons(): Promise<readonly PersonEntry[]>;
  /** One person; undefined where there is none of that id. Opens the name. */
  showPerson(id: PersonId): PersonDetail | undefined;
  /**
   * The JPEG of a photograph; undefined where there is no such photograph.
   * @throws `field-damaged` where it does not open
   */
  readPhotograph(id: PersonId, photographId: string): Uint8Array | undefined;
  /**
   * Deletes a person with everything held on them, in the database, its write-ahead log and memory. False where
   * there is none of that id.
   * @throws `erasure-incomplete` where another program keeps the write-ahead log from being emptied
   */
  removePerson(id: PersonId): boolean;
  /** The persons most similar to one probe, closest first. */
  nearest(probe: Embedding, options: SearchOptions): Promise<readonly Candidate[]>;
  /**
   * Persons already enrolled whom any of these embeddings reaches with at least `threshold`, closest first: what to
   * ask before enrolling somebody.
   */
  findSimilar(embeddings: readonly Embedding[], threshold: number): Promise<readonly Candidate[]>;
}
