import { percentile } from '../percentile.js';
import { type ClosurePart, closureAt, type EyeClosure, partsOf } from './eye-closure.js';
import { type EyeLevel, eyeLevels, levelNoise } from './eye-level.js';
import type { Blink, EyeSample } from './liveness.js';

/** What counts as a blink. Depths are in levels: fractions of the track's own open-eye baseline. */
export interface BlinkPolicy {
  /** How much of the past the baseline is taken from, milliseconds: some blinks long, shorter than moods of light. */
  readonly windowMs: number;
  /** The window must span this much before anything is judged; earlier samples are judged then, milliseconds. */
  readonly settleMs: number;
  /** Eyes that come down this far are closed: landmark networks lose about two thirds at a full blink. */
  readonly closedDepth: number;
  /**
   * Lids that come down this far and are back within `briefMs` blinked too, if the network saw it badly (glasses,
   * glare) or the frames missed the lowest point. Only a blink is so quick: a glance needs two saccades with about
   * 0.2 s between them, and expressions are slower still. The longer it takes, the deeper it has to be: in between, up to
   * `closedMs`, the depth grows in proportion.
   */
  readonly briefDepth: number;
  readonly briefMs: number;
  /** A dip that takes this long is no blink unless the eyes are closed, milliseconds. */
  readonly closedMs: number;
  /**
   * Either must be this many times deeper than the measurement is unsteady. Shallow dips need more: a shaken
   * photograph makes the networks tremble, and must not blink.
   */
  readonly closedOverNoise: number;
  readonly briefOverNoise: number;
  /** The eye that closed less came down at least this part of the mean: otherwise it is a wink. */
  readonly bothEyesPart: number;
  /** Shortest and longest closure, milliseconds. */
  readonly shortestMs: number;
  readonly longestMs: number;
  /**
   * The face is this many times sharper or less sharp at the lowest point than within `neighbourMs` beside the dip: it moved, or the
   * camera focused, and the eyes are measured differently. Lids that close
   * take edges away too: that makes 1.75 of a large face with dark lashes, 1.2 of others. Motion that seemed to close the eyes of
   * a picture made 2.7 to 4.
   */
  readonly largestSharpnessRatio: number;
  readonly neighbourMs: number;
  /** Lids that come up by this part of a closure's depth and go down again make two blinks of it. */
  readonly reopenedPart: number;
  /** More closures than `mostInFlutter` within `flutterMs` are flutter: eye activity, but no further blinks. */
  readonly flutterMs: number;
  readonly mostInFlutter: number;
  /** Samples further apart than this hide what happened between them, milliseconds. */
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
  longestMs: 600,
  largestSharpnessRatio: 2.2,
  neighbourMs: 500,
  reopenedPart: 0.35,
  flutterMs: 1000,
  mostInFlutter: 2,
  longestGapMs: 250,
};

/** The eyes of one track so far. */
export interface BlinkState {
  /** Usable samples of the window, oldest first. */
  readonly window: readonly EyeSample[];
  /** Samples up to this time have been judged. */
  readonly judgedMs: number;
  /** When the last blink was over: what comes before belongs to it. */
  readonly openSinceMs: number;
  /** Middles of the latest closures, told or not: many in a short time are flutter. */
  readonly recentMs: readonly number[];
}

export const initialBlinkState: BlinkState = {
  window: [],
  judgedMs: Number.NEGATIVE_INFINITY,
  openSinceMs: Number.NEGATIVE_INFINITY,
  recentMs: [],
};

export interface BlinkStep {
  readonly state: BlinkState;
  /** Blinks that are complete with this sample. */
  readonly blinks: readonly Blink[];
}

/**
 * Takes one more sample. Every sample is judged once, as soon as there is a baseline and the eyes are open again; those
 * seen before there was a baseline are judged in retrospect. Samples in which an eye was not seen, and those that are
 * not newer than the last, change nothing.
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

/** Judges what was not judged yet, in order, up to the first sample of which the end is still to come. */
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

/** Whether the lowest sample of a dip is about as sharp as those beside the dip. */
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

/** Depth that a dip needs that takes so long. */
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
