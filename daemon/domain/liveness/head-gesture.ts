import type { AlignmentPoints, FaceLandmarks } from '../faces/face.js';
import { percentile } from '../percentile.js';
import { type HeadTurn, parallaxTurn } from './rigid-head.js';

/** What a head can do on request; left and right as the person means them. */
export const headGestureKinds = ['turn-left', 'turn-right', 'look-up', 'nod'] as const;
export type HeadGestureKind = (typeof headGestureKinds)[number];

/** One completed movement of a head. Times as in `Frame.capturedAtMs`. */
export interface HeadGesture {
  readonly kind: HeadGestureKind;
  /** When the head left its resting pose: the last look in which it still had it. */
  readonly startMs: number;
  /** When it was clear what it did: a turn was held or on its way back, a nod was over. */
  readonly endMs: number;
}

export interface HeadGesturePolicy {
  /** The resting pose is the median over this much of the past in which the head was at rest, milliseconds. */
  readonly restMs: number;
  /** Looks at rest must span this much before anything is judged, milliseconds. */
  readonly settleMs: number;
  /** Nearer to its resting pose a head rests, degrees. */
  readonly restDeg: number;
  /** Least angles of a turn to either side, of a look up, and of the lowest point of a nod, degrees. */
  readonly turnDeg: number;
  readonly lookUpDeg: number;
  readonly nodDeg: number;
  /** Held out for so long, a turn or a look up counts before the head comes back, milliseconds. */
  readonly heldMs: number;
  /** A nod is down and up again within this time, milliseconds. */
  readonly longestNodMs: number;
  /** A head that stays away for so long rests there now, milliseconds. */
  readonly awayMs: number;
  /** Looks further apart than this hide what happened between them, milliseconds. */
  readonly longestGapMs: number;
  /** Looks in which the mesh network is less sure of a face are left out, 0..1. */
  readonly leastPresence: number;
  /** The mesh's angle is believed up to this many times what the parallax of the nose shows: noses stand out more or less. */
  readonly parallaxMargin: number;
}

/*
 * Measured at 15 looks a second: in two minutes of clips in which 18 people speak, sign or read, three looks up, one turn and no
 * nod. Flat photographs of four faces that were turned by up to 48 degrees, or tilted by up to 42, made 10 degrees at most. A
 * photograph that is bent around like a face makes 20 and more: it is no plane.
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

/** One look at a head. */
interface HeadLook {
  readonly atMs: number;
  readonly yawDeg: number;
  readonly pitchDeg: number;
  readonly points: AlignmentPoints;
}

/** A movement out of the resting pose that is not over yet. */
interface Excursion {
  readonly startMs: number;
  /** Of the largest angle so far. */
  readonly kind: HeadGestureKind;
  readonly peakDeg: number;
  /** Looks in which the angle was large enough: a mesh that slips for one look makes no gesture. */
  readonly outCount: number;
  /** Since when the angle has been large enough; undefined while it is not. */
  readonly outSinceMs: number | undefined;
  /** It made its gesture: nothing more counts until the head rests again. */
  readonly isTold: boolean;
}

/** The head of one track so far. */
export interface HeadGestureState {
  /** Looks at rest, oldest first. */
  readonly resting: readonly HeadLook[];
  readonly lastMs: number;
  /** The last look in which the head had its resting pose. */
  readonly restedMs: number;
  readonly excursion: Excursion | undefined;
}

export const initialHeadGestures: HeadGestureState = {
  resting: [],
  lastMs: Number.NEGATIVE_INFINITY,
  restedMs: Number.NEGATIVE_INFINITY,
  excursion: undefined,
};

export interface HeadGestureStep {
  readonly state: HeadGestureState;
  /** The gesture that is complete with this look. */
  readonly gesture?: HeadGesture;
}

/**
 * Takes one more look. Angles count against the track's own resting pose, so a camera may hang where it likes. What the mesh says
 * of a rotation is believed only as far as the nose moves against the plane of eyes and mouth (`parallaxTurn`): a picture
 * that is turned before the camera makes no gesture.
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
  const look: HeadLook = { atMs, yawDeg, pitchDeg, points: { fivePoints, arcFacePoints } };
  if (atMs - state.lastMs > policy.longestGapMs) return { state: restingFrom(look) };
  const spanMs = (state.resting.at(-1)?.atMs ?? atMs) - (state.resting[0]?.atMs ?? atMs);
  if (spanMs < policy.settleMs) return { state: restOn(state, look, policy) };
  const moved = movedFrom(restingLook(state.resting), look, policy.parallaxMargin);
  const open = state.excursion;
  if (Math.hypot(moved.mesh.yawDeg, moved.mesh.pitchDeg) <= policy.restDeg) {
    const gesture = open && completed(open, 0, atMs, policy);
    return {
      state: restOn({ ...state, excursion: undefined }, look, policy),
      ...(gesture === undefined ? {} : { gesture }),
    };
  }
  if (atMs - state.restedMs > policy.awayMs) return { state: restingFrom(look) };
  const excursion = goOn(open ?? leaving(state.restedMs), moved, atMs, policy);
  const gesture = completed(excursion, angleOf(moved.believed, excursion.kind), atMs, policy);
  return {
    state: {
      ...state,
      lastMs: atMs,
      excursion: { ...excursion, isTold: excursion.isTold || gesture !== undefined },
    },
    ...(gesture === undefined ? {} : { gesture }),
  };
}

/** Everything before is forgotten: the head rests as it is seen now. */
function restingFrom(look: HeadLook): HeadGestureState {
  return { resting: [look], lastMs: look.atMs, restedMs: look.atMs, excursion: undefined };
}

