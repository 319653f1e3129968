/** Error rates of biometric comparison and identification, as ISO/IEC 19795-1 names and counts them. */

/** The share of `scores` that reach `threshold`, 0..1; 0 where there are none. */
export function shareReaching(scores: readonly number[], threshold: number): number {
  if (scores.length === 0) return 0;
  return scores.filter((score) => score >= threshold).length / scores.length;
}

/**
 * The smallest threshold that at most the share `rate` of `scores` reaches: with scores of strangers, the
 * threshold of a false match rate or false positive identification rate. -Infinity where all may reach it.
 */
export function thresholdAtRate(scores: readonly number[], rate: number): number {
  const sorted = [...scores].sort((a, b) => b - a);
  const first = sorted[Math.floor(rate * sorted.length)];
  return first === undefined ? Number.NEGATIVE_INFINITY : justAbove(first);
}

/** Similarities are float32 sums; this is far below what tells two of them apart. */
function justAbove(score: number): number {
  return score + 1e-7;
}
