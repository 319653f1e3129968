import { type Affine, affineScale, applyAffine, fitAffine } from '../faces/affine.js';
import type { FaceLandmarks, HeadPose } from '../faces/face.js';
import { eyeDistanceOf, mouthOf, nosePlaneOf, noseTipOf } from '../faces/face-mesh.js';
import type { Point } from '../faces/geometry.js';
import { present } from '../present.js';
import { openBaseline } from './eye-level.js';
import type { EyeSample } from './liveness.js';
import { largestLeap, type SeenShape, seenOnWay } from './seen-way.js';
import { type FaceTexture, type SkinShift, skinShift, togetherShifted } from './skin-shift.kernel.js';
import { defaultStillnessPolicy } from './stillness.js';
import { areBlends } from './two-pictures.kernel.js';

/*
 * Lids that close in a face that is rigid otherwise prove nothing: anybody can draw lids into a photograph. A living face changes
 * its expression while it is looked at, or its nose shifts against eyes and mouth as the head turns. A sheet of paper or a screen
 * does neither, however it is held, as long as it is not turned far: the mesh of a picture that is turned changes its shape with
 * the angle. So expression is what exceeds that change, and pictures that are turned far during the comparison show nothing.
 *
 * The mesh of some photographs trembles as much as a reserved person moves. So what the mesh shows counts only if the skin has
 * shifted, too, which the pixels tell. One comparison says little about a reserved person, and a single one of many agrees by chance in a
 * photograph: so what counts is what all comparisons of some seconds show together.
 */

interface InnerMotionPolicy {
  /** Looks are averaged over this time before they are compared, milliseconds, to reduce the noise of the mesh. */
  readonly stepMs: number;
  readonly fewestInStep: number;
  /** Steps this far apart are compared, milliseconds: longer than a word, shorter than a change of light. */
  readonly windowMs: number;
  /** Looks with lids lower than this part of the open eyes, and those beside them, show lids instead of faces. */
  readonly openPart: number;
  readonly besideMs: number;
  /**
   * Width over height changed by more than this within the window: the face was turned so far that a sheet, too, would change. Then
   * only a change that is `turnedFactor` times as great counts, and no parallax.
   */
  readonly largestStretch: number;
  readonly turnedFactor: number;
  readonly largestRollDeg: number;
  /** Beyond this, the mesh of a picture that is turned far is that of another face. */
  readonly largestYawDeg: number;
  /**
   * A face that grows (natural logarithm a second) or rolls (degrees a second) faster than this in one of the two steps: the mesh is
   * fitted to the picture where the face was a moment ago, and that changes its shape. Then only a change that is `quickFactor` times
   * as great counts.
   */
  readonly largestGrowthPerS: number;
  readonly largestRollPerS: number;
  readonly quickFactor: number;
  /** Change of all points and of the mouth, root mean square, in distances of the eyes, beyond what a turn explains. */
  readonly expression: number;
  readonly mouth: number;
  /** The same per degree of pitch and yaw between the two steps. */
  readonly expressionPerDeg: number;
  readonly mouthPerDeg: number;
  /** Shift of the nose against eyes and mouth, degrees of a turn. */
  readonly parallaxDeg: number;
  /** A face may go no larger part of its way within a tenth of a second: see `seen-way.ts`. */
  readonly largestLeap: number;
  /**
   * Skin is followed until it was found again in so many comparisons of each step, those first in which the mesh moved furthest: to follow
   * it is most of the work.
   */
  readonly mostFollowed: number;
  /** So many comparisons within `windowMs` are taken together at least. */
  readonly fewestTogether: number;
  /**
   * Those that ended with the latest step must reach this part of the limits by themselves: otherwise, what another face did before would
   * count for a picture that is held up since.
   */
  readonly latestPart: number;
  /** Shift of the skin in them beyond the noise, root mean square, in distances of the eyes. */
  readonly skinShift: number;
  /** The skin must shift as the mesh does: correlation of both over all of them. */
  readonly skinAgreement: number;
  /**
   * With more noise, in distances of the eyes, details are taken for others, and seem to shift further than the noise tells. Then only
   * skin counts that agrees with the mesh by `noisySkinAgreement`.
   */
  readonly clearSkinNoise: number;
  readonly noisySkinAgreement: number;
  /** Smaller faces must change more, because the noise of the mesh is the same in pixels; pixels between the eyes. */
  readonly clearEyeDistancePx: number;
  /** With fewer looks in a step, the change must be greater, because less noise is averaged out. */
  readonly clearStepLooks: number;
}

