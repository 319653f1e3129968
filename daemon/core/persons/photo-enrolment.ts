import type { Caller } from '../../contract/caller.js';
import type {
  EnrolmentRefusal,
  EnrolmentResult,
  EnrolmentWarning,
  GivenEnrolment,
  PhotographResult,
  PhotographWarning,
  Resemblance,
  StagedRow,
} from '../../contract/enrolment.js';
import type { PhotographChange } from '../../contract/photographs.js';
import type { PhotoOutcome } from '../../contract/vision/vision-answers.js';
import { largestPhotographMiB } from '../../contract/vision/vision-orders.js';
import { decodeEmbedding } from '../../contract/vision/vision-sighting.js';
import { defect } from '../../kernel/errors.js';
import { type PhotoWarning, SMALL_FACE_PX } from '../../kernel/faces/photo-quality.js';
import type { Candidate, Embedding } from '../../kernel/identification/match.js';
import {
  type DisagreeingPhotograph,
  type Disagreement,
  findDisagreement,
} from '../../kernel/identification/photograph-agreement.js';
import type { PersonId } from '../../kernel/ids.js';
import {
  checkProfile,
  damagedName,
  type GivenProfile,
  type PersonProfile,
} from '../../kernel/persons/person-profile.js';
import { present } from '../../kernel/present.js';
import { type Said, said } from '../../kernel/said.js';
import { refusal } from '../../words/errors.js';
import { inEnglish } from '../../words/language.js';
import type { Gallery } from '../gallery/gallery.js';
import type { EnrolmentPhotograph } from '../gallery/persons/enrolment.js';

/** What a profile is checked against. */
export interface ProfileRules {
  /** Today at the site, `YYYY-MM-DD`. */
  readonly todayIso: string;
  /** The IDs of the custom fields that may have a value. */
  readonly definedFields: ReadonlySet<string>;
}

export interface EnrolmentOptions extends ProfileRules {
  readonly gallery: Gallery;
  /** The similarity from which two faces count as one person. */
  readonly threshold: number;
  /** How much closer the best person must be than the second best. A person below the threshold by less counts as resembled. */
  readonly margin: number;
  /** `faceNumber` picks one of several faces, counted from left to right, from 1. */
  analysePhoto(image: Buffer, faceNumber?: number): Promise<PhotoOutcome>;
}

/** A person who may be enrolled. */
export interface Enrollable extends EnrolmentWarning {
  readonly outcome: 'enrollable';
  readonly profile: PersonProfile;
  readonly enrolled: readonly EnrolmentPhotograph[];
  readonly photographs: readonly PhotographResult[];
}

/** What is compared, and with whom. */
export interface ResemblanceQuestion {
  readonly photographs: readonly PhotographResult[];
  readonly isDuplicateAllowed: boolean;
  readonly importId?: string | undefined;
  readonly self?: PersonId;
}

/** Why photographs are not stored. */
export type PhotographRefusal = Exclude<EnrolmentRefusal, { readonly outcome: 'external-id-taken' }>;

/**
 * A face may look like one or two other persons. A template that matches this many comes from no face: an attacker in control
 * of a vision process could plant a template that matches everyone. In a large gallery, chance alone reaches this number.
 */
const tooManyAlike = 5;
const largeGallery = 200;
/** The most resembled persons that a warning names. */
const mostNamed = 3;

/** Checks a profile and returns what is stored. @throws `profile-refused` with every problem */
export function requireProfile(
  given: GivenProfile,
  { todayIso, definedFields }: ProfileRules,
): PersonProfile {
  const checked = checkProfile(given, todayIso, definedFields);
  if ('profile' in checked) return checked.profile;
  throw refusal(
    'profile-refused',
    { problems: checked.problems.join('; ') },
    { details: { problems: checked.problems } },
  );
}

/**
 * Checks whether a person may be enrolled; stores nothing. A vision process analyses every photograph, and each must be usable.
 * All photographs must show one person who does not look like many others. The external id must be free. A face that is
 * already in the gallery, or staged in `importId`, is refused unless duplicates are allowed. A weaker resemblance only warns.
 * @throws `profile-refused`, `face-of-several-photographs`
 */
