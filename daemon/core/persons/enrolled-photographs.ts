import type { Caller } from '../../contract/caller.js';
import {
  maximumPhotographs,
  mostPassageReferences,
  type PhotographResult,
} from '../../contract/enrolment.js';
import type { HandlerInput } from '../../contract/operation.js';
import type { PersonDetail } from '../../contract/person.js';
import type { KeptPhotograph, PhotographChange, photographOperations } from '../../contract/photographs.js';
import { type Actor, actorOf } from '../../kernel/actor.js';
import { type Embedding, type MatchPolicy, similarityOf } from '../../kernel/identification/match.js';
import {
  type Agreement,
  agreementOf,
  findDisagreement,
  middleOf,
} from '../../kernel/identification/photograph-agreement.js';
import type { PersonId } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import { doubtAbout, leastUseful, personRefusal } from '../../kernel/passages/passage-reference.js';
import type { PhotographOrigin } from '../../kernel/persons/person-profile.js';
import { present } from '../../kernel/present.js';
import { said } from '../../kernel/said.js';
import type { SerialQueue } from '../../kernel/serial-queue.js';
import { refusal } from '../../words/errors.js';
import { inEnglish } from '../../words/language.js';
import { notFound } from '../api/not-found.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import type { Gallery } from '../gallery/gallery.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { ViewChange } from '../gallery/persons/person-changes.js';
import type { FullPersonEntry } from '../gallery/persons/person-entry.js';
import { PersonReferences } from '../gallery/search/person-references.js';
import type {
  PassagePhotographs,
  PassagePicture,
  PassagePictureResult,
} from '../passages/passage-references.js';
import { changedMeanwhile, describePerson } from './person-answers.js';
import {
  type EnrolmentOptions,
  judgeResemblance,
  lookAt,
  type PhotographRefusal,
  refuseDisagreeing,
} from './photo-enrolment.js';
import type { PhotographHashes } from './photograph-hashes.js';

type Operations = typeof photographOperations;
type AddInput = HandlerInput<Operations['persons.photographs.add']>;
type ReplaceInput = HandlerInput<Operations['persons.photographs.replace']>;
type RemoveInput = HandlerInput<Operations['persons.photographs.remove']>;

/** How many other persons the face of a passage is compared with. */
const nearestOthers = 5;

export interface EnrolledPhotographsOptions {
  readonly vault: GalleryVault;
  readonly records: { readonly photographHashes: Pick<PhotographHashes, 'forget'> };
  readonly readings: Pick<ReadingTrail, 'note'>;
  /** Stops to take tracks in sight for this person. */
  readonly forgetPerson: (id: PersonId) => void;
  /** Shared with enrolments and updates. */
  readonly turns: SerialQueue;
  readonly parts: () => EnrolmentOptions;
  /** The operating point, with the thresholds of persons. */
  readonly policy: () => MatchPolicy;
  /** Reads a person, which leaves an entry in the audit log. */
  readonly read: (id: string, actor: Actor) => FullPersonEntry | undefined;
  /** An active or removed person. */
  readonly known: (id: string) => FullPersonEntry | undefined;
  /** Notes that an answer tells whom pictures resemble. */
  readonly noteLikeness: (found: PhotographChange, actor: Actor) => void;
}

/** A view by which a person is recognised. */
interface ComparedTemplate {
  /** Of the template. */
  readonly id: string;
  /** As lists of photographs name it. */
  readonly view: string;
  readonly isFromPassage: boolean;
  readonly embedding: Embedding;
}

/** A change of photographs whose faces were looked at. */
interface WantedChange extends ViewChange {
  readonly id: string;
  readonly ifRevision?: number | undefined;
}

/** The photographs of enrolled persons, and the templates that outlive them. */
export class EnrolledPhotographs implements PassagePhotographs {
  readonly #options: EnrolledPhotographsOptions;

  constructor(options: EnrolledPhotographsOptions) {
    this.#options = options;
  }