/**
 * Reasons are in docs/decisions/0061-liveness-needs-a-face-that-moves.md, 0089-skin-moves-as-the-mesh-does.md, and
 * 0098-movement-is-judged-over-seconds.md. `scripts/bench presentations` prints how near attacks and living people come to the limits.
 */
export const innerMotionPolicy: InnerMotionPolicy = {
  stepMs: 400,
  fewestInStep: 3,
  windowMs: 4000,
  openPart: 0.85,
  besideMs: 105,
  largestStretch: 0.06,
  turnedFactor: 4,
  largestRollDeg: 8,
  largestYawDeg: 20,
  largestGrowthPerS: 0.2,
  largestRollPerS: 15,
  quickFactor: 4.2,
  expression: 0.0051,
  mouth: 0.0054,
  expressionPerDeg: 0.008,
  mouthPerDeg: 0.006,
  parallaxDeg: 3,
  largestLeap: 0.7,
  mostFollowed: 3,
  fewestTogether: 4,
  latestPart: 0.7,
  skinShift: 0.008,
  skinAgreement: 0.2,
  clearSkinNoise: 0.0065,
  noisySkinAgreement: 0.33,
  clearEyeDistancePx: 45,
  clearStepLooks: 6,
};

/** The open-eye baseline comes from this much of the past, milliseconds, as in `BlinkPolicy.windowMs`. */
const baselineMs = 6000;
/** Looks are remembered for so long, milliseconds: those of a step begin before it, and it is judged after its end. */
const wayMs = innerMotionPolicy.windowMs + 2 * innerMotionPolicy.stepMs;
/** A longer gap ends a step, milliseconds. */
const longestGapMs = 250;

interface Look {
  readonly atMs: number;
  readonly openness: number;
  readonly isOpen: boolean;
  readonly shape: readonly Point[];
  readonly pose: HeadPose;
  readonly texture: FaceTexture;
}

interface Step {
  readonly atMs: number;
  /** Mean of the looks, mapped to the first; in distances of the eyes. */
  readonly points: readonly Point[];
  readonly pose: HeadPose;
  readonly eyeDistancePx: number;
  readonly lookCount: number;
  /** Of the look in the middle. */
  readonly texture: FaceTexture;
  /** Of all looks, in order. */
  readonly textures: readonly FaceTexture[];
  readonly fromMs: number;
  readonly toMs: number;
  /** Whether it grew or rolled faster than the limits. */
  readonly isQuick: boolean;
}

/** A comparison in which the mesh had moved, and the skin was found again. */
interface FollowedSkin {
  readonly atMs: number;
  /** Factor of the limit for the shift of the skin: 1 for a face that is large enough. */
  readonly smallness: number;
  readonly skin: SkinShift;
}

/** What was seen of a face in the last seconds. */
export interface InnerMotion {
  readonly recent: readonly Pick<Look, 'atMs' | 'openness'>[];
  /** All looks since the first step, also those that cannot be compared. */
  readonly way: readonly SeenShape[];
  /** Looks of the last moments: each waits until it is known whether a closure follows. */
  readonly waiting: readonly Look[];
  /** Looks up to this time are part of a step, or were beside a closure. */
  readonly judgedMs: number;
  readonly step: readonly Look[];
  readonly steps: readonly Step[];
  readonly followed: readonly FollowedSkin[];
}

export const noInnerMotion: InnerMotion = {
  recent: [],
  way: [],
  waiting: [],
  judgedMs: Number.NEGATIVE_INFINITY,
  step: [],
  steps: [],
  followed: [],
};

/**
 * What the last steps show of a face.
 * - `moved`: it has moved in itself, as no sheet does.
 * - `still`: it has not.
 * - `unclear`: it cannot be told, because the face is too small, turned, or in quick motion, or because its skin shows too few details
 *   or too much noise. That is neither a sign of life nor the stillness of a picture.
 */
export type InnerMotionSeen = 'moved' | 'still' | 'unclear';

/** What one step shows, and why. */
export interface SeenStep {
  readonly seen: InnerMotionSeen;
  /** In the comparisons of the last seconds; only where they are enough, and one of them ended with this step. */
  readonly skin?: ComparedSkin;
}

