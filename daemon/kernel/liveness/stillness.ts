import { applyAffine, fitAffine } from '../faces/affine.js';
import type { FaceLandmarks, HeadPose } from '../faces/face.js';
import { eyeDistanceOf } from '../faces/face-mesh.js';
import type { Point } from '../faces/geometry.js';

/*
 * A picture in a hand moves as a plane: one affine map takes the points of its face back to their earlier places, except for
 * the noise of the face mesh. A living face changes its shape (mouth, brows, jaw), and its parts shift against each other when the
 * head moves.
 */

interface StillnessPolicy {
  /** Mesh fits are averaged over this observed time before they are compared, milliseconds, to reduce the noise. */
  readonly stepMs: number;
  /**
   * Up to this root mean square distance of the points from their earlier places, in distances of the eyes, the shape of a face has
   * not changed.
   */
  readonly largestChange: number;
  /** With a larger turn, fits are not compared, because the mesh of a turned picture also changes. Yaw and pitch, degrees. */
  readonly largestTurnDeg: number;
  /**
   * Smaller faces are not judged, pixels between the middles of the eyes: `largestChange` is a third of a pixel there, which a
   * camera does not show. 40 is a face of about 80 pixels.
   */
  readonly smallestEyeDistancePx: number;
  /** If a face stays turned for longer, its stillness starts over, milliseconds. */
  readonly turnedForMs: number;
  /**
   * A still face whose place or size changed by this much moved as a whole, in distances of the eyes and as a ratio. A sheet in a hand
   * does, and nothing in it moves; a person who sits still does not, and one who sways moves in the face, too.
   */
  readonly wholeShift: number;
  readonly wholeGrowth: number;
}

/**
 * Measured at 15 frames a second (docs/measurements/accuracy.md, "Pictures that are held up"). With limits from 0.006 to 0.011 none of 17
 * living people is still for longer than 3.7 s, without regard to blinks, while a print and a tablet in a hand are still for all
 * 10 s. With 0.012, one of the people is still for 22 s.
 */
export const defaultStillnessPolicy: StillnessPolicy = {
  stepMs: 500,
  largestChange: 0.009,
  smallestEyeDistancePx: 40,
  largestTurnDeg: 6,
  turnedForMs: 2000,
  wholeShift: 0.2,
  wholeGrowth: 1.1,
};

type Sides = Pick<HeadPose, 'yawDeg' | 'pitchDeg'>;

/** The mean of fits after they were mapped to one place. */
interface MeanShape extends Sides {
  readonly points: readonly Point[];
  /** Number of averaged fits or steps. */
  readonly count: number;
}

/** Where a face was while it was still: pixels of the picture. */
interface Extent {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly smallest: number;
  readonly largest: number;
}

/** Centre of a face and distance of its eyes, pixels. */
interface Place extends Point {
  readonly sizePx: number;
}

/** How long the shape of a face has not changed. */
export interface Stillness {
  readonly stillMs: number;
  /** Where it was in this time; undefined before the end of the first step. */
  readonly extent: Extent | undefined;
  /** The shape of the still face; undefined before the end of the first step. */
  readonly usual: MeanShape | undefined;
  /** The current step. */
  readonly step: (MeanShape & { readonly observedMs: number; readonly place: Place }) | undefined;
  /** How long the face is turned away from `usual`. */
  readonly turnedMs: number;
}

export const notYetStill: Stillness = {
  stillMs: 0,
  extent: undefined,
  usual: undefined,
  step: undefined,
  turnedMs: 0,
};

/** Whether the face moved as a whole while its shape did not change. */
export function movedAsWhole({ extent }: Stillness, policy: StillnessPolicy): boolean {
  if (extent === undefined) return false;
  const { left, right, top, bottom, smallest, largest } = extent;
  const shift = Math.hypot(right - left, bottom - top) / smallest;
  return shift >= policy.wholeShift || largest >= smallest * policy.wholeGrowth;
}

/** A mesh fit of a face with well visible eyes, and the observed time that it adds, milliseconds. */
export interface ShapeFit {
  readonly landmarks: Pick<FaceLandmarks, 'shape' | 'pose'>;
  readonly observedMs: number;
}

