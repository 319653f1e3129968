import { assign } from '../assignment.js';

/** The blinks of a clip as a person annotated them: middles of the closures, seconds. */
export interface BlinkTruth {
  readonly blinks: readonly number[];
  /** Half-closures and similar: neither finding nor missing one is an error. */
  readonly ambiguous: readonly number[];
}

/** The comparison of found blinks with the truth, seconds. */
export interface BlinkScore {
  readonly hits: number;
  /** True blinks that were not found. */
  readonly missed: readonly number[];
  /** Found blinks that are not true. */
  readonly mistaken: readonly number[];
}

/**
 * Pairs found blinks with true ones at most `toleranceS` away, as many as possible, the nearest first. An unpaired found blink is
 * a mistake, unless an ambiguous one is as near.
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

/** Added to the tolerance against rounding errors: times have three decimals. */
const rounding = 1e-9;

function gapWithin(a: number, b: number, toleranceS: number): number {
  const gap = Math.abs(a - b);
  return gap <= toleranceS + rounding ? gap : Number.POSITIVE_INFINITY;
}

/** Detection figures; undefined without cases. */
interface DetectionFigures {
  /** Share of the found blinks that are true. */
  readonly precision: number | undefined;
  /** Share of the true blinks that were found. */
  readonly recall: number | undefined;
  /** Harmonic mean of the two. */
  readonly f1: number | undefined;
}

export function detectionFigures(hits: number, missed: number, mistaken: number): DetectionFigures {
  const part = (whole: number): number | undefined => (whole === 0 ? undefined : hits / whole);
  const f1 = hits + missed + mistaken === 0 ? undefined : (2 * hits) / (2 * hits + missed + mistaken);
  return { precision: part(hits + mistaken), recall: part(hits + missed), f1 };
}
