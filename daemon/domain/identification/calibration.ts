import type { PersonId } from '../ids.js';
import { type Candidate, type Embedding, type MatchPolicy, similarityOf } from './match.js';

/**
 * Thresholds from the gallery itself.
 *
 * Assumption: for one person, the other persons of the gallery are a sample of the strangers who come to the site. What a
 * stranger reaches is then, as Fisher's z (artanh of the cosine; R. A. Fisher, "On the probable error of a coefficient of
 * correlation", Metron 1, 1921), about normal in its upper tail, with a mean and a spread of that person's own. Fisher's z
 * takes the end of the scale away, so the same rule serves a recogniser whose strangers lie at 0.8 and one whose lie at 0.
 *
 * One search compares a stranger with every person, so for a gallery of N persons FPIR = 1 - (1 - FMR_1) ... (1 - FMR_N)
 * (ISO/IEC 19795-1, with independent comparisons). Each person gets the same share of the target.
 */

/** The references of one person, of one recogniser; unit vectors. */
export interface EnrolledPerson {
  readonly personId: PersonId;
  readonly references: readonly Embedding[];
}

/** Another person near to one, and how near. */
export interface Neighbour extends Candidate {
  /** What a track of theirs would reach on average: the mean over their references. */
  readonly similarity: number;
  /** What the one of their references that comes nearest reaches: the views of one track are alike, so a track may be like it. */
  readonly highest: number;
}

/** How the references of one person lie among those of the others. All figures are cosines, -1..1. */
export interface PersonLikeness {
  readonly personId: PersonId;
  /** Of each reference, the similarity to the nearest other reference of this person. Empty where there is one only. */
  readonly own: readonly number[];
  /** The other persons who come nearest, nearest first. */
  readonly neighbours: readonly Neighbour[];
  /** From how many other persons the neighbours were chosen. */
  readonly otherCount: number;
  /** What each reference of a sample of the other persons reaches here; chosen without a look at how near they are. */
  readonly others: readonly number[];
}

/** Two enrolled persons whom the recogniser cannot tell apart. */
export interface InseparablePair {
  readonly a: PersonId;
  readonly b: PersonId;
  /** What a track of the one reaches in comparison with the other: the larger of both ways. */
  readonly similarity: number;
}

/** Neighbours that are kept for each person. */
export const neighboursKept = 8;

/** References that weigh as much as the typical person of the gallery: three are what enrolment asks for. */
const ownPrior = 3;

/** What each of the visitor's references reaches in comparison with `references`: the similarity to the nearest one. */
export function visitorSimilarities(
  references: readonly Embedding[],
  visitor: readonly Embedding[],
): readonly number[] {
  return references.length === 0 ? [] : visitor.map((probe) => nearestOf(references, probe));
}

/** How near a visitor comes, by what their references reach; -1 where there are none. */
export function neighbourOf(personId: PersonId, reached: readonly number[]): Neighbour {
  if (reached.length === 0) return { personId, similarity: -1, highest: -1 };
  return { personId, similarity: mean(reached), highest: Math.max(...reached) };
}

/** Of each reference the similarity to the nearest other one; empty where there are fewer than two. */
export function ownSimilarities(references: readonly Embedding[]): readonly number[] {
  if (references.length < 2) return [];
  return references.map((probe, index) =>
    nearestOf(
      references.filter((_, other) => other !== index),
      probe,
    ),
  );
}

function nearestOf(references: readonly Embedding[], probe: Embedding): number {
  let nearest = -1;
  for (const reference of references) nearest = Math.max(nearest, similarityOf(reference, probe));
  return nearest;
}

/** Compares every person with every other one: for galleries that are small enough, and for trials. */
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

/** The nearest of `candidates`, nearest first, as many as are kept. */
export function nearestFirst(candidates: readonly Neighbour[]): readonly Neighbour[] {
  return [...candidates]
    .sort((a, b) => b.highest - a.highest || (a.personId < b.personId ? -1 : 1))
    .slice(0, neighboursKept);
}

/**
 * The pairs of enrolled persons whom the recogniser cannot tell apart, most alike first: a track of one reaches the
 * threshold in comparison with the other, and falls short of what one's own references reach by less than the margin that
 * a match needs. Of a person with few references, what their own reach is taken to be partly that of the typical person.
 */
export function inseparablePairs(
  persons: readonly PersonLikeness[],
  policy: Pick<MatchPolicy, 'threshold' | 'margin'>,
): readonly InseparablePair[] {
  return toTheEnd(inseparablePairSteps(persons, policy));
}

/** The same in steps of about one person each, for a gallery that is too large to be worked on in one go. */
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
      // The visitor's own track reaches `own` in comparison with their own references.
      const clearance = (own.get(visitor) ?? typical) - similarity;
      if (similarity < threshold || clearance >= margin) continue;
      const [a, b] = personId < visitor ? [personId, visitor] : [visitor, personId];
      const key = `${a} ${b}`;
      if ((pairs.get(key)?.similarity ?? -1) < similarity) pairs.set(key, { a, b, similarity });
    }
  }
  return [...pairs.values()].sort((x, y) => y.similarity - x.similarity || (x.a < y.a ? -1 : 1));
}

/** What the owner asks for. */
export interface CalibrationTarget {
  /** The threshold of the operating point: no person gets a lower one. */
  readonly floor: number;
  /** At most this share of the strangers may be taken for anybody, 0..1. Undefined: everybody has the floor. */
  readonly targetFpir: number | undefined;
  /** What somebody set for one person instead; under the floor it counts as the floor. */
  readonly ownThresholdOf?: (personId: PersonId) => number | undefined;
}

