import type { AlignmentPoints, FaceLandmarks } from '../faces/face.js';
import { percentile } from '../percentile.js';
import { type HeadTurn, parallaxTurn } from './rigid-head.js';

/** The gestures of a head; left and right are the person's own. */
export const headGestureKinds = ['turn-left', 'turn-right', 'look-up', 'nod'] as const;
type HeadGestureKind = (typeof headGestureKinds)[number];

/** One completed movement of a head. Times as in `Frame.capturedAtMs`. */
export interface HeadGesture {
  readonly kind: HeadGestureKind;
  /** The last mesh fit in which the head still had its resting pose. */
  readonly startMs: number;
  /** The time at which the gesture was certain: a turn was held or returning, a nod was over. */
  readonly endMs: number;
}

interface HeadGesturePolicy {
  /** The resting pose is the median of the fits at rest in this much of the past, milliseconds. */
  readonly restMs: number;
  /** Fits at rest must span this much before gestures are judged, milliseconds. */
  readonly settleMs: number;
  /** Within this angle of its resting pose, a head rests, degrees. */
  readonly restDeg: number;
  /** Minimum angles of a turn to either side, of a look up, and of the lowest point of a nod, degrees. */
  readonly turnDeg: number;
  readonly lookUpDeg: number;
  readonly nodDeg: number;
  /** A turn or a look up that is held this long counts before the head returns, milliseconds. */
  readonly heldMs: number;
  /** Longest duration of a nod, milliseconds. */
  readonly longestNodMs: number;
  /** After this time away from its resting pose, a head rests in the new pose, milliseconds. */
  readonly awayMs: number;
  /** A longer gap between fits starts over, milliseconds. */
  readonly longestGapMs: number;
  /** Fits with a lower presence are ignored, 0..1. */
  readonly leastPresence: number;
  /** The angle of the mesh counts up to this many times the angle from the parallax of the nose, because noses differ in length. */
  readonly parallaxMargin: number;
}

/*
 * Measured at 15 fits a second: two minutes of clips in which 18 people speak, sign or read gave three looks up, one turn and no
 * nod. Flat photographs of four faces, turned by up to 48 degrees or tilted by up to 42, measured at most 10 degrees. A photograph
 * that is bent like a face is no plane and measures 20 degrees and more.
 */
export const defaultHeadGesturePolicy: HeadGesturePolicy = {
  restMs: 3000,
  settleMs: 500,
  restDeg: 5,
  turnDeg: 18,
  lookUpDeg: 11,
  nodDeg: 9,
  heldMs: 200,
  longestNodMs: 1500,
  awayMs: 4000,
  longestGapMs: 400,
  leastPresence: 0.8,
  parallaxMargin: 1.5,
};

/** A mesh fit of a head. */
interface HeadFit {
  readonly atMs: number;
  readonly yawDeg: number;
  readonly pitchDeg: number;
  readonly points: AlignmentPoints;
}

/** A current movement out of the resting pose. */
interface Excursion {
  readonly startMs: number;
  /** The direction of the largest angle so far. */
  readonly kind: HeadGestureKind;
  readonly peakDeg: number;
  /** Number of fits with a large enough angle: a mesh that slips in a single fit makes no gesture. */
  readonly outCount: number;
  /** Since when the angle is large enough; undefined while it is not. */
  readonly outSinceMs: number | undefined;
  /** The gesture is complete; the next one can only begin when the head rests again. */
  readonly isComplete: boolean;
}

/** The head of one track so far. */
export interface HeadGestureState {
  /** Fits at rest, oldest first. */
  readonly resting: readonly HeadFit[];
  readonly lastMs: number;
  /** The last fit in which the head had its resting pose. */
  readonly restedMs: number;
  readonly excursion: Excursion | undefined;
}

export const initialHeadGestures: HeadGestureState = {
  resting: [],
  lastMs: Number.NEGATIVE_INFINITY,
  restedMs: Number.NEGATIVE_INFINITY,
  excursion: undefined,
};

interface HeadGestureStep {
  readonly state: HeadGestureState;
  /** The gesture that this fit completes. */
  readonly gesture?: HeadGesture;
}

/**
 * The state after one more mesh fit. Angles are relative to the resting pose of the track, so the place of the camera does not
 * matter. The rotation of the mesh counts only as far as the nose moves against the plane of eyes and mouth (`parallaxTurn`), so
 * that a picture turned in front of the camera hardly makes a gesture.
 */
export function nextHeadGesture(
  state: HeadGestureState,
  landmarks: Pick<FaceLandmarks, 'pose' | 'presence' | 'fivePoints' | 'arcFacePoints'>,
  atMs: number,
  policy: HeadGesturePolicy,
): HeadGestureStep {
  if (landmarks.presence < policy.leastPresence || atMs <= state.lastMs) return { state };
  const { yawDeg, pitchDeg } = landmarks.pose;
  const { fivePoints, arcFacePoints } = landmarks;
  const fit: HeadFit = { atMs, yawDeg, pitchDeg, points: { fivePoints, arcFacePoints } };
  if (atMs - state.lastMs > policy.longestGapMs) return { state: restingFrom(fit) };
  const spanMs = (state.resting.at(-1)?.atMs ?? atMs) - (state.resting[0]?.atMs ?? atMs);
  if (spanMs < policy.settleMs) return { state: restOn(state, fit, policy) };
  const moved = movedFrom(restingFit(state.resting), fit, policy.parallaxMargin);
  const open = state.excursion;
  if (Math.hypot(moved.mesh.yawDeg, moved.mesh.pitchDeg) <= policy.restDeg) {
    const gesture = open && completed(open, 0, atMs, policy);
    return {
      state: restOn({ ...state, excursion: undefined }, fit, policy),
      ...(gesture === undefined ? {} : { gesture }),
    };
  }
  if (atMs - state.restedMs > policy.awayMs) return { state: restingFrom(fit) };
  const excursion = continued(open ?? leaving(state.restedMs), moved, atMs, policy);
  const gesture = completed(excursion, angleOf(moved.confirmed, excursion.kind), atMs, policy);
  return {
    state: {
      ...state,
      lastMs: atMs,
      excursion: { ...excursion, isComplete: excursion.isComplete || gesture !== undefined },
    },
    ...(gesture === undefined ? {} : { gesture }),
  };
}

