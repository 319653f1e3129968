import { isWorthAShot, largestBestShotBytes } from '../kernel/faces/best-shot.js';
import {
  defaultViewPolicy,
  isProbe,
  pickView,
  purposeOfView,
  recordEmbedding,
  type ViewPurpose,
} from '../kernel/faces/best-views.js';
import type { Box } from '../kernel/faces/geometry.js';
import type { Frame, Picture } from '../kernel/faces/picture.js';
import type { FaceQuality } from '../kernel/faces/quality.js';
import { type LivenessPolicy, wantsBinding } from '../kernel/liveness/liveness-verdict.js';
import { type FaceJudgement, recallFace } from '../kernel/tracks/same-face.js';
import type { FaceAnalyser } from './face-analyser.js';
import type { StageCounters } from './stage-counters.js';
import type { AssessedView, TrackedFace } from './tracked-face.js';

/** After this many embeddings in a row that disagree, the face is another one: a single one may be a bad view. */
const strangeLimit = 2;

/** The view of one tracked face in a frame. */
export interface FaceView extends AssessedView {
  readonly face: TrackedFace;
}

/**
 * Makes the small picture of the face in `box`: a JPEG without metadata. Reads `picture` before it returns its promise:
 * the buffer may be reused afterwards.
 */
export type TakeShot = (picture: Picture, box: Box) => Promise<Uint8Array>;

interface ShotOptions {
  /** Undefined where no pictures are wanted. */
  readonly takeShot?: TakeShot | undefined;
  readonly counters: StageCounters;
}

interface ProbeOptions extends ShotOptions {
  readonly analyser: FaceAnalyser;
  readonly liveness: LivenessPolicy;
  /** Similarity from which two views of one track are the same face. */
  readonly sameFaceThreshold: number;
}

/** What the embedding of one face of the frame showed. */
interface Embedded {
  readonly face: TrackedFace;
  readonly judgement: FaceJudgement;
  /** It showed whose the movements before it were. */
  readonly isBinding: boolean;
}

/**
 * Embeds at most one face of the frame, the one for which it matters most: so the time of a frame stays bounded in a
 * crowd. An embedding that agrees with the track becomes a probe, and binds earlier blinks and gestures to this face.
 */
export async function embedOne(
  frame: Frame,
  views: readonly FaceView[],
  options: ProbeOptions,
): Promise<Embedded | undefined> {
  const { analyser, counters, liveness, sameFaceThreshold } = options;
  const atMs = frame.capturedAtMs;
  const candidates = views.map(({ face, quality }) => ({
    purpose: purposeOf(face, quality, atMs, liveness),
    waitingMs: atMs - (face.samples.views.lastEmbeddedMs ?? face.track.firstSeenMs),
  }));
  const picked = pickView(candidates);
  const view = picked === undefined ? undefined : views[picked];
  const purpose = picked === undefined ? undefined : candidates[picked]?.purpose;
  if (view === undefined || purpose === undefined) return undefined;

  const { face, quality, landmarks } = view;
  const { samples, observation } = face;
  // The JPEG is encoded while the network runs.
  const shot = encodeShot(frame, view, options);
  const embedding = await counters.time('embed', () => analyser.embed(frame.picture, landmarks));
  const { judgement, memory } = recallFace(samples.memory, embedding, {
    threshold: sameFaceThreshold,
    strangeLimit,
  });
  samples.memory = memory;
  const isSame = judgement === 'same';
  const becomesProbe = isSame && isProbe(purpose, samples.views, defaultViewPolicy);
  samples.views = recordEmbedding(samples.views, { atMs, score: quality.score, isProbe: becomesProbe });
  if (becomesProbe) {
    samples.addProbe({ capturedAtMs: atMs, embedding, quality: quality.score });
    addShot(frame, view, await shot);
  }
  const isBinding = isSame && wantsBinding(observation.liveness, liveness);
  observation.learn(isSame ? { kind: 'same-face', atMs } : { kind: 'doubtful-face' }, liveness);
  return { face, judgement, isBinding };
}

function purposeOf(
  face: TrackedFace,
  quality: FaceQuality,
  atMs: number,
  policy: LivenessPolicy,
): ViewPurpose | undefined {
  if (face.track.phase !== 'confirmed') return undefined;
  const { samples, observation } = face;
  const urgency =
    samples.memory.strangeCount > 0
      ? 'doubtful-face'
      : wantsBinding(observation.liveness, policy)
        ? 'movement-to-bind'
        : 'none';
  return purposeOfView(samples.views, { atMs, quality, urgency }, defaultViewPolicy);
}

/** Takes a picture for the next sighting of the face, where pictures are wanted and this view is clearly better. */
export async function takeShotOf(frame: Frame, view: FaceView, options: ShotOptions): Promise<void> {
  addShot(frame, view, await encodeShot(frame, view, options));
}

function addShot(frame: Frame, { face, quality }: FaceView, jpeg: Uint8Array | undefined): void {
  if (jpeg !== undefined) face.samples.addShot({ capturedAtMs: frame.capturedAtMs, jpeg }, quality);
}

/** Undefined where no picture is wanted, and where none can be made: the failure is counted and costs nothing else. */
async function encodeShot(
  frame: Frame,
  { face, landmarks, quality }: FaceView,
  { takeShot, counters }: ShotOptions,
): Promise<Uint8Array | undefined> {
  if (takeShot === undefined || !isWorthAShot(face.samples.shotQuality, quality)) return undefined;
  try {
    const jpeg = await counters.timeSync('bestShot', () => takeShot(frame.picture, landmarks.box));
    if (jpeg.length <= largestBestShotBytes) {
      counters.add('bestShotBytes', jpeg.length);
      return jpeg;
    }
    counters.add('bestShotsFailed');
  } catch {
    counters.add('bestShotsFailed');
  }
  return undefined;
}
