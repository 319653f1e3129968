import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Caller } from '../../contract/caller.js';
import type {
  EnrolmentRequest,
  EnrolmentResult,
  EnrolmentWarning,
  GivenEnrolment,
  StagedRow,
} from '../../contract/enrolment.js';
import type { ExportedLine } from '../../contract/exported-lines.js';
import type { HandlerInput, Page } from '../../contract/operation.js';
import type { PersonDetail, PersonSummary } from '../../contract/person.js';
import type {
  ChangedPerson,
  ChangedPersons,
  ErasedPerson,
  ErasedPersons,
  ErasureCertificate,
  ProfileChange,
  personOperations,
  RestoreResult,
  UpdateResult,
} from '../../contract/persons.js';
import type { PhotographChange } from '../../contract/photographs.js';
import type { PhotoOutcome } from '../../contract/vision/vision-answers.js';
import { contentHash } from '../../host/content-hash.js';
import { type Actor, actorOf } from '../../kernel/actor.js';
import { defect, isRollcallError } from '../../kernel/errors.js';
import type { MatchPolicy } from '../../kernel/identification/match.js';
import { type PersonId, personId } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import type { Logger } from '../../kernel/logger.js';
import type { FalseMatch } from '../../kernel/passages/mark.js';
import { type PersonProfile, withdrawn } from '../../kernel/persons/person-profile.js';
import { present } from '../../kernel/present.js';
import { SerialQueue } from '../../kernel/serial-queue.js';
import { failure } from '../../words/errors.js';
import { keyReused } from '../api/idempotency.js';
import type { KeptRequest, KeptRequests } from '../api/kept-requests.js';
import { refusalOfRest } from '../api/refusal-of-one.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import type { Gallery } from '../gallery/gallery.js';
import type { OwnThreshold } from '../gallery/gallery-calibration.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { FullPersonEntry } from '../gallery/persons/person-entry.js';
import { newPersonId } from '../gallery/row-id.js';
import type { PassageJournal } from '../passages/passage-journal.js';
import type { RecordsRetention } from '../retention/records-retention.js';
import { changeOne, type ProfileAccess, requireChange } from './common-change.js';
import { EnrolledPhotographs } from './enrolled-photographs.js';
import { readAnswer, writeAnswer } from './enrolment-keys.js';
import {
  certified,
  changedMeanwhile,
  describePerson,
  erasedOrWhyNot,
  summarisePerson,
} from './person-answers.js';
import { type ExportSources, enrolmentLines, exportLines } from './person-export.js';
import { type PersonFilter, pageOfPersons } from './person-list.js';
import {
  type Enrollable,
  type EnrolmentOptions,
  examineEnrolment,
  named,
  type ProfileRules,
} from './photo-enrolment.js';
import type { PhotographHashes } from './photograph-hashes.js';
import { changedProfile, withThreshold } from './profile-change.js';

/** The outcome of a removal. */
export type RemoveResult =
  | { readonly outcome: 'removed' }
  /** Removed at `removedAt`, ISO 8601 in UTC. `canBeRestored` is false after a withdrawal of consent. */
  | { readonly outcome: 'already-removed'; readonly removedAt: string; readonly canBeRestored: boolean }
  | { readonly outcome: 'no-such-person' };

interface NoSuchPerson {
  readonly outcome: 'no-such-person';
}

export interface EnrolledPersonsOptions {
  readonly vault: GalleryVault;
  readonly records: ExportSources['records'] & {
    readonly passages: Pick<PassageJournal, 'forgetPerson'>;
    readonly photographHashes: Pick<PhotographHashes, 'forget'>;
    readonly requests: Pick<KeptRequests, 'find' | 'keep' | 'forget'>;
    readonly retention: Pick<RecordsRetention, 'forgetAbout' | 'emptyLog'>;
    readonly review: { forgetPerson(id: PersonId): void };
  };
  /** The operating point, with the thresholds of persons. */
  readonly policy: () => MatchPolicy;
  /** Today at the site, `YYYY-MM-DD`. */
  readonly todayIso: () => string;
  /** The IDs of the custom fields that the configuration in force defines. */
  readonly definedFields: () => ReadonlySet<string>;
  readonly analysePhoto: (image: Buffer, faceNumber?: number) => Promise<PhotoOutcome>;
  /** Stops to take tracks in sight for this person. */
  readonly forgetPerson: (id: PersonId) => void;
  /** Deletes the copies of the gallery on this box that may hold a person who is erased now. */
  readonly forgetCopies: (by: Actor) => void;
  /** The threshold in force for a person, if it is not the general one. */
  readonly ownThresholdOf: (id: PersonId) => OwnThreshold | undefined;
  /** The passages whose marks raise thresholds. */
  readonly falseMatches: () => readonly FalseMatch[];
  /** Receives every reading of names. */
  readonly readings: Pick<ReadingTrail, 'note'>;
  readonly logger: Pick<Logger, 'error'>;
}

