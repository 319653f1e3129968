import type { Actor } from '../audit/actor.js';
import type { EvidenceKind } from '../domain/events/evidence.js';
import type { Candidate, Embedding } from '../domain/identification/match.js';
import type { PersonId, RecogniserId } from '../domain/ids.js';
import type { PersonProfile } from '../domain/persons/person-profile.js';
import type { HeldEvidence, NewEvidence } from './evidence.js';
import type { Enrolment } from './persons/enrolment.js';
import type { PersonState } from './places.js';
import type { SearchOptions } from './search/search-index.js';
import type { QuarantinedRow } from './verify/quarantine.js';

export interface PersonEntry {
  readonly id: PersonId;
  readonly state: PersonState;
  /** Undefined where it does not open; the row is then in quarantine. */
  readonly profile: PersonProfile | undefined;
  /** Wall clock, milliseconds since the epoch. */
  readonly enrolledAtMs: number;
  /** Of the latest change of profile or state: for a removed person, when they were removed. */
  readonly changedAtMs: number;
  readonly templateCount: number;
  readonly photographCount: number;
  readonly evidenceCount: number;
}

export interface PersonDetail extends PersonEntry {
  readonly templates: readonly { readonly id: string; readonly quality: number }[];
  readonly photographs: readonly { readonly id: string; readonly addedAtMs: number }[];
}

/** A template as it is: values of an embedding as little-endian float32. */
export interface HeldTemplate {
  readonly id: string;
  readonly recogniser: string;
  readonly quality: number;
  /** The caller wipes them. */
  readonly bytes: Uint8Array;
}

/** Proof of an erasure, without personal data. */
export interface ErasureCertificate {
  readonly personId: PersonId;
  /** `biometric-data`: a withdrawal of consent, the profile is left. */
  readonly scope: 'person' | 'biometric-data';
  readonly erasedAtMs: number;
  readonly by: Actor;
  readonly auditSequence: number;
  /** Hexadecimal. */
  readonly auditHash: string;
  readonly what: { readonly templates: number; readonly photographs: number; readonly evidence: number };
}

/**
 * The enrolled persons of one box: sealed at rest, their templates in memory for exact search. Every change is one
 * transaction together with its audit entry, and takes effect in the search at once.
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
  /** Puts a row aside that was found damaged: neither it nor a person whose row it is is used from now on. */
  putAside(row: QuarantinedRow): void;
  /** Work in the background on this gallery; it is disposed before the gallery is closed. */
  attach(name: string, work: AsyncDisposable): void;
  /** Calls back with persons who were enrolled, changed, removed, restored or erased. Returns how to stop. */
  onPersonsChanged(listener: (ids: readonly PersonId[]) => void): () => void;

  /**
   * Enrols a person: entirely or not at all. They are found from the moment this resolves; as part of an import, from its
   * commit on.
   * @throws `enrolment-refused` with every problem of the photographs
   */
  addPerson(enrolment: Enrolment, by: Actor, importId?: string): Promise<PersonId>;
  /** Everybody active or removed, in order of enrolment. Opens the profiles. */
  listPersons(): Promise<readonly PersonEntry[]>;
  /** One person in any state. Opens the profile. */
  showPerson(id: PersonId): PersonDetail | undefined;
  /** Somebody active, removed or staged in this import who has that external id. */
  personOfExternalId(externalId: string, importId?: string): Promise<PersonId | undefined>;
  /** Replaces the profile, which was checked before; false where there is nobody of that id. */
  changeProfile(id: PersonId, profile: PersonProfile, by: Actor): boolean;
  /** No longer recognised, but kept; false where there is no such active person. */
  removePerson(id: PersonId, by: Actor): boolean;
  /** Recognised again; false where there is no such removed person. */
  restorePerson(id: PersonId, by: Actor): boolean;
  /**
   * Deletes a person with everything held on them and their data key, in the database, its write-ahead log and memory.
   * @throws `erasure-incomplete` where another program keeps the write-ahead log from being emptied
   */
  erasePerson(id: PersonId, by: Actor): ErasureCertificate | undefined;
  /**
   * Deletes what the person can be recognised by, stores `profile` (which says that consent was withdrawn), and removes
   * them. @throws `erasure-incomplete`
   */
  eraseBiometricData(id: PersonId, profile: PersonProfile, by: Actor): ErasureCertificate | undefined;
  /** The JPEG of a photograph. @throws `field-damaged` where it does not open */
  readPhotograph(id: PersonId, photographId: string): Uint8Array | undefined;
  /** The person's templates, for the person themselves. */
  readTemplates(id: PersonId): readonly HeldTemplate[];

  /** Keeps a picture of a face with an event. False where the person is gone: nothing is kept then. */
  addEvidence(evidence: NewEvidence): boolean;
  /** Pictures kept of a person, oldest first. */
  readEvidence(id: PersonId): readonly HeldEvidence[];
  /** The JPEG kept with an event that happened at `aboutMs`; undefined where there is none. */
  evidenceOfEvent(kind: EvidenceKind, eventId: string, aboutMs: number): Uint8Array | undefined;

  /** An id to stage persons under. */
  beginImport(): Promise<string>;
  /** Makes everybody staged active, in one transaction; in order of staging. @throws `no-such-import` */
  commitImport(importId: string, by: Actor): Promise<readonly PersonId[]>;
  /** Erases everybody staged; how many they were. @throws `no-such-import` */
  abandonImport(importId: string): number;

  /** The active persons most similar to one probe, closest first. */
  nearest(probe: Embedding, options: SearchOptions): Promise<readonly Candidate[]>;
  /**
   * Active persons, and those staged in `importId`, whom any of these embeddings reaches with at least `threshold`, closest
   * first: what to ask before enrolling somebody.
   */
  findSimilar(
    embeddings: readonly Embedding[],
    threshold: number,
    importId?: string,
  ): Promise<readonly Candidate[]>;
}
