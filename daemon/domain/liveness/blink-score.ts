import { assign } from '../tracks/assignment.js';

/** When eyes closed in one clip, as a person saw it; seconds, middles of the closures. */
export interface BlinkTruth {
  readonly blinks: readonly number[];
  /** Half-closures and the like: finding one is no error, missing it is none. */
  readonly ambiguous: readonly number[];
}

/** How found blinks compare with the truth; seconds. */
export interface BlinkScore {
  readonly hits: number;
  /** True blinks that were not found. */
  readonly missed: readonly number[];
  /** Found, and no blink. */
  readonly mistaken: readonly number[];
}

/**
 * Pairs found blinks with true ones no more than `toleranceS` away, as many as possible, the nearest first. What is left
 * of the found ones is a mistake unless it lies as near to an ambiguous one.
 */
export function scoreBlinks(found: readonly number[], truth: BlinkTruth, toleranceS: number): BlinkScore {
  const distances = found.map((atS) => truth.blinks.map((trueS) => gapWithin(atS, trueS, toleranceS)));
  const pairs = assign(distances);
  const isHit = (index: number): boolean => pairs.some(({ row }) => row === index);
  const isFound = (index: number): boolean => pairs.some(({ column }) => column === index);
  const isAmbiguous = (atS: number): boolean =>
    truth.ambiguous.some((ambiguousS) => Number.isFinite(gapWithin(atS, ambiguousS, toleranceS)));
  return {
    hits: pairs.length,
    missed: truth.blinks.filter((_, index) => !isFound(index)),
    mistaken: found.filter((atS, index) => !isHit(index) && !isAmbiguous(atS)),
  };
}

/** A hair more than the tolerance: times are written with three decimals. */
const rounding = 1e-9;

function gapWithin(a: number, b: number, toleranceS: number): number {
  const gap = Math.abs(a - b);
  return gap <= toleranceS + rounding ? gap : Number.POSITIVE_INFINITY;
}

/** Detection figures; undefined where nothing was there to be counted. */
export interface DetectionFigures {
  /** Part of what was found that is true. */
  readonly precision: number | undefined;
  /** Part of what is true that was found. */
  readonly recall: number | undefined;
  /** Harmonic mean of the two. */
  readonly f1: number | undefined;
}

export function detectionFigures(hits: number, missed: number, mistaken: number): DetectionFigures {
  const part = (whole: number): number | undefined => (whole === 0 ? undefined : hits / whole);
  const f1 = hits + missed + mistaken === 0 ? undefined : (2 * hits) / (2 * hits + missed + mistaken);
  return { precision: part(hits + mistaken), recall: part(hits + missed), f1 };
}