  /** Callers see the passages that they may read. */
  list(
    id: string,
    caller: Actor & Partial<Pick<Caller, 'scopes' | 'cameras'>>,
  ): readonly KeptPhotograph[] | undefined {
    const actor = actorOf(caller);
    const found = this.#options.read(id, actor);
    if (found === undefined) return undefined;
    using references = this.#referencesOf(found.id);
    const agreements = agreementOf(references.embeddings, this.#options.parts().threshold);
    const ofTemplate = new Map(
      agreements.flatMap((agreement, index) => {
        const template = references.templates[index]?.id;
        return template !== undefined && Number.isFinite(agreement.similarity) ? [[template, agreement]] : [];
      }),
    );
    return keptPhotographs(found, this.#gallery().recogniser, ofTemplate).map(
      ({ fromPassage, ...photograph }) => {
        if (fromPassage === undefined) return photograph;
        const { camera = '' } = fromPassage;
        const isShown = caller.scopes?.has('passages:read') === true && (caller.cameras?.has(camera) ?? true);
        return { ...photograph, fromPassage: isShown ? fromPassage : {} };
      },
    );
  }

  read(id: string, photographId: string, actor: Actor): Buffer | undefined {
    const found = this.#options.known(id);
    const jpeg = found && this.#gallery().readPhotograph(found.id, photographId);
    if (jpeg === undefined) return undefined;
    const details = { photograph: photographId };
    this.#options.readings.note({ by: actor, action: 'person.photograph-read', subject: id, details });
    return Buffer.from(jpeg);
  }

  /** @throws `no-such-person`, `person-not-active`, `changed-meanwhile`, `too-many-photographs`, `face-of-several-photographs` */
  add(input: AddInput, actor: Actor): Promise<PhotographChange> {
    return this.#options.turns.run(() => this.#store({ ...input, removed: [] }, actor));
  }

  /** @throws as `add`, and `no-such-photograph` */
  replace({ photographId, ...input }: ReplaceInput, actor: Actor): Promise<PhotographChange> {
    return this.#options.turns.run(() => this.#store({ ...input, removed: [photographId] }, actor));
  }

  /** @throws `no-such-person`, `person-not-active`, `changed-meanwhile`, `no-such-photograph`, `last-photograph` */
  remove({ id, photographId, ifRevision }: RemoveInput, actor: Actor): Promise<PersonDetail> {
    return this.#options.turns.run(async () =>
      this.#change({ id, ifRevision, added: [], removed: [photographId] }, actor),
    );
  }

  addOfPassage(picture: PassagePicture, actor: Actor): Promise<PassagePictureResult> {
    return this.#options.turns.run(() => this.#learn(picture, actor));
  }

