import type { Actor } from '../../kernel/actor.js';
import type { PictureKind } from '../../kernel/events/evidence.js';
import type { Candidate, Embedding } from '../../kernel/identification/match.js';
import type { PersonId, RecogniserId } from '../../kernel/ids.js';
import type { PersonProfile } from '../../kernel/persons/person-profile.js';
import type { NewEvidence, UnsealedEvidence } from './evidence.js';
import type { PassageKeys } from './passage-keys.js';
import type { Enrolment } from './persons/enrolment.js';
import type { ViewChange } from './persons/person-changes.js';
import type { ListedPerson, PersonsWanted } from './persons/person-directory.js';
import type { PersonsPage } from './persons/person-rows.js';
import type { StoredPersonState } from './places.js';
import type { SearchOptions } from './search/search-index.js';
import type { GalleryStrangers } from './strangers/gallery-strangers.js';
import type { QuarantinedRow } from './verify/quarantine.js';

export interface PersonEntry {
  readonly id: PersonId;
  readonly state: StoredPersonState;
  /** Undefined if the row does not open; it is then in quarantine. */
  readonly profile: PersonProfile | undefined;
  /** Counts the changes of profile and state. */
  readonly revision: number;
  /** Wall clock, milliseconds since the epoch. */
  readonly enrolledAtMs: number;
  /** Time of the latest change of profile or state: for a removed person, the time of the removal. */
  readonly changedAtMs: number;
  readonly templateCount: number;
  readonly photographCount: number;
  /** The stored photograph whose template has the best quality. */
  readonly bestPhotographId?: string;
  readonly evidenceCount: number;
}

export interface FullPersonEntry extends PersonEntry {
  readonly templates: readonly {
    readonly id: string;
    readonly recogniser: string;
    readonly quality: number;
    /** Null if retention has deleted the photograph. */
    readonly photographId: string | null;
    /** The photograph that it was made from, also after retention deleted it. Null where the box does not know it. */
    readonly madeFrom: string | null;
  }[];
  readonly photographs: readonly { readonly id: string; readonly addedAtMs: number }[];
}

/** A person with their name, from memory. */
export interface NamedPerson extends Pick<PersonEntry, 'id' | 'enrolledAtMs'> {
  readonly state: 'active' | 'removed';
  /** Undefined if the profile does not open. */
  readonly name: string | undefined;
}

/** A template in the clear: the values of an embedding as little-endian float32. */
export interface UnsealedTemplate {
  readonly id: string;
  readonly recogniser: string;
  readonly quality: number;
  /** As in `FullPersonEntry`. */
  readonly madeFrom: string | null;
  /** The caller wipes them. */
  readonly bytes: Uint8Array;
}

/** Proof of an erasure, without personal data. */
export interface Erasure {
  readonly personId: PersonId;
  /** `biometric-data`: consent was withdrawn; the profile stays. */
  readonly scope: 'person' | 'biometric-data';
  readonly erasedAtMs: number;
  readonly by: Actor;
  readonly auditSequence: number;
  /** Hexadecimal. */
  readonly auditHash: string;
  readonly what: {
    readonly templates: number;
    readonly photographs: number;
    readonly evidence: number;
    /** As the caller says, who erased them before. */
    readonly passages: number;
  };
}

/**
 * The enrolled persons of one box, sealed on disk, with their templates in memory for exact search. Every change is one
 * transaction with its audit entry and takes effect in the search immediately.
 */
export interface Gallery extends AsyncDisposable {
  readonly recogniser: RecogniserId;
  /** Public identifier of the current key-encryption key. */
  readonly keyId: string;
  /** Persons with at least one usable template. */
  readonly personCount: number;
  /** Templates in use. */
  readonly templateCount: number;
  /** Rows found damaged since the gallery was opened. */
  readonly quarantined: readonly QuarantinedRow[];
  /** Quarantines a damaged row: it is no longer used, and neither is a person whose own row it is. */
  putAside(row: QuarantinedRow): void;
  /** Registers background work on this gallery. It is disposed before the gallery is closed. */
  attach(name: string, work: AsyncDisposable): void;
  /** Calls back with the persons who were enrolled, changed, removed, restored or erased. The returned function unsubscribes. */
  onPersonsChanged(listener: (ids: readonly PersonId[]) => void): () => void;

