import { percentile } from '../percentile.js';
import type { EyeSample } from './liveness.js';

/** How far the eyes are open at one time, as fractions of their open-eye baseline: 1 = open. */
export interface EyeLevel {
  readonly atMs: number;
  readonly left: number;
  readonly right: number;
  /** Of both eyes: the noise of one network run on each averages out. */
  readonly mean: number;
  /** Of the whole face, as in `EyeSample`. */
  readonly sharpness: number;
}

/** Eyes are open at least half of any few seconds, so this percentile is that of open eyes. */
const openPart = 0.75;

/** Fewer samples than this say nothing about what is usual for these eyes. */
const fewestSamples = 5;

interface SeenEyes {
  readonly atMs: number;
  readonly left: number;
  readonly right: number;
  readonly sharpness: number;
}

/**
 * The samples as fractions of what is usual for these eyes; undefined while the usable ones span less than
 * `settleMs`. Every eye has a baseline of its own: people's eyes, and the two of one person, differ.
 */
export function eyeLevels(samples: readonly EyeSample[], settleMs: number): readonly EyeLevel[] | undefined {
  const seen = samples.flatMap(({ atMs, left, right, sharpness }): SeenEyes[] =>
    left === undefined || right === undefined ? [] : [{ atMs, left, right, sharpness }],
  );
  const spanMs = (seen.at(-1)?.atMs ?? 0) - (seen[0]?.atMs ?? 0);
  if (seen.length < fewestSamples || spanMs < settleMs) return undefined;
  const baselineOf = (eye: 'left' | 'right'): number =>
    percentile(
      seen.map((sample) => sample[eye]),
      openPart,
    ) ?? 0;
  const leftBaseline = baselineOf('left');
  const rightBaseline = baselineOf('right');
  if (leftBaseline <= 0 || rightBaseline <= 0) return undefined;
  return seen.map(({ atMs, left, right, sharpness }) => {
    const leftLevel = left / leftBaseline;
    const rightLevel = right / rightBaseline;
    return { atMs, left: leftLevel, right: rightLevel, mean: (leftLevel + rightLevel) / 2, sharpness };
  });
}

/**
 * How unsteady the measurement itself is, in levels: the median of the second differences, which lids that move
 * evenly do not have and blinks, being rare, do not move.
 */
export function levelNoise(levels: readonly EyeLevel[]): number {
  const differences = levels.slice(2).map((level, index) => {
    const before = levels[index]?.mean ?? 0;
    const between = levels[index + 1]?.mean ?? 0;
    return Math.abs(level.mean - 2 * between + before);
  });
  return percentile(differences, 0.5) ?? 0;
}