/** The state after one more fit. A shape whose points are on a line changes nothing. */
export function nextStillness(
  state: Stillness,
  { landmarks: { shape, pose }, observedMs }: ShapeFit,
  policy: StillnessPolicy,
): Stillness {
  if (eyeDistanceOf(shape) < policy.smallestEyeDistancePx) return state;
  const { usual, step } = state;
  if (usual !== undefined && isTurned(usual, pose, policy)) {
    const turnedMs = state.turnedMs + observedMs;
    return turnedMs > policy.turnedForMs ? notYetStill : { ...state, turnedMs };
  }
  const place = usual?.points ?? step?.points ?? atUnitSize(shape);
  const points = mappedTo(place, shape);
  if (points === undefined) return state;
  const mean = meanWith(step, points, pose);
  const grown = {
    ...mean,
    observedMs: (step?.observedMs ?? 0) + observedMs,
    place: meanPlace(step?.place, placeOf(shape), mean.count),
  };
  return grown.observedMs < policy.stepMs ? { ...state, step: grown } : endStep(state, grown, policy);
}

/**
 * The same face is visible again. If its shape is unchanged, it counts as still for the whole time, like a picture that was held
 * up again; otherwise only the time `since` counts.
 */
export function resumeStillness(before: Stillness, since: Stillness, policy: StillnessPolicy): Stillness {
  const now = since.usual;
  if (now === undefined || before.usual === undefined) return since;
  const isSame = !isTurned(before.usual, now, policy) && !hasMoved(before.usual, now, policy);
  return isSame
    ? {
        ...since,
        stillMs: before.stillMs + since.stillMs,
        extent: joined(before.extent, since.extent),
      }
    : since;
}

function endStep(
  { usual, stillMs, extent }: Stillness,
  { observedMs, place, ...step }: NonNullable<Stillness['step']>,
  policy: StillnessPolicy,
): Stillness {
  const here = extentOf(place);
  const begun = {
    ...notYetStill,
    extent: here,
    usual: { ...step, points: atUnitSize(step.points), count: 1 },
  };
  if (usual === undefined) return { ...begun, stillMs: observedMs };
  if (hasMoved(usual, step, policy)) return begun;
  return {
    ...begun,
    usual: meanWith(usual, mappedTo(usual.points, step.points) ?? step.points, step),
    stillMs: stillMs + observedMs,
    extent: joined(extent, here),
  };
}

function placeOf(shape: readonly Point[]): Place {
  const mean = (of: (point: Point) => number): number =>
    shape.reduce((sum, point) => sum + of(point), 0) / shape.length;
  return { x: mean(({ x }) => x), y: mean(({ y }) => y), sizePx: eyeDistanceOf(shape) };
}

function meanPlace(mean: Place | undefined, now: Place, count: number): Place {
  if (mean === undefined) return now;
  const towards = (from: number, to: number): number => from + (to - from) / count;
  return {
    x: towards(mean.x, now.x),
    y: towards(mean.y, now.y),
    sizePx: towards(mean.sizePx, now.sizePx),
  };
}

const extentOf = ({ x, y, sizePx }: Place): Extent => ({
  left: x,
  right: x,
  top: y,
  bottom: y,
  smallest: sizePx,
  largest: sizePx,
});

function joined(a: Extent | undefined, b: Extent | undefined): Extent | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return {
    left: Math.min(a.left, b.left),
    right: Math.max(a.right, b.right),
    top: Math.min(a.top, b.top),
    bottom: Math.max(a.bottom, b.bottom),
    smallest: Math.min(a.smallest, b.smallest),
    largest: Math.max(a.largest, b.largest),
  };
}

function isTurned(usual: Sides, now: Sides, { largestTurnDeg }: StillnessPolicy): boolean {
  const turnDeg = Math.max(Math.abs(now.yawDeg - usual.yawDeg), Math.abs(now.pitchDeg - usual.pitchDeg));
  return turnDeg > largestTurnDeg;
}

function hasMoved(usual: MeanShape, now: MeanShape, { largestChange }: StillnessPolicy): boolean {
  const points = mappedTo(usual.points, now.points);
  if (points === undefined) return true;
  const squares = points.map((point, index) => {
    const was = usual.points[index] ?? point;
    return (point.x - was.x) ** 2 + (point.y - was.y) ** 2;
  });
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length) > largestChange;
}

function mappedTo(place: readonly Point[], shape: readonly Point[]): readonly Point[] | undefined {
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

/** The shape, scaled to a distance of 1 between the middles of the eyes. */
function atUnitSize(shape: readonly Point[]): readonly Point[] {
  const size = eyeDistanceOf(shape);
  return shape.map(({ x, y }) => ({ x: x / size, y: y / size }));
}