  /**
   * Enrols a person in one transaction. The search finds them when this resolves, or after the commit of their import.
   * @throws `enrolment-refused` with every problem of the photographs
   */
  addPerson(enrolment: Enrolment, by: Actor, importId?: string): Promise<PersonId>;
  /** All active and removed persons, in order of enrolment. Opens the profiles. */
  listPersons(): Promise<readonly PersonEntry[]>;
  /** A part of the active or removed persons. Opens the profiles. */
  pagePersons(page: PersonsPage): Promise<readonly PersonEntry[]>;
  /**
   * Active and removed persons by their names and terms, which the gallery keeps in memory. `simplifiedName` says how names are
   * compared. Opens no profile, except that the first use reads all persons, unless `readAhead` has.
   */
  findPersons(wanted: PersonsWanted): Promise<readonly ListedPerson[]>;
  /** All active and removed persons, in order of enrolment, with their names. Opens no profile, as `findPersons`. */
  personNames(): Promise<readonly NamedPerson[]>;
  /** These persons in this order, without those who are gone. Opens the profiles. */
  personsOf(ids: readonly PersonId[]): Promise<readonly PersonEntry[]>;
  /** Begins to read the names and terms of all persons, with turns of the event loop. */
  readAhead(): void;
  /** The number of persons in these states. */
  countPersons(states: PersonsPage['states']): number;
  /** One person in any state. Opens the profile. */
  showPerson(id: PersonId): FullPersonEntry | undefined;
  /** The person who has this external id: active, removed, or staged in this import. */
  personOfExternalId(externalId: string, importId?: string): Promise<PersonId | undefined>;
  /** Replaces the profile, which the caller has validated. False if there is no such person. */
  changeProfile(id: PersonId, profile: PersonProfile, by: Actor): boolean;
  /**
   * Adds and deletes photographs with their templates; the caller has checked them and leaves at least one. False if there is no
   * such active person. @throws `enrolment-refused`
   */
  changeViews(id: PersonId, change: ViewChange, by: Actor): boolean;
  /** The person is no longer recognised but stays in the gallery. False if there is no such active person. */
  removePerson(id: PersonId, by: Actor): boolean;
  /** The person is recognised again. False if there is no such removed person. */
  restorePerson(id: PersonId, by: Actor): boolean;
  /**
   * Deletes a person, all their data and their data key from the database, its write-ahead log and memory. `passages`: how many
   * passages were erased with the person, for the certificate. `remains`: `later` where the caller erases many and calls
   * `forgetDeleted` itself.
   * @throws `erasure-incomplete` if another program prevents the write-ahead log from being emptied
   */
  erasePerson(id: PersonId, by: Actor, passages?: number, remains?: 'now' | 'later'): Erasure | undefined;
  /**
   * Deletes the person's templates and pictures, stores `profile` (which records the withdrawal of consent), and removes the
   * person. @throws `erasure-incomplete`
   */
  eraseBiometricData(id: PersonId, profile: PersonProfile, by: Actor, passages?: number): Erasure | undefined;
  /** The JPEG of a photograph. @throws `field-damaged` if it does not open */
  readPhotograph(id: PersonId, photographId: string): Uint8Array | undefined;
  /** The person's templates, for an export to that person. */
  readTemplates(id: PersonId): readonly UnsealedTemplate[];

  /** Stores the picture of an event or passage. False, and nothing is stored, if its person is not active. */
  addEvidence(evidence: NewEvidence): boolean;
  /** The stored pictures of events and passages of a person, oldest first. Each is opened when it is its turn, so that the caller can pause. */
  readEvidence(id: PersonId): Iterable<UnsealedEvidence>;
  /** The JPEG of an event or passage that happened at about `aboutMs`; undefined if there is none. */
  evidenceOfEvent(kind: PictureKind, eventId: string, aboutMs: number): Uint8Array | undefined;

  /** Deletes the pictures of these events and passages that show no enrolled person, taken between these times. Returns how many. */
  removeStrangerPictures(
    ids: readonly string[],
    taken: { readonly fromMs: number; readonly untilMs: number },
  ): number;

  /** Seals these pictures under the key of the person who the stranger is. Returns how many. */
  assignStrangerPictures(person: PersonId, ...given: Parameters<Gallery['removeStrangerPictures']>): number;
  /** Takes `assignStrangerPictures` back. */
  unassignStrangerPictures(person: PersonId, ...given: Parameters<Gallery['removeStrangerPictures']>): void;
  /** Seal the passages, which are stored elsewhere. Not to be kept: closing the gallery wipes what they need. */
  readonly passageKeys: PassageKeys;

  /** Not to be kept: closing the gallery overwrites them in memory. */
  readonly strangers: GalleryStrangers;

  /** Begins an import. Returns the id under which persons are staged. */
  beginImport(): Promise<string>;
  /** Makes all staged persons active in one transaction. Returns them in order of staging. @throws `no-such-import` */
  commitImport(importId: string, by: Actor): Promise<readonly PersonId[]>;
  /** Deletes all staged persons and returns their number. @throws `no-such-import` */
  abandonImport(importId: string): number;

  /** The active persons most similar to the probe, closest first. */
  nearest(probe: Embedding, options: SearchOptions): Promise<readonly Candidate[]>;
  /**
   * The persons, active or staged in `importId`, whose similarity to any of these embeddings is at least `threshold`, closest
   * first. Finds duplicates before an enrolment.
   */
  findSimilar(
    embeddings: readonly Embedding[],
    threshold: number,
    importId?: string,
  ): Promise<readonly Candidate[]>;
}
