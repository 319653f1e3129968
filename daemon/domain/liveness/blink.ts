import { closureAt, type EyeClosure } from './eye-closure.js';
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
   * 0.2 s between them, and expressions are slower still.
   */
  readonly briefDepth: number;
  readonly briefMs: number;
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
  /** Samples further apart than this hide what happened between them, milliseconds. */
  readonly longestGapMs: number;
}

export const defaultBlinkPolicy: BlinkPolicy = {
  windowMs: 6000,
  settleMs: 1000,
  closedDepth: 0.35,
  briefDepth: 0.12,
  briefMs: 200,
  closedOverNoise: 5,
  briefOverNoise: 7,
  bothEyesPart: 0.5,
  shortestMs: 30,
  longestMs: 600,
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
}

export const initialBlinkState: BlinkState = {
  window: [],
  judgedMs: Number.NEGATIVE_INFINITY,
  openSinceMs: Number.NEGATIVE_INFINITY,
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
  const leastDepth = Math.min(...grades.map((grade) => grade.depth));
  const blinks: Blink[] = [];
  let { judgedMs, openSinceMs } = state;
  for (const [index, { atMs }] of levels.entries()) {
    if (atMs <= judgedMs) continue;
    const search = { leastDepth, reachMs: longestMs, sinceMs: openSinceMs, longestGapMs };
    const closure = closureAt(levels, index, search);
    if (closure === 'open-ended' && nowMs - atMs <= longestMs) break;
    judgedMs = atMs;
    if (closure === 'none' || closure === 'open-ended' || !isBlink(closure, grades, policy)) continue;
    const { closingMs, openingMs } = closure;
    blinks.push({ atMs: (closingMs + openingMs) / 2, durationMs: openingMs - closingMs });
    openSinceMs = openingMs;
  }
  return { state: { ...state, judgedMs, openSinceMs }, blinks };
}

/** A depth from which a dip of at most `longestMs` is a blink. */
interface Grade {
  readonly depth: number;
  readonly longestMs: number;
}

function gradesOf(policy: BlinkPolicy, noise: number): readonly Grade[] {
  return [
    { depth: Math.max(policy.closedDepth, policy.closedOverNoise * noise), longestMs: policy.longestMs },
    { depth: Math.max(policy.briefDepth, policy.briefOverNoise * noise), longestMs: policy.briefMs },
  ];
}

function isBlink(closure: EyeClosure, grades: readonly Grade[], policy: BlinkPolicy): boolean {
  const { closingMs, openingMs, depth, lesserDepth } = closure;
  const durationMs = openingMs - closingMs;
  const isWink = lesserDepth < policy.bothEyesPart * depth;
  const isOfGrade = (grade: Grade): boolean => depth >= grade.depth && durationMs <= grade.longestMs;
  return !isWink && durationMs >= policy.shortestMs && grades.some(isOfGrade);
}
