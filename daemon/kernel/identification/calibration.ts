import type { PersonId } from '../ids.js';
import { percentile } from '../percentile.js';
import {
  type Candidate,
  type Embedding,
  type MatchPolicy,
  similaritiesToPerson,
  similarityToPerson,
} from './match.js';

/**
 * Computes thresholds from the gallery itself.
 *
 * Assumption: for one person, the other persons of the gallery are a sample of the strangers at the site. The similarity of a
 * stranger, as Fisher's z (artanh of the cosine; R. A. Fisher, "On the probable error of a coefficient of correlation", Metron 1,
 * 1921), is then about normal in its upper tail, with a mean and a spread for each person. Fisher's z has no upper limit, so the
 * same rule works for a recogniser with strangers at 0.8 and for one with strangers at 0.
 *
 * One search compares a stranger with every person, so for a gallery of N persons FPIR = 1 - (1 - FMR_1) ... (1 - FMR_N)
 * (ISO/IEC 19795-1, with independent comparisons). Each person gets an equal share of the target.
 */

/** The references of one person, of one recogniser; unit vectors. */
export interface EnrolledPerson {
  readonly personId: PersonId;
  readonly references: readonly Embedding[];
}

/** A person who is similar to another person. */
export interface Neighbour extends Candidate {
  /** The expected similarity of a track of the neighbour: the mean over the neighbour's references. */
  readonly similarity: number;
  /** The similarity of the nearest of these references. The views of a track are similar, so a whole track may reach it. */
  readonly highest: number;
}

/** The similarities between the references of one person and the other persons. All figures are cosines, -1..1. */
export interface PersonLikeness {
  readonly personId: PersonId;
  /** For each reference, the similarity to the person with the other ones. Empty with a single reference. */
  readonly own: readonly number[];
  /** The most similar other persons, the nearest first. */
  readonly neighbours: readonly Neighbour[];
  /** Number of other persons from whom the neighbours were chosen. */
  readonly otherCount: number;
  /** The similarities of the references of an unbiased sample of the other persons. */
  readonly others: readonly number[];
}

/** Two enrolled persons whom the recogniser cannot distinguish. */
export interface InseparablePair {
  readonly a: PersonId;
  readonly b: PersonId;
  /** The similarity of a track of one person to the other person: the larger of both directions. */
  readonly similarity: number;
}

/** Number of neighbours kept for each person. */
export const neighboursKept = 8;

/** The typical person of the gallery weighs as much as this many own references; enrolment asks for three. */
const ownPrior = 3;

/** The similarity of each reference of the visitor to the person with `references`. */
export function visitorSimilarities(
  references: readonly Embedding[],
  visitor: readonly Embedding[],
): readonly number[] {
  return references.length === 0 ? [] : similaritiesToPerson(visitor, references);
}

/** The neighbour for the similarities `reached` of the references of a visitor; -1 without references. */
export function neighbourOf(personId: PersonId, reached: readonly number[]): Neighbour {
  if (reached.length === 0) return { personId, similarity: -1, highest: -1 };
  return { personId, similarity: mean(reached), highest: Math.max(...reached) };
}

/** The similarity of each reference to a person with the other ones; empty with fewer than two. */
export function ownSimilarities(references: readonly Embedding[]): readonly number[] {
  if (references.length < 2) return [];
  return references.map((probe, index) =>
    similarityToPerson(
      probe,
      references.filter((_, other) => other !== index),
    ),
  );
}

/** Compares each person with all others: for small galleries and for trials. */
export function likenesses(persons: readonly EnrolledPerson[]): readonly PersonLikeness[] {
  return persons.map(({ personId, references }) => {
    const scores = persons
      .filter((other) => other.personId !== personId)
      .map((other) => ({
        id: other.personId,
        reached: visitorSimilarities(references, other.references),
      }));
    return {
      personId,
      own: ownSimilarities(references),
      neighbours: nearestFirst(scores.map(({ id, reached }) => neighbourOf(id, reached))),
      otherCount: scores.length,
      others: scores.flatMap(({ reached }) => reached),
    };
  });
}

/** The nearest of `candidates`, the nearest first, at most `neighboursKept`. */
export function nearestFirst(candidates: readonly Neighbour[]): readonly Neighbour[] {
  return [...candidates]
    .sort((a, b) => b.highest - a.highest || (a.personId < b.personId ? -1 : 1))
    .slice(0, neighboursKept);
}

