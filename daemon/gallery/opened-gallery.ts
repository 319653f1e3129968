import type { Actor } from '../audit/actor.js';
import type { Lifetime } from '../base/lifetime.js';
import type { EvidenceKind } from '../domain/events/evidence.js';
import type { Candidate, Embedding } from '../domain/identification/match.js';
import type { PersonId, RecogniserId } from '../domain/ids.js';
import type { PersonProfile } from '../domain/persons/person-profile.js';
import type { Evidence, HeldEvidence, NewEvidence } from './evidence.js';
import type { ErasureCertificate, Gallery, HeldTemplate, PersonDetail, PersonEntry } from './gallery.js';
import { InFlight } from './in-flight.js';
import type { KeyRing } from './keys/key-ring.js';
import { checkEnrolment, type Enrolment } from './persons/enrolment.js';
import { type ErasureParts, eraseBiometricData, erasePerson } from './persons/erasure.js';
import type { ExternalIds } from './persons/external-ids.js';
import type { PersonChanges } from './persons/person-changes.js';
import type { PersonCountsRow } from './persons/person-rows.js';
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
import type { Quarantine, QuarantinedRow } from './verify/quarantine.js';
import { emptyWriteAheadLog } from './write-ahead-log.js';

export interface GalleryParts extends ErasureParts {
  readonly ring: KeyRing;
  readonly recogniser: RecogniserId;
  readonly dimensions: number;
  readonly persons: Persons;
  readonly changes: PersonChanges;
  readonly externalIds: ExternalIds;
  readonly imports: StagedImports;
  readonly evidence: Evidence;
  readonly index: SearchIndex;
  readonly quarantine: Quarantine;
  readonly report: (row: QuarantinedRow) => void;
  /** Owns the index and the keys. */
  readonly lifetime: Lifetime;
}

/** The rows and the index, changed together: the index never knows a person whom the database does not. */
export class OpenedGallery implements Gallery {
  readonly #parts: GalleryParts;
  readonly #inFlight = new InFlight();
  readonly #listeners = new Set<(ids: readonly PersonId[]) => void>();

  constructor(parts: GalleryParts) {
    this.#parts = parts;
  }

  get recogniser(): RecogniserId {
    return this.#parts.recogniser;
  }

