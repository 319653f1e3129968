import {
  defaultViewPolicy,
  isProbe,
  pickView,
  purposeOfView,
  recordEmbedding,
  type ViewPurpose,
} from '../domain/faces/best-views.js';
import type { Frame } from '../domain/faces/picture.js';
import type { FaceQuality } from '../domain/faces/quality.js';
import { type LivenessPolicy, wantsBinding } from '../domain/liveness/liveness-verdict.js';
import { type FaceJudgement, recallFace } from '../domain/tracks/same-face.js';
import { keepShot, shoot, type TakeShot } from './best-shot-stage.js';
import type { FaceAnalyser } from './face-analyser.js';
import type { AssessedView, FollowedFace } from './followed-face.js';
import type { StageCounters } from './stage-counters.js';

/** Disagreeing embeddings in a row that make another face: one may be a bad view, two are not. */
const strangeLimit = 2;

/** One located and assessed face of a frame. */
export interface AssessedLook extends AssessedView {
  readonly face: FollowedFace;
}

export interface ProbeStageOptions {
  readonly analyser: FaceAnalyser;
  readonly counters: StageCounters;
  readonly liveness: LivenessPolicy;
  /** Similarity from which two views of one track are the same face. */
  readonly sameFaceThreshold: number;
  /** Absent where no pictures are wanted. */
  readonly takeShot?: TakeShot | undefined;
}

/** What the embedding of one face of the frame showed. */
export interface Embedded {
  readonly face: FollowedFace;
  readonly judgement: FaceJudgement;
  /** It showed whose the movements before it were. */
  readonly isBinding: boolean;
}

/**
 * Embeds at most one face of the frame, the one for which it matters most, so that the time of a frame stays bounded
 * however many people are in it. An agreeing embedding becomes a probe and binds the blinks and gestures before it to this face.
 */
export async function embedOne(
  frame: Frame,
  looks: readonly AssessedLook[],
  { analyser, counters, liveness, sameFaceThreshold, takeShot }: ProbeStageOptions,
): Promise<Embedded | undefined> {
  const atMs = frame.capturedAtMs;
  const views = looks.map(({ face, quality }) => ({
    purpose: purposeOf(face, quality, atMs, liveness),
    waitingMs: atMs - (face.views.lastEmbeddedMs ?? face.track.firstSeenMs),
  }));
  const picked = pickView(views);
  const look = picked === undefined ? undefined : looks[picked];
  const purpose = picked === undefined ? undefined : views[picked]?.purpose;
  if (look === undefined || purpose === undefined) return undefined;

  const { face, quality } = look;
  // Encoded while the network runs.
  const shot = shoot(frame, look, { takeShot, counters });
  const embedding = await counters.time('embed', () => analyser.embed(frame.picture, look.landmarks));
  const recalled = recallFace(face.memory, embedding, { threshold: sameFaceThreshold, strangeLimit });
  face.memory = recalled.memory;
  const isTold = recalled.judgement === 'same' && isProbe(purpose, face.views, defaultViewPolicy);
  face.views = recordEmbedding(face.views, { atMs, score: quality.score, isProbe: isTold });
  if (isTold) face.freshProbes.push({ capturedAtMs: atMs, embedding, quality: quality.score });
  if (isTold) keepShot(look, await shot);
  const isBinding = recalled.judgement === 'same' && wantsBinding(face.liveness, liveness);
  if (recalled.judgement === 'same') face.learn({ kind: 'same-face', atMs }, liveness);
  return { face, judgement: recalled.judgement, isBinding };
}

function purposeOf(
  face: FollowedFace,
  quality: FaceQuality,
  atMs: number,
  policy: LivenessPolicy,
): ViewPurpose | undefined {
  if (face.track.phase !== 'confirmed') return undefined;
  const urgency =
    face.memory.strangeCount > 0
      ? 'doubtful-face'
      : wantsBinding(face.liveness, policy)
        ? 'movement-to-bind'
        : 'none';
  return purposeOfView(face.views, { atMs, quality, urgency }, defaultViewPolicy);
}