  removeOfPassage(id: PersonId, passage: string, actor: Actor): Promise<string | undefined> {
    return this.#options.turns.run(async () => {
      const photographId = this.ofPassage(id, passage);
      if (photographId !== undefined) this.#change({ id, added: [], removed: [photographId] }, actor);
      return photographId;
    });
  }

  ofPassage(id: string, passage: string): string | undefined {
    return this.#keptOf(id).find(({ fromPassage }) => fromPassage?.passage === passage)?.id;
  }

  async #learn({ id, jpeg, origin }: PassagePicture, actor: Actor): Promise<PassagePictureResult> {
    const before = this.#unlearnable(id, origin);
    if (before !== undefined) return before;
    const parts = this.#options.parts();
    const { photographs, enrolled } = await lookAt({ photographs: [jpeg], faceNumber: undefined }, parts);
    const [result] = photographs;
    const [view] = enrolled;
    if (view === undefined || result?.outcome !== 'enrolled') {
      return { outcome: 'refused', reason: 'picture-unusable', ...present({ message: messageOf(result) }) };
    }
    const [warning] = result.warnings ?? [];
    if (warning !== undefined) return { outcome: 'refused', reason: warning.code, message: warning.message };
    using references = this.#referencesOf(id);
    const templates = this.#comparedOf(id, references);
    const others = await this.#gallery().nearest(view.embedding, { count: nearestOthers + 1 });
    const reason = doubtAbout(view.embedding, { id, templates, others }, this.#options.policy());
    if (reason !== undefined) {
      if (reason !== 'nothing-to-compare') {
        const details = { isMatch: reason !== 'disagrees' };
        this.#options.readings.note({ by: actor, action: 'person.verified', subject: id, details });
      }
      return { outcome: 'refused', reason };
    }
    // The analysis took time: meanwhile the person may have been removed, or have withdrawn their consent.
    const since = this.#unlearnable(id, origin);
    if (since !== undefined) return since;
    const isFull =
      templates.filter(({ isFromPassage }) => isFromPassage).length >= mostPassageReferences ||
      this.#keptOf(id).length >= maximumPhotographs;
    const isNew = { id: '', isFromPassage: false, embedding: view.embedding };
    const least = isFull ? leastUseful([...templates, isNew]) : undefined;
    const retiredId = templates.find((template) => template.id === least)?.view;
    this.#change({ id, added: [view], removed: retiredId === undefined ? [] : [retiredId], origin }, actor);
    const photographId = this.ofPassage(id, origin.passage);
    if (photographId === undefined) throw noSuchPerson(id);
    return { outcome: 'added', photographId, ...present({ retiredId }) };
  }

  #unlearnable(id: PersonId, { passage }: PhotographOrigin): PassagePictureResult | undefined {
    const found = this.#options.known(id);
    const person = found && { isActive: found.state === 'active', profile: found.profile };
    const reason = personRefusal(passage, person);
    return reason && { outcome: 'refused', reason };
  }

  #comparedOf(id: PersonId, references: PersonReferences): readonly ComparedTemplate[] {
    const kept = this.#keptOf(id);
    const { templates = [] } = this.#options.known(id) ?? {};
    return references.templates.map(({ id: template, embedding }) => {
      const view = templates.find((each) => each.id === template)?.photographId ?? template;
      const isFromPassage = kept.some((each) => each.id === view && each.fromPassage !== undefined);
      return { id: template, view, isFromPassage, embedding };
    });
  }

  #keptOf(id: string): readonly KeptPhotograph[] {
    const found = this.#options.known(id);
    return found === undefined ? [] : keptPhotographs(found, this.#gallery().recogniser);
  }

  async #store(
    { photographs: images, ...wanted }: AddInput & { readonly removed: readonly string[] },
    actor: Actor,
  ): Promise<PhotographChange> {
    const parts = this.#options.parts();
    const person = this.#changeable({ ...wanted, added: images });
    const { photographs, enrolled } = await lookAt({ ...wanted, photographs: images }, parts);
    if (enrolled.length < images.length) return { outcome: 'refused', photographs };
    const embeddings = enrolled.map(({ embedding }) => embedding);
    const refused = this.#disagreeing(person.id, { embeddings, photographs }, actor);
    if (refused !== undefined) return refused;
    const { isDuplicateAllowed } = wanted;
    const judged = await judgeResemblance(
      embeddings,
      { photographs, isDuplicateAllowed, self: person.id },
      parts,
    );
    if ('outcome' in judged) {
      this.#options.noteLikeness(judged, actor);
      return judged;
    }
    // Looking took time: the person may have been removed, erased or changed meanwhile.
    const changed = this.#change({ ...wanted, added: enrolled }, actor);
    const result: PhotographChange = { outcome: 'changed', person: changed, photographs, ...judged };
    this.#options.noteLikeness(result, actor);
    return result;
  }

  /** Why the faces are not those of the person; undefined if they are. */
  #disagreeing(
    id: PersonId,
    {
      embeddings,
      photographs,
    }: { readonly embeddings: readonly Embedding[]; readonly photographs: readonly PhotographResult[] },
    actor: Actor,
  ): PhotographRefusal | undefined {
    const { threshold } = this.#options.parts();
    using references = this.#referencesOf(id);
    const middle = middleOf(references.embeddings, threshold);
    if (middle === undefined) {
      // No template is left to compare with, such as after a move to a recogniser that could use no photograph.
      const among = findDisagreement(embeddings, threshold);
      return among && { outcome: 'refused', photographs: refuseDisagreeing(photographs, among, threshold) };
    }
    const results = photographs.map((photograph, index) =>
      similarityOf(embeddings[index] ?? middle, middle) >= threshold ? photograph : otherPerson,
    );
    if (!results.includes(otherPerson)) return undefined;
    // The answer says that somebody else is on the picture, like a verification.
    const details = { isMatch: false };
    this.#options.readings.note({ by: actor, action: 'person.verified', subject: id, details });
    return { outcome: 'refused', photographs: results };
  }

  #referencesOf(id: PersonId): PersonReferences {
    return new PersonReferences(this.#gallery(), id);
  }

  #change(wanted: WantedChange, actor: Actor): PersonDetail {
    const { vault, records, forgetPerson, known } = this.#options;
    const { id } = this.#changeable(wanted);
    const { added, removed, origin } = wanted;
    // A centre that compares galleries learns that these are not the photographs it sent: also after a kill between the two.
    records.photographHashes.forget([id]);
    vault.gallery().changeViews(id, { added, removed, origin }, actor);
    if (removed.length > 0) forgetPerson(id);
    const now = known(id);
    if (now === undefined) throw noSuchPerson(id);
    return describePerson(now);
  }

  /** The person, if this change may be made now. */
  #changeable({
    id,
    ifRevision,
    added,
    removed,
  }: Pick<WantedChange, 'id' | 'ifRevision' | 'removed'> & {
    readonly added: readonly unknown[];
  }): FullPersonEntry {
    const found = this.#options.known(id);
    if (found === undefined) throw noSuchPerson(id);
    if (found.state !== 'active') throw notActive(found);
    if (ifRevision !== undefined && ifRevision !== found.revision) throw changedMeanwhile(id, found.revision);
    const kept = keptPhotographs(found, this.#gallery().recogniser);
    for (const view of removed) {
      if (!kept.some((each) => each.id === view)) throw noSuchPhotograph(id, view);
    }
    const staying = kept.filter((each) => !removed.includes(each.id));
    if (staying.length + added.length > maximumPhotographs) throw tooMany(id, staying.length);
    const isComparable = staying.some(({ qualityScore }) => qualityScore !== undefined);
    if (added.length === 0 && !isComparable) throw lastPhotograph(id);
    return found;
  }

  #gallery(): Gallery {
    return this.#options.vault.gallery();
  }
}