  get keyId(): string {
    return this.#parts.ring.current.id;
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

  putAside(row: QuarantinedRow): void {
    this.#inFlight.assertOpen();
    const { report, index, rows } = this.#parts;
    report(row);
    const { table, personId } = row;
    if (personId === undefined || (table !== 'person' && table !== 'template')) return;
    const wasKnown = index.remove(personId);
    const person = table === 'template' && wasKnown ? rows.person(personId) : undefined;
    if (person !== undefined) this.#load(person);
    this.#tell([personId]);
  }

  attach(name: string, work: AsyncDisposable): void {
    this.#inFlight.assertOpen();
    this.#parts.lifetime.use(name, work);
  }

  onPersonsChanged(listener: (ids: readonly PersonId[]) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async addPerson(enrolment: Enrolment, by: Actor, importId?: string): Promise<PersonId> {
    const { dimensions, recogniser, changes, index, imports } = this.#parts;
    checkEnrolment(enrolment, dimensions);
    const { profile, photographs } = enrolment;
    return this.#inFlight.run(async () => {
      const id = newPersonId();
      if (importId !== undefined) imports.assertUnderWay(importId);
      await changes.add({ id, profile, recogniser, photographs, importId }, by);
      const embeddings = photographs.map(({ embedding }) => embedding);
      if (importId !== undefined) this.#stage(importId, { id, profile, embeddings });
      else {
        index.add(id, embeddings);
        this.#parts.externalIds.note(id, profile);
        this.#tell([id]);
      }
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

  async personOfExternalId(externalId: string, importId?: string): Promise<PersonId | undefined> {
    this.#inFlight.assertOpen();
    if (importId !== undefined) return this.#parts.imports.personOfExternalId(importId, externalId);
    return this.#withExternalIds((externalIds) => externalIds.holder(externalId));
  }

  changeProfile(id: PersonId, profile: PersonProfile, by: Actor): boolean {
    const row = this.#row(id);
    if (row === undefined || row.state === 'staged') return false;
    // Refuses a row whose state somebody altered: sealing it anew would make that genuine.
    const before = this.#parts.persons.profile(row);
    const details = thresholdDetail(before, profile);
    this.#parts.changes.change(row, { profile, state: row.state }, { by, action: 'person.changed', details });
    this.#parts.externalIds.note(id, profile);
    this.#tell([id]);
    return true;
  }

  removePerson(id: PersonId, by: Actor): boolean {
    const row = this.#row(id);
    if (row?.state !== 'active') return false;
    const { changes, persons, index } = this.#parts;
    changes.change(
      row,
      { profile: persons.profile(row), state: 'removed' },
      { by, action: 'person.removed' },
    );
    index.remove(id);
    this.#tell([id]);
    return true;
  }

  restorePerson(id: PersonId, by: Actor): boolean {
    const row = this.#row(id);
    if (row?.state !== 'removed') return false;
    const { changes, persons } = this.#parts;
    changes.change(
      row,
      { profile: persons.profile(row), state: 'active' },
      { by, action: 'person.restored' },
    );
    this.#load(row);
    this.#tell([id]);
    return true;
  }

  erasePerson(id: PersonId, by: Actor): ErasureCertificate | undefined {
    const row = this.#row(id);
    if (row === undefined || row.state === 'staged') return undefined;
    return this.#forgetting(id, () => erasePerson(this.#parts, row, by));
  }

  eraseBiometricData(id: PersonId, profile: PersonProfile, by: Actor): ErasureCertificate | undefined {
    const row = this.#row(id);
    if (row === undefined || row.state === 'staged') return undefined;
    return this.#forgetting(id, () => eraseBiometricData(this.#parts, row, { profile, by }));
  }

  readPhotograph(id: PersonId, photographId: string): Uint8Array | undefined {
    this.#inFlight.assertOpen();
    return this.#parts.persons.photograph(id, photographId);
  }

  readTemplates(id: PersonId): readonly HeldTemplate[] {
    this.#inFlight.assertOpen();
    return this.#parts.persons.templates(id);
  }

  addEvidence(evidence: NewEvidence): boolean {
    this.#inFlight.assertOpen();
    return this.#parts.evidence.add(evidence);
  }

  readEvidence(id: PersonId): readonly HeldEvidence[] {
    this.#inFlight.assertOpen();
    return this.#parts.evidence.ofPerson(id);
  }

  evidenceOfEvent(kind: EvidenceKind, eventId: string, aboutMs: number): Uint8Array | undefined {
    this.#inFlight.assertOpen();
    return this.#parts.evidence.ofEvent(kind, eventId, aboutMs)?.jpeg;
  }

  beginImport(): Promise<string> {
    return this.#withExternalIds((externalIds) => this.#parts.imports.begin(externalIds.now()));
  }

  async commitImport(importId: string, by: Actor): Promise<readonly PersonId[]> {
    const { imports, persons, changes, externalIds } = this.#parts;
    return this.#inFlight.run(async () => {
      const order = imports.personsOf(importId);
      await externalIds.whole();
      const rows = this.#parts.rows.personsOfImport(importId);
      const staged = rows.map((row) => ({ row, profile: persons.profile(row) }));
      refuseTakenIds(staged, externalIds);
      changes.commitImport(importId, staged, by);
      for (const { row, profile } of staged) externalIds.note(row.id, profile);
      await imports.end(importId);
      // Read again: a rotation or an erasure may have come in between.
      for (const { id } of rows) {
        const row = this.#parts.rows.person(id);
        if (row?.state === 'active') this.#load(row);
      }
      this.#tell(order);
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

  abandonImport(importId: string): number {
    this.#inFlight.assertOpen();
    const count = this.#parts.imports.abandon(importId);
    // Where another program reads the file, the next erasure or opening empties it.
    emptyWriteAheadLog(this.#parts.database);
    return count;
  }

  nearest(probe: Embedding, options: SearchOptions): Promise<readonly Candidate[]> {
    return this.#inFlight.run(() => this.#parts.index.nearest(probe, options));
  }

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

  /** Memory first: nobody is recognised by mistake. Where the deletion fails, whoever is still there is recognised again. */
  #forgetting<T>(id: PersonId, work: () => T): T {
    const { index, quarantine, rows, externalIds } = this.#parts;
    const wasRecognised = index.remove(id);
    try {
      const done = work();
      quarantine.release(id);
      return done;
    } catch (error) {
      const row = rows.person(id);
      if (wasRecognised && row?.state === 'active') this.#load(row);
      else quarantine.release(id);
      throw error;
    } finally {
      externalIds.reread(id);
      this.#tell([id]);
    }
  }

  #tell(ids: readonly PersonId[]): void {
    for (const listener of this.#listeners) listener(ids);
  }

  /** The import may have been abandoned or committed while the person was being sealed: nobody is left behind then. */
  #stage(importId: string, person: StagedPerson): void {
    const { imports, rows, database } = this.#parts;
    try {
      imports.add(importId, person);
    } catch (error) {
      const row = rows.person(person.id);
      if (row !== undefined) database.transaction(() => rows.delete(row));
      emptyWriteAheadLog(database);
      throw error;
    }
  }

  #load(row: Parameters<typeof loadPerson>[0]): void {
    const { report: quarantine, ...parts } = this.#parts;
    const loading: TemplateLoading = { ...parts, quarantine };
    loadPerson(row, parts.rows.templatesOf(row.id), loading);
  }
}

/** What the audit log says of a changed threshold of one person; its reason is personal. */
function thresholdDetail(
  before: PersonProfile,
  next: PersonProfile,
): { readonly threshold?: number | 'auto' } {
  const similarity = next.threshold?.similarity;
  if (before.threshold?.similarity === similarity) return {};
  return { threshold: similarity ?? 'auto' };
}
