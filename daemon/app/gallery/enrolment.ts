import { badInput, defect } from '../../base/errors.js';
import type {
  EnrolmentRefusal,
  EnrolmentRequest,
  EnrolmentWarning,
  PhotographResult,
  Resemblance,
} from '../../control/person-control.js';
import type { Candidate } from '../../domain/identification/match.js';
import { checkProfile, type GivenProfile, type PersonProfile } from '../../domain/persons/person-profile.js';
import {
  type DisagreeingPhotograph,
  type Disagreement,
  findDisagreement,
} from '../../domain/persons/photograph-agreement.js';
import type { Gallery } from '../../gallery/gallery.js';
import type { EnrolmentPhotograph } from '../../gallery/persons/enrolment.js';
import { largestPhotographMiB, type PhotoOutcome } from '../../vision/protocol.js';
import { decodeEmbedding } from '../../vision/sighting-codec.js';

/** What an enrolment needs of the rest of the box. */
export interface EnrolmentParts {
  readonly gallery: Gallery;
  /** Similarity from which two faces count as the same person. */
  readonly threshold: number;
  /** How much closer the best person must be than the second best: who stays under the threshold by less is resembled. */
  readonly margin: number;
  /** Today where the box stands, `YYYY-MM-DD`. */
  readonly todayIso: string;
  /** `faceNumber`: which of several faces to take, from 1, from left to right. */
  analysePhoto(image: Buffer, faceNumber?: number): Promise<PhotoOutcome>;
}

/** Somebody who may be enrolled: nothing stands against it. */
export interface Enrollable extends EnrolmentWarning {
  readonly outcome: 'enrollable';
  readonly profile: PersonProfile;
  readonly enrolled: readonly EnrolmentPhotograph[];
  readonly photographs: readonly PhotographResult[];
}

/**
 * A face may look like that of another person or two, but a template that looks like so many is none of a face: a vision process
 * that is in the hands of a stranger could plant one that is taken for anybody. In a large gallery chance alone makes as many.
 */
const tooManyAlike = 5;
const largeGallery = 200;
/** Of those whom a new person resembles, as many are named. */
const mostNamed = 3;

/** What stands for a name that does not open; never hidden. */
export const damagedName = '(damaged)';

/** The profile as it is stored. @throws `profile-refused` with every problem */
export function requireProfile(given: GivenProfile, todayIso: string): PersonProfile {
  const checked = checkProfile(given, todayIso);
  if ('profile' in checked) return checked.profile;
  throw badInput('profile-refused', `the profile cannot be stored: ${checked.problems.join('; ')}`, {
    remedy: 'Correct what is named; nothing was stored.',
    details: { problems: checked.problems },
  });
}

/**
 * Whether somebody may be enrolled: every photograph is analysed by a vision process and must be usable; all must show one
 * person, and not look like many others; nobody may have the same external id; a face that is already in the gallery, or staged in `importId`, stops it unless
 * duplicates are allowed. Who is resembled without that is named. Stores nothing. @throws `profile-refused`, `face-of-several-photographs`
 */