/** Starts over: the present pose becomes the resting pose. */
function restingFrom(fit: HeadFit): HeadGestureState {
  return { resting: [fit], lastMs: fit.atMs, restedMs: fit.atMs, excursion: undefined };
}

function restOn(state: HeadGestureState, fit: HeadFit, policy: HeadGesturePolicy): HeadGestureState {
  const { atMs } = fit;
  const resting = [...state.resting.filter((each) => each.atMs >= atMs - policy.restMs), fit];
  return { ...state, resting, lastMs: atMs, restedMs: atMs };
}

/** The fit that is nearest to the median pose. */
function restingFit(resting: readonly HeadFit[]): HeadFit | undefined {
  const medianOf = (angle: 'yawDeg' | 'pitchDeg'): number =>
    percentile(
      resting.map((fit) => fit[angle]),
      0.5,
    ) ?? 0;
  const [yawDeg, pitchDeg] = [medianOf('yawDeg'), medianOf('pitchDeg')];
  let nearest: HeadFit | undefined;
  let leastDeg = Number.POSITIVE_INFINITY;
  for (const fit of resting) {
    const offDeg = Math.hypot(fit.yawDeg - yawDeg, fit.pitchDeg - pitchDeg);
    if (offDeg < leastDeg) [nearest, leastDeg] = [fit, offDeg];
  }
  return nearest;
}

/** A rotation from the resting pose: the one of the mesh, and the part of it that parallax confirms. */
interface Moved {
  readonly mesh: HeadTurn;
  readonly confirmed: HeadTurn;
}

function movedFrom(rest: HeadFit | undefined, now: HeadFit, margin: number): Moved {
  if (rest === undefined) return { mesh: still, confirmed: still };
  const mesh = { yawDeg: now.yawDeg - rest.yawDeg, pitchDeg: now.pitchDeg - rest.pitchDeg };
  const parallax = parallaxTurn(rest.points, now.points) ?? still;
  const confirmed = {
    yawDeg: smallerOf(mesh.yawDeg, margin * parallax.yawDeg),
    pitchDeg: smallerOf(mesh.pitchDeg, margin * parallax.pitchDeg),
  };
  return { mesh, confirmed };
}

const still: HeadTurn = { yawDeg: 0, pitchDeg: 0 };

/** The smaller of two angles; 0 if their directions differ. */
function smallerOf(a: number, b: number): number {
  if (a * b <= 0) return 0;
  return Math.abs(a) < Math.abs(b) ? a : b;
}

const leaving = (startMs: number): Excursion => ({
  ...{ startMs, kind: 'nod', peakDeg: 0, outCount: 0, outSinceMs: undefined, isComplete: false },
});

function continued(before: Excursion, moved: Moved, atMs: number, policy: HeadGesturePolicy): Excursion {
  const kind = directionOf(moved.confirmed);
  const angleDeg = angleOf(moved.confirmed, kind);
  const isFarthest = !before.isComplete && angleDeg > before.peakDeg;
  const after = isFarthest ? { ...before, kind, peakDeg: angleDeg } : before;
  const isOut = angleOf(moved.confirmed, after.kind) >= leastDegOf(after.kind, policy);
  const isSameWay = after.kind === before.kind;
  return {
    ...after,
    outCount: (isSameWay ? before.outCount : 0) + (isOut ? 1 : 0),
    outSinceMs: isOut ? ((isSameWay ? before.outSinceMs : undefined) ?? atMs) : undefined,
  };
}

/** The completed gesture, where `angleDeg` is the present angle; undefined if there is none yet. */
function completed(
  { kind, startMs, outCount, peakDeg, outSinceMs, isComplete }: Excursion,
  angleDeg: number,
  atMs: number,
  policy: HeadGesturePolicy,
): HeadGesture | undefined {
  if (isComplete || outCount < 2) return undefined;
  const isBack = angleDeg <= peakDeg / 2;
  const isHeld = kind !== 'nod' && outSinceMs !== undefined && atMs - outSinceMs >= policy.heldMs;
  const isInTime = kind !== 'nod' || atMs - startMs <= policy.longestNodMs;
  return (isBack && isInTime) || isHeld ? { kind, startMs, endMs: atMs } : undefined;
}

function leastDegOf(kind: HeadGestureKind, policy: HeadGesturePolicy): number {
  if (kind === 'nod') return policy.nodDeg;
  return kind === 'look-up' ? policy.lookUpDeg : policy.turnDeg;
}

function directionOf({ yawDeg, pitchDeg }: HeadTurn): HeadGestureKind {
  if (Math.abs(yawDeg) > Math.abs(pitchDeg)) return yawDeg > 0 ? 'turn-left' : 'turn-right';
  return pitchDeg > 0 ? 'look-up' : 'nod';
}

/** The angle in the direction of a gesture, degrees; 0 in the opposite direction. */
function angleOf({ yawDeg, pitchDeg }: HeadTurn, kind: HeadGestureKind): number {
  const along = { 'turn-left': yawDeg, 'turn-right': -yawDeg, 'look-up': pitchDeg, nod: -pitchDeg };
  return Math.max(0, along[kind]);
}
