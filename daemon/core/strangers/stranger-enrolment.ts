import type { Caller } from '../../contract/caller.js';
import type { EnrolmentResult, PhotographResult } from '../../contract/enrolment.js';
import type { HandlerInput } from '../../contract/operation.js';
import type { PhotographChange } from '../../contract/photographs.js';
import type { AssignResult, strangerOperations } from '../../contract/strangers.js';
import type { Passage } from '../../kernel/passages/passage.js';
import { refusal } from '../../words/errors.js';
import { notFound } from '../api/not-found.js';
import type { StrangerEntry } from '../gallery/strangers/strangers-aside.js';
import type { PassageJournal } from '../passages/passage-journal.js';
import type { EnrolledPersons } from '../persons/enrolled-persons.js';
import { enrolmentFor, photographChangeFor } from '../persons/photo-enrolment.js';

/** Most pictures that are taken unless the caller names passages. More views do not improve recognition. */
const mostPictures = 5;

type Given<Id extends 'strangers.assign' | 'strangers.enrol'> = Omit<
  HandlerInput<(typeof strangerOperations)[Id]>,
  'stranger'
>;

export interface StrangerEnrolmentOptions {
  readonly persons: Pick<EnrolledPersons, 'add'> & {
    readonly photographs: Pick<EnrolledPersons['photographs'], 'add'>;
  };
  readonly journal: Pick<PassageJournal, 'find'>;
  /** The picture that the box keeps of a passage. */
  readonly pictureOf: (passage: Passage) => Uint8Array | undefined;
}

/** Makes enrolled persons of strangers, from the pictures of their passages and with the checks of every enrolment. */
export class StrangerEnrolment {
  readonly #options: StrangerEnrolmentOptions;

  constructor(options: StrangerEnrolmentOptions) {
    this.#options = options;
  }

  /** Adds the pictures to the photographs of an enrolled person. @throws `no-stranger-pictures`, `no-such-passage` */
  async add(
    stranger: StrangerEntry,
    { person, passages, isDuplicateAllowed }: Given<'strangers.assign'>,
    by: Caller,
  ): Promise<AssignResult> {
    const { photographs: changes } = this.#options.persons;
    const add = async (photographs: readonly Buffer[]) => {
      const given = {
        id: person,
        photographs,
        isDuplicateAllowed,
        faceNumber: undefined,
        ifRevision: undefined,
      };
      return photographChangeFor(await changes.add(given, by), by);
    };
    return assigned(await withUsable(this.#pictures(stranger, passages), add, passages !== undefined));
  }

  /** Enrols the stranger as a new person. @throws `no-stranger-pictures`, `no-such-passage`, `profile-refused` */
  async enrol(
    stranger: StrangerEntry,
    { passages, ...profile }: Given<'strangers.enrol'>,
    by: Caller,
  ): Promise<AssignResult> {
    const add = async (photographs: readonly Buffer[]) => {
      const request = { ...profile, photographs, isDryRun: false, faceNumber: undefined };
      return enrolmentFor(await this.#options.persons.add({ ...request, idempotencyKey: undefined }, by), by);
    };
    return assigned(await withUsable(this.#pictures(stranger, passages), add, passages !== undefined));
  }

  /** The kept pictures of a stranger, the best first. */
  #pictures({ id, appearances }: StrangerEntry, wanted: readonly string[] | undefined): readonly Buffer[] {
    const { journal, pictureOf } = this.#options;
    const known = new Set<string>(appearances.map(({ passageId }) => passageId));
    const foreign = wanted?.find((passage) => !known.has(passage));
    if (foreign !== undefined) throw notFound('passage', foreign, `rollcall strangers show ${id}`);
    const chosen = appearances.filter(({ passageId }) => wanted?.includes(passageId) ?? true);
    const found = chosen
      .flatMap(({ passageId }) => journal.find(passageId)?.passage ?? [])
      .sort((a, b) => qualityOf(b) - qualityOf(a));
    const pictures: Buffer[] = [];
    for (const passage of found) {
      const jpeg = pictureOf(passage);
      if (jpeg !== undefined) pictures.push(Buffer.from(jpeg));
      if (wanted === undefined && pictures.length === mostPictures) break;
    }
    if (pictures.length > 0) return pictures;
    throw refusal('no-stranger-pictures', { id });
  }
}

const qualityOf = ({ views }: Passage): number => views.best?.quality.score ?? 0;

/** Leaves out the pictures that are not usable, unless the caller chose them. */
async function withUsable<
  R extends { readonly outcome: string; readonly photographs?: readonly PhotographResult[] },
>(
  pictures: readonly Buffer[],
  add: (photographs: readonly Buffer[]) => Promise<R>,
  isChosen: boolean,
): Promise<R> {
  const first = await add(pictures);
  if (first.outcome !== 'refused' || isChosen) return first;
  const usable = pictures.filter((_, index) => first.photographs?.[index]?.outcome === 'enrolled');
  return usable.length === 0 || usable.length === pictures.length ? first : await add(usable);
}

function assigned(result: EnrolmentResult | PhotographChange): AssignResult {
  switch (result.outcome) {
    case 'enrolled':
    case 'changed':
      return { ...result, outcome: 'assigned' };
    case 'enrollable':
      // Only a dry run has this outcome.
      return { outcome: 'refused', photographs: result.photographs };
    default:
      return result;
  }
}
