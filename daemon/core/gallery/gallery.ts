import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Actor } from '../../kernel/actor.js';
import type { PictureKind } from '../../kernel/events/evidence.js';
import type { Candidate, Embedding } from '../../kernel/identification/match.js';
import type { PersonId, RecogniserId } from '../../kernel/ids.js';
import type { Lifetime } from '../../kernel/lifetime.js';
import type { PersonProfile } from '../../kernel/persons/person-profile.js';
import type { Evidence, NewEvidence, UnsealedEvidence } from './evidence.js';
import { InFlight } from './in-flight.js';
import type { KeyRing } from './keys/key-ring.js';
import { forgetDeleted } from './leftovers.js';
import type { PassageKeys } from './passage-keys.js';
import { checkEnrolment, type Enrolment } from './persons/enrolment.js';
import {
  deletePerson,
  type Erasure,
  type ErasureContext,
  eraseBiometricData,
  erasePerson,
} from './persons/erasure.js';
import type { ExternalIds } from './persons/external-ids.js';
import { type PersonChanges, profileChangeDetails, type ViewChange } from './persons/person-changes.js';
import type { FoundPersons, PersonDirectory, PersonsWanted } from './persons/person-directory.js';
import type { FullPersonEntry, NamedPerson, PersonEntry, UnsealedTemplate } from './persons/person-entry.js';
import type { PersonCountsRow, PersonsPage } from './persons/person-rows.js';
import type { Persons } from './persons/persons.js';
import {
  mostSimilar,
  refuseTakenIds,
  type StagedImports,
  type StagedPerson,
} from './persons/staged-imports.js';
import { newPersonId } from './row-id.js';
import { loadPerson, type TemplateLoading } from './search/load-templates.js';
import type { SearchIndex, SearchOptions } from './search/search-index.js';
import type { GalleryStrangers } from './strangers/gallery-strangers.js';
import type { Quarantine, QuarantinedRow } from './verify/quarantine.js';

export interface GalleryParts extends ErasureContext {
  readonly ring: KeyRing;
  readonly recogniser: RecogniserId;
  readonly dimensions: number;
  readonly persons: Persons;
  readonly changes: PersonChanges;
  readonly externalIds: ExternalIds;
  readonly directory: PersonDirectory;
  readonly imports: StagedImports;
  readonly evidence: Evidence;
  readonly passageKeys: PassageKeys;
  readonly strangers: GalleryStrangers;
  readonly index: SearchIndex;
  readonly quarantine: Quarantine;
  readonly report: (row: QuarantinedRow) => void;
  /** Owns the index and the keys. */
  readonly lifetime: Lifetime;
}

/** Names read between two turns of the event loop: some milliseconds of work. */
const namesAtATime = 2000;

/**
 * The enrolled persons of one box, sealed on disk, with their templates in memory for exact search. Every change is one
 * transaction with its audit entry and takes effect in the search immediately.
 * Rows and search index change together: the index never has a person who is not in the database.
 */
export class Gallery implements AsyncDisposable {
  readonly #parts: GalleryParts;
  readonly #inFlight = new InFlight();
  readonly #listeners = new Set<(ids: readonly PersonId[]) => void>();

  constructor(parts: GalleryParts) {
    this.#parts = parts;
  }

  get recogniser(): RecogniserId {
    return this.#parts.recogniser;
  }

  /** Public identifier of the current key-encryption key. */
  get keyId(): string {
    return this.#parts.ring.current.id;
  }

  /** Persons with at least one usable template. */
  get personCount(): number {
    return this.#parts.index.personCount;
  }

  /** Templates in use. */
  get templateCount(): number {
    return this.#parts.index.referenceCount;
  }

  /** Rows found damaged since the gallery was opened. */
  get quarantined(): readonly QuarantinedRow[] {
    return this.#parts.quarantine.rows;
  }

