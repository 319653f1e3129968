import type { EyeSample } from './liveness.js';
import { percentile } from './percentile.js';

/** Openness of each eye while open. */
export interface EyeBaseline {
  readonly left: number;
  readonly right: number;
}

/** How far the eyes are open at one time, as fractions of their open-eye baseline: 1 = open. */
export interface EyeLevel {
  readonly atMs: number;
  /** Mean of the two eyes: noise of one network run on each averages out. */
  readonly mean: number;
  /** Of the eye that is less closed. */
  readonly higher: number;
}

/** Eyes are open at least half of any few seconds, so this percentile is that of open eyes. */
const openPart = 0.75;

/** Fewer samples than this say nothing about what is usual for these eyes. */
const fewestSamples = 5;

/** The baseline of a run of samples; undefined while it spans less than `settleMs`. */
export function openEyeBaseline(samples: readonly EyeSample[], settleMs: number): EyeBaseline | undefined {
  const usable = samples.flatMap(({ atMs, left, right }) =>
    left === undefined || right === undefined ? [] : [{ atMs, left, right }],
  );
  const spanMs = (usable.at(-1)?.atMs ?? 0) - (usable[0]?.atMs ?? 0);
  if (usable.length < fewestSamples || spanMs < settleMs) return undefined;
  const left = percentile(
    usable.map((sample) => sample.left),
    openPart,
  );
  const right = percentile(
    usable.map((sample) => sample.right),
    openPart,
  );
  if (left === undefined || right === undefined || left <= 0 || right <= 0) return undefined;
  return { left, right };
}

/** Every usable sample as fractions of the baseline. */
export function levelsOf(samples: readonly EyeSample[], baseline: EyeBaseline): readonly EyeLevel[] {
  return samples.flatMap(({ atMs, left, right }) => {
    if (left === undefined || right === undefined) return [];
    const leftLevel = left / baseline.left;
    const rightLevel = right / baseline.right;
    return [{ atMs, mean: (leftLevel + rightLevel) / 2, higher: Math.max(leftLevel, rightLevel) }];
  });
}
