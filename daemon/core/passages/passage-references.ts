import type { Caller } from '../../contract/caller.js';
import type { PassageDetails, ReferenceAdded, ReferenceRemoved } from '../../contract/passages.js';
import { type Actor, actorOf } from '../../kernel/actor.js';
import type { RollcallError } from '../../kernel/errors.js';
import type { PersonId } from '../../kernel/ids.js';
import type { StandingMark } from '../../kernel/passages/mark.js';
import type { Passage } from '../../kernel/passages/passage.js';
import {
  type EarlyRefusal,
  earlyRefusal,
  type PictureRefusal,
} from '../../kernel/passages/passage-reference.js';
import type { PhotographOrigin } from '../../kernel/persons/person-profile.js';
import { present } from '../../kernel/present.js';
import { refusal } from '../../words/errors.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';

/** The picture of a passage in which the box recognised a person. */
export interface PassagePicture {
  readonly id: PersonId;
  readonly jpeg: Buffer;
  readonly origin: PhotographOrigin;
}

export type PassagePictureResult =
  | {
      readonly outcome: 'added';
      readonly photographId: string;
      /** The photograph of another passage that was deleted for it. */
      readonly retiredId?: string;
    }
  | {
      readonly outcome: 'refused';
      readonly reason: EarlyRefusal | PictureRefusal;
      /** What is wrong with the picture. */
      readonly message?: string;
    };

/** The photographs of persons, some of which come from passages. */
export interface PassagePhotographs {
  /**
   * Adds the picture of a passage, with the checks of an enrolment and stricter ones: the face must match the enrolled photographs of
   * the person by the margin more than the threshold in force demands, and no other person nearly as well. Beyond the bounds, the
   * photograph of a passage that adds least goes. @throws `too-many-photographs`
   */
  addOfPassage(picture: PassagePicture, by: Actor): Promise<PassagePictureResult>;
  /**
   * Deletes the photograph that was taken from a passage. Its id; undefined if there is none. @throws `person-not-active`,
   * `last-photograph`
   */
  removeOfPassage(id: PersonId, passage: string, by: Actor): Promise<string | undefined>;
  /** The photograph of the person that was taken from a passage, as lists name it. */
  ofPassage(id: string, passage: string): string | undefined;
}

export interface PassageReferencesOptions {
  readonly photographs: PassagePhotographs;
  readonly vault: Pick<GalleryVault, 'gallery'>;
  /** The picture that the box keeps of a passage. */
  readonly pictureOf: (passage: Passage) => Uint8Array | undefined;
  /** Whether the configuration keeps pictures of attendances. */
  readonly arePicturesKept: () => boolean;
}

type Reader = Pick<Caller, 'actor' | 'origin' | 'scopes'>;

/** Makes photographs of recognised persons from the pictures of their passages. Only ever when an operator asks for it. */
export class PassageReferences {
  readonly #options: PassageReferencesOptions;

  constructor(options: PassageReferencesOptions) {
    this.#options = options;
  }