export interface ComparedSkin extends SkinShift {
  /** Factor of the limit for its shift. */
  readonly smallness: number;
  /** Of the comparisons that ended with this step alone. */
  readonly latest: SkinShift;
  /** Its shifts and agreements as parts of what `moved` needs, the smallest of them: at least 1 where the skin moved. */
  readonly nearness: number;
}

interface InnerMotionStep {
  readonly state: InnerMotion;
  /** Undefined until a step ends that can be compared with another one. */
  readonly step: SeenStep | undefined;
}

/** Whether all that was seen of the face in the last seconds are blends of two pictures: a display that fades. */
export const isFading = ({ steps }: InnerMotion): boolean =>
  areBlends([...new Set(steps.flatMap(({ textures }) => textures))]);

/** The state after one more look; `texture` is undefined where its shape cannot be compared. */
export function nextInnerMotion(
  state: InnerMotion,
  { atMs, left, right, framing }: EyeSample,
  {
    shape,
    pose,
    texture,
  }: Pick<FaceLandmarks, 'shape' | 'pose'> & { readonly texture: FaceTexture | undefined },
): InnerMotionStep {
  const way = [
    ...state.way.filter((each) => each.atMs >= atMs - wayMs),
    seenOnWay(state.way.at(-1), atMs, shape),
  ];
  if (left === undefined || right === undefined || framing !== 'whole' || texture === undefined)
    return { state: { ...state, way }, step: undefined };
  const openness = (left + right) / 2;
  const recent = [...state.recent.filter((each) => each.atMs >= atMs - baselineMs), { atMs, openness }];
  const isOpen = openness >= innerMotionPolicy.openPart * openBaseline(recent.map((each) => each.openness));
  const look: Look = { atMs, openness, isOpen, shape, pose, texture };
  const all = [...state.waiting, look];
  const isBeside = (each: Look): boolean =>
    all.some((other) => !other.isOpen && Math.abs(other.atMs - each.atMs) <= innerMotionPolicy.besideMs);
  const untilMs = atMs - innerMotionPolicy.besideMs;
  const judged = all.filter((each) => each.atMs >= state.judgedMs && each.atMs < untilMs && !isBeside(each));
  // What was judged stays for a while: a closure also spoils the looks after it.
  const waiting = all.filter((each) => each.atMs >= untilMs - innerMotionPolicy.besideMs);
  let next: InnerMotion = { ...state, recent, way, waiting, judgedMs: untilMs };
  let step: SeenStep | undefined;
  for (const each of judged) {
    const added = addLook(next, each);
    next = added.state;
    if (step?.seen !== 'moved') step = added.step ?? step;
  }
  return { state: next, step };
}

function addLook(state: InnerMotion, look: Look): InnerMotionStep {
  const { step } = state;
  const [first, last] = [step[0], step.at(-1)];
  const isOver =
    first !== undefined &&
    last !== undefined &&
    (look.atMs - last.atMs > longestGapMs || look.atMs - first.atMs >= innerMotionPolicy.stepMs);
  if (!isOver) return { state: { ...state, step: [...step, look] }, step: undefined };
  const ended = meanOf(step);
  const begun = { ...state, step: [look] };
  if (ended === undefined) return { state: begun, step: undefined };
  const fromMs = ended.atMs - innerMotionPolicy.windowMs;
  const steps = [...state.steps.filter(({ atMs }) => atMs >= fromMs), ended];
  const { told, followed: now } = comparisonsOf(steps, state.way);
  const followed = [...state.followed.filter(({ atMs }) => atMs >= fromMs), ...now];
  return {
    state: { ...begun, steps, followed },
    step: told.length === 0 ? undefined : seenIn(told, now, followed),
  };
}

