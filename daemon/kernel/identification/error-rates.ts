/** Error rates of biometric comparison and identification as in ISO/IEC 19795-1. */

/** The share of `scores` that reach `threshold`, 0..1; 0 without scores. */
export function shareReaching(scores: readonly number[], threshold: number): number {
  if (scores.length === 0) return 0;
  return scores.filter((score) => score >= threshold).length / scores.length;
}

/**
 * The smallest threshold that at most a share `rate` of `scores` reaches. For scores of strangers it is the threshold for a false
 * match rate or a false positive identification rate. -Infinity if all scores may reach it.
 */
export function thresholdAtRate(scores: readonly number[], rate: number): number {
  const sorted = [...scores].sort((a, b) => b - a);
  const first = sorted[Math.floor(rate * sorted.length)];
  return first === undefined ? Number.NEGATIVE_INFINITY : justAbove(first);
}

/** The step is far below the resolution of similarities, which are float32 sums. */
function justAbove(score: number): number {
  return score + 1e-7;
}

/** The ends of an interval of shares, 0..1. */
export type Interval = readonly [number, number];

/** The quantile of the normal distribution that leaves 2.5 % on either side. */
const Z_95 = 1.959964;

/**
 * The 95 % confidence interval for a `share` of `count` independent trials (E. B. Wilson, "Probable inference", J. Am. Stat. Assoc.
 * 22, 1927). [0, 1] without trials.
 */
export function wilsonInterval(share: number, count: number): Interval {
  if (count === 0) return [0, 1];
  const z2 = Z_95 * Z_95;
  const centre = share + z2 / (2 * count);
  const half = Z_95 * Math.sqrt((share * (1 - share)) / count + z2 / (4 * count * count));
  const scale = 1 + z2 / count;
  return [Math.max(0, (centre - half) / scale), Math.min(1, (centre + half) / scale)];
}

/**
 * The quantile of the standard normal distribution for a share strictly between 0 and 1. Detection error trade-off curves have axes
 * on this scale (ISO/IEC 19795-1). The error is at most 4.5e-4
 * (M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions, 26.2.23).
 */
export function normalDeviate(share: number): number {
  const t = Math.sqrt(-2 * Math.log(Math.min(share, 1 - share)));
  const above = 2.515517 + t * (0.802853 + t * 0.010328);
  const below = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308));
  const size = t - above / below;
  return share < 0.5 ? -size : size;
}