  /** What those who may change persons see of a passage. */
  shown(passage: Passage, mark: StandingMark | undefined, { scopes }: Reader): PassageDetails['reference'] {
    if (!scopes.has('persons:write')) return undefined;
    const { personId, id } = passage;
    const photograph = personId && this.#options.photographs.ofPassage(personId, id);
    if (photograph !== undefined) return { photograph };
    return present({ refusal: this.#refusalOf(passage, mark) });
  }

  /** @throws `forbidden`, `reference-refused`, `too-many-photographs` */
  async add(passage: Passage, mark: StandingMark | undefined, caller: Reader): Promise<ReferenceAdded> {
    if (!caller.scopes.has('passages:pictures')) {
      throw refusal('forbidden:passage-pictures');
    }
    const reason = this.#refusalOf(passage, mark);
    const { id, cameraId: camera, personId, lastSeenMs } = passage;
    const picture = this.#options.pictureOf(passage);
    if (reason !== undefined) throw referenceRefused(id, reason);
    if (personId === undefined) throw referenceRefused(id, 'not-recognised');
    // Retention may have deleted it since it was looked for.
    if (picture === undefined) throw referenceRefused(id, 'picture-expired');
    const origin = { passage: id, camera, seenAtMs: Math.floor(lastSeenMs) };
    const result = await this.#options.photographs.addOfPassage(
      { id: personId, jpeg: Buffer.from(picture), origin },
      actorOf(caller),
    );
    if (result.outcome === 'refused') throw referenceRefused(id, result.reason, result.message);
    return { person: personId, photograph: result.photographId, ...present({ retired: result.retiredId }) };
  }

  /** @throws `no-such-reference`, `person-not-active`, `last-photograph` */
  async remove({ id, personId }: Passage, caller: Reader): Promise<ReferenceRemoved> {
    const photograph =
      personId && (await this.#options.photographs.removeOfPassage(personId, id, actorOf(caller)));
    if (personId !== undefined && photograph !== undefined) return { person: personId, photograph };
    throw refusal('no-such-reference', { id });
  }

  #refusalOf(passage: Passage, mark: StandingMark | undefined): EarlyRefusal | undefined {
    const { vault, pictureOf, arePicturesKept } = this.#options;
    const found = passage.personId && vault.gallery().showPerson(passage.personId);
    return earlyRefusal({
      ...{ passage, mark },
      person: found && { isActive: found.state === 'active', profile: found.profile },
      hasPicture: pictureOf(passage) !== undefined,
      arePicturesKept: arePicturesKept(),
    });
  }
}

/** Problem and remedy of each refusal. None tells a similarity or another person. */
const refusals: Readonly<Record<EarlyRefusal | PictureRefusal, readonly [problem: string, remedy: string]>> =
  {
    'still-in-sight': ['the face is still in sight', 'Try again when the passage has ended.'],
    'not-recognised': [
      'the box did not recognise an enrolled person in it',
      'Choose a passage in which the box recognised the person. To enrol an unknown person, use "rollcall strangers assign".',
    ],
    'marked-wrong': [
      'an operator said that the box had named the wrong person',
      'If that was a mistake, undo the correction first.',
    ],
    unproven: [
      'it was not recorded with a passed liveness check',
      'Choose a passage whose liveness verdict is "live".',
    ],
    'person-not-active': ['the person was removed', 'Restore the person first.'],
    'consent-withdrawn': [
      'the person withdrew consent',
      'Do not use pictures of this person. A new enrolment needs a new consent.',
    ],
    'no-consent': [
      'no consent or other legal basis of the person is recorded',
      'Record the consent of the person first.',
    ],
    'already-added': ['it already is one of the person', 'Nothing is needed.'],
    'picture-not-kept': [
      'the box keeps no pictures of passages',
      'Set evidence.attendance if pictures of recognised persons may be kept.',
    ],
    'picture-expired': [
      'the box does not have its picture any more: retention deleted it, or there was no usable view',
      'Choose a newer passage.',
    ],
    'picture-unusable': ['its picture cannot be used', 'Choose another passage, or add a photo.'],
    'too-small': [
      'the face in its picture is too small',
      'Choose a passage in which the person came closer, or add a photo.',
    ],
    'cut-off': ['a part of the face is outside its picture', 'Choose another passage, or add a photo.'],
    'nothing-to-compare': [
      'no enrolled photo of the person is left to compare it with',
      'Add a photo of the person first.',
    ],
    disagrees: [
      'it does not match the enrolled photos of the person clearly enough',
      'Choose another passage. If this is the person, add a newer photo.',
    ],
    'resembles-other': [
      'it resembles another enrolled person nearly as much, or more',
      'Choose another passage, and find out with "rollcall person similar" whom the person resembles.',
    ],
  };

function referenceRefused(
  passage: string,
  reason: EarlyRefusal | PictureRefusal,
  message?: string,
): RollcallError {
  const [problem, remedy] = refusals[reason];
  const why = message === undefined ? problem : `${problem}: ${message}`;
  return refusal('reference-refused', { passage, why }, { remedy, details: { reason } });
}