/**
 * The pairs of enrolled persons whom the recogniser cannot distinguish, the most similar first: a track of one person reaches the
 * threshold for the other, and the similarity to the person's own references exceeds this by less than the margin. With few
 * references, the own similarity is mixed with that of the typical person.
 */
export function inseparablePairs(
  persons: readonly PersonLikeness[],
  policy: Pick<MatchPolicy, 'threshold' | 'margin'>,
): readonly InseparablePair[] {
  return toTheEnd(inseparablePairSteps(persons, policy));
}

/** The same in steps of about one person each, for a gallery that is too large for a single step. */
export function* inseparablePairSteps(
  persons: readonly PersonLikeness[],
  { threshold, margin }: Pick<MatchPolicy, 'threshold' | 'margin'>,
): Generator<undefined, readonly InseparablePair[]> {
  const typical = typicalOwn(persons) ?? threshold;
  const own = new Map(persons.map((person) => [person.personId, expectedOwn(person, typical)]));
  const pairs = new Map<string, InseparablePair>();
  for (const { personId, neighbours } of persons) {
    yield;
    for (const { personId: visitor, similarity } of neighbours) {
      // A track of the visitor reaches `own` for the visitor's own references.
      const clearance = (own.get(visitor) ?? typical) - similarity;
      if (similarity < threshold || clearance >= margin) continue;
      const [a, b] = personId < visitor ? [personId, visitor] : [visitor, personId];
      const key = `${a} ${b}`;
      if ((pairs.get(key)?.similarity ?? -1) < similarity) pairs.set(key, { a, b, similarity });
    }
  }
  return [...pairs.values()].sort((x, y) => y.similarity - x.similarity || (x.a < y.a ? -1 : 1));
}

/** The target of a calibration. */
interface CalibrationTarget {
  /** The threshold of the operating point: the minimum for all persons. */
  readonly floor: number;
  /** The margin of the operating point: how far a target raises the floor, see `cautiousFloor`. */
  readonly margin?: number;
  /** Largest share of strangers that may be recognised as any person, 0..1. Undefined: all persons have the floor. */
  readonly targetFpir: number | undefined;
  /** A threshold that was set by hand for one person; below the floor it counts as the floor. */
  readonly ownThresholdOf?: (personId: PersonId) => number | undefined;
  /** The highest similarity at which another person was taken for this person, as an operator marked it. */
  readonly falseMatchOf?: (personId: PersonId) => number | undefined;
}

/** Why a person has a threshold of their own. */
export const ownThresholdReasons = ['few', 'neighbour', 'strangers', 'manual', 'marked'] as const;

/**
 * The reason of a threshold. `floor`: the floor meets the target for this person. `few`: there is a target, but too few persons are
 * enrolled for an estimate. `neighbour`: another enrolled person reaches all
 * lower thresholds. `strangers`: the distribution of the other persons requires it. `manual`: it was set by hand. `marked`: an operator marked a
 * passage in which another person reached all lower thresholds, or more than a mark may raise it.
 */
export const thresholdReasons = ['floor', ...ownThresholdReasons] as const;
export type ThresholdReason = (typeof thresholdReasons)[number];

/** The threshold of one person and its expected error rates. */
export interface PersonThreshold {
  readonly personId: PersonId;
  /** Cosine, at least the floor, at most 1. */
  readonly threshold: number;
  readonly reason: ThresholdReason;
  /** Expected share of strangers that reach it, 0..1; undefined with too few other persons. */
  readonly fmr: number | undefined;
  /** Expected share of the person's own tracks under it, 0..1; undefined if no person has two references. */
  readonly fnmr: number | undefined;
}

/** Minimum number of other persons for a distribution. */
const fewestOthers = 10;
/** Minimum number of persons for an estimate of strangers. */
export const fewestForEstimate = fewestOthers + 1;
/** Number of nearest persons from which the upper tail is estimated. */
const tailPersons = 3;
/*
 * Weights of the whole gallery beside one person. With less weight, single look-alikes raise thresholds so far that people are missed
 * far more often, while hardly fewer strangers are accepted (docs/decisions/0063).
 */
/** In the spread of one person, in persons. */
const spreadPrior = 4;
/** In the mean of one person, in similarities. */
const meanPrior = 10;
/** Share of a person's own comparisons that a mark may put below their threshold. */
const mostLostByMark = 0.25;
/** How far a mark may raise the threshold of a person where nothing is known of own comparisons, cosine. */
const reachOfMark = 0.1;
/** Far below the resolution of scores, which are float32 sums. */
const justAbove = 1e-6;

