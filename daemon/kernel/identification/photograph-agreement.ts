import { type Embedding, similarityOf } from '../identification/match.js';

/** A photograph that does not agree with the others of its person. Photographs are counted from 0. */
export interface DisagreeingPhotograph {
  readonly index: number;
  /** The photograph that it was compared with. */
  readonly comparedTo: number;
  /** Similarity of the two, -1..1; NaN if an embedding contains NaN. */
  readonly similarity: number;
}

/** The photographs of one person do not all show the same person. */
export interface Disagreement {
  /**
   * True: more than half of the photographs agree; the others are listed, each compared with the medoid.
   * False: there is no majority, so the wrong photograph is unknown. All are listed, each compared with the most similar
   * other one.
   */
  readonly isWrongOneKnown: boolean;
  /** In the order of the photographs; never empty. */
  readonly photographs: readonly DisagreeingPhotograph[];
}

/**
 * Checks whether photographs (or templates) of one person agree: all must reach `threshold`, the match threshold of the
 * recogniser, with the medoid. The medoid is the photograph that agrees with most others and, among several, the one that is
 * most similar to all. So a view from the side must agree with the medoid only, and not with a view from the other side.
 *
 * A single photograph always agrees. Of two that differ, either may be wrong. With three or more, a majority decides if there is
 * one. Undefined if all agree.
 */
export function findDisagreement(
  embeddings: readonly Embedding[],
  threshold: number,
): Disagreement | undefined {
  const similarities = embeddings.map((one) => embeddings.map((other) => similarityOf(one, other)));
  const medoid = medoidOf(similarities, threshold);
  const all = similarities.map((_, index) => index);
  const deviating = all.filter(
    (index) => index !== medoid && !doAgree(similarities, index, medoid, threshold),
  );
  if (deviating.length === 0) return undefined;
  const isWrongOneKnown = 2 * deviating.length < embeddings.length;
  const named = isWrongOneKnown ? deviating : all;
  return {
    isWrongOneKnown,
    photographs: named.map((index) => {
      const comparedTo = isWrongOneKnown ? medoid : closestTo(similarities, index);
      return { index, comparedTo, similarity: between(similarities, index, comparedTo) };
    }),
  };
}

/** How well one of several photographs of a person agrees with the others. */
export interface Agreement {
  /** Similarity, -1..1, to the medoid; of the medoid itself, to the most similar other one. NaN if an embedding contains NaN. */
  readonly similarity: number;
  /** False if `findDisagreement` names the photograph. */
  readonly isAgreeing: boolean;
}

/** The agreement of each photograph, in their order; empty for fewer than two. */
export function agreementOf(embeddings: readonly Embedding[], threshold: number): readonly Agreement[] {
  if (embeddings.length < 2) return [];
  const similarities = embeddings.map((one) => embeddings.map((other) => similarityOf(one, other)));
  const medoid = medoidOf(similarities, threshold);
  const named = new Set(findDisagreement(embeddings, threshold)?.photographs.map(({ index }) => index));
  return similarities.map((_, index) => ({
    similarity: between(similarities, index, index === medoid ? closestTo(similarities, index) : medoid),
    isAgreeing: !named.has(index),
  }));
}

/** The embedding that agrees with most others: more photographs of the person must agree with it. Undefined without any. */
export function middleOf(embeddings: readonly Embedding[], threshold: number): Embedding | undefined {
  const similarities = embeddings.map((one) => embeddings.map((other) => similarityOf(one, other)));
  return embeddings[medoidOf(similarities, threshold)];
}

type Similarities = readonly (readonly number[])[];

function between(similarities: Similarities, a: number, b: number): number {
  return similarities[a]?.[b] ?? Number.NaN;
}

/** NaN agrees with nothing. */
function doAgree(similarities: Similarities, a: number, b: number, threshold: number): boolean {
  return between(similarities, a, b) >= threshold;
}

function medoidOf(similarities: Similarities, threshold: number): number {
  let medoid = 0;
  let best = { agreeing: -1, sum: Number.NEGATIVE_INFINITY };
  for (const [index, row] of similarities.entries()) {
    const agreeing = row.filter((similarity, other) => other !== index && similarity >= threshold).length;
    const sum = row.reduce((total, similarity) => total + similarity, 0);
    if (agreeing < best.agreeing || (agreeing === best.agreeing && !(sum > best.sum))) continue;
    best = { agreeing, sum };
    medoid = index;
  }
  return medoid;
}

function closestTo(similarities: Similarities, index: number): number {
  let closest = index === 0 ? 1 : 0;
  for (const other of similarities.keys()) {
    if (other === index) continue;
    const isCloser = between(similarities, index, other) > between(similarities, index, closest);
    if (isCloser) closest = other;
  }
  return closest;
}
