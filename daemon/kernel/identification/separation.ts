import { calibratedRates, type DecidedRates } from './calibrated-trial.js';
import { fisherZ, Moments, upperQuantile } from './calibration.js';
import { shareReaching, thresholdAtRate } from './error-rates.js';
import { type LabelledPerson, splitCount } from './identification-trial.js';
import { type Embedding, similarityOf } from './match.js';

/** How far a recogniser separates photographs of the same person from photographs of two persons. */
export interface Separation {
  /** Number of comparisons of two photographs of one person, and of two persons. */
  readonly genuine: number;
  readonly impostor: number;
  /**
   * The difference of the mean similarities in units of their spread, (m1 - m2) / sqrt((s1^2 + s2^2) / 2): the decidability index
   * (J. Daugman, "The importance of being random", Pattern Recognition 36, 2003).
   */
  readonly decidability: number;
  /** The error rate 0..1 at the threshold where FMR and FNMR are closest (ISO/IEC 19795-1): the larger of the two. */
  readonly equalErrorRate: number;
}

/**
 * Fewest people, and fewest photographs of each, from which a recogniser is judged. With 11 people and 2 photographs, the wrong order of
 * colours won, and the threshold was far too low (docs/measurements/accuracy.md).
 */
export const fewestPeople = 20;
export const fewestPhotographs = 3;

/**
 * From this separation on, a network recognises faces when its input is prepared like this. Normal distributions would then overlap in
 * 7 % of the comparisons.
 */
export const leastDecidability = 3;
export const largestEqualErrorRate = 0.07;

/** Decidabilities that round to the same multiple of this are equal: the earlier preparation is the more usual one. */
const nearlyEqual = 0.01;

/** @returns undefined where an embedding is missing: the network gave no usable numbers for a photograph. */
export function separationOf(
  people: readonly (readonly (Embedding | undefined)[])[],
): Separation | undefined {
  const samples = people.flatMap((own, person) => own.map((embedding) => ({ person, embedding })));
  const [genuine, impostor]: [number[], number[]] = [[], []];
  for (const [index, a] of samples.entries()) {
    for (const b of samples.slice(index + 1)) {
      if (a.embedding === undefined || b.embedding === undefined) return undefined;
      (a.person === b.person ? genuine : impostor).push(similarityOf(a.embedding, b.embedding));
    }
  }
  const [same, other] = [distributionOf(genuine), distributionOf(impostor)];
  if (same === undefined || other === undefined) return undefined;
  const spread = Math.sqrt((same.spread ** 2 + other.spread ** 2) / 2);
  return {
    genuine: genuine.length,
    impostor: impostor.length,
    decidability: (same.mean - other.mean) / spread,
    equalErrorRate: equalErrorRate(genuine, impostor),
  };
}

function distributionOf(values: readonly number[]) {
  const moments = new Moments();
  for (const value of values) moments.add(value);
  return moments.distribution;
}

function equalErrorRate(genuine: readonly number[], impostor: readonly number[]): number {
  const rates = genuine.map((threshold) =>
    Math.max(shareReaching(impostor, threshold), 1 - shareReaching(genuine, threshold)),
  );
  return Math.min(...rates);
}

/** Whether a network that separates like this recognises faces. */
export function doesSeparate({ decidability, equalErrorRate: rate }: Separation): boolean {
  return decidability >= leastDecidability && rate <= largestEqualErrorRate;
}

/** The indices of the best separations, the best first, at most `most`; of nearly equal ones the first in the list. */
export function bestSeparations(found: readonly (Separation | undefined)[], most: number): readonly number[] {
  return found
    .flatMap((each, index) =>
      each === undefined ? [] : [{ index, reached: Math.round(each.decidability / nearlyEqual) }],
    )
    .sort((a, b) => b.reached - a.reached || a.index - b.index)
    .slice(0, most)
    .map(({ index }) => index);
}

/** The operating point of a recogniser, and the error rates that were measured at it. */
export interface MeasuredPoint {
  /** Cosine, rounded up to a thousandth. */
  readonly threshold: number;
  readonly people: number;
  /** Photographs of each person that were enrolled in the measurement. */
  readonly references: number;
  readonly matedSearches: number;
  readonly nonMatedSearches: number;
  readonly rates: DecidedRates;
}

const mostReferences = 3;
const mostSplits = 20;

/**
 * The threshold at which at most a share `targetFpir` of strangers is recognised as any of the people, where each person once plays
 * the stranger. It is the higher of two: the one that the searches show, and the one where the normal distribution of Fisher's z of
 * all comparisons of two persons has this tail (as `calibrate`). The first fails with few searches, the second with look-alikes. Few
 * people show a spread that is too small by chance, so its upper confidence limit counts.
 * Each person needs at least two photographs.
 */
export function measurePoint(
  people: readonly LabelledPerson[],
  { targetFpir, margin }: { readonly targetFpir: number; readonly margin: number },
): MeasuredPoint {
  const fewest = Math.min(...people.map(({ samples }) => samples.length));
  const references = Math.min(mostReferences, fewest - 1);
  const splits = Math.min(mostSplits, splitCount(fewest, references));
  const threshold = Math.ceil(1000 * thresholdFor(people, targetFpir)) / 1000;
  const trial = { references, splits, policy: { threshold, margin, minimumProbes: 1 }, targetFpir };
  const [all] = calibratedRates(people, [], [], trial);
  const { matedSearches = 0, nonMatedSearches = 0 } = all ?? {};
  const none: DecidedRates = { fpir: 0, fpirInterval: [0, 1], fnir: 1, fnirInterval: [0, 1], mistaken: 0 };
  const rates = all?.fixed ?? none;
  return { threshold, people: people.length, references, matedSearches, nonMatedSearches, rates };
}

/**
 * The upper 95 % confidence limit of a standard deviation, as a multiple of the observed one, with `freedom` degrees of freedom: the
 * pairs of people, because photographs of one pair are alike. The quantile of chi-squared is that of E. B. Wilson and M. M. Hilferty
 * ("The distribution of chi-square", PNAS 17, 1931).
 */
function spreadFactor(freedom: number): number {
  const part = 2 / (9 * freedom);
  return 1 / Math.sqrt((1 - part - upperQuantile(0.05) * Math.sqrt(part)) ** 3);
}

/** Only the same photograph would reach a threshold of 1. */
const highestThreshold = 0.999;

function thresholdFor(people: readonly LabelledPerson[], targetFpir: number): number {
  const moments = new Moments();
  const best: number[] = [];
  for (const { name, samples } of people) {
    const others = people.filter((other) => other.name !== name).flatMap((other) => other.samples);
    for (const { embedding: probe } of samples) {
      const reached = others.flatMap(({ embedding }) =>
        probe && embedding ? [similarityOf(probe, embedding)] : [],
      );
      for (const similarity of reached) moments.add(fisherZ(similarity));
      best.push(Math.max(...reached));
    }
  }
  const share = 1 - (1 - targetFpir) ** (1 / people.length);
  const { mean, spread } = moments.distribution ?? { mean: 0, spread: 1 };
  const pairs = (people.length * (people.length - 1)) / 2;
  const ofTail = Math.tanh(mean + upperQuantile(share) * spread * spreadFactor(pairs));
  return Math.min(highestThreshold, Math.max(0, ofTail, thresholdAtRate(best, targetFpir)));
}