export async function examineEnrolment(
  request: EnrolmentRequest,
  parts: EnrolmentParts,
  importId?: string,
): Promise<Enrollable | EnrolmentRefusal> {
  const { gallery, threshold } = parts;
  const profile = requireProfile(request, parts.todayIso);
  if (request.faceNumber !== undefined && request.photographs.length !== 1) {
    throw badInput(
      'face-of-several-photographs',
      `a face can be picked in one photograph, and these are ${request.photographs.length}`,
      { remedy: 'Send that photograph alone, or cut it to the person.' },
    );
  }
  if (profile.externalId !== undefined) {
    const personId = await gallery.personOfExternalId(profile.externalId, importId);
    if (personId !== undefined) return { outcome: 'external-id-taken', personId };
  }
  const photographs: PhotographResult[] = [];
  const enrolled: EnrolmentPhotograph[] = [];
  for (const image of request.photographs) {
    const outcome = isTooLarge(image) ? tooLarge : await parts.analysePhoto(image, request.faceNumber);
    if (outcome.outcome === 'refused') {
      photographs.push(outcome);
      continue;
    }
    if (outcome.recogniser !== gallery.recogniser) {
      throw defect('recogniser-mismatch', 'vision and gallery use different recognisers');
    }
    const { quality, taken } = outcome;
    photographs.push({ outcome: 'enrolled', qualityScore: quality.score, ...(taken && { taken }) });
    enrolled.push({
      jpeg: Buffer.from(outcome.picture),
      embedding: decodeEmbedding(outcome.embeddingBase64),
      quality: quality.score,
    });
  }
  if (enrolled.length < request.photographs.length) return { outcome: 'refused', photographs };
  const embeddings = enrolled.map(({ embedding }) => embedding);
  const disagreement = findDisagreement(embeddings, threshold);
  if (disagreement !== undefined) {
    return { outcome: 'refused', photographs: refuseDisagreeing(photographs, disagreement, threshold) };
  }
  const near = await gallery.findSimilar(embeddings, threshold - parts.margin, importId);
  const similar = near.filter(({ similarity }) => similarity >= threshold);
  if (similar.length >= tooManyAlike && gallery.personCount < largeGallery) {
    return { outcome: 'refused', photographs: photographs.map(() => likeMany) };
  }
  if (!request.isDuplicateAllowed) {
    const [closest] = similar;
    if (closest !== undefined) {
      return { outcome: 'similar', ...named(closest, gallery) };
    }
  }
  const resembles = near.slice(0, mostNamed).map((candidate) => named(candidate, gallery));
  const warning = resembles.length === 0 ? {} : { resembles };
  return { outcome: 'enrollable', profile, enrolled, photographs, ...warning };
}

function named({ personId, similarity }: Candidate, gallery: Gallery): Resemblance {
  const name = gallery.showPerson(personId)?.profile?.name ?? damagedName;
  return { personId, name, similarity };
}

/** The results with those refused that do not show the same person as the others. */
function refuseDisagreeing(
  photographs: readonly PhotographResult[],
  disagreement: Disagreement,
  threshold: number,
): readonly PhotographResult[] {
  const results = [...photographs];
  for (const photograph of disagreement.photographs) {
    results[photograph.index] = {
      outcome: 'refused',
      code: 'different-person',
      message: describeDisagreement(photograph, disagreement, { count: photographs.length, threshold }),
      remedy: disagreement.isWrongOneKnown
        ? 'Leave this photograph out, or replace it by another one of the same person.'
        : 'Look at the photographs and send only those of this person. The program cannot tell which of them is the wrong one: from three photographs on, it goes by the majority.',
    };
  }
  return results;
}

function describeDisagreement(
  { comparedTo, similarity }: DisagreeingPhotograph,
  { isWrongOneKnown }: Disagreement,
  { count, threshold }: { readonly count: number; readonly threshold: number },
): string {
  const other = `photograph ${comparedTo + 1}`;
  const measured = `similarity ${similarity.toFixed(3)}`;
  if (!isWrongOneKnown && count > 2)
    return `the photographs do not seem to show one person; ${other} comes closest to this one, ${measured}`;
  const others = isWrongOneKnown ? `${other} and most others` : other;
  return `it does not seem to show the same person as ${others}: ${measured}, and one person needs ${threshold.toFixed(3)}`;
}

function isTooLarge(image: Buffer): boolean {
  return image.length > largestPhotographMiB * 1024 * 1024;
}

const likeMany: PhotographResult = {
  outcome: 'refused',
  code: 'like-many-persons',
  message: `the template of it looks like ${tooManyAlike} or more persons who are enrolled: no face does`,
  remedy: 'Take another photograph. Where that is refused, too, find out where the photographs come from.',
};

const tooLarge: PhotoOutcome = {
  outcome: 'refused',
  code: 'too-large',
  message: `the file is larger than ${largestPhotographMiB} MiB`,
  remedy: 'send a JPEG photograph; 2000 pixels on its longer side are plenty',
};
