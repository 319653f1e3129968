import { type EyeLevel, levelsOf, openEyeBaseline } from './eye-level.js';
import type { Blink, EyeSample } from './liveness.js';

/** What counts as a blink. Levels are fractions of the track's own open-eye baseline, 1 = open. */
export interface BlinkPolicy {
  /** How much of the past the baseline is taken from, milliseconds. */
  readonly windowMs: number;
  /** The window must span this much before anything is judged; earlier samples are judged then, milliseconds. */
  readonly settleMs: number;
  /** The mean of both eyes must come down to this. */
  readonly closedLevel: number;
  /** Each eye must come down to this: an eye that stays open makes it a wink. */
  readonly winkLevel: number;
  /** Part of the way from the deepest point back to the baseline that counts as open again. */
  readonly reopenedPart: number;
  /** Shortest and longest closure, measured half way down, milliseconds. */
  readonly shortestMs: number;
  readonly longestMs: number;
  /** Samples further apart than this hide what happened between them, milliseconds. */
  readonly longestGapMs: number;
}

export const defaultBlinkPolicy: BlinkPolicy = {
  windowMs: 6000,
  settleMs: 1000,
  closedLevel: 0.65,
  winkLevel: 0.75,
  reopenedPart: 0.5,
  shortestMs: 30,
  longestMs: 600,
  longestGapMs: 250,
};

/** The eyes of one track so far. */
export interface BlinkState {
  /** Usable samples of the window, oldest first. */
  readonly window: readonly EyeSample[];
  /** Everything up to this time has been judged. */
  readonly judgedMs: number;
}

export const initialBlinkState: BlinkState = { window: [], judgedMs: Number.NEGATIVE_INFINITY };

/**
 * Takes one more sample and returns the blinks that are complete with it. Samples are judged once, as soon as there is
 * a baseline and the eyes are open again; those seen before there was one are judged in retrospect. Samples that
 * cannot be used, and those that are not newer than the last, change nothing.
 */
export function nextBlink(
  state: BlinkState,
  sample: EyeSample,
  policy: BlinkPolicy,
): { readonly state: BlinkState; readonly blinks: readonly Blink[] } {
  const last = state.window.at(-1);
  const isUsable = sample.left !== undefined && sample.right !== undefined;
  if (!isUsable || (last !== undefined && sample.atMs <= last.atMs)) return { state, blinks: [] };
  const window = [...state.window.filter(({ atMs }) => atMs >= sample.atMs - policy.windowMs), sample];
  const baseline = openEyeBaseline(window, policy.settleMs);
  if (baseline === undefined) return { state: { ...state, window }, blinks: [] };
  return judge(levelsOf(window, baseline), { ...state, window }, policy);
}

/** One dip of both eyes: indices of the samples around and inside it. */
interface Closure {
  /** First sample that is down. */
  readonly first: number;
  /** First sample that is up again. */
  readonly reopened: number;
  readonly deepest: number;
  /** Deepest level of the less closed eye. */
  readonly deepestOfBoth: number;
}

function judge(
  levels: readonly EyeLevel[],
  state: BlinkState,
  policy: BlinkPolicy,
): { readonly state: BlinkState; readonly blinks: readonly Blink[] } {
  const blinks: Blink[] = [];
  let judgedMs = state.judgedMs;
  let index = 0;
  while (index < levels.length) {
    const level = levels[index];
    if (level === undefined) break;
    if (level.atMs <= judgedMs) {
      index += 1;
    } else if (level.mean > policy.closedLevel) {
      judgedMs = level.atMs;
      index += 1;
    } else {
      const closure = closureFrom(levels, index, policy);
      if (closure === undefined) break;
      const blink = blinkOf(levels, closure, policy);
      if (blink !== undefined) blinks.push(blink);
      judgedMs = levels[closure.reopened]?.atMs ?? judgedMs;
      index = closure.reopened + 1;
    }
  }
  return { state: { ...state, judgedMs }, blinks };
}

/** The closure that begins at `first`; undefined while the eyes have not opened again. */
function closureFrom(levels: readonly EyeLevel[], first: number, policy: BlinkPolicy): Closure | undefined {
  let deepest = Number.POSITIVE_INFINITY;
  let deepestOfBoth = Number.POSITIVE_INFINITY;
  for (let index = first; index < levels.length; index++) {
    const level = levels[index];
    if (level === undefined) break;
    if (level.mean >= deepest + policy.reopenedPart * (1 - deepest)) {
      return { first, reopened: index, deepest, deepestOfBoth };
    }
    deepest = Math.min(deepest, level.mean);
    deepestOfBoth = Math.min(deepestOfBoth, level.higher);
  }
  return undefined;
}

function blinkOf(levels: readonly EyeLevel[], closure: Closure, policy: BlinkPolicy): Blink | undefined {
  if (closure.deepestOfBoth > policy.winkLevel) return undefined;
  const halfWay = (1 + closure.deepest) / 2;
  const closingMs = crossing(levels[closure.first - 1], levels[closure.first], halfWay, policy.longestGapMs);
  const openingMs = crossing(
    levels[closure.reopened - 1],
    levels[closure.reopened],
    halfWay,
    policy.longestGapMs,
  );
  if (closingMs === undefined || openingMs === undefined) return undefined;
  const durationMs = openingMs - closingMs;
  if (durationMs < policy.shortestMs || durationMs > policy.longestMs) return undefined;
  return { atMs: (closingMs + openingMs) / 2, durationMs };
}

/** When the level passed `halfWay` between two neighbouring samples, by linear interpolation. */
function crossing(
  before: EyeLevel | undefined,
  after: EyeLevel | undefined,
  halfWay: number,
  longestGapMs: number,
): number | undefined {
  if (before === undefined || after === undefined) return undefined;
  const gapMs = after.atMs - before.atMs;
  if (gapMs > longestGapMs) return undefined;
  const step = after.mean - before.mean;
  const part = step === 0 ? 0.5 : Math.min(Math.max((halfWay - before.mean) / step, 0), 1);
  return before.atMs + part * gapMs;
}
