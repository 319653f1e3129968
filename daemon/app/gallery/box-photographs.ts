import type { Actor } from '../../audit/actor.js';
import { badInput } from '../../base/errors.js';
import { present } from '../../base/present.js';
import type { SerialQueue } from '../../base/serial-queue.js';
import { maximumPhotographs, type PhotographResult } from '../../contract/enrolment.js';
import type { HandlerInput } from '../../contract/operation.js';
import type { PersonDetail } from '../../contract/person.js';
import type { KeptPhotograph, PhotographChange, photographOperations } from '../../contract/photographs.js';
import { notFound } from '../../control/not-found.js';
import { type Embedding, similarityOf } from '../../domain/identification/match.js';
import type { PersonId } from '../../domain/ids.js';
import { isoTime } from '../../domain/iso-time.js';
import {
  type Agreement,
  agreementOf,
  findDisagreement,
  middleOf,
} from '../../domain/persons/photograph-agreement.js';
import type { FullPersonEntry, Gallery } from '../../gallery/gallery.js';
import type { ViewChange } from '../../gallery/persons/person-changes.js';
import { decodeTemplate } from '../../gallery/search/load-templates.js';
import { wipe } from '../../host/sodium.js';
import type { Records } from '../../records/open-records.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import {
  type EnrolmentOptions,
  judgeResemblance,
  lookAt,
  type PhotographRefusal,
  refuseDisagreeing,
} from './enrolment.js';
import type { GalleryVault } from './gallery-vault.js';
import { changedMeanwhile, describePerson } from './person-answers.js';

type Operations = typeof photographOperations;
type AddInput = HandlerInput<Operations['persons.photographs.add']>;
type ReplaceInput = HandlerInput<Operations['persons.photographs.replace']>;
type RemoveInput = HandlerInput<Operations['persons.photographs.remove']>;

export interface BoxPhotographsOptions {
  readonly vault: GalleryVault;
  readonly records: Pick<Records, 'commands'>;
  readonly readings: Pick<ReadingTrail, 'note'>;
  /** Stops to take tracks in sight for this person. */
  readonly forgetPerson: (id: PersonId) => void;
  /** Shared with enrolments and updates. */
  readonly turns: SerialQueue;
  readonly parts: () => EnrolmentOptions;
  /** Reads a person, which leaves an entry in the audit log. */
  readonly read: (id: string, actor: Actor) => FullPersonEntry | undefined;
  /** An active or removed person. */
  readonly known: (id: string) => FullPersonEntry | undefined;
  /** Notes that an answer tells whom pictures resemble. */
  readonly noteLikeness: (found: PhotographChange, actor: Actor) => void;
}

/** A change of photographs whose faces were looked at. */
interface WantedChange extends ViewChange {
  readonly id: string;
  readonly ifRevision?: number | undefined;
}

/** The photographs of enrolled persons, and the templates that outlive them. */
export class BoxPhotographs {
  readonly #options: BoxPhotographsOptions;

  constructor(options: BoxPhotographsOptions) {
    this.#options = options;
  }

