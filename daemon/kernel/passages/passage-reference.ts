import {
  type Candidate,
  type Embedding,
  type MatchPolicy,
  marginFor,
  similarityOf,
  similarityToPerson,
  thresholdFor,
} from '../identification/match.js';
import { middleOf } from '../identification/photograph-agreement.js';
import type { PersonId } from '../ids.js';
import type { StandingMark } from '../passages/mark.js';
import type { Passage } from '../passages/passage.js';
import { consentStateOf } from '../persons/consent.js';
import type { PersonProfile } from '../persons/person-profile.js';

/** Why the picture of a passage cannot become a photograph of the person, as far as it is known without the picture. */
export const earlyRefusals = [
  'still-in-sight',
  'not-recognised',
  'marked-wrong',
  'unproven',
  'person-not-active',
  'consent-withdrawn',
  'no-consent',
  'already-added',
  'picture-not-kept',
  'picture-expired',
] as const;
export type EarlyRefusal = (typeof earlyRefusals)[number];

/** Why the picture itself is not taken. */
export type PictureRefusal =
  | 'picture-unusable'
  | 'too-small'
  | 'cut-off'
  | 'nothing-to-compare'
  | 'disagrees'
  | 'resembles-other';

export interface ReferenceFacts {
  readonly passage: Passage;
  /** The latest feedback of an operator on the passage. */
  readonly mark: StandingMark | undefined;
  /** The person named in the passage; undefined if the box no longer knows them. */
  readonly person: { readonly isActive: boolean; readonly profile: PersonProfile | undefined } | undefined;
  readonly hasPicture: boolean;
  /** Whether the configuration keeps pictures of such passages. */
  readonly arePicturesKept: boolean;
}

/** Undefined if the picture may be looked at. */
export function earlyRefusal({
  passage,
  mark,
  person,
  hasPicture,
  arePicturesKept,
}: ReferenceFacts): EarlyRefusal | undefined {
  const { end, outcome, personId, liveness } = passage;
  if (end === undefined) return 'still-in-sight';
  if (personId === undefined) return 'not-recognised';
  if (mark !== undefined && (mark.was !== 'person' || mark.personId !== personId)) return 'marked-wrong';
  if (outcome !== 'attended' || liveness.verdict !== 'live') return 'unproven';
  const refusal = personRefusal(passage.id, person);
  if (refusal !== undefined) return refusal;
  if (hasPicture) return undefined;
  return arePicturesKept ? 'picture-expired' : 'picture-not-kept';
}

/** Why the person cannot get a photograph from this passage. Without a recorded basis, nobody agreed to be learnt from. */
export function personRefusal(passage: string, person: ReferenceFacts['person']): EarlyRefusal | undefined {
  const consent = consentStateOf(person?.profile?.consent);
  if (consent === 'withdrawn') return 'consent-withdrawn';
  if (person?.isActive !== true) return 'person-not-active';
  if (consent === 'none') return 'no-consent';
  const origins = Object.values(person.profile?.origins ?? {});
  return origins.some((origin) => origin.passage === passage) ? 'already-added' : undefined;
}

/**
 * Why a face is not that of the person beyond doubt; undefined if it is. `templates`: all of the person. `others`: the nearest persons,
 * this one among them. Views from passages prove nothing, because one would lead to the next, away from the person.
 */
export function doubtAbout(
  face: Embedding,
  compared: {
    readonly id: PersonId;
    readonly templates: readonly Omit<ComparedView, 'id'>[];
    readonly others: readonly Candidate[];
  },
  policy: MatchPolicy,
): 'nothing-to-compare' | 'disagrees' | 'resembles-other' | undefined {
  const { id, templates, others } = compared;
  const enrolled = templates.filter(({ isFromPassage }) => !isFromPassage);
  const middle = middleOf(
    enrolled.map(({ embedding }) => embedding),
    policy.threshold,
  );
  if (middle === undefined) return 'nothing-to-compare';
  // Not less than: NaN agrees with nothing.
  if (!(similarityOf(face, middle) >= thresholdFor(policy, id) + policy.margin)) return 'disagrees';
  const own = similarityToPerson(
    face,
    templates.map(({ embedding }) => embedding),
  );
  const isNear = others.some(
    ({ personId, similarity }) =>
      personId !== id &&
      (similarity >= policy.threshold || similarity > own - marginFor(policy, id, personId)),
  );
  return isNear ? 'resembles-other' : undefined;
}

export interface ComparedView {
  readonly id: string;
  readonly isFromPassage: boolean;
  readonly embedding: Embedding;
}

/**
 * The view from a passage that adds least: the one that is most similar to another view of the person. Enrolled photographs are never
 * named. Undefined without a view from a passage.
 */
export function leastUseful(views: readonly ComparedView[]): string | undefined {
  let least: { readonly id: string; readonly similarity: number } | undefined;
  for (const view of views) {
    if (!view.isFromPassage) continue;
    const others = views.filter((other) => other !== view);
    const similarity = Math.max(-1, ...others.map((other) => similarityOf(view.embedding, other.embedding)));
    if (least === undefined || similarity > least.similarity) least = { id: view.id, similarity };
  }
  return least?.id;
}
