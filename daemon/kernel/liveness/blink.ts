import { percentile } from '../percentile.js';
import { type ClosurePart, closureAt, type EyeClosure, partsOf } from './eye-closure.js';
import { type EyeLevel, eyeLevels, levelNoise } from './eye-level.js';
import type { Blink, EyeSample } from './liveness.js';

/** Defines a blink. Depths are in levels: fractions of the open-eye baseline of the track. */
export interface BlinkPolicy {
  /** The baseline comes from this much of the past, milliseconds: several blinks, but shorter than changes of light. */
  readonly windowMs: number;
  /** The window must span this much before samples are judged, including the earlier ones, milliseconds. */
  readonly settleMs: number;
  /** Eyes that close this far are closed: landmark networks lose about two thirds at a full blink. */
  readonly closedDepth: number;
  /**
   * A dip of this depth that ends within `briefMs` is also a blink: the network measures closures badly with glasses or glare, and
   * the frames may miss the lowest point. Only a blink is so quick: a glance needs two saccades about 0.2 s apart, and expressions
   * are slower. Between `briefMs` and `closedMs` the required depth grows linearly.
   */
  readonly briefDepth: number;
  readonly briefMs: number;
  /** A dip of this duration is a blink only if the eyes are closed, milliseconds. */
  readonly closedMs: number;
  /**
   * Both depths must exceed the noise of the measurement by these factors. Shallow dips need more: a shaken photograph makes the
   * measurement noisy and must not count as blinking.
   */
  readonly closedOverNoise: number;
  readonly briefOverNoise: number;
  /** The eye that closed less must reach this share of the mean depth; otherwise it is a wink. */
  readonly bothEyesPart: number;
  /** Shortest and longest closure, milliseconds, at half depth: some people open their lids slowly. */
  readonly shortestMs: number;
  readonly longestMs: number;
  /**
   * Largest ratio between the sharpness at the lowest point and within `neighbourMs` beside the dip. With a larger ratio the face
   * moved, or the camera focused, and the eyes are measured differently. Closing lids also remove edges: 1.75 for a large face with
   * dark lashes, 1.2 for others. Motion that seemed to close the eyes of a picture measured 2.7 to 4.
   */
  readonly largestSharpnessRatio: number;
  readonly neighbourMs: number;
  /** Lids that open by this share of the depth and close again divide a closure into two blinks. */
  readonly reopenedPart: number;
  /** More closures than `mostInFlutter` within `flutterMs` are flutter and count as no further blinks. */
  readonly flutterMs: number;
  readonly mostInFlutter: number;
  /** Longest gap between samples across which a closure is followed, milliseconds: two lost samples at 10 frames a second. */
  readonly longestGapMs: number;
}

export const defaultBlinkPolicy: BlinkPolicy = {
  windowMs: 6000,
  settleMs: 1000,
  closedDepth: 0.35,
  briefDepth: 0.12,
  briefMs: 200,
  closedMs: 400,
  closedOverNoise: 5,
  briefOverNoise: 7,
  bothEyesPart: 0.5,
  shortestMs: 30,
  longestMs: 700,
  largestSharpnessRatio: 2.2,
  neighbourMs: 500,
  reopenedPart: 0.35,
  flutterMs: 1000,
  mostInFlutter: 2,
  longestGapMs: 350,
};

/** The eyes of one track so far. */
export interface BlinkState {
  /** Usable samples of the window, oldest first. */
  readonly window: readonly EyeSample[];
  /** Samples up to this time have been judged. */
  readonly judgedMs: number;
  /** End of the last blink: earlier samples belong to it. */
  readonly openSinceMs: number;
  /** Middles of the latest closures, including flutter. */
  readonly recentMs: readonly number[];
}

export const initialBlinkState: BlinkState = {
  window: [],
  judgedMs: Number.NEGATIVE_INFINITY,
  openSinceMs: Number.NEGATIVE_INFINITY,
  recentMs: [],
};

interface BlinkStep {
  readonly state: BlinkState;
  /** Blinks that are complete with this sample. */
  readonly blinks: readonly Blink[];
}

/**
 * The state after one more sample. Every sample is judged once, when there is a baseline and the eyes are open again; samples from
 * before the baseline are judged afterwards. Samples without both eyes, and samples that are not newer than the last, change
 * nothing.
 */