export async function examineEnrolment(
  request: GivenEnrolment,
  options: EnrolmentOptions,
  importId?: string,
): Promise<Enrollable | EnrolmentRefusal> {
  const { gallery, threshold } = options;
  const profile = requireProfile(request, options);
  if (profile.externalId !== undefined) {
    const personId = await gallery.personOfExternalId(profile.externalId, importId);
    if (personId !== undefined) return { outcome: 'external-id-taken', personId };
  }
  const { photographs, enrolled } = await lookAt(request, options);
  if (enrolled.length < request.photographs.length) return { outcome: 'refused', photographs };
  const embeddings = enrolled.map(({ embedding }) => embedding);
  const disagreement = findDisagreement(embeddings, threshold);
  if (disagreement !== undefined) {
    return { outcome: 'refused', photographs: refuseDisagreeing(photographs, disagreement, threshold) };
  }
  const judged = await judgeResemblance(embeddings, { ...request, importId, photographs }, options);
  if ('outcome' in judged) return judged;
  return { outcome: 'enrollable', profile, enrolled, photographs, ...judged };
}

/**
 * Has a vision process analyse each photograph. There are as many `enrolled` as photographs if all are usable.
 * @throws `face-of-several-photographs`
 */
export async function lookAt(
  request: Pick<GivenEnrolment, 'photographs' | 'faceNumber'>,
  options: Pick<EnrolmentOptions, 'gallery' | 'analysePhoto'>,
): Promise<Pick<Enrollable, 'photographs' | 'enrolled'>> {
  if (request.faceNumber !== undefined && request.photographs.length !== 1) {
    throw refusal('face-of-several-photographs', { photographs: request.photographs.length });
  }
  const photographs: PhotographResult[] = [];
  const enrolled: EnrolmentPhotograph[] = [];
  for (const image of request.photographs) {
    const outcome = isTooLarge(image) ? tooLarge : await options.analysePhoto(image, request.faceNumber);
    if (outcome.outcome === 'refused') {
      photographs.push(outcome);
      continue;
    }
    if (outcome.recogniser !== options.gallery.recogniser) {
      throw defect('recogniser-mismatch', 'vision and gallery use different recognisers');
    }
    const { quality, taken } = outcome;
    const warnings = quality.warnings?.map((code) => ({ code, ...photoAdvice[code] }));
    photographs.push({ outcome: 'enrolled', qualityScore: quality.score, ...present({ warnings, taken }) });
    enrolled.push({
      jpeg: Buffer.from(outcome.picture),
      embedding: decodeEmbedding(outcome.embeddingBase64),
      quality: quality.score,
    });
  }
  return { photographs, enrolled };
}

/** What a warning about a photograph says. */
const photoAdvice: Readonly<Record<PhotoWarning, Omit<PhotographWarning, 'code'>>> = {
  'too-small': inEnglish({
    message: said('photos/warn-too-small', { least: SMALL_FACE_PX }),
    remedy: said('photos/remedy-warn-too-small'),
  }),
  'cut-off': inEnglish({
    message: said('photos/warn-cut-off'),
    remedy: said('photos/remedy-warn-cut-off'),
  }),
};

/**
 * Compares faces with the persons of the gallery and of the import: why nothing may be stored, or whom they resemble a little.
 * `self`: the person to whom the faces belong, who may be similar.
 */
export async function judgeResemblance(
  embeddings: readonly Embedding[],
  { photographs, importId, self, isDuplicateAllowed }: ResemblanceQuestion,
  { gallery, threshold, margin }: Pick<EnrolmentOptions, 'gallery' | 'threshold' | 'margin'>,
): Promise<PhotographRefusal | EnrolmentWarning> {
  const found = await gallery.findSimilar(embeddings, threshold - margin, importId);
  const isAlike = ({ similarity }: Candidate): boolean => similarity >= threshold;
  if (found.filter(isAlike).length >= tooManyAlike && gallery.personCount < largeGallery) {
    return { outcome: 'refused', photographs: photographs.map(() => likeMany) };
  }
  const near = found.filter(({ personId }) => personId !== self);
  const closest = near.find(isAlike);
  if (!isDuplicateAllowed && closest !== undefined) return { outcome: 'similar', ...named(closest, gallery) };
  const resembles = near.slice(0, mostNamed).map((candidate) => named(candidate, gallery));
  return resembles.length === 0 ? {} : { resembles };
}