/**
 * The threshold of each person for an equal share of the target: the smallest one that no other enrolled person reaches, and that a
 * stranger reaches with a probability of at most 1 - (1 - target)^(1/N), with a normal distribution of Fisher's z. The mean comes
 * from the sample of others, the spread from the nearest persons (their z divided by the quantile of their rank). Both are mixed
 * with those of the whole gallery, because one person has few data. Never below the floor.
 */
export function calibrate(
  persons: readonly PersonLikeness[],
  target: CalibrationTarget,
): readonly PersonThreshold[] {
  return toTheEnd(calibrationSteps(persons, target));
}

/** The same in steps of about one person each, for a gallery that is too large for a single step. */
export function* calibrationSteps(
  persons: readonly PersonLikeness[],
  { floor, margin = 0, targetFpir, ownThresholdOf, falseMatchOf }: CalibrationTarget,
): Generator<undefined, readonly PersonThreshold[]> {
  const [ofStrangers, ofGenuine] = [new Moments(), new Moments()];
  for (const { others, own } of persons) {
    yield;
    for (const similarity of others) ofStrangers.add(fisherZ(similarity));
    for (const similarity of own) ofGenuine.add(fisherZ(similarity));
  }
  const [strangers, genuine] = [ofStrangers.distribution, ofGenuine.distribution];
  const quantileOf = rememberedQuantiles();
  const share = targetFpir === undefined ? undefined : 1 - (1 - targetFpir) ** (1 / persons.length);
  const found: PersonThreshold[] = [];
  for (const person of persons) {
    yield;
    const { personId, neighbours } = person;
    const others = strangers && strangersOf(person, strangers, quantileOf);
    const manual = ownThresholdOf?.(personId);
    const chosen =
      manual === undefined
        ? strictest({
            floor,
            few: share !== undefined && others === undefined ? cautiousFloor(floor, margin, false) : -1,
            neighbour: share === undefined ? -1 : Math.min(1, (neighbours[0]?.highest ?? -1) + justAbove),
            strangers:
              share && others
                ? Math.max(
                    cautiousFloor(floor, margin, true),
                    Math.tanh(others.mean + quantileOf(share) * others.spread),
                  )
                : -1,
            marked: Math.min(
              markedBound(person, { genuine, floor, quantileOf }),
              (falseMatchOf?.(personId) ?? -1) + justAbove,
            ),
          })
        : { threshold: Math.max(floor, manual), reason: 'manual' as const };
    const z = fisherZ(chosen.threshold);
    found.push({
      personId,
      ...chosen,
      fmr: others && upperTail((z - others.mean) / others.spread),
      fnmr: genuine && expectedFnmr(person, z, genuine),
    });
  }
  return found;
}

/**
 * The highest threshold that a mark may cause. A mark can be wrong itself, or be made of a passage in which a very similar photograph was
 * shown: the person must stay recognisable whatever is marked. So at most a quarter of the comparisons of the person's own references, or
 * of those of the whole gallery where the person has one, may fall below it.
 */
function markedBound(
  { own }: PersonLikeness,
  {
    genuine,
    floor,
    quantileOf,
  }: {
    readonly genuine: Distribution | undefined;
    readonly floor: number;
    readonly quantileOf: (share: number) => number;
  },
): number {
  const ofPerson = percentile(own, mostLostByMark);
  const ofGallery = genuine && Math.tanh(genuine.mean - quantileOf(mostLostByMark) * genuine.spread);
  return Math.max(floor, ofPerson ?? ofGallery ?? floor + reachOfMark);
}

