import type { BestShot } from '../kernel/faces/best-shot.js';
import { emptyViewHistory, type ViewHistory } from '../kernel/faces/best-views.js';
import type { FaceLandmarks } from '../kernel/faces/face.js';
import type { Box } from '../kernel/faces/geometry.js';
import type { Frame } from '../kernel/faces/picture.js';
import {
  type FaceQuality,
  isBetterView,
  type QualityReason,
  type ViewQuality,
} from '../kernel/faces/quality.js';
import type { ViewMeasures, ViewTally } from '../kernel/faces/view-tally.js';
import type { Probe } from '../kernel/identification/match.js';
import { type EyeBlinkState, initialEyeBlinks, nextEyeBlinks } from '../kernel/liveness/eye-blinks.js';
import { eyeSampleOf } from '../kernel/liveness/eye-sample.js';
import {
  defaultHeadGesturePolicy,
  type HeadGesture,
  type HeadGestureState,
  initialHeadGestures,
  nextHeadGesture,
} from '../kernel/liveness/head-gesture.js';
import type { SeenStep } from '../kernel/liveness/inner-motion.js';
import type { Blink, EyeSample, LivenessVerdict } from '../kernel/liveness/liveness.js';
import {
  initialLiveness,
  type LivenessInput,
  type LivenessPolicy,
  type LivenessState,
  nextLiveness,
  wantsSurroundings,
} from '../kernel/liveness/liveness-verdict.js';
import { fitsBefore, type TimedFit } from '../kernel/liveness/mesh-steadiness.js';
import { type OpennessCurve, OpennessRecorder } from '../kernel/liveness/openness-curve.js';
import type { FaceTexture } from '../kernel/liveness/skin-shift.kernel.js';
import type { Surroundings } from '../kernel/liveness/surroundings.kernel.js';
import { present } from '../kernel/present.js';
import { emptyFaceMemory, type FaceMemory } from '../kernel/tracks/same-face.js';
import { type Support, supported } from '../kernel/tracks/support.js';
import type { Track } from '../kernel/tracks/track.js';

/** After a longer gap between two fits the face may be another person's, milliseconds. */
const longestGapMs = 500;

/** The mesh of a face in one frame, and the quality of that view. */
export interface AssessedView {
  readonly landmarks: FaceLandmarks;
  readonly quality: ViewQuality;
  /** How the skin looks; only while the frame is held. */
  readonly texture: () => FaceTexture;
  /** What is around it; the same. */
  readonly surroundings: () => Surroundings;
}

/** The eyes in one frame, and the movements that this frame completed. */
export interface Movements {
  readonly eyes: EyeSample;
  /** What a comparison of the face with itself showed that this frame completed. */
  readonly motion: SeenStep | undefined;
  readonly blinks: readonly Blink[];
  readonly gesture: HeadGesture | undefined;
}

/** Where a face is, and how well mesh and detector agree about it. Only the face tracker changes it. */
export interface FaceTracking {
  readonly track: Track;
  /** Whether the detector also finds a face where the mesh is. */
  readonly support: Support;
  /** Fits in a row that found no face. */
  readonly failedFits: number;
  /** The latest box of the detector, and the time of its frame. */
  readonly detected: { readonly atMs: number; readonly box: Box } | undefined;
}

/** One face that a camera follows: its place in the picture, and what each stage knows about it. */
export class TrackedFace {
  tracking: FaceTracking;
  readonly observation = new FaceObservation();
  readonly samples = new FaceSamples();
  /** What the events of the camera have said about the face. Only the camera pipeline changes it. */
  readonly reported: { isStarted: boolean; verdict: LivenessVerdict; sightingCount: number } = {
    isStarted: false,
    verdict: 'undetermined',
    sightingCount: 0,
  };

  constructor(track: Track) {
    this.tracking = { track, support: supported, failedFits: 0, detected: undefined };
  }

  get track(): Track {
    return this.tracking.track;
  }
}

interface ObservationOptions {
  readonly liveness: LivenessPolicy;
  readonly smallestFacePx: number;
}

/** Counts the views of one face and their faults. */
class ViewCounts {
  best: ViewMeasures | undefined;
  #count = 0;
  readonly #faults: Partial<Record<QualityReason, number>> = {};

  add({ reasons }: FaceQuality): void {
    this.#count += 1;
    for (const reason of reasons) this.#faults[reason] = (this.#faults[reason] ?? 0) + 1;
  }

  get tally(): Omit<ViewTally, 'embedded'> {
    return { count: this.#count, faults: { ...this.#faults }, ...present({ best: this.best }) };
  }
}

/** What the fits of one face showed: its best quality, blinks, head gestures and evidence of liveness. */
class FaceObservation {
  #liveness: LivenessState = initialLiveness;
  #bestQuality: FaceQuality = { score: 0, reasons: ['too-small'] };
  readonly #views = new ViewCounts();
  readonly #openness = new OpennessRecorder();
  #areEyesSeen = false;
  #lastFitMs: number | undefined;
  #lastPassiveMs: number | undefined;
  #blinks: EyeBlinkState = initialEyeBlinks;
  #head: HeadGestureState = initialHeadGestures;
  /** The latest fits, oldest first: the next one is compared with them. */
  #fits: readonly TimedFit[] = [];