function restOn(state: HeadGestureState, look: HeadLook, policy: HeadGesturePolicy): HeadGestureState {
  const { atMs } = look;
  const resting = [...state.resting.filter((each) => each.atMs >= atMs - policy.restMs), look];
  return { ...state, resting, lastMs: atMs, restedMs: atMs };
}

/** The look that is nearest to the median pose. */
function restingLook(resting: readonly HeadLook[]): HeadLook | undefined {
  const medianOf = (angle: 'yawDeg' | 'pitchDeg'): number =>
    percentile(
      resting.map((look) => look[angle]),
      0.5,
    ) ?? 0;
  const [yawDeg, pitchDeg] = [medianOf('yawDeg'), medianOf('pitchDeg')];
  let nearest: HeadLook | undefined;
  let leastDeg = Number.POSITIVE_INFINITY;
  for (const look of resting) {
    const offDeg = Math.hypot(look.yawDeg - yawDeg, look.pitchDeg - pitchDeg);
    if (offDeg < leastDeg) [nearest, leastDeg] = [look, offDeg];
  }
  return nearest;
}

/** A rotation from the resting pose: what the mesh says, and what of it is borne out by parallax. */
interface Moved {
  readonly mesh: HeadTurn;
  readonly believed: HeadTurn;
}

function movedFrom(rest: HeadLook | undefined, now: HeadLook, margin: number): Moved {
  if (rest === undefined) return { mesh: still, believed: still };
  const mesh = { yawDeg: now.yawDeg - rest.yawDeg, pitchDeg: now.pitchDeg - rest.pitchDeg };
  const parallax = parallaxTurn(rest.points, now.points) ?? still;
  const believed = {
    yawDeg: borneOut(mesh.yawDeg, margin * parallax.yawDeg),
    pitchDeg: borneOut(mesh.pitchDeg, margin * parallax.pitchDeg),
  };
  return { mesh, believed };
}

const still: HeadTurn = { yawDeg: 0, pitchDeg: 0 };

/** The smaller of two angles in the same direction, 0 where they contradict each other. */
function borneOut(a: number, b: number): number {
  if (a * b <= 0) return 0;
  return Math.abs(a) < Math.abs(b) ? a : b;
}

const leaving = (startMs: number): Excursion => ({
  ...{ startMs, kind: 'nod', peakDeg: 0, outCount: 0, outSinceMs: undefined, isTold: false },
});

function goOn(before: Excursion, moved: Moved, atMs: number, policy: HeadGesturePolicy): Excursion {
  const kind = directionOf(moved.believed);
  const angleDeg = angleOf(moved.believed, kind);
  const isFarthest = !before.isTold && angleDeg > before.peakDeg;
  const after = isFarthest ? { ...before, kind, peakDeg: angleDeg } : before;
  const isOut = angleOf(moved.believed, after.kind) >= leastDegOf(after.kind, policy);
  const isSameWay = after.kind === before.kind;
  return {
    ...after,
    outCount: (isSameWay ? before.outCount : 0) + (isOut ? 1 : 0),
    outSinceMs: isOut ? ((isSameWay ? before.outSinceMs : undefined) ?? atMs) : undefined,
  };
}

/** The gesture of which `angleDeg` is what is left now; undefined while it is none, or none yet. */
function completed(
  { kind, startMs, outCount, peakDeg, outSinceMs, isTold }: Excursion,
  angleDeg: number,
  atMs: number,
  policy: HeadGesturePolicy,
): HeadGesture | undefined {
  if (isTold || outCount < 2) return undefined;
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

/** How far a head moved in the direction of a gesture, degrees; 0 where it moved the other way. */
function angleOf({ yawDeg, pitchDeg }: HeadTurn, kind: HeadGestureKind): number {
  const along = { 'turn-left': yawDeg, 'turn-right': -yawDeg, 'look-up': pitchDeg, nod: -pitchDeg };
  return Math.max(0, along[kind]);
}