  list(id: string, actor: Actor): readonly KeptPhotograph[] | undefined {
    const found = this.#options.read(id, actor);
    if (found === undefined) return undefined;
    const templates = this.#templatesOf(found.id);
    const embeddings = templates.map(({ embedding }) => embedding);
    const agreements = agreementOf(embeddings, this.#options.parts().threshold);
    for (const embedding of embeddings) embedding.fill(0);
    const ofTemplate = new Map(
      agreements.flatMap((agreement, index) => {
        const template = templates[index]?.id;
        return template !== undefined && Number.isFinite(agreement.similarity) ? [[template, agreement]] : [];
      }),
    );
    return keptPhotographs(found, this.#gallery().recogniser, ofTemplate);
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
    const enrolled = this.#templatesOf(id).map(({ embedding }) => embedding);
    const middle = middleOf(enrolled, threshold);
    if (middle === undefined) {
      // No template is left to compare with, such as after a move to a recogniser that could use no photograph.
      const among = findDisagreement(embeddings, threshold);
      return among && { outcome: 'refused', photographs: refuseDisagreeing(photographs, among, threshold) };
    }
    const results = photographs.map((photograph, index) =>
      similarityOf(embeddings[index] ?? middle, middle) >= threshold ? photograph : otherPerson,
    );
    for (const template of enrolled) template.fill(0);
    if (!results.includes(otherPerson)) return undefined;
    // The answer says that somebody else is on the picture, like a verification.
    const details = { isMatch: false };
    this.#options.readings.note({ by: actor, action: 'person.verified', subject: id, details });
    return { outcome: 'refused', photographs: results };
  }

  /** Those of the recogniser in use. The caller overwrites the embeddings. */
  #templatesOf(id: PersonId): readonly { readonly id: string; readonly embedding: Embedding }[] {
    const gallery = this.#gallery();
    return gallery.readTemplates(id).flatMap(({ id: template, recogniser, bytes }) => {
      const isInUse = recogniser === gallery.recogniser;
      const copies = isInUse ? [{ id: template, embedding: decodeTemplate(bytes).slice() }] : [];
      wipe(bytes);
      return copies;
    });
  }

  #change(wanted: WantedChange, actor: Actor): PersonDetail {
    const { vault, records, forgetPerson, known } = this.#options;
    const { id } = this.#changeable(wanted);
    const { added, removed } = wanted;
    // A centre that compares galleries learns that these are not the photographs it sent: also after a kill between the two.
    records.commands.photographs.forget([id]);
    vault.gallery().changeViews(id, { added, removed }, actor);
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
  { photographs, templates }: FullPersonEntry,
  recogniser: string,
  agreements: ReadonlyMap<string, Agreement> = new Map(),
): readonly KeptPhotograph[] {
  const inUse = templates.filter((template) => template.recogniser === recogniser);
  const oldestFirst = [...photographs].sort((one, other) => one.addedAtMs - other.addedAtMs);
  const withPicture = oldestFirst.map(({ id, addedAtMs }) => {
    const template = inUse.find(({ photographId }) => photographId === id);
    const told = template && { qualityScore: template.quality, agreement: agreements.get(template.id) };
    return { id, hasPicture: true, storedAt: isoTime(addedAtMs), ...present({ ...told }) };
  });
  const without = inUse.flatMap(({ id, photographId, quality }) =>
    photographId === null
      ? [{ id, hasPicture: false, qualityScore: quality, ...present({ agreement: agreements.get(id) }) }]
      : [],
  );
  return [...withPicture, ...without];
}

/** Without the similarity: step by step, it would show the way to a picture that matches. */
const otherPerson: PhotographResult = {
  outcome: 'refused',
  code: 'different-person',
  message: 'it does not seem to show the same person as the photographs of this person',
  remedy:
    'Send another photograph of this person. If the person was enrolled from photographs of another one, erase the person and enrol anew.',
};

const noSuchPerson = (id: string) => notFound('person', id, 'rollcall person list');

const noSuchPhotograph = (id: string, photographId: string) =>
  notFound('photograph', photographId, `rollcall person photo list ${id}`);

function notActive({ id, profile }: FullPersonEntry) {
  const isWithdrawn = profile?.consent?.withdrawnIso !== undefined;
  return badInput('person-not-active', `the photographs of ${id} cannot be changed: the person is removed`, {
    remedy: isWithdrawn
      ? 'the person withdrew consent: enrol them again with a new consent'
      : `run 'rollcall person restore ${id}' first`,
  });
}

function lastPhotograph(id: string) {
  return badInput('last-photograph', `this is the last photograph by which the box recognises ${id}`, {
    remedy: `replace it, or add another one first; 'rollcall person remove ${id}' stops recognising the person`,
  });
}

function tooMany(id: string, count: number) {
  const message = `the person ${id} would have more than ${maximumPhotographs} photographs`;
  return badInput('too-many-photographs', message, {
    remedy: `send at most ${maximumPhotographs - count}, or remove or replace others; more views do not improve recognition`,
    details: { count },
  });
}
