import { type Interval, wilsonInterval } from './error-rates.js';
import {
  dividePhotographs,
  type Enrolled,
  type LabelledPerson,
  type Sample,
} from './identification-trial.js';
import { type Embedding, type MatchPolicy, similaritiesToPerson } from './match.js';
import { fitTail, type ScoreTail } from './score-tail.js';

/** The gallery sizes with estimated error rates, in persons. */
export const SITE_SIZES = [100, 1000, 10_000] as const;

/** The FPIR for which a threshold is advised. */
const ADVISED_FPIR = 0.01;

/** More scores add no information, because the people are the same. */
const MOST_SCORES = 4_000_000;

/** The scores of one person's views against the same person's references. -Infinity if one side is empty. */
interface MatedScore {
  /** The mean over the views, by which a track is identified. */
  readonly mean: number;
  /** The highest threshold that more than half of the views reach, as the vote of a track requires. */
  readonly voted: number;
}

/** Scores of tracks of `views` photographs each, of a person against one enrolled person. */
export interface SiteScores {
  readonly views: number;
  /** Number of enrolled persons, and of searched photographs of strangers. */
  readonly people: number;
  readonly strangers: number;
  /** Number of compared pairs of different people: the independent trials for the upper bound of FPIR. */
  readonly pairs: number;
  /** Number of persons with enough photographs for a track. */
  readonly matedPeople: number;
  readonly mated: readonly MatedScore[];
  /** Number of scores of different people. */
  readonly nonMatedCount: number;
  readonly nonMated: ScoreTail;
}

interface Options {
  readonly references: number;
  readonly splits: number;
  /** Number of photographs that represent the views of one track. */
  readonly views: number;
}

/**
 * Compares tracks with all enrolled persons. The photographs of a person that are not enrolled represent views, `views` per track.
 * For all other persons, the track of a known person is the track of a stranger. Each photograph of a stranger is a track with one
 * view of a separate person; these tracks are omitted if `views` is greater.
 */
export function siteScores(
  people: readonly LabelledPerson[],
  strangers: readonly Sample[],
  { references, splits, views }: Options,
): SiteScores {
  const visible = views > 1 ? [] : strangers.filter(({ embedding }) => embedding !== undefined);
  const mated: MatedScore[] = [];
  const matedNames = new Set<string>();
  const nonMated: number[] = [];
  for (let split = 0; split < splits && (split === 0 || nonMated.length < MOST_SCORES); split += 1) {
    const parts = dividePhotographs(people, { references, splits, split });
    for (const { name, probes } of parts) {
      for (const track of tracksOf(probes, views)) {
        matedNames.add(name);
        for (const part of parts) {
          if (part.name === name) mated.push(matedScore(track, part));
          else if (track.length > 0 && part.references.length > 0)
            nonMated.push(meanOf(viewScores(track, part)));
        }
      }
    }
    for (const { embedding } of visible) {
      if (embedding === undefined) continue;
      for (const part of parts) {
        if (part.references.length > 0) nonMated.push(meanOf(viewScores([embedding], part)));
      }
    }
  }
  return {
    views,
    people: people.length,
    strangers: visible.length,
    pairs: (matedNames.size * (matedNames.size - 1)) / 2 + visible.length * people.length,
    matedPeople: matedNames.size,
    mated,
    nonMatedCount: nonMated.length,
    nonMated: fitTail(Float64Array.from(nonMated).sort()),
  };
}

/** Groups of `views` photographs. Photographs without a face are not views; an incomplete group makes no track. */
function tracksOf(
  probes: readonly { readonly embedding: Embedding | undefined }[],
  views: number,
): readonly (readonly Embedding[])[] {
  return Array.from({ length: Math.floor(probes.length / views) }, (_, track) =>
    probes
      .slice(track * views, (track + 1) * views)
      .flatMap(({ embedding }) => (embedding === undefined ? [] : [embedding])),
  );
}

function viewScores(track: readonly Embedding[], { references }: Enrolled): readonly number[] {
  return similaritiesToPerson(track, references);
}

function matedScore(track: readonly Embedding[], enrolled: Enrolled): MatedScore {
  const scores = [...viewScores(track, enrolled)].sort((a, b) => b - a);
  const nothing = Number.NEGATIVE_INFINITY;
  if (scores.length === 0) return { mean: nothing, voted: nothing };
  return { mean: meanOf(scores), voted: scores[Math.floor(scores.length / 2)] ?? nothing };
}

