import { applyAffine, fitAffine } from '../faces/affine.js';
import type { FaceLandmarks, HeadPose } from '../faces/face.js';
import { midpoint, type Point } from '../faces/geometry.js';

/*
 * A picture that is held up moves as a plane: whatever a hand does with it, one affine map takes the points of the face in it
 * back to where they were, but for the noise of the face mesh. A living face moves in itself, by mouth, brows and jaw, and
 * its parts shift against each other when the head sways.
 */

export interface StillnessPolicy {
  /** Looks are averaged over so much observed time before they are compared, milliseconds: that takes the noise away. */
  readonly stepMs: number;
  /**
   * Root mean square distance of the points from where they were, in distances of the eyes, up to which a face has not moved in
   * itself.
   */
  readonly largestChange: number;
  /** Looks from another side are not compared: the mesh of a picture that is turned away changes, too. Yaw and pitch, degrees. */
  readonly largestTurnDeg: number;
  /**
   * Smaller faces are not judged, pixels between the middles of the eyes: `largestChange` is a third of a pixel there, which a
   * camera does not show. 40 is a face of about 80 pixels.
   */
  readonly smallestEyeDistancePx: number;
  /** A face that stays turned for longer begins anew, milliseconds. */
  readonly turnedForMs: number;
}

/**
 * From looks at 15 frames a second (docs/accuracy.md, "Pictures that are held up"). With limits from 0.006 to 0.011 none of 17
 * living people is still for longer than 3.7 s, blinks left out of account, and a print and a tablet in a hand are still for
 * all of 10 s; with 0.012 one of the people is still for 22 s.
 */
export const defaultStillnessPolicy: StillnessPolicy = {
  stepMs: 500,
  largestChange: 0.009,
  smallestEyeDistancePx: 40,
  largestTurnDeg: 6,
  turnedForMs: 2000,
};

type Sides = Pick<HeadPose, 'yawDeg' | 'pitchDeg'>;

/** Means over looks that were brought to one place. */
interface MeanShape extends Sides {
  readonly points: readonly Point[];
  /** How many looks or steps it is the mean of. */
  readonly count: number;
}

/** How long a face has not moved in itself. */
export interface Stillness {
  readonly stillMs: number;
  /** What the face looks like as long as it is still; undefined before the first step is over. */
  readonly usual: MeanShape | undefined;
  /** The step under way. */
  readonly step: (MeanShape & { readonly observedMs: number }) | undefined;
  /** How long the face has been turned away from `usual`. */
  readonly turnedMs: number;
}

export const notYetStill: Stillness = { stillMs: 0, usual: undefined, step: undefined, turnedMs: 0 };

/** One look at a face whose eyes are seen well, and how much observed time it adds, milliseconds. */
export interface ShapeLook {
  readonly landmarks: Pick<FaceLandmarks, 'shape' | 'pose'>;
  readonly observedMs: number;
}

/** Takes one more look. Shapes that lie on a line, which no face does, change nothing. */
export function nextStillness(
  state: Stillness,
  { landmarks: { shape, pose }, observedMs }: ShapeLook,
  policy: StillnessPolicy,
): Stillness {
  if (eyeDistance(shape) < policy.smallestEyeDistancePx) return state;
  const { usual, step } = state;
  if (usual !== undefined && isTurned(usual, pose, policy)) {
    const turnedMs = state.turnedMs + observedMs;
    return turnedMs > policy.turnedForMs ? notYetStill : { ...state, turnedMs };
  }
  const place = usual?.points ?? step?.points ?? atUnitSize(shape);
  const points = broughtTo(place, shape);
  if (points === undefined) return state;
  const grown = { ...meanWith(step, points, pose), observedMs: (step?.observedMs ?? 0) + observedMs };
  return grown.observedMs < policy.stepMs ? { ...state, step: grown } : endStep(state, grown, policy);
}

/**
 * The same face is seen again after it was out of sight. Where it looks as it did, it was still all along, as a picture is that
 * left and was held up again; otherwise only what was seen `since` counts.
 */
export function resumeStillness(before: Stillness, since: Stillness, policy: StillnessPolicy): Stillness {
  const now = since.usual;
  if (now === undefined || before.usual === undefined) return since;
  const isSame = !isTurned(before.usual, now, policy) && !hasMoved(before.usual, now, policy);
  return isSame ? { ...since, stillMs: before.stillMs + since.stillMs } : since;
}

function endStep(
  { usual, stillMs }: Stillness,
  { observedMs, ...step }: MeanShape & { readonly observedMs: number },
  policy: StillnessPolicy,
): Stillness {
  const begun = { ...notYetStill, usual: { ...step, points: atUnitSize(step.points), count: 1 } };
  if (usual === undefined) return { ...begun, stillMs: observedMs };
  if (hasMoved(usual, step, policy)) return begun;
  return {
    ...begun,
    usual: meanWith(usual, broughtTo(usual.points, step.points) ?? step.points, step),
    stillMs: stillMs + observedMs,
  };
}

function isTurned(usual: Sides, now: Sides, { largestTurnDeg }: StillnessPolicy): boolean {
  const turnDeg = Math.max(Math.abs(now.yawDeg - usual.yawDeg), Math.abs(now.pitchDeg - usual.pitchDeg));
  return turnDeg > largestTurnDeg;
}

function hasMoved(usual: MeanShape, now: MeanShape, { largestChange }: StillnessPolicy): boolean {
  const points = broughtTo(usual.points, now.points);
  if (points === undefined) return true;
  const squares = points.map((point, index) => {
    const was = usual.points[index] ?? point;
    return (point.x - was.x) ** 2 + (point.y - was.y) ** 2;
  });
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length) > largestChange;
}

function broughtTo(place: readonly Point[], shape: readonly Point[]): readonly Point[] | undefined {
  const map = fitAffine(shape, place);
  return map && shape.map((point) => applyAffine(map, point));
}

function meanWith(
  mean: MeanShape | undefined,
  points: readonly Point[],
  { yawDeg, pitchDeg }: Sides,
): MeanShape {
  const count = (mean?.count ?? 0) + 1;
  const towards = (from: number | undefined, to: number): number =>
    from === undefined ? to : from + (to - from) / count;
  return {
    points: points.map(({ x, y }, index) => {
      const was = mean?.points[index];
      return { x: towards(was?.x, x), y: towards(was?.y, y) };
    }),
    yawDeg: towards(mean?.yawDeg, yawDeg),
    pitchDeg: towards(mean?.pitchDeg, pitchDeg),
    count,
  };
}

/** The same shape with 1 between the middles of the eyes. */
function atUnitSize(shape: readonly Point[]): readonly Point[] {
  const size = eyeDistance(shape);
  return shape.map(({ x, y }) => ({ x: x / size, y: y / size }));
}

/** Between the middles of the eyes. */
function eyeDistance([rightOuter, rightInner, leftInner, leftOuter]: readonly Point[]): number {
  if (!rightOuter || !rightInner || !leftInner || !leftOuter) return 1;
  const right = midpoint(rightOuter, rightInner);
  const left = midpoint(leftInner, leftOuter);
  return Math.hypot(left.x - right.x, left.y - right.y);
}
