import { type Interval, wilsonInterval } from './error-rates.js';
import {
  dividePhotographs,
  type Enrolled,
  type LabelledPerson,
  type Sample,
} from './identification-trial.js';
import { type Embedding, type MatchPolicy, similarityOf } from './match.js';
import { fitTail, type ScoreTail } from './score-tail.js';

/** The galleries that error rates are told for, in persons. */
export const SITE_SIZES = [100, 1000, 10_000] as const;

/** The rate of false alarms at which thresholds for a gallery are told. */
const TOLD_FPIR = 0.01;

/** More scores than these tell nothing that they do not: the people are the same. */
const MOST_SCORES = 4_000_000;

/** How the views of one person compare with that person's references. -Infinity where there is nothing to compare. */
interface MatedScore {
  /** The mean over the views, which the product decides a track by. */
  readonly mean: number;
  /** The highest threshold that more than half of the views reach: a track needs the votes of so many. */
  readonly voted: number;
}

/** Scores of tracks of `views` photographs each, of a person against one enrolled person. */
export interface SiteScores {
  readonly views: number;
  /** Persons who were enrolled, and photographs of strangers who were searched. */
  readonly people: number;
  readonly strangers: number;
  /** Pairs of different people who were compared: what the upper bound of FPIR counts as independent. */
  readonly pairs: number;
  /** Persons of whom a track could be made. */
  readonly matedPeople: number;
  readonly mated: readonly MatedScore[];
  /** How many scores of different people there are. */
  readonly nonMatedCount: number;
  readonly nonMated: ScoreTail;
}

interface Options {
  readonly references: number;
  readonly splits: number;
  /** Photographs of one person that stand for the views of one track. */
  readonly views: number;
}

/**
 * Compares tracks with every enrolled person. The photographs of a person that are not enrolled stand for views, `views`
 * at a time. A track of a known person is a stranger's to all other persons. Photographs of strangers are tracks
 * of one view, each of a person of its own; they are left out where a track has more.
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

/** `views` photographs at a time; those without a face are no views. What is left over makes no track. */
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
  return track.map((view) => {
    let nearest = Number.NEGATIVE_INFINITY;
    for (const reference of references) nearest = Math.max(nearest, similarityOf(reference, view));
    return nearest;
  });
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

/** Error rates of a gallery of so many persons, at a threshold and margin. */
export interface SizeRates {
  readonly fpir: number;
  readonly fnir: number;
}

/**
 * What the scores mean for a gallery of `persons`, where the score of each is independent of the others' and distributed
 * as in the sample: the model that gives FPIR = 1 - (1 - FMR)^N (ISO/IEC 19795-1), here with the margin, too. The
 * nearest of N persons is accepted where they reach the threshold and all others stay behind by the margin. Votes of
 * the views are left out of FPIR, which they only lower.
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

/** Steps of the integral over the probabilities of the nearest person's score, evenly spaced in their logarithm. */
const STEPS = 200;
const SMALLEST_SHARE = 1e-6;

/** The probability that one of `persons` strangers to the probe reaches the threshold, the margin before all others. */
function acceptance(
  tail: ScoreTail,
  { threshold, margin }: Pick<MatchPolicy, 'threshold' | 'margin'>,
  persons: number,
): number {
  const reaching = tail.survival(threshold);
  if (reaching === 0) return 0;
  if (margin <= 0) return atLeastOne(reaching, persons);
  // Few probabilities far below one in `persons` matter: what is cut off at the lower end is rarer than one in a million.
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
  /** Upper end of the 95 % interval (Wilson) of the share of pairs of people, as 1 - (1 - share)^persons, without margin. */
  readonly fpirAtMost: number;
  /** 95 % interval (Wilson) for as many people as there were. */
  readonly fnirInterval: Interval;
  /** The lowest threshold whose FPIR is 1 %, and FNIR there; undefined where none reaches it. */
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

/** FPIR falls as the threshold rises: halving finds where it passes. */
function thresholdForFpir(tail: ScoreTail, margin: number, persons: number): number | undefined {
  let low = -1;
  let high = 1;
  if (acceptance(tail, { threshold: high, margin }, persons) > TOLD_FPIR) return undefined;
  for (let step = 0; step < 24; step += 1) {
    const threshold = (low + high) / 2;
    if (acceptance(tail, { threshold, margin }, persons) > TOLD_FPIR) low = threshold;
    else high = threshold;
  }
  return high;
}

/** A point of a curve of errors. */
export interface DetPoint extends SizeRates {
  readonly threshold: number;
}

/** FPIR against FNIR at thresholds between those where about half and where one in 100,000 strangers is accepted. */
export function detCurve(
  scores: SiteScores,
  margin: number,
  persons: number,
  points = 80,
): readonly DetPoint[] {
  const thresholdAt = (fpir: number): number =>
    scores.nonMated.quantile(-Math.expm1(Math.log1p(-fpir) / persons));
  const [low, high] = [thresholdAt(0.5), thresholdAt(1e-5)];
  return Array.from({ length: points }, (_, index) => {
    const threshold = low + ((high - low) * index) / (points - 1);
    return { threshold, ...ratesAtSize(scores, { threshold, margin }, persons) };
  });
}