export function nextBlink(state: BlinkState, sample: EyeSample, policy: BlinkPolicy): BlinkStep {
  const last = state.window.at(-1);
  const isUsable = sample.left !== undefined && sample.right !== undefined;
  if (!isUsable || (last !== undefined && sample.atMs <= last.atMs)) return { state, blinks: [] };
  const window = [...state.window.filter(({ atMs }) => atMs >= sample.atMs - policy.windowMs), sample];
  const levels = eyeLevels(window, policy.settleMs);
  return levels === undefined
    ? { state: { ...state, window }, blinks: [] }
    : judge({ ...state, window }, levels, sample.atMs, policy);
}

/** The depth from which a dip of any duration is a blink, in levels. */
export function closedDepthOf(levels: readonly EyeLevel[], policy: BlinkPolicy): number {
  return gradesOf(policy, levelNoise(levels)).closedDepth;
}

/** Judges the new samples in order, up to the first one whose dip may not have ended. */
function judge(
  state: BlinkState,
  levels: readonly EyeLevel[],
  nowMs: number,
  policy: BlinkPolicy,
): BlinkStep {
  const { longestMs, longestGapMs } = policy;
  const grades = gradesOf(policy, levelNoise(levels));
  const leastDepth = Math.min(grades.briefDepth, grades.closedDepth);
  const blinks: Blink[] = [];
  let { judgedMs, openSinceMs, recentMs } = state;
  for (const [index, { atMs }] of levels.entries()) {
    if (atMs <= judgedMs) continue;
    const search = { leastDepth, reachMs: longestMs, sinceMs: openSinceMs, longestGapMs };
    const closure = closureAt(levels, index, search);
    if (closure === 'open-ended' && nowMs - atMs <= longestMs) break;
    judgedMs = atMs;
    if (closure === 'none' || closure === 'open-ended' || !isBlink(closure, grades, policy)) continue;
    if (!isAsSharpAsBeside(levels, index, closure, policy)) continue;
    const parts = partsOf(levels, closure, Math.max(grades.briefDepth, policy.reopenedPart * closure.depth));
    openSinceMs = closure.openingMs;
    recentMs = [
      ...recentMs.filter((recent) => recent >= closure.closingMs - policy.flutterMs),
      ...parts.map(middleOf),
    ];
    if (recentMs.length <= policy.mostInFlutter) {
      blinks.push(
        ...parts.map((part) => ({ atMs: middleOf(part), durationMs: part.openingMs - part.closingMs })),
      );
    }
  }
  return { state: { ...state, judgedMs, openSinceMs, recentMs }, blinks };
}

/** Whether the lowest sample of a dip is about as sharp as the samples beside the dip. */
function isAsSharpAsBeside(
  levels: readonly EyeLevel[],
  lowest: number,
  { closingMs, openingMs }: EyeClosure,
  { largestSharpnessRatio, neighbourMs }: BlinkPolicy,
): boolean {
  const beside = levels.filter(
    ({ atMs }) =>
      (atMs < closingMs && atMs >= closingMs - neighbourMs) ||
      (atMs > openingMs && atMs <= openingMs + neighbourMs),
  );
  const usual = percentile(
    beside.map(({ sharpness }) => sharpness),
    0.5,
  );
  const sharpness = levels[lowest]?.sharpness;
  if (usual === undefined || sharpness === undefined) return true;
  return sharpness <= usual * largestSharpnessRatio && usual <= sharpness * largestSharpnessRatio;
}

function middleOf({ closingMs, openingMs }: ClosurePart): number {
  return (closingMs + openingMs) / 2;
}

/** Depths from which a dip is a blink. */
interface Grades {
  readonly closedDepth: number;
  readonly briefDepth: number;
}

function gradesOf(policy: BlinkPolicy, noise: number): Grades {
  const briefDepth = Math.max(policy.briefDepth, policy.briefOverNoise * noise);
  return { closedDepth: Math.max(policy.closedDepth, policy.closedOverNoise * noise), briefDepth };
}

/** The depth that a dip of this duration needs. */
function depthFor(durationMs: number, grades: Grades, { briefMs, closedMs }: BlinkPolicy): number {
  const { briefDepth, closedDepth } = grades;
  if (durationMs >= closedMs) return closedDepth;
  const part = Math.max(0, durationMs - briefMs) / (closedMs - briefMs);
  return Math.min(closedDepth, briefDepth + part * (closedDepth - briefDepth));
}

function isBlink(closure: EyeClosure, grades: Grades, policy: BlinkPolicy): boolean {
  const { closingMs, openingMs, depth, lesserDepth } = closure;
  const durationMs = openingMs - closingMs;
  const isWink = lesserDepth < policy.bothEyesPart * depth;
  const isOfLength = durationMs >= policy.shortestMs && durationMs <= policy.longestMs;
  return !isWink && isOfLength && depth >= depthFor(durationMs, grades, policy);
}