function meanOf(looks: readonly Look[]): Step | undefined {
  const [first, middle, last] = [looks[0], looks[looks.length >> 1], looks.at(-1)];
  if (first === undefined || middle === undefined || last === undefined) return undefined;
  if (looks.length < innerMotionPolicy.fewestInStep) return undefined;
  const growth = fitAffine(first.shape, last.shape);
  const seconds = (last.atMs - first.atMs) / 1000;
  const eyeDistancePx = eyeDistanceOf(first.shape);
  const place = first.shape.map(({ x, y }) => ({ x: x / eyeDistancePx, y: y / eyeDistancePx }));
  const mapped = looks.map(({ shape }) => {
    const map = fitAffine(shape, place);
    return map && shape.map((point) => applyAffine(map, point));
  });
  const mean = (of: (look: Look, index: number) => number): number =>
    looks.reduce((sum, look, index) => sum + of(look, index), 0) / looks.length;
  if (growth === undefined || mapped.some((points) => points === undefined)) return undefined;
  return {
    atMs: mean(({ atMs }) => atMs),
    eyeDistancePx,
    lookCount: looks.length,
    texture: middle.texture,
    textures: looks.map(({ texture }) => texture),
    fromMs: first.atMs,
    toMs: last.atMs,
    isQuick:
      Math.abs(Math.log(affineScale(growth))) > innerMotionPolicy.largestGrowthPerS * seconds ||
      Math.abs(last.pose.rollDeg - first.pose.rollDeg) > innerMotionPolicy.largestRollPerS * seconds,
    points: place.map((_, at) => ({
      x: mean((_look, index) => mapped[index]?.[at]?.x ?? 0),
      y: mean((_look, index) => mapped[index]?.[at]?.y ?? 0),
    })),
    pose: {
      yawDeg: mean(({ pose }) => pose.yawDeg),
      pitchDeg: mean(({ pose }) => pose.pitchDeg),
      rollDeg: mean(({ pose }) => pose.rollDeg),
    },
  };
}

/** What one comparison tells by itself: undefined where it tells nothing. */
type Told = Exclude<InnerMotionSeen, 'moved'> | undefined;

/** Compares the last step with each earlier one, and follows the skin where the mesh moved furthest. */
function comparisonsOf(
  steps: readonly Step[],
  way: readonly SeenShape[],
): {
  readonly told: readonly Told[];
  readonly followed: readonly FollowedSkin[];
} {
  const last = steps.at(-1);
  if (last === undefined) return { told: [], followed: [] };
  const isTurned = steps.some((from, index) =>
    steps.slice(index + 1).some((to) => {
      const map = fitAffine(from.points, to.points);
      return map === undefined || stretchOf(map) > innerMotionPolicy.largestStretch;
    }),
  );
  const all = steps.slice(0, -1).map((from) => ({ from, mesh: meshBetween(from, last, isTurned) }));
  const told = all.flatMap(({ mesh }) => (mesh !== undefined && mesh.part >= 1 ? [] : [toldByMesh(mesh)]));
  const followed: FollowedSkin[] = [];
  const moved = all
    .flatMap(({ from, mesh }) => (mesh !== undefined && mesh.part >= 1 ? [{ from, ...mesh }] : []))
    .sort((a, b) => b.part - a.part);
  for (const { from, smallness } of moved) {
    if (followed.length >= innerMotionPolicy.mostFollowed) break;
    if (!isWaySeen(from, last, way)) {
      told.push('unclear');
      continue;
    }
    const skin = skinShift(from, last);
    told.push(skin === undefined || isNoisy(skin) ? 'unclear' : 'still');
    if (skin !== undefined) followed.push({ atMs: last.atMs, smallness, skin });
  }
  return { told, followed };
}

/** What is seen in the comparisons that ended with a step, and in all of the last seconds whose skin was followed. */
function seenIn(
  told: readonly Told[],
  now: readonly FollowedSkin[],
  followed: readonly FollowedSkin[],
): SeenStep {
  const areEnough = now.length > 0 && followed.length >= innerMotionPolicy.fewestTogether;
  const skin = areEnough ? together(now, followed) : undefined;
  if (skin !== undefined && skin.nearness >= 1) return { seen: 'moved', skin };
  const isStill = told.includes('still') && !told.includes('unclear');
  return { seen: isStill ? 'still' : 'unclear', ...present({ skin }) };
}

function together(now: readonly FollowedSkin[], followed: readonly FollowedSkin[]): ComparedSkin {
  const latest = togetherShifted(now.map(({ skin }) => skin));
  const all = togetherShifted(followed.map(({ skin }) => skin));
  const smallness = Math.max(...followed.map((each) => each.smallness));
  const agreement = isNoisy(all) ? innerMotionPolicy.noisySkinAgreement : innerMotionPolicy.skinAgreement;
  const nearnessOf = (skin: SkinShift): number =>
    Math.min(skin.shift / (smallness * innerMotionPolicy.skinShift), skin.agreement / agreement);
  const nearness = Math.min(nearnessOf(all), nearnessOf(latest) / innerMotionPolicy.latestPart);
  return { ...all, smallness, latest, nearness };
}

