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

/** How the references of one person lie among those of the others. All figures are cosines, -1..1. */
export interface PersonLikeness {
  readonly personId: PersonId;
  /** Of each reference, the similarity to the nearest other reference of this person. Empty where there is one only. */
  readonly own: readonly number[];
  /** The other persons who come nearest, nearest first, each with what a track of theirs would reach here. */
  readonly neighbours: readonly Candidate[];
  /** From how many other persons the neighbours were chosen. */
  readonly otherCount: number;
  /** What a sample of the other persons reaches here, chosen without a look at how near they are. */
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

/**
 * What a track of `visitor` would reach in comparison with `references`: the mean, over the visitor's references, of the
 * similarity to the nearest one, as `identifyTrack` counts. -1 where either has none.
 */
export function trackSimilarity(references: readonly Embedding[], visitor: readonly Embedding[]): number {
  if (references.length === 0 || visitor.length === 0) return -1;
  let sum = 0;
  for (const probe of visitor) sum += nearestOf(references, probe);
  return sum / visitor.length;
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
        personId: other.personId,
        similarity: trackSimilarity(references, other.references),
      }));
    return {
      personId,
      own: ownSimilarities(references),
      neighbours: nearestFirst(scores),
      otherCount: scores.length,
      others: scores.map(({ similarity }) => similarity),
    };
  });
}

/** The nearest of `candidates`, nearest first, as many as are kept. */
export function nearestFirst(candidates: readonly Candidate[]): readonly Candidate[] {
  return [...candidates]
    .sort((a, b) => b.similarity - a.similarity || (a.personId < b.personId ? -1 : 1))
    .slice(0, neighboursKept);
}

/**
 * The pairs of enrolled persons whom the recogniser cannot tell apart, most alike first: a track of one reaches the
 * threshold in comparison with the other, and falls short of what one's own references reach by less than the margin that
 * a match needs. Of a person with few references, what their own reach is taken to be partly that of the typical person.
 */
export function inseparablePairs(
  persons: readonly PersonLikeness[],
  { threshold, margin }: Pick<MatchPolicy, 'threshold' | 'margin'>,
): readonly InseparablePair[] {
  const typical = typicalOwn(persons) ?? threshold;
  const own = new Map(persons.map((person) => [person.personId, expectedOwn(person, typical)]));
  const pairs = new Map<string, InseparablePair>();
  for (const { personId, neighbours } of persons) {
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
