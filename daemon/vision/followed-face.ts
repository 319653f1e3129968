import type { BestShot } from '../domain/faces/best-shot.js';
import { emptyViewHistory, type ViewHistory } from '../domain/faces/best-views.js';
import type { FaceLandmarks } from '../domain/faces/face.js';
import type { Box } from '../domain/faces/geometry.js';
import type { Frame } from '../domain/faces/picture.js';
import { type FaceQuality, isBetterView, type ViewQuality } from '../domain/faces/quality.js';
import type { Probe } from '../domain/identification/match.js';
import {
  type BlinkState,
  defaultBlinkPolicy,
  initialBlinkState,
  nextBlink,
} from '../domain/liveness/blink.js';
import { eyeSampleOf } from '../domain/liveness/eye-sample.js';
import {
  defaultHeadGesturePolicy,
  type HeadGesture,
  type HeadGestureState,
  initialHeadGestures,
  nextHeadGesture,
} from '../domain/liveness/head-gesture.js';
import type { Blink, EyeSample, LivenessVerdict } from '../domain/liveness/liveness.js';
import {
  initialLiveness,
  type LivenessInput,
  type LivenessPolicy,
  type LivenessState,
  nextLiveness,
} from '../domain/liveness/liveness-verdict.js';
import { type EarlierLook, looksBefore } from '../domain/liveness/mesh-steadiness.js';
import { emptyFaceMemory, type FaceMemory } from '../domain/tracks/same-face.js';
import { type Support, supported } from '../domain/tracks/support.js';
import type { Track } from '../domain/tracks/track.js';

/** A face unseen for longer than this may be somebody else when it is seen again, milliseconds. */
const unbrokenGapMs = 500;

/** A located view and what it is worth. */
export interface AssessedView {
  readonly landmarks: FaceLandmarks;
  readonly quality: ViewQuality;
}

/** The eyes in one look, and what a face did that is complete with it. */
export interface SeenMovements {
  readonly eyes: EyeSample;
  readonly blinks: readonly Blink[];
  readonly gesture?: HeadGesture;
}

/** Everything one camera knows about one track: the states of its machines side by side. */
export class FollowedFace {
  track: Track;
  liveness: LivenessState = initialLiveness;
  views: ViewHistory = emptyViewHistory;
  memory: FaceMemory = emptyFaceMemory;
  /** Verdict that was last told. */
  toldVerdict: LivenessVerdict = 'undetermined';
  isAnnounced = false;
  bestQuality: FaceQuality = { score: 0, reasons: ['too-small'] };
  lastLocatedMs: number | undefined;
  /** Whether both eyes could be judged in the latest look. */
  areEyesSeen = false;
  lastPassiveMs: number | undefined;
  /** Looks in a row in which no mesh could be fitted. */
  failedLooks = 0;
  /** Whether the detector, too, sees a face where the mesh is. */
  support: Support = supported;
  /** Latest box of the detector, in the frame it belongs to. */
  detected: { readonly atMs: number; readonly box: Box } | undefined;
  /** Probes not yet told. */
  freshProbes: Probe[] = [];
  /** Quality of the view that the latest picture shows; undefined while there is none. */
  shotQuality: FaceQuality | undefined;
  sightingCount = 0;
  /** Picture not yet told. */
  #freshShot: BestShot | undefined;
  #blinks: BlinkState = initialBlinkState;
  #head: HeadGestureState = initialHeadGestures;
  /** The latest looks, oldest first: what the next one is compared with. */
  #looks: readonly EarlierLook[] = [];

  constructor(track: Track) {
    this.track = track;
  }

  /** Takes one located view into account; returns what it completed. */
  see(frame: Frame, { landmarks, quality }: AssessedView, policy: LivenessPolicy): SeenMovements {
    const atMs = frame.capturedAtMs;
    const isBroken = this.lastLocatedMs !== undefined && atMs - this.lastLocatedMs > unbrokenGapMs;
    if (isBroken) this.interrupt(policy);
    this.lastLocatedMs = atMs;
    if (isBetterView(quality, this.bestQuality)) this.bestQuality = quality;
    const before = looksBefore(this.#looks, atMs);
    const sample = eyeSampleOf({ atMs, landmarks, quality, before, picture: frame.picture });
    this.#looks = [...before, { atMs, landmarks }];
    this.areEyesSeen = sample.left !== undefined && sample.right !== undefined;
    this.learn({ kind: 'eyes', sample, landmarks }, policy);
    const { state, blinks } = nextBlink(this.#blinks, sample, defaultBlinkPolicy);
    this.#blinks = state;
    for (const blink of blinks) this.learn({ kind: 'blink', blink }, policy);
    const head = nextHeadGesture(this.#head, landmarks, atMs, defaultHeadGesturePolicy);
    this.#head = head.state;
    if (head.gesture === undefined) return { eyes: sample, blinks };
    this.learn({ kind: 'gesture', gesture: head.gesture }, policy);
    return { eyes: sample, blinks, gesture: head.gesture };
  }

  learn(input: LivenessInput, policy: LivenessPolicy): void {
    this.liveness = nextLiveness(this.liveness, input, policy);
  }

  /** The face was out of sight: who is seen now has to prove to be live again. */
  interrupt(policy: LivenessPolicy): void {
    this.learn({ kind: 'interrupted' }, policy);
    this.#blinks = initialBlinkState;
    this.#head = initialHeadGestures;
    this.#looks = [];
  }

  /** Head roll of the latest mesh, degrees; 0 where there is none. */
  get rollDeg(): number {
    return this.#looks.at(-1)?.landmarks.pose.rollDeg ?? 0;
  }

  keepShot(shot: BestShot, quality: FaceQuality): void {
    this.#freshShot = shot;
    this.shotQuality = quality;
  }

  takeShot(): BestShot | undefined {
    const taken = this.#freshShot;
    this.#freshShot = undefined;
    return taken;
  }

  takeProbes(): readonly Probe[] {
    const taken = this.freshProbes;
    this.freshProbes = [];
    return taken;
  }
}