/** Whether the face was seen on its way from one step to the other. */
function isWaySeen(from: Step, to: Step, way: readonly SeenShape[]): boolean {
  const looks = way.filter((each) => each.atMs >= from.fromMs && each.atMs <= to.toMs && !each.isCarried);
  return largestLeap(from.points, to.points, looks) <= innerMotionPolicy.largestLeap;
}

const isNoisy = ({ noise }: SkinShift): boolean => noise > innerMotionPolicy.clearSkinNoise;

/** How the mesh changed from one step to another. */
interface MeshChange {
  /** Its change as a part of what is asked: at least 1 where it moved in itself. */
  readonly part: number;
  readonly smallness: number;
  /** Whether a smaller change tells that the face kept still: with limits that are much higher, it may have moved without reaching them. */
  readonly isClear: boolean;
}

const toldByMesh = (mesh: MeshChange | undefined): Told => (mesh?.isClear === true ? 'still' : undefined);

/** Undefined if the two steps cannot be compared. */
function meshBetween(from: Step, to: Step, isTurned: boolean): MeshChange | undefined {
  const map = fitAffine(from.points, to.points);
  if (map === undefined) return undefined;
  if (Math.abs(to.pose.rollDeg - from.pose.rollDeg) > innerMotionPolicy.largestRollDeg) return undefined;
  const isFromSide = [from, to].some(({ pose }) => Math.abs(pose.yawDeg) > innerMotionPolicy.largestYawDeg);
  if (isFromSide) return undefined;
  const turnDeg = Math.hypot(to.pose.yawDeg - from.pose.yawDeg, to.pose.pitchDeg - from.pose.pitchDeg);
  const eyeDistancePx = Math.min(from.eyeDistancePx, to.eyeDistancePx);
  const smallness = Math.max(1, innerMotionPolicy.clearEyeDistancePx / eyeDistancePx);
  const isQuick = from.isQuick || to.isQuick;
  const noise =
    smallness *
    Math.sqrt(Math.max(1, innerMotionPolicy.clearStepLooks / Math.min(from.lookCount, to.lookCount))) *
    (isQuick ? innerMotionPolicy.quickFactor : 1);
  const factor = isTurned ? noise * innerMotionPolicy.turnedFactor : noise;
  const mapped = from.points.map((point) => applyAffine(map, point));
  const all = distanceOf(mapped, to.points) - innerMotionPolicy.expressionPerDeg * turnDeg;
  const mouth = distanceOf(mouthOf(mapped), mouthOf(to.points)) - innerMotionPolicy.mouthPerDeg * turnDeg;
  const parallax = isTurned ? 0 : parallaxDeg(from.points, to.points);
  const isTooSmall = eyeDistancePx < defaultStillnessPolicy.smallestEyeDistancePx;
  return {
    part: Math.max(
      all / (factor * innerMotionPolicy.expression),
      mouth / (factor * innerMotionPolicy.mouth),
      parallax / (noise * innerMotionPolicy.parallaxDeg),
    ),
    smallness,
    isClear: !(isTooSmall || isQuick || isTurned),
  };
}

/** Root mean square distance. */
function distanceOf(a: readonly Point[], b: readonly Point[]): number {
  const squares = a.map(({ x, y }, index) => (x - (b[index]?.x ?? x)) ** 2 + (y - (b[index]?.y ?? y)) ** 2);
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
}

/** By how much a map stretches one direction more than another: 0 for a similarity. */
function stretchOf({ xx, xy, yx, yy }: Affine): number {
  const [sum, difference] = [Math.hypot(xx + yy, yx - xy), Math.hypot(xx - yy, yx + xy)];
  return (sum + difference) / Math.abs(sum - difference) - 1;
}

/** Height of the tip of the nose over the plane of eyes and mouth, in distances of the outer eye corners, as in `parallaxTurn`. */
const noseHeight = 0.42;

function parallaxDeg(from: readonly Point[], to: readonly Point[]): number {
  const plane = nosePlaneOf(from);
  const map = fitAffine(plane, nosePlaneOf(to));
  const [right, left] = [plane[0], plane[3]];
  if (map === undefined || right === undefined || left === undefined) return 0;
  const [expected, seen] = [applyAffine(map, noseTipOf(from)), noseTipOf(to)];
  const shift = Math.hypot(seen.x - expected.x, seen.y - expected.y);
  const unit = noseHeight * Math.hypot(left.x - right.x, left.y - right.y);
  return (Math.asin(Math.min(1, shift / unit)) * 180) / Math.PI;
}