function meanOf(scores: readonly number[]): number {
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

/** Error rates for a gallery size, threshold and margin. */
interface SizeRates {
  readonly fpir: number;
  readonly fnir: number;
}

/**
 * Estimates the rates for a gallery of `persons`. The scores of the persons are assumed to be independent and distributed as in the
 * sample: the model of FPIR = 1 - (1 - FMR)^N (ISO/IEC 19795-1), extended by the margin. The most similar of N persons is accepted
 * if the score reaches the threshold and exceeds all others by the margin. FPIR ignores the votes of the views, which can only
 * lower it.
 */
export function ratesAtSize(
  { mated, nonMated }: Pick<SiteScores, 'mated' | 'nonMated'>,
  { threshold, margin }: Pick<MatchPolicy, 'threshold' | 'margin'>,
  persons: number,
): SizeRates {
  let recognised = 0;
  for (const { mean, voted } of mated) {
    if (mean < threshold || voted < threshold) continue;
    recognised += allStayUnder(nonMated, mean - margin, persons - 1);
  }
  const fnir = mated.length === 0 ? 1 : 1 - recognised / mated.length;
  return { fpir: acceptance(nonMated, { threshold, margin }, persons), fnir };
}

function allStayUnder(tail: ScoreTail, score: number, persons: number): number {
  return (1 - tail.survival(score)) ** persons;
}

/** Steps of the integral over the probability of the best score, with logarithmic spacing. */
const STEPS = 200;
const SMALLEST_SHARE = 1e-6;

/** The probability that one of `persons` other people reaches the threshold and exceeds all others by the margin. */
function acceptance(
  tail: ScoreTail,
  { threshold, margin }: Pick<MatchPolicy, 'threshold' | 'margin'>,
  persons: number,
): number {
  const reaching = tail.survival(threshold);
  if (reaching === 0) return 0;
  if (margin <= 0) return atLeastOne(reaching, persons);
  // Probabilities far below 1 / `persons` hardly matter: the omitted lower end is rarer than one in a million.
  const lowest = Math.min(reaching, SMALLEST_SHARE / persons);
  const step = Math.log(reaching / lowest) / STEPS;
  let total = lowest * persons;
  for (let index = 0; index < STEPS; index += 1) {
    const from = lowest * Math.exp(index * step);
    const to = lowest * Math.exp((index + 1) * step);
    const middle = Math.sqrt(from * to);
    total += persons * (to - from) * allStayUnder(tail, tail.quantile(middle) - margin, persons - 1);
  }
  return Math.min(total, atLeastOne(reaching, persons));
}

function atLeastOne(probability: number, persons: number): number {
  return -Math.expm1(persons * Math.log1p(-Math.min(1, probability)));
}

/** Estimated error rates at one size of a gallery. */
export interface SiteEstimate extends SizeRates {
  readonly persons: number;
  /** Upper bound: 1 - (1 - share)^persons, where `share` is the upper end of the 95 % interval (Wilson) over pairs; without margin. */
  readonly fpirAtMost: number;
  /** 95 % interval (Wilson); the number of trials is the number of people. */
  readonly fnirInterval: Interval;
  /** The lowest threshold with an FPIR of at most 1 %, and its FNIR; undefined if there is none. */
  readonly advised: { readonly threshold: number; readonly fnir: number } | undefined;
}

export function estimateSite(scores: SiteScores, policy: MatchPolicy, persons: number): SiteEstimate {
  const [, atMost] = wilsonInterval(scores.nonMated.survival(policy.threshold), scores.pairs);
  const rates = ratesAtSize(scores, policy, persons);
  const threshold = thresholdForFpir(scores.nonMated, policy.margin, persons);
  return {
    persons,
    ...rates,
    fpirAtMost: atLeastOne(atMost, persons),
    fnirInterval: wilsonInterval(rates.fnir, scores.matedPeople),
    advised:
      threshold === undefined
        ? undefined
        : { threshold, fnir: ratesAtSize(scores, { threshold, margin: policy.margin }, persons).fnir },
  };
}

/** FPIR falls as the threshold rises, so bisection finds the threshold. */
function thresholdForFpir(tail: ScoreTail, margin: number, persons: number): number | undefined {
  let low = -1;
  let high = 1;
  if (acceptance(tail, { threshold: high, margin }, persons) > ADVISED_FPIR) return undefined;
  for (let step = 0; step < 24; step += 1) {
    const threshold = (low + high) / 2;
    if (acceptance(tail, { threshold, margin }, persons) > ADVISED_FPIR) low = threshold;
    else high = threshold;
  }
  return high;
}

/** A point of a curve of errors. */
export interface DetPoint extends SizeRates {
  readonly threshold: number;
}

const curvePoints = 80;

/** FPIR and FNIR for thresholds from about half to about one in 100,000 accepted strangers. */
export function detCurve(scores: SiteScores, margin: number, persons: number): readonly DetPoint[] {
  const thresholdAt = (fpir: number): number =>
    scores.nonMated.quantile(-Math.expm1(Math.log1p(-fpir) / persons));
  const [low, high] = [thresholdAt(0.5), thresholdAt(1e-5)];
  return Array.from({ length: curvePoints }, (_, index) => {
    const threshold = low + ((high - low) * index) / (curvePoints - 1);
    return { threshold, ...ratesAtSize(scores, { threshold, margin }, persons) };
  });
}