/** The most passages that are named as reason of a threshold. */
const mostMarkedPassages = 20;

/**
 * The persons of the gallery. Expected outcomes are answers; an unknown person gives undefined or `no-such-person`. Every call
 * throws `gallery-sealed` while the gallery is sealed, and every change and reading is audited with its actor.
 */
export class EnrolledPersons {
  readonly #options: EnrolledPersonsOptions;
  /** One enrolment or update at a time: between the check for duplicates and the write, no other may take the external id or face. */
  readonly #turns = new SerialQueue();
  readonly photographs: EnrolledPhotographs;

  constructor(options: EnrolledPersonsOptions) {
    this.#options = options;
    this.photographs = new EnrolledPhotographs({
      ...options,
      turns: this.#turns,
      parts: () => this.#enrolmentParts(),
      read: (id, actor) => this.#read(id, actor),
      known: (id) => this.#known(id),
      noteLikeness: (found, actor) => this.#noteLikeness(found, actor),
    });
  }

  /** What profiles are checked against now. */
  get profileRules(): ProfileRules {
    return { todayIso: this.#options.todayIso(), definedFields: this.#options.definedFields() };
  }

  /** @throws `profile-refused`, `face-of-several-photographs`, `idempotency-key-reused` */
  async add(request: EnrolmentRequest, actor: Actor): Promise<EnrolmentResult> {
    const { idempotencyKey: key, isDryRun } = request;
    if (key === undefined || isDryRun) return await this.#turns.run(() => this.#add(request, actor));
    const content = await contentHash({ ...request, idempotencyKey: undefined });
    const { requests } = this.#options.records;
    const place = { actor: actor.actor, operation: 'persons.enrol', key };
    return await this.#turns.run(async () => {
      const earlier = this.#repeated(requests.find(place, content), actor);
      if (earlier !== undefined) return earlier;
      return await this.#add(request, actor, (id, answer) =>
        requests.keep(place, { state: 'done', content, objectId: id, answer }, [id]),
      );
    });
  }

  /** `remember` is told of the person before they are stored. */
  async #add(
    request: EnrolmentRequest,
    actor: Actor,
    remember?: (id: PersonId, answer: string) => void,
  ): Promise<EnrolmentResult> {
    const gallery = this.#gallery();
    const found = await examineEnrolment(request, this.#enrolmentParts());
    this.#noteLikeness(found, actor, request.isDryRun);
    if (found.outcome !== 'enrollable') return found;
    const { profile, enrolled, photographs } = found;
    const warning = warningOf(found);
    if (request.isDryRun) return { outcome: 'enrollable', photographs, ...warning };
    const id = newPersonId();
    remember?.(id, writeAnswer(photographs, warning));
    await gallery.addPerson({ id, profile, photographs: enrolled }, actor);
    return { outcome: 'enrolled', person: this.#detail(id), photographs, ...warning };
  }

  /** The answer tells whom the pictures resemble, like a recognition. A dry run can ask for that alone. */
  #noteLikeness(
    found: Enrollable | EnrolmentResult | PhotographChange,
    actor: Actor,
    isDryRun = false,
  ): void {
    const { resembles = [] } = 'resembles' in found ? found : {};
    const matches = found.outcome === 'similar' ? 1 : resembles.length;
    if (matches === 0 && !isDryRun) return;
    const details = { faces: 1, matches };
    this.#options.readings.note({ by: actor, action: 'person.recognised', details });
  }

  /**
   * The answer to a repeated request. Undefined if the person is not in the gallery: they were never stored, or are gone.
   * @throws `idempotency-key-reused`
   */
  #repeated(
    earlier: (KeptRequest & { readonly isSame: boolean }) | undefined,
    actor: Actor,
  ): EnrolmentResult | undefined {
    const { objectId = '', answer: kept = '', isSame } = earlier ?? {};
    if (this.#known(objectId) === undefined) return undefined;
    if (isSame !== true) throw keyReused();
    const gallery = this.#gallery();
    const found = this.#read(objectId, actor);
    if (found === undefined) return undefined;
    const answer = readAnswer(kept);
    const resembles = answer.resembles
      .filter((other) => gallery.showPerson(personId(other.personId)) !== undefined)
      .map((other) => named({ ...other, personId: personId(other.personId) }, gallery));
    const warning = resembles.length === 0 ? {} : { resembles };
    const result: EnrolmentResult = {
      outcome: 'enrolled',
      person: describePerson(found),
      photographs: answer.photographs,
      ...warning,
    };
    this.#noteLikeness(result, actor);
    return result;
  }

  /** @throws `bad-request` for a cursor that no page gave */
  async list(filter: PersonFilter, actor: Actor): Promise<Page<PersonSummary>> {
    const { items, ...page } = await pageOfPersons(this.#gallery(), filter, this.#options.todayIso());
    const details = { persons: items.length };
    this.#options.readings.note({ by: actor, action: 'person.listed', details });
    return { ...page, items: items.map(summarisePerson) };
  }

  /** Of enrolled persons whose profile opens. */
  names(ids: readonly string[], actor: Actor): readonly { readonly id: string; readonly name: string }[] {
    const named = [...new Set(ids)].flatMap((id) => {
      const name = this.#known(id)?.profile?.name;
      return name === undefined ? [] : [{ id, name }];
    });
    const details = { persons: named.length };
    this.#options.readings.note({ by: actor, action: 'person.listed', details });
    return named;
  }

  show(id: string, caller: Actor & Partial<Pick<Caller, 'scopes' | 'cameras'>>): PersonDetail | undefined {
    const found = this.#read(id, actorOf(caller));
    if (found === undefined) return undefined;
    return {
      ...describePerson(found),
      ...present({ thresholdInForce: this.#thresholdOf(found.id, caller) }),
    };
  }

  #thresholdOf(
    id: PersonId,
    { scopes, cameras }: Partial<Pick<Caller, 'scopes' | 'cameras'>>,
  ): PersonDetail['thresholdInForce'] {
    const own = this.#options.ownThresholdOf(id);
    if (own === undefined) return undefined;
    const { threshold, general, reason } = own;
    const shown = { similarity: threshold, general, reason };
    if (reason !== 'marked' || scopes?.has('passages:read') !== true) return shown;
    const marked = this.#options
      .falseMatches()
      .filter(({ personId: taken, cameraId }) => taken === id && (cameras?.has(cameraId) ?? true))
      .sort((a, b) => b.similarity - a.similarity);
    return {
      ...shown,
      markedPassages: marked.slice(0, mostMarkedPassages).map(({ passageId }) => passageId),
    };
  }

  #read(id: string, actor: Actor): FullPersonEntry | undefined {
    const found = this.#known(id);
    if (found !== undefined) {
      this.#options.readings.note({ by: actor, action: 'person.read', subject: found.id });
    }
    return found;
  }

  /**
   * Changes the profile. New consent can replace a withdrawn one, but does not restore templates.
   * @throws `profile-refused`, `threshold-refused`; `changed-meanwhile` if the person no longer has the given revision
   */
  update(
    id: string,
    change: ProfileChange & { readonly ifRevision?: number | undefined },
    actor: Actor,
  ): Promise<UpdateResult | NoSuchPerson> {
    return this.#turns.run(() => this.#update(id, change, actor));
  }

  async #update(
    id: string,
    { ifRevision, ...change }: ProfileChange & { readonly ifRevision?: number | undefined },
    actor: Actor,
  ): Promise<UpdateResult | NoSuchPerson> {
    const gallery = this.#gallery();
    const wanted = this.#changed(id, change, ifRevision);
    if (wanted === undefined) return { outcome: 'no-such-person' };
    const { externalId } = wanted;
    if (externalId !== undefined) {
      const holder = await gallery.personOfExternalId(externalId);
      if (holder !== undefined && holder !== id) return { outcome: 'external-id-taken', personId: holder };
    }
    // Reads the person again: their consent may have been withdrawn, and the person removed, during the wait.
    const profile = this.#changed(id, change, ifRevision);
    if (profile === undefined || !gallery.changeProfile(personId(id), profile, actor)) {
      return { outcome: 'no-such-person' };
    }
    return { outcome: 'updated', person: this.#detail(personId(id)) };
  }

  /** The profile after the change; undefined if there is no such person. */
  #changed(id: string, change: ProfileChange, ifRevision: number | undefined): PersonProfile | undefined {
    const before = this.#known(id);
    if (before === undefined) return undefined;
    if (before.profile === undefined) throw profileDamaged(id);
    if (ifRevision !== undefined && ifRevision !== before.revision)
      throw changedMeanwhile(id, before.revision);
    const { policy } = this.#options;
    return withThreshold(changedProfile(before.profile, change, this.profileRules), change.threshold, {
      floor: policy().threshold,
      recogniser: this.#gallery().recogniser,
    });
  }

  /**
   * Changes persons alike, one after the other, each in a transaction of their own. Other work has its turn between two persons.
   * @throws `nothing-to-change`
   */
  async changeMany(
    { ids, isPreview, ...change }: HandlerInput<(typeof personOperations)['persons.change-many']>,
    caller: Caller,
  ): Promise<ChangedPersons> {
    requireChange(change);
    const gallery = this.#gallery();
    const access: ProfileAccess = {
      known: (id) => this.#known(id),
      changed: (id, wanted) => this.#changed(id, wanted, undefined),
      write: (id, profile) => gallery.changeProfile(personId(id), profile, actorOf(caller)),
    };
    const isNamed = caller.scopes.has('names:read');
    const persons: ChangedPerson[] = [];
    for (const id of new Set(ids)) {
      persons.push(await this.#turns.run(() => changeOne(id, change, access, { isPreview, isNamed })));
      await nextTurn();
    }
    this.#noteNames(persons, caller);
    return { isPreview, persons };
  }

  /** An answer that names persons is a reading of their names. */
  #noteNames(persons: readonly { readonly name?: string }[], caller: Caller): void {
    const named = persons.filter(({ name }) => name !== undefined).length;
    if (named === 0) return;
    this.#options.readings.note({
      ...{ by: actorOf(caller), action: 'person.listed', details: { persons: named } },
    });
  }

  /** Stops recognising the person. */
  remove(id: string, actor: Actor): RemoveResult {
    const gallery = this.#gallery();
    if (gallery.removePerson(personId(id), actor)) {
      this.#options.forgetPerson(personId(id));
      return { outcome: 'removed' };
    }
    const found = gallery.showPerson(personId(id));
    if (found?.state !== 'removed') return { outcome: 'no-such-person' };
    const removedAt = isoTime(found.changedAtMs);
    const canBeRestored = found.profile?.consent?.withdrawnIso === undefined;
    return { outcome: 'already-removed', removedAt, canBeRestored };
  }

  restore(id: string, actor: Actor): RestoreResult | NoSuchPerson {
    const gallery = this.#gallery();
    const found = this.#known(id);
    if (found === undefined) return { outcome: 'no-such-person' };
    if (found.state === 'active') return { outcome: 'not-removed' };
    if (found.profile?.consent?.withdrawnIso !== undefined) return { outcome: 'consent-withdrawn' };
    gallery.restorePerson(found.id, actor);
    return { outcome: 'restored', person: this.#detail(found.id) };
  }

  /** Permanently deletes the rows and the data key of an active or removed person. @throws `erasure-incomplete` */
  erase(id: string, actor: Actor): ErasureCertificate | undefined {
    const gallery = this.#gallery();
    this.#options.forgetPerson(personId(id));
    const passages = this.#options.records.retention.forgetAbout(personId(id));
    // If another program reads the file, the next run of retention empties the log.
    this.#options.records.retention.emptyLog();
    if (this.#known(id) !== undefined) this.#options.forgetCopies(actor);
    return certified(() => gallery.erasePerson(personId(id), actor, passages));
  }

  /**
   * Erases persons one after the other, or says what would become of each. Other work has its turn between two persons. An error that
   * concerns all ends this; the answer still has the certificates of those who are erased.
   */
  async eraseMany(
    { ids, isPreview }: HandlerInput<(typeof personOperations)['persons.erase-many']>,
    caller: Caller,
  ): Promise<ErasedPersons> {
    // A sealed gallery concerns all.
    this.#gallery();
    const all = [...new Set(ids)];
    const persons: ErasedPerson[] = [];
    try {
      for (const id of all) {
        persons.push(await this.#turns.run(() => this.#eraseOne(id, isPreview, caller)));
        await nextTurn();
      }
      this.#noteNames(persons, caller);
      return { isPreview, persons };
    } catch (error) {
      if (persons.every(({ certificate }) => certificate === undefined)) throw error;
      this.#options.logger.error('not all persons of a request were erased', { error });
      const rest = {
        outcome: 'refused',
        templates: 0,
        photographs: 0,
        refusal: refusalOfRest(error),
      } as const;
      // Names that the audit log does not have are not told.
      const done = persons.map(({ name: _, ...person }) => person);
      return { isPreview, persons: [...done, ...all.slice(done.length).map((id) => ({ id, ...rest }))] };
    }
  }

  #eraseOne(id: string, isPreview: boolean, caller: Caller): ErasedPerson {
    const known = this.#known(id);
    const name = caller.scopes.has('names:read') ? known?.profile?.name : undefined;
    const about = {
      ...{ id, ...present({ name }) },
      ...{ templates: known?.templateCount ?? 0, photographs: known?.photographCount ?? 0 },
    };
    if (isPreview && known !== undefined) return { ...about, outcome: 'erased' };
    return { ...about, ...erasedOrWhyNot(id, () => known && this.erase(id, actorOf(caller))) };
  }

  /**
   * Records that consent was withdrawn today, erases templates, photographs, evidence and passages at once, and removes the person for
   * good. The profile remains as proof of consent and withdrawal, until retention or `erase` deletes it.
   * @throws `erasure-incomplete`
   */
  withdrawConsent(id: string, actor: Actor): ErasureCertificate | undefined {
    const gallery = this.#gallery();
    const found = this.#known(id);
    if (found === undefined) return undefined;
    if (found.profile === undefined) throw profileDamaged(id);
    this.#options.records.requests.forget(found.id);
    this.#options.forgetPerson(found.id);
    this.#options.forgetCopies(actor);
    this.#options.records.photographHashes.forget([found.id]);
    this.#options.records.review.forgetPerson(found.id);
    const passages = this.#options.records.passages.forgetPerson(found.id);
    this.#options.records.retention.emptyLog();
    const withdrawnIso = this.#options.todayIso();
    const profile = withdrawn(found.profile, withdrawnIso);
    return certified(() => gallery.eraseBiometricData(found.id, profile, actor, passages));
  }

  /** `enrolment`: only profile and photographs. */
  export(
    id: string,
    scope: 'everything' | 'enrolment',
    actor: Actor,
  ): AsyncIterable<ExportedLine> | undefined {
    const gallery = this.#gallery();
    const found = this.#known(id);
    if (found === undefined) return undefined;
    const { vault, records } = this.#options;
    const { audit } = vault;
    audit.append({ by: actor, action: 'person.exported', subject: found.id, details: { scope } });
    if (scope === 'enrolment') return enrolmentLines(gallery, found);
    return exportLines({ gallery, records, audit }, found);
  }

  /** Begins an import. Staged rows are neither recognised nor listed until the import is committed. */
  beginImport(): Promise<string> {
    return this.#gallery().beginImport();
  }

  /** Stages one row. @throws as `add`, and `no-such-import` */
  async stage(importId: string, row: GivenEnrolment, actor: Actor): Promise<StagedRow> {
    const gallery = this.#gallery();
    const found = await examineEnrolment(row, this.#enrolmentParts(), importId);
    this.#noteLikeness(found, actor);
    if (found.outcome !== 'enrollable') return found;
    await gallery.addPerson({ profile: found.profile, photographs: found.enrolled }, actor, importId);
    return { outcome: 'accepted', photographs: found.photographs, ...warningOf(found) };
  }

  /** Enrols every accepted row in one transaction. Returns their ids. @throws `no-such-import`, `import-outdated` */
  commitImport(importId: string, actor: Actor): Promise<readonly string[]> {
    return this.#turns.run(() => this.#gallery().commitImport(importId, actor));
  }

  /** Forgets the staged rows. False if the import is not running. A start of the daemon abandons every import. */
  abandonImport(importId: string, actor: Actor): boolean {
    const persons = abandoned(this.#gallery(), importId);
    if (persons === undefined) return false;
    this.#options.vault.audit.append({
      by: actor,
      action: 'import.discarded',
      subject: importId,
      details: { persons },
    });
    return true;
  }

  #gallery(): Gallery {
    return this.#options.vault.gallery();
  }

  /** An active or removed person. */
  #known(id: string): FullPersonEntry | undefined {
    const found = this.#gallery().showPerson(personId(id));
    return found?.state === 'staged' ? undefined : found;
  }

  #enrolmentParts(): EnrolmentOptions {
    const { policy, analysePhoto } = this.#options;
    const { threshold, margin } = policy();
    return { ...this.profileRules, gallery: this.#gallery(), threshold, margin, analysePhoto };
  }

  #detail(id: PersonId): PersonDetail {
    const found = this.#gallery().showPerson(id);
    if (found === undefined) throw defect('person-lost', 'a person just written is not in the gallery');
    return describePerson(found);
  }
}

function warningOf({ resembles }: EnrolmentWarning): EnrolmentWarning {
  return resembles === undefined ? {} : { resembles };
}

function profileDamaged(id: string) {
  return failure('field-damaged:profile', { id }, { details: { table: 'person', rowId: id } });
}

/** The number of staged persons. Undefined if the import is over. */
function abandoned(gallery: Gallery, importId: string): number | undefined {
  try {
    return gallery.abandonImport(importId);
  } catch (error) {
    if (isRollcallError(error, 'no-such-import')) return undefined;
    throw error;
  }
}
