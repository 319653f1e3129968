import { percentile } from '../percentile.js';
import type { EyeSample } from './liveness.js';

/** Openness of the eyes at one time, as fractions of their open-eye baseline: 1 = open. */
export interface EyeLevel {
  readonly atMs: number;
  readonly left: number;
  readonly right: number;
  /** Mean of both eyes, which reduces the noise. */
  readonly mean: number;
  /** Sharpness of the whole face, as in `EyeSample`. */
  readonly sharpness: number;
}

/** Eyes are open at least half of the time, so this percentile belongs to open eyes. */
const openPart = 0.75;

/** Minimum number of samples for a baseline. */
const fewestSamples = 5;

/** The openness of open eyes among these values; 0 without any. */
export const openBaseline = (values: readonly number[]): number => percentile(values, openPart) ?? 0;

interface SeenEyes {
  readonly atMs: number;
  readonly left: number;
  readonly right: number;
  readonly sharpness: number;
}

/**
 * The samples as fractions of the baseline; undefined while the usable samples span less than `settleMs`. Each eye has its own
 * baseline, because eyes differ between people and between the two sides.
 */
export function eyeLevels(samples: readonly EyeSample[], settleMs: number): readonly EyeLevel[] | undefined {
  const seen = samples.flatMap(({ atMs, left, right, sharpness }): SeenEyes[] =>
    left === undefined || right === undefined ? [] : [{ atMs, left, right, sharpness }],
  );
  const spanMs = (seen.at(-1)?.atMs ?? 0) - (seen[0]?.atMs ?? 0);
  if (seen.length < fewestSamples || spanMs < settleMs) return undefined;
  const baselineOf = (eye: 'left' | 'right'): number => openBaseline(seen.map((sample) => sample[eye]));
  const leftBaseline = baselineOf('left');
  const rightBaseline = baselineOf('right');
  if (leftBaseline <= 0 || rightBaseline <= 0) return undefined;
  return seen.map(({ atMs, left, right, sharpness }) => {
    const leftLevel = left / leftBaseline;
    const rightLevel = right / rightBaseline;
    return { atMs, left: leftLevel, right: rightLevel, mean: (leftLevel + rightLevel) / 2, sharpness };
  });
}

/** Lids below this level are closing: their movement is no noise. */
const closingUnder = 0.75;

/**
 * The noise of the measurement, in levels: the median of the second differences of open eyes. Evenly moving lids have none. Closures
 * are left out: at 10 frames a second, four blinks in 6 s are a third of all differences. 0 where the eyes are never open for three
 * samples.
 */
export function levelNoise(levels: readonly EyeLevel[]): number {
  const differences = levels.slice(2).flatMap((level, index) => {
    const [before, between] = [levels[index]?.mean ?? 0, levels[index + 1]?.mean ?? 0];
    const isOpen = Math.min(before, between, level.mean) >= closingUnder;
    return isOpen ? [Math.abs(level.mean - 2 * between + before)] : [];
  });
  return percentile(differences, 0.5) ?? 0;
}