  /** Quarantines a damaged row: it is no longer used, and neither is a person whose own row it is. */
  putAside(row: QuarantinedRow): void {
    this.#inFlight.assertOpen();
    const { report, index, rows } = this.#parts;
    report(row);
    const { table, personId } = row;
    if (personId === undefined || (table !== 'person' && table !== 'template')) return;
    const wasKnown = index.remove(personId);
    const person = table === 'template' && wasKnown ? rows.person(personId) : undefined;
    if (person !== undefined) this.#load(person);
    this.#notify([personId]);
  }

  /** Registers background work on this gallery. It is disposed before the gallery is closed. */
  attach(name: string, work: AsyncDisposable): void {
    this.#inFlight.assertOpen();
    this.#parts.lifetime.use(name, work);
  }

  /** Calls back with the persons who were enrolled, changed, removed, restored or erased. The returned function unsubscribes. */
  onPersonsChanged(listener: (ids: readonly PersonId[]) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Enrols a person in one transaction. The search finds them when this resolves, or after the commit of their import.
   * @throws `enrolment-refused` with every problem of the photographs
   */
  async addPerson(enrolment: Enrolment, by: Actor, importId?: string): Promise<PersonId> {
    const { dimensions, recogniser, changes, index, imports } = this.#parts;
    checkEnrolment(enrolment, dimensions);
    const { id = newPersonId(), profile, photographs } = enrolment;
    return this.#inFlight.run(async () => {
      if (importId !== undefined) imports.assertUnderWay(importId);
      await changes.add({ id, profile, recogniser, photographs, importId }, by);
      const embeddings = photographs.map(({ embedding }) => embedding);
      if (importId !== undefined) this.#stage(importId, { id, profile, embeddings });
      else {
        index.put(id, embeddings);
        this.#parts.externalIds.reread(id);
        this.#notify([id]);
      }
      return id;
    });
  }

  /** All active and removed persons, in order of enrolment. Opens the profiles. */
  listPersons(): Promise<readonly PersonEntry[]> {
    return this.#inFlight.run(() => this.#parts.persons.list());
  }

  /** A part of the active or removed persons. Opens the profiles. */
  pagePersons(page: PersonsPage): Promise<readonly PersonEntry[]> {
    return this.#inFlight.run(() => this.#parts.persons.page(page));
  }

  /** The number of persons in these states. */
  countPersons(states: PersonsPage['states']): number {
    this.#inFlight.assertOpen();
    return this.#parts.rows.count(states);
  }

  /** One person in any state. Opens the profile. */
  showPerson(id: PersonId): FullPersonEntry | undefined {
    this.#inFlight.assertOpen();
    return this.#parts.persons.show(id);
  }

  /** The person who has this external id: active, removed, or staged in this import. */
  async personOfExternalId(externalId: string, importId?: string): Promise<PersonId | undefined> {
    this.#inFlight.assertOpen();
    if (importId !== undefined) return this.#parts.imports.personOfExternalId(importId, externalId);
    return this.#withExternalIds((externalIds) => externalIds.holder(externalId));
  }

  /**
   * Active and removed persons by their names and terms, which the gallery keeps in memory. `simplifiedName` says how names are
   * compared. Opens no profile, except that the first use reads all persons, unless `readAhead` has.
   */
  findPersons(wanted: PersonsWanted): Promise<FoundPersons> {
    return this.#withExternalIds((externalIds) => {
      const holder = wanted.text === undefined ? undefined : externalIds.holder(wanted.text.trim());
      return this.#parts.directory.find(wanted, holder);
    });
  }

  /** All active and removed persons, in order of enrolment, with their names. Opens no profile, as `findPersons`. */
  personNames(): Promise<readonly NamedPerson[]> {
    return this.#inFlight.run(async () => {
      const { externalIds, directory } = this.#parts;
      await externalIds.whole();
      const named: NamedPerson[] = [];
      for (const person of directory.find({ order: 'oldest', states: ['active', 'removed'] }).persons) {
        const { id, state, enrolledAtMs } = person;
        named.push({ id, state, enrolledAtMs, name: directory.nameOf(person) });
        if (named.length % namesAtATime === 0) await nextTurn();
      }
      return named;
    });
  }

  /** These persons in this order, without those who are gone. Opens the profiles. */
  personsOf(ids: readonly PersonId[]): Promise<readonly PersonEntry[]> {
    return this.#inFlight.run(() => this.#parts.persons.of(ids));
  }

  /** Begins to read the names and terms of all persons, with turns of the event loop. */
  readAhead(): void {
    this.#inFlight.assertOpen();
    // The next list reads again and tells of the failure.
    this.#parts.externalIds.whole().catch(() => undefined);
  }

  /** Replaces the profile, which the caller has validated. False if there is no such person. */
  changeProfile(id: PersonId, profile: PersonProfile, by: Actor): boolean {
    const row = this.#row(id);
    if (row === undefined || row.state === 'staged') return false;
    // Refuses a row whose state was altered in the file: sealing it again would make the altered state genuine.
    const before = this.#parts.persons.profile(row);
    const details = profileChangeDetails(before, profile);
    this.#parts.changes.change(row, { profile, state: row.state }, { by, action: 'person.changed', details });
    this.#parts.externalIds.note(row, profile);
    this.#notify([id]);
    return true;
  }

  /**
   * Adds and deletes photographs with their templates; the caller has checked them and leaves at least one. False if there is no
   * such active person. @throws `enrolment-refused`
   */
  changeViews(id: PersonId, change: ViewChange, by: Actor): boolean {
    const row = this.#row(id);
    if (row?.state !== 'active') return false;
    const { changes, persons, index, rows, recogniser, dimensions, database } = this.#parts;
    const profile = persons.profile(row);
    if (change.added.length > 0) checkEnrolment({ profile, photographs: change.added }, dimensions);
    changes.changeViews(row, change, { by, profile, recogniser });
    index.remove(id);
    this.#load(rows.person(id) ?? row);
    this.#notify([id]);
    if (change.removed.length > 0) forgetDeleted(database);
    return true;
  }

  /** The person is no longer recognised but stays in the gallery. False if there is no such active person. */
  removePerson(id: PersonId, by: Actor): boolean {
    const row = this.#row(id);
    if (row?.state !== 'active') return false;
    const { changes, persons, index } = this.#parts;
    changes.change(
      row,
      { profile: persons.profile(row), state: 'removed' },
      { by, action: 'person.removed' },
    );
    this.#parts.externalIds.reread(id);
    index.remove(id);
    this.#notify([id]);
    return true;
  }

  /** The person is recognised again. False if there is no such removed person. */
  restorePerson(id: PersonId, by: Actor): boolean {
    const row = this.#row(id);
    if (row?.state !== 'removed') return false;
    const { changes, persons } = this.#parts;
    changes.change(
      row,
      { profile: persons.profile(row), state: 'active' },
      { by, action: 'person.restored' },
    );
    this.#parts.externalIds.reread(id);
    this.#load(row);
    this.#notify([id]);
    return true;
  }

  /**
   * Deletes a person, all their data and their data key from the database, its write-ahead log and memory. `passages`: how many
   * passages were erased with the person, for the certificate. `remains`: `later` where the caller erases many and calls
   * `forgetDeleted` itself.
   * @throws `erasure-incomplete` if another program prevents the write-ahead log from being emptied
   */
  erasePerson(id: PersonId, by: Actor, passages = 0, remains: 'now' | 'later' = 'now'): Erasure | undefined {
    const row = this.#row(id);
    if (row === undefined || row.state === 'staged') return undefined;
    const work = remains === 'now' ? erasePerson : deletePerson;
    return this.#withoutPerson(id, () => work(this.#parts, row, { by, passages }));
  }

  /**
   * Deletes the person's templates and pictures, stores `profile` (which records the withdrawal of consent), and removes the
   * person. @throws `erasure-incomplete`
   */
  eraseBiometricData(id: PersonId, profile: PersonProfile, by: Actor, passages = 0): Erasure | undefined {
    const row = this.#row(id);
    if (row === undefined || row.state === 'staged') return undefined;
    return this.#withoutPerson(id, () => eraseBiometricData(this.#parts, row, { profile, by, passages }));
  }

  /** The JPEG of a photograph. @throws `field-damaged` if it does not open */
  readPhotograph(id: PersonId, photographId: string): Uint8Array | undefined {
    this.#inFlight.assertOpen();
    return this.#parts.persons.photograph(id, photographId);
  }

  /** The person's templates, for an export to that person. */
  readTemplates(id: PersonId): readonly UnsealedTemplate[] {
    this.#inFlight.assertOpen();
    return this.#parts.persons.templates(id);
  }

  /** Stores the picture of an event or passage. False, and nothing is stored, if its person is not active. */
  addEvidence(evidence: NewEvidence): boolean {
    this.#inFlight.assertOpen();
    return this.#parts.evidence.add(evidence);
  }

  /** The stored pictures of events and passages of a person, oldest first. Each is opened when it is its turn, so that the caller can pause. */
  *readEvidence(id: PersonId): Generator<UnsealedEvidence> {
    this.#inFlight.assertOpen();
    for (const pictureId of this.#parts.evidence.idsOfPerson(id)) {
      // The caller may have paused: the gallery may be closed by now, and the picture erased.
      this.#inFlight.assertOpen();
      const picture = this.#parts.evidence.read(pictureId);
      if (picture !== undefined) yield picture;
    }
  }

  /** The JPEG of an event or passage that happened at about `aboutMs`; undefined if there is none. */
  evidenceOfEvent(kind: PictureKind, eventId: string, aboutMs: number): Uint8Array | undefined {
    this.#inFlight.assertOpen();
    return this.#parts.evidence.ofEvent(kind, eventId, aboutMs)?.jpeg;
  }

  /** Deletes the pictures of these events and passages that show no enrolled person, taken between these times. Returns how many. */
  removeStrangerPictures(
    ids: readonly string[],
    taken: { readonly fromMs: number; readonly untilMs: number },
  ): number {
    this.#inFlight.assertOpen();
    return this.#parts.evidence.removeOfStrangers(ids, taken);
  }

  /** Seals these pictures under the key of the person who the stranger is. Returns how many. */
  assignStrangerPictures(person: PersonId, ...given: Parameters<Gallery['removeStrangerPictures']>): number {
    this.#inFlight.assertOpen();
    return this.#parts.evidence.assignOfStrangers(person, ...given);
  }

  /** Takes `assignStrangerPictures` back. */
  unassignStrangerPictures(person: PersonId, ...given: Parameters<Gallery['removeStrangerPictures']>): void {
    this.#inFlight.assertOpen();
    this.#parts.evidence.unassignOfStrangers(person, ...given);
  }

  /** Seal the passages, which are stored elsewhere. Not to be kept: closing the gallery wipes what they need. */
  get passageKeys(): PassageKeys {
    this.#inFlight.assertOpen();
    return this.#parts.passageKeys;
  }

  /** Not to be kept: closing the gallery overwrites them in memory. */
  get strangers(): GalleryStrangers {
    this.#inFlight.assertOpen();
    return this.#parts.strangers;
  }

  /** Begins an import. Returns the id under which persons are staged. */
  beginImport(): Promise<string> {
    return this.#withExternalIds((externalIds) => this.#parts.imports.begin(externalIds.now()));
  }

  /** Makes all staged persons active in one transaction. Returns them in order of staging. @throws `no-such-import` */
  async commitImport(importId: string, by: Actor): Promise<readonly PersonId[]> {
    const { imports, persons, changes, externalIds } = this.#parts;
    return this.#inFlight.run(async () => {
      const order = imports.personsOf(importId);
      await externalIds.whole();
      const rows = this.#parts.rows.personsOfImport(importId);
      const staged = rows.map((row) => ({ row, profile: persons.profile(row) }));
      refuseTakenIds(staged, externalIds);
      changes.commitImport(importId, staged, by);
      for (const { row, profile } of staged) externalIds.note({ ...row, state: 'active' }, profile);
      await imports.end(importId);
      // Reads the rows again: a rotation or an erasure may have changed them meanwhile.
      for (const { id } of rows) {
        const row = this.#parts.rows.person(id);
        if (row?.state === 'active') this.#load(row);
      }
      this.#notify(order);
      return order;
    });
  }

  #withExternalIds<T>(ask: (externalIds: ExternalIds) => T): Promise<T> {
    const { externalIds } = this.#parts;
    return this.#inFlight.run(async () => {
      await externalIds.whole();
      return ask(externalIds);
    });
  }

  /** Deletes all staged persons and returns their number. @throws `no-such-import` */
  abandonImport(importId: string): number {
    this.#inFlight.assertOpen();
    const count = this.#parts.imports.abandon(importId);
    if (count > 0) forgetDeleted(this.#parts.database);
    return count;
  }

  /** The active persons most similar to the probe, closest first. */
  nearest(probe: Embedding, options: SearchOptions): Promise<readonly Candidate[]> {
    return this.#inFlight.run(() => this.#parts.index.nearest(probe, options));
  }

  /**
   * The persons, active or staged in `importId`, whose similarity to any of these embeddings is at least `threshold`, closest
   * first. Finds duplicates before an enrolment.
   */
  findSimilar(
    embeddings: readonly Embedding[],
    threshold: number,
    importId?: string,
  ): Promise<readonly Candidate[]> {
    const { index, imports } = this.#parts;
    const indexes = [index, ...(importId === undefined ? [] : imports.indexOf(importId))];
    return this.#inFlight.run(() => mostSimilar(indexes, embeddings, threshold));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inFlight.close();
    await this.#parts.lifetime[Symbol.asyncDispose]();
  }

  #row(id: PersonId): PersonCountsRow | undefined {
    this.#inFlight.assertOpen();
    return this.#parts.rows.person(id);
  }

  /** Removes the person from the index first, so that no search finds them meanwhile. After a failure, loads them again. */
  #withoutPerson<T>(id: PersonId, work: () => T): T {
    const { index, quarantine, rows, externalIds, strangers } = this.#parts;
    const wasRecognised = index.remove(id);
    const forget = (): void => {
      quarantine.release(id);
      strangers.forgetPerson(id);
    };
    try {
      const done = work();
      forget();
      return done;
    } catch (error) {
      const row = rows.person(id);
      if (wasRecognised && row?.state === 'active') this.#load(row);
      else forget();
      throw error;
    } finally {
      externalIds.reread(id);
      this.#notify([id]);
    }
  }

  #notify(ids: readonly PersonId[]): void {
    for (const listener of this.#listeners) listener(ids);
  }

  /** Deletes the person again if the import was abandoned or committed while they were being sealed. */
  #stage(importId: string, person: StagedPerson): void {
    const { imports, rows, database } = this.#parts;
    try {
      imports.add(importId, person);
    } catch (error) {
      const row = rows.person(person.id);
      if (row !== undefined) {
        database.transaction(() => rows.delete(row));
        forgetDeleted(database);
      }
      throw error;
    }
  }

  #load(row: Parameters<typeof loadPerson>[0]): void {
    const { report: quarantine, ...parts } = this.#parts;
    const loading: TemplateLoading = { ...parts, quarantine };
    loadPerson(row, parts.rows.templatesOf(row.id), loading);
  }
}