/**
 * Why a threshold is what it is. `floor`: it keeps the target for this person. `neighbour`: another enrolled person reaches
 * everything below it. `strangers`: the distribution of the other persons asks for it. `manual`: somebody set it.
 */
export type ThresholdReason = 'floor' | 'neighbour' | 'strangers' | 'manual';

/** The threshold of one person and what is to be expected of it. */
export interface PersonThreshold {
  readonly personId: PersonId;
  /** Cosine, at least the floor, at most 1. */
  readonly threshold: number;
  readonly reason: ThresholdReason;
  /** Share of strangers expected to reach it, 0..1; undefined where too few others are enrolled to say. */
  readonly fmr: number | undefined;
  /** Share of the person's own tracks expected to stay under it, 0..1; undefined where no person has two references. */
  readonly fnmr: number | undefined;
}

/** With fewer other persons than these, a distribution cannot be told. */
const fewestOthers = 10;
/** Of how many nearest persons the upper tail is told. */
const tailPersons = 3;
/** As many persons of the whole gallery's distribution are mixed into the spread of one person. */
const spreadPrior = 1;
/** The same for the mean. */
const meanPrior = 10;
/** Scores are float32 sums; this is far below what tells two of them apart. */
const justAbove = 1e-6;

/**
 * The threshold of each person that keeps their share of the target: the smallest at which no other enrolled person reaches
 * it, and at which a stranger does with a probability of 1 - (1 - target)^(1/N), by a normal distribution of Fisher's z. Its
 * mean is that of the sample of others, its spread that of the nearest persons (their z over the quantile of their rank), both
 * mixed with those of the whole gallery, because one person's own are few. Never below the floor.
 */
export function calibrate(
  persons: readonly PersonLikeness[],
  target: CalibrationTarget,
): readonly PersonThreshold[] {
  return toTheEnd(calibrationSteps(persons, target));
}

/** The same in steps of about one person each, for a gallery that is too large to be worked on in one go. */
export function* calibrationSteps(
  persons: readonly PersonLikeness[],
  { floor, targetFpir, ownThresholdOf }: CalibrationTarget,
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
            neighbour: share === undefined ? -1 : Math.min(1, (neighbours[0]?.highest ?? -1) + justAbove),
            strangers: share && others ? Math.tanh(others.mean + quantileOf(share) * others.spread) : -1,
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

function toTheEnd<T>(steps: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** The policy with a threshold for each person and the pairs that cannot be told apart, from a gallery that does not change. */
export function policyOver(
  gallery: readonly EnrolledPerson[],
  policy: MatchPolicy,
  targetFpir: number | undefined,
): MatchPolicy {
  const persons = likenesses(gallery);
  const thresholds = new Map(
    calibrate(persons, { floor: policy.threshold, targetFpir }).map((one) => [one.personId, one.threshold]),
  );
  const pairs = inseparablePairs(persons, policy);
  return {
    ...policy,
    thresholdOf: (id) => thresholds.get(id),
    isInseparable: (x, y) => pairs.some(({ a, b }) => (a === x && b === y) || (a === y && b === x)),
  };
}

/** The strictest of several thresholds; of equal ones the first. */
function strictest(needed: Readonly<Record<Exclude<ThresholdReason, 'manual'>, number>>) {
  const reasons = ['floor', 'neighbour', 'strangers'] as const;
  const threshold = Math.max(...reasons.map((reason) => needed[reason]));
  const reason = reasons.find((candidate) => needed[candidate] === threshold) ?? 'floor';
  return { threshold, reason };
}

/** The share of strangers who are taken for somebody in one search, by the shares of the persons. */
export function fpirOf(fmrs: readonly number[]): number {
  return 1 - fmrs.reduce((product, fmr) => product * (1 - fmr), 1);
}

/** The share of the person's own tracks, 0..1, that is expected to stay under a threshold, given as z. */
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

/** Mean and spread of values that come one by one (B. P. Welford, Technometrics 4, 1962). */
class Moments {
  #count = 0;
  #mean = 0;
  #squares = 0;

  add(value: number): void {
    this.#count += 1;
    const away = value - this.#mean;
    this.#mean += away / this.#count;
    this.#squares += away * (value - this.#mean);
  }

  /** Undefined where there are too few values to say. */
  get distribution(): Distribution | undefined {
    if (this.#count < 2) return undefined;
    const variance = this.#squares / (this.#count - 1);
    return { mean: this.#mean, spread: Math.max(leastSpread, Math.sqrt(variance)) };
  }
}

/** No recogniser is as steady as this: keeps copies of one photograph from making a spread of 0. */
const leastSpread = 0.01;

/** The distribution of strangers in comparison with one person; undefined where too few others are enrolled. */
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

/** All persons of a gallery ask for the same few. */
function rememberedQuantiles(): (share: number) => number {
  const known = new Map<number, number>();
  return (share) => {
    const quantile = known.get(share) ?? upperQuantile(share);
    known.set(share, quantile);
    return quantile;
  };
}

/** Cosines of copies are 1, of which there is no z. */
const largestCosine = 0.999_999;

function fisherZ(cosine: number): number {
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

/** The z above which the share `share` of the standard normal distribution lies; by halving, to 1e-9. */
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

/** What references of one person reach among each other, on average over the persons who have several. */
function typicalOwn(persons: readonly PersonLikeness[]): number | undefined {
  const known = persons.filter(({ own }) => own.length > 0).map(({ own }) => mean(own));
  return known.length === 0 ? undefined : mean(known);
}

/** What a person's own track is expected to reach. */
function expectedOwn({ own }: PersonLikeness, typical: number): number {
  const sum = own.reduce((total, similarity) => total + similarity, 0);
  return (sum + ownPrior * typical) / (own.length + ownPrior);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