function toTheEnd<T>(steps: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/**
 * The lowest threshold under a target. A gallery does not show the strangers who resemble one person and no other, such as a sister, so
 * half a margin above the floor is kept against them, and a whole one where nothing is known of strangers
 * (docs/decisions/0063). Never beyond a quarter of the way to 1.
 */
function cautiousFloor(floor: number, margin: number, isKnown: boolean): number {
  return floor + Math.min(isKnown ? margin / 2 : margin, (1 - floor) / 4);
}

/** The highest of several thresholds; of equal ones the first. */
function strictest(needed: Readonly<Record<Exclude<ThresholdReason, 'manual'>, number>>) {
  const reasons = thresholdReasons.filter((reason) => reason !== 'manual');
  const threshold = Math.max(...reasons.map((reason) => needed[reason]));
  const reason = reasons.find((candidate) => needed[candidate] === threshold) ?? 'floor';
  return { threshold, reason };
}

/** The share of strangers who are recognised as any person in one search, from the shares of the persons. */
export function fpirOf(fmrs: readonly number[]): number {
  return 1 - fmrs.reduce((product, fmr) => product * (1 - fmr), 1);
}

/** The expected share, 0..1, of the person's own tracks under a threshold, given as z. */
function expectedFnmr({ own }: PersonLikeness, threshold: number, genuine: Distribution): number {
  const sum = own.reduce((total, similarity) => total + fisherZ(similarity), 0);
  const expected = (sum + ownPrior * genuine.mean) / (own.length + ownPrior);
  return upperTail((expected - threshold) / genuine.spread);
}

interface Distribution {
  readonly mean: number;
  /** Standard deviation, above 0. */
  readonly spread: number;
}

/** Mean and spread of a stream of values (B. P. Welford, Technometrics 4, 1962). */
export class Moments {
  #count = 0;
  #mean = 0;
  #squares = 0;

  add(value: number): void {
    this.#count += 1;
    const away = value - this.#mean;
    this.#mean += away / this.#count;
    this.#squares += away * (value - this.#mean);
  }

  /** Undefined with fewer than two values. */
  get distribution(): Distribution | undefined {
    if (this.#count < 2) return undefined;
    const variance = this.#squares / (this.#count - 1);
    return { mean: this.#mean, spread: Math.max(leastSpread, Math.sqrt(variance)) };
  }
}

/** Minimum spread, below that of any recogniser: copies of one photograph would otherwise give 0. */
const leastSpread = 0.01;

/** The distribution of the similarities of strangers to one person; undefined with too few other persons. */
function strangersOf(
  { others, neighbours, otherCount }: PersonLikeness,
  gallery: Distribution,
  quantileOf: (share: number) => number,
): Distribution | undefined {
  if (otherCount < fewestOthers) return undefined;
  const sum = others.reduce((total, similarity) => total + fisherZ(similarity), 0);
  const centre = (sum + meanPrior * gallery.mean) / (others.length + meanPrior);
  const tail = neighbours.slice(0, tailPersons).map(({ highest }, index) => {
    const quantile = quantileOf((index + 0.5) / otherCount);
    return Math.max(0, (fisherZ(highest) - centre) / quantile) ** 2;
  });
  const squares = tail.reduce((total, square) => total + square, spreadPrior * gallery.spread ** 2);
  return { mean: centre, spread: Math.max(leastSpread, Math.sqrt(squares / (tail.length + spreadPrior))) };
}

/** Caches quantiles: all persons of a gallery need the same few. */
function rememberedQuantiles(): (share: number) => number {
  const known = new Map<number, number>();
  return (share) => {
    const quantile = known.get(share) ?? upperQuantile(share);
    known.set(share, quantile);
    return quantile;
  };
}

/** Limits the cosine: copies have a cosine of 1, for which z is infinite. */
const largestCosine = 0.999_999;

/** Fisher's z of a cosine; finite also for copies. */
export function fisherZ(cosine: number): number {
  return Math.atanh(Math.min(largestCosine, Math.max(-largestCosine, cosine)));
}

/**
 * The share of the standard normal distribution above `z`. Near the middle by the Taylor series of its integral, in the tail by
 * Laplace's continued fraction (M. Abramowitz, I. Stegun, "Handbook of Mathematical Functions", 26.2.10 and 26.2.14); better
 * than 1e-6 of the value.
 */
export function upperTail(z: number): number {
  if (z < 0) return 1 - upperTail(-z);
  const density = Math.exp(-(z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z > 3) {
    let fraction = z;
    for (let term = 60; term >= 1; term -= 1) fraction = z + term / fraction;
    return density / fraction;
  }
  let term = z;
  let sum = z;
  for (let n = 1; n < 60; n += 1) {
    term *= (-z * z * (2 * n - 1)) / (2 * n * (2 * n + 1));
    sum += term;
  }
  return 0.5 - sum / Math.sqrt(2 * Math.PI);
}

/** The z with a share `share` of the standard normal distribution above it; by bisection, to 1e-9. */
export function upperQuantile(share: number): number {
  let low = -38;
  let high = 38;
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (upperTail(middle) > share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The mean similarity between references of the same person, over all persons with several references. */
function typicalOwn(persons: readonly PersonLikeness[]): number | undefined {
  const known = persons.filter(({ own }) => own.length > 0).map(({ own }) => mean(own));
  return known.length === 0 ? undefined : mean(known);
}

/** The expected similarity of a person's own track. */
function expectedOwn({ own }: PersonLikeness, typical: number): number {
  const sum = own.reduce((total, similarity) => total + similarity, 0);
  return (sum + ownPrior * typical) / (own.length + ownPrior);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
