import type { PersonLikeness } from './calibration.js';

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

/** The error rates of comparing two photographs at one threshold, 0..1 (ISO/IEC 19795-1). */
interface DetPoint {
  readonly threshold: number;
  /** Share of comparisons of different persons that reach the threshold: FMR(t) = |{impostor scores ≥ t}| / |{impostor scores}|. */
  readonly fmr: number;
  /** Share of comparisons of one person that do not: FNMR(t) = |{genuine scores < t}| / |{genuine scores}|. */
  readonly fnmr: number;
}

interface DetCurve {
  /** Comparisons of a reference with the other references of the same person, and with those of other persons. */
  readonly genuine: number;
  readonly impostor: number;
  /** By ascending threshold, where one of the two rates is neither 0 nor 1. Empty without comparisons of both kinds. */
  readonly points: readonly DetPoint[];
  /** The rates at a threshold; undefined without comparisons of both kinds. */
  at(threshold: number): DetPoint | undefined;
}

/** Steps of 0.001 over the cosines -1..1: a finer one tells nothing in a gallery. */
const binsPerUnit = 1000;
const binCount = 2 * binsPerUnit;
const mostPoints = 120;

const binOf = (similarity: number): number =>
  Math.min(binCount, Math.max(0, Math.round(similarity * binsPerUnit + binsPerUnit)));
const thresholdOf = (bin: number): number => (bin - binsPerUnit) / binsPerUnit;

/**
 * The detection error trade-off of a gallery with itself (ISO/IEC 19795-1): its references against the nearest other reference of the same
 * person, and against those of a sample of other persons. One step per person.
 */
export function* detCurveSteps(persons: readonly PersonLikeness[]): Generator<undefined, DetCurve> {
  const genuine = new Uint32Array(binCount + 1);
  const impostor = new Uint32Array(binCount + 1);
  for (const { own, others } of persons) {
    yield;
    for (const similarity of own) count(genuine, similarity);
    for (const similarity of others) count(impostor, similarity);
  }
  return curveOf(genuine, impostor);
}

function count(bins: Uint32Array, similarity: number): void {
  const bin = binOf(similarity);
  bins[bin] = (bins[bin] ?? 0) + 1;
}

function curveOf(genuine: Uint32Array, impostor: Uint32Array): DetCurve {
  const totals = { genuine: total(genuine), impostor: total(impostor) };
  const isKnown = totals.genuine > 0 && totals.impostor > 0;
  const all: DetPoint[] = [];
  let missed = 0;
  let reached = totals.impostor;
  for (let bin = 0; isKnown && bin <= binCount; bin += 1) {
    all.push({ threshold: thresholdOf(bin), fmr: reached / totals.impostor, fnmr: missed / totals.genuine });
    missed += genuine[bin] ?? 0;
    reached -= impostor[bin] ?? 0;
  }
  const telling = all.filter(({ fmr, fnmr }) => (fmr > 0 && fmr < 1) || (fnmr > 0 && fnmr < 1));
  const stride = Math.max(1, Math.ceil(telling.length / mostPoints));
  return {
    ...totals,
    points: telling.filter((_, index) => index % stride === 0),
    at: (threshold) => all[binOf(threshold)],
  };
}

const total = (bins: Uint32Array): number => bins.reduce((sum, each) => sum + each, 0);
