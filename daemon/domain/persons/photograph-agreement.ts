import { type Embedding, similarityOf } from '../identification/match.js';

/** A photograph that does not agree with the others of its person. Photographs are counted from 0. */
export interface DisagreeingPhotograph {
  readonly index: number;
  /** The photograph that it was compared with. */
  readonly comparedTo: number;
  /** Of the two, -1..1; not a number where an embedding holds none. */
  readonly similarity: number;
}

/** Photographs of one person that do not all show one person. */
export interface Disagreement {
  /**
   * True: more than half of the photographs agree, and the others are named, each compared with the medoid.
   * False: no such majority exists, so none can be called the wrong one. All are named, each compared with the one that is
   * closest to it.
   */
  readonly isWrongOneKnown: boolean;
  /** In the order of the photographs; never empty. */
  readonly photographs: readonly DisagreeingPhotograph[];
}

/**
 * Whether photographs (or templates) that are said to be of one person agree. They do when all of them reach `threshold`, the
 * similarity from which the recogniser takes two faces for one person, with the medoid: the photograph that most others agree
 * with, and among several such, the one that is closest to all. So a view from the side needs to agree with the middle of the
 * set only, not with a view from the other side.
 *
 * One photograph always agrees with itself. Of two that differ, either may be the wrong one. From three on, a majority decides
 * where there is one. Undefined where all agree.
 */
export function findDisagreement(
  embeddings: readonly Embedding[],
  threshold: number,
): Disagreement | undefined {
  const similarities = embeddings.map((one) => embeddings.map((other) => similarityOf(one, other)));
  const medoid = medoidOf(similarities, threshold);
  const all = similarities.map((_, index) => index);
  const strangers = all.filter(
    (index) => index !== medoid && !doAgree(similarities, index, medoid, threshold),
  );
  if (strangers.length === 0) return undefined;
  const isWrongOneKnown = 2 * strangers.length < embeddings.length;
  const named = isWrongOneKnown ? strangers : all;
  return {
    isWrongOneKnown,
    photographs: named.map((index) => {
      const comparedTo = isWrongOneKnown ? medoid : closestTo(similarities, index);
      return { index, comparedTo, similarity: between(similarities, index, comparedTo) };
    }),
  };
}

type Similarities = readonly (readonly number[])[];

function between(similarities: Similarities, a: number, b: number): number {
  return similarities[a]?.[b] ?? Number.NaN;
}

/** What is not a number agrees with nothing. */
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