  get liveness(): LivenessState {
    return this.#liveness;
  }

  get bestQuality(): FaceQuality {
    return this.#bestQuality;
  }

  /** All views so far. */
  get views(): Omit<ViewTally, 'embedded'> {
    return this.#views.tally;
  }

  /** How far the eyes were open until now; undefined before the first fit. */
  get openness(): OpennessCurve | undefined {
    return this.#openness.curve;
  }

  /** Whether both eyes could be judged in the latest fit. */
  get areEyesSeen(): boolean {
    return this.#areEyesSeen;
  }

  get lastFitMs(): number | undefined {
    return this.#lastFitMs;
  }

  /** When the passive model last scored the face. */
  get lastPassiveMs(): number | undefined {
    return this.#lastPassiveMs;
  }

  /** Head roll of the latest fit, degrees; 0 before the first. */
  get rollDeg(): number {
    return this.#fits.at(-1)?.landmarks.pose.rollDeg ?? 0;
  }

  /** Takes the view of one frame into account. */
  observe(
    frame: Frame,
    { landmarks, quality, texture, surroundings }: AssessedView,
    { liveness: policy, smallestFacePx }: ObservationOptions,
  ): Movements {
    const atMs = frame.capturedAtMs;
    if (this.#lastFitMs !== undefined && atMs - this.#lastFitMs > longestGapMs) this.#interrupt(policy);
    this.#lastFitMs = atMs;
    this.#views.add(quality);
    if (this.#views.best === undefined || isBetterView(quality, this.#bestQuality)) {
      const { score, reasons, widthPx, meanLuma, sharpness } = quality;
      const { yawDeg, pitchDeg } = landmarks.pose;
      this.#bestQuality = { score, reasons };
      const measured = { widthPx, smallestFacePx, yawDeg, pitchDeg, meanLuma, sharpness };
      this.#views.best = { quality: this.#bestQuality, ...measured };
    }
    const before = fitsBefore(this.#fits, atMs);
    const eyes = eyeSampleOf({ atMs, landmarks, quality, before, picture: frame.picture });
    this.#fits = [...before, { atMs, landmarks }];
    this.#openness.add(eyes);
    this.#areEyesSeen = eyes.left !== undefined && eyes.right !== undefined;
    const isCompared = this.#areEyesSeen && eyes.isShapeLost !== true;
    const isLookedAround = isCompared && wantsSurroundings(this.#liveness, atMs);
    const { motionSeen } = this.#liveness;
    this.learn(
      {
        ...{ kind: 'eyes', sample: eyes, landmarks, texture: isCompared ? texture() : undefined },
        ...(isLookedAround ? { surroundings: surroundings() } : {}),
      },
      policy,
    );
    const motion = this.#liveness.motionSeen === motionSeen ? undefined : this.#liveness.motionSeen.at(-1);
    const { state, blinks } = nextEyeBlinks(this.#blinks, eyes);
    this.#blinks = state;
    for (const blink of blinks) this.learn({ kind: 'blink', blink }, policy);
    const head = nextHeadGesture(this.#head, landmarks, atMs, defaultHeadGesturePolicy);
    this.#head = head.state;
    if (head.gesture !== undefined) this.learn({ kind: 'gesture', gesture: head.gesture }, policy);
    return { eyes, motion, blinks, gesture: head.gesture };
  }

  /** Takes a score of the passive model into account. */
  observePassive(score: number, atMs: number, policy: LivenessPolicy): void {
    this.#lastPassiveMs = atMs;
    this.learn({ kind: 'passive', score }, policy);
  }

  learn(input: LivenessInput, policy: LivenessPolicy): void {
    this.#liveness = nextLiveness(this.#liveness, input, policy);
  }

  /** The face was out of sight: the person who is seen now has to prove liveness again. */
  #interrupt(policy: LivenessPolicy): void {
    this.learn({ kind: 'interrupted' }, policy);
    this.#blinks = initialEyeBlinks;
    this.#head = initialHeadGestures;
    this.#fits = [];
  }
}

/** Embeddings and pictures of one face. New ones wait here for the next sighting. */
class FaceSamples {
  views: ViewHistory = emptyViewHistory;
  memory: FaceMemory = emptyFaceMemory;
  #probes: readonly Probe[] = [];
  #shot: BestShot | undefined;
  #shotQuality: FaceQuality | undefined;

  /** Whether probes wait for the next sighting. */
  get hasNewProbes(): boolean {
    return this.#probes.length > 0;
  }

  /** Quality of the view in the latest picture; undefined before the first. */
  get shotQuality(): FaceQuality | undefined {
    return this.#shotQuality;
  }

  addProbe(probe: Probe): void {
    this.#probes = [...this.#probes, probe];
  }

  addShot(shot: BestShot, quality: FaceQuality): void {
    this.#shot = shot;
    this.#shotQuality = quality;
  }

  /** Hands over everything that no sighting has carried yet. */
  takeNew(): { readonly probes: readonly Probe[]; readonly bestShot: BestShot | undefined } {
    const taken = { probes: this.#probes, bestShot: this.#shot };
    this.#probes = [];
    this.#shot = undefined;
    return taken;
  }
}