/** The photographs of a person, the oldest first, and the templates without one. */
function keptPhotographs(
  { photographs, templates, profile }: FullPersonEntry,
  recogniser: string,
  agreements: ReadonlyMap<string, Agreement> = new Map(),
): readonly KeptPhotograph[] {
  const originOf = (photograph: string | null) => {
    const origin = photograph === null ? undefined : profile?.origins?.[photograph];
    if (origin === undefined) return {};
    const { passage, camera, seenAtMs } = origin;
    return { fromPassage: { passage, camera, seenAt: isoTime(seenAtMs) } };
  };
  const inUse = templates.filter((template) => template.recogniser === recogniser);
  const oldestFirst = [...photographs].sort((one, other) => one.addedAtMs - other.addedAtMs);
  const withPicture = oldestFirst.map(({ id, addedAtMs }) => {
    const template = inUse.find(({ photographId }) => photographId === id);
    const told = template && { qualityScore: template.quality, agreement: agreements.get(template.id) };
    return { id, hasPicture: true, storedAt: isoTime(addedAtMs), ...present({ ...told }), ...originOf(id) };
  });
  const without = inUse.flatMap(({ id, photographId, madeFrom, quality }) => {
    if (photographId !== null) return [];
    const agreement = present({ agreement: agreements.get(id) });
    return [{ id, hasPicture: false, qualityScore: quality, ...agreement, ...originOf(madeFrom) }];
  });
  return [...withPicture, ...without];
}

const messageOf = (result: PhotographResult | undefined): string | undefined =>
  result?.outcome === 'refused' ? result.message : undefined;

/** Without the similarity: step by step, it would show the way to a picture that matches. */
const otherPerson: PhotographResult = {
  outcome: 'refused',
  code: 'different-person',
  ...inEnglish({
    message: said('photos/unlike-person'),
    remedy: said('photos/remedy-unlike-person'),
  }),
};

const noSuchPerson = (id: string) => notFound('person', id, 'rollcall person list');

const noSuchPhotograph = (id: string, photographId: string) =>
  notFound('photograph', photographId, `rollcall person photo list ${id}`);

function notActive({ id, profile }: FullPersonEntry) {
  const isWithdrawn = profile?.consent?.withdrawnIso !== undefined;
  return refusal(
    'person-not-active',
    { id },
    {
      remedy: isWithdrawn
        ? 'The person withdrew consent: enrol them again with a new consent.'
        : `Run 'rollcall person restore ${id}' first.`,
    },
  );
}

function lastPhotograph(id: string) {
  return refusal('last-photograph', { id });
}

function tooMany(id: string, count: number) {
  const values = { id, most: maximumPhotographs, left: maximumPhotographs - count };
  return refusal('too-many-photographs', values, { details: { count } });
}