/** A resembled person with their name. */
export function named({ personId, similarity }: Candidate, gallery: Gallery): Resemblance {
  const name = gallery.showPerson(personId)?.profile?.name ?? damagedName;
  return { personId, name, similarity };
}

/** The result of an enrolment as the caller may see it. */
export function enrolmentFor(result: EnrolmentResult, caller: Pick<Caller, 'scopes'>): EnrolmentResult {
  if (caller.scopes.has('names:read')) return result;
  if (result.outcome === 'similar') return { outcome: 'similar', ...unnamed(result) };
  if (result.outcome !== 'enrolled' && result.outcome !== 'enrollable') return result;
  return { ...result, ...unnamedWarning(result) };
}

/** The result of a change of photographs as the caller may see it. */
export function photographChangeFor(
  result: PhotographChange,
  caller: Pick<Caller, 'scopes'>,
): PhotographChange {
  if (caller.scopes.has('names:read') || result.outcome === 'refused') return result;
  if (result.outcome === 'similar') return { outcome: 'similar', ...unnamed(result) };
  return { ...result, ...unnamedWarning(result) };
}

/** The result of a row of an import as the caller may see it. */
export function stagedRowFor(result: StagedRow, caller: Pick<Caller, 'scopes'>): StagedRow {
  if (caller.scopes.has('names:read')) return result;
  if (result.outcome === 'similar') return { outcome: 'similar', ...unnamed(result) };
  return result.outcome === 'accepted' ? { ...result, ...unnamedWarning(result) } : result;
}

function unnamed({ personId, similarity }: Resemblance): Resemblance {
  return { personId, similarity };
}

function unnamedWarning({ resembles }: EnrolmentWarning): EnrolmentWarning {
  return resembles === undefined ? {} : { resembles: resembles.map(unnamed) };
}

/** Refuses the photographs that do not show the same person as the others. */
export function refuseDisagreeing(
  photographs: readonly PhotographResult[],
  disagreement: Disagreement,
  threshold: number,
): readonly PhotographResult[] {
  const results = [...photographs];
  for (const photograph of disagreement.photographs) {
    results[photograph.index] = {
      outcome: 'refused',
      code: 'different-person',
      ...inEnglish({
        message: describeDisagreement(photograph, disagreement, { count: photographs.length, threshold }),
        remedy: said(disagreement.isWrongOneKnown ? 'photos/remedy-unlike-most' : 'photos/remedy-unlike'),
      }),
    };
  }
  return results;
}

function describeDisagreement(
  { comparedTo, similarity }: DisagreeingPhotograph,
  { isWrongOneKnown }: Disagreement,
  { count, threshold }: { readonly count: number; readonly threshold: number },
): Said {
  const values = { other: comparedTo + 1, similarity, threshold };
  if (isWrongOneKnown) return said('photos/unlike-most', values);
  return said(count > 2 ? 'photos/no-one-person' : 'photos/unlike-photo', values);
}

function isTooLarge(image: Buffer): boolean {
  return image.length > largestPhotographMiB * 1024 * 1024;
}

const likeMany: PhotographResult = {
  outcome: 'refused',
  code: 'like-many-persons',
  ...inEnglish({
    message: said('photos/like-many', { count: tooManyAlike }),
    remedy: said('photos/remedy-like-many'),
  }),
};

const tooLarge: PhotoOutcome = {
  outcome: 'refused',
  code: 'too-large',
  ...inEnglish({
    message: said('photos/too-large', { mebibytes: largestPhotographMiB }),
    remedy: said('photos/remedy-too-large'),
  }),
};
