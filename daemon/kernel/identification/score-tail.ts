/**
 * The distribution of scores between different people, also beyond the highest score of a sample.
 *
 * The highest scores follow a generalised Pareto distribution (J. Pickands, "Statistical inference using extreme order
 * statistics", Ann. Statist. 3, 1975). ISO/IEC 5152:2024 estimates false match rates from small samples with extreme
 * value distributions. There may be more similar people than the sample shows, so each figure from here needs an upper bound.
 */
export interface ScoreTail {
  /** The probability, 0..1, that a score reaches `threshold`: the larger of the counted and the fitted share. */
  survival(threshold: number): number;
  /** The score that is reached with `probability`, 0..1: the inverse of `survival`. */
  quantile(probability: number): number;
}

/** The share of the scores that the distribution is fitted to, and the fewest scores that it is fitted to. */
const FITTED_SHARE = 0.05;
const FEWEST_FITTED = 50;

/** A cosine is never larger. */
const LARGEST_SCORE = 1;

/** A shape nearer to 0 is treated as 0, the exponential distribution. */
const NEARLY_EXPONENTIAL = 1e-6;

interface Pareto {
  readonly shape: number;
  readonly scale: number;
}

/**
 * Fits by probability-weighted moments (J. R. M. Hosking and J. F. Wallis, Technometrics 29, 1987), which need no
 * search and hold for shapes under 0.5. `excesses` ascend. Two equal moments mean that all excesses are 0.
 */
export function fitPareto(excesses: ArrayLike<number>): Pareto {
  const count = excesses.length;
  let mean = 0;
  let weighted = 0;
  for (let rank = 0; rank < count; rank += 1) {
    const excess = excesses[rank] ?? 0;
    mean += excess / count;
    weighted += ((1 - (rank + 0.65) / count) * excess) / count;
  }
  const difference = mean - 2 * weighted;
  if (!(mean > 0) || difference <= 0) return { shape: 0, scale: mean };
  return { shape: 2 - mean / difference, scale: (2 * mean * weighted) / difference };
}

/** `sorted` ascends. Without scores the survival is 0 everywhere, which proves nothing: the caller must handle this. */
export function fitTail(sorted: Float64Array): ScoreTail {
  const count = sorted.length;
  const fitted = Math.min(count, Math.max(FEWEST_FITTED, Math.ceil(FITTED_SHARE * count)));
  const from = sorted[count - fitted] ?? LARGEST_SCORE;
  const share = count === 0 ? 0 : fitted / count;
  const pareto = fitPareto(sorted.subarray(count - fitted).map((score) => score - from));
  const counted = (threshold: number): number =>
    count === 0 ? 0 : (count - firstReaching(sorted, threshold)) / count;
  return {
    survival: (threshold) => {
      if (threshold > LARGEST_SCORE) return 0;
      const fit = threshold <= from ? 0 : share * paretoSurvival(threshold - from, pareto);
      return Math.max(counted(threshold), fit);
    },
    quantile: (probability) => {
      const index = count - Math.ceil(probability * count);
      const own = sorted[Math.max(0, index)] ?? Number.NEGATIVE_INFINITY;
      if (probability >= share) return own;
      const fit = from + paretoQuantile(probability / share, pareto);
      return Math.min(LARGEST_SCORE, Math.max(index < count ? own : fit, fit));
    },
  };
}

/** The share, 0..1, of excesses that reach `excess`, which is not negative. */
function paretoSurvival(excess: number, { shape, scale }: Pareto): number {
  if (scale <= 0) return 0;
  if (Math.abs(shape) < NEARLY_EXPONENTIAL) return Math.exp(-excess / scale);
  return Math.max(0, 1 + (shape * excess) / scale) ** (-1 / shape);
}

function paretoQuantile(probability: number, { shape, scale }: Pareto): number {
  if (Math.abs(shape) < NEARLY_EXPONENTIAL) return -scale * Math.log(probability);
  return (scale * (probability ** -shape - 1)) / shape;
}

/** The index of the first of the ascending scores that reaches `threshold`. */
function firstReaching(sorted: Float64Array, threshold: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < threshold) low = middle + 1;
    else high = middle;
  }
  return low;
}
