import type { PersonLikeness } from './calibration.js';

/** The error rates of comparing two photographs at one threshold, 0..1 (ISO/IEC 19795-1). */
export interface DetPoint {
  readonly threshold: number;
  /** Share of comparisons of different persons that reach the threshold: FMR(t) = |{impostor scores ≥ t}| / |{impostor scores}|. */
  readonly fmr: number;
  /** Share of comparisons of one person that do not: FNMR(t) = |{genuine scores < t}| / |{genuine scores}|. */
  readonly fnmr: number;
}

export interface DetCurve {
  /** Comparisons of a reference with the other references of the same person, and with those of other persons. */
  readonly genuine: number;
  readonly impostor: number;
  /** By ascending threshold, where one of the two rates is neither 0 nor 1. Empty without comparisons of both kinds. */
  readonly points: readonly DetPoint[];
  /** The rates at a threshold; undefined without comparisons of both kinds. */
  at(threshold: number): DetPoint | undefined;
}

/** Steps of 0.001 over the cosines -1..1: a finer one tells nothing in a gallery. */
const binsPerUnit = 1000;
const binCount = 2 * binsPerUnit;
const mostPoints = 120;

const binOf = (similarity: number): number =>
  Math.min(binCount, Math.max(0, Math.round(similarity * binsPerUnit + binsPerUnit)));
const thresholdOf = (bin: number): number => (bin - binsPerUnit) / binsPerUnit;

/**
 * The detection error trade-off of a gallery with itself (ISO/IEC 19795-1): its references against the nearest other reference of the same
 * person, and against those of a sample of other persons. One step per person.
 */
export function* detCurveSteps(persons: readonly PersonLikeness[]): Generator<undefined, DetCurve> {
  const genuine = new Uint32Array(binCount + 1);
  const impostor = new Uint32Array(binCount + 1);
  for (const { own, others } of persons) {
    yield;
    for (const similarity of own) count(genuine, similarity);
    for (const similarity of others) count(impostor, similarity);
  }
  return curveOf(genuine, impostor);
}

function count(bins: Uint32Array, similarity: number): void {
  const bin = binOf(similarity);
  bins[bin] = (bins[bin] ?? 0) + 1;
}

function curveOf(genuine: Uint32Array, impostor: Uint32Array): DetCurve {
  const totals = { genuine: total(genuine), impostor: total(impostor) };
  const isKnown = totals.genuine > 0 && totals.impostor > 0;
  const all: DetPoint[] = [];
  let missed = 0;
  let reached = totals.impostor;
  for (let bin = 0; isKnown && bin <= binCount; bin += 1) {
    all.push({ threshold: thresholdOf(bin), fmr: reached / totals.impostor, fnmr: missed / totals.genuine });
    missed += genuine[bin] ?? 0;
    reached -= impostor[bin] ?? 0;
  }
  const telling = all.filter(({ fmr, fnmr }) => (fmr > 0 && fmr < 1) || (fnmr > 0 && fnmr < 1));
  const stride = Math.max(1, Math.ceil(telling.length / mostPoints));
  return {
    ...totals,
    points: telling.filter((_, index) => index % stride === 0),
    at: (threshold) => all[binOf(threshold)],
  };
}

const total = (bins: Uint32Array): number => bins.reduce((sum, each) => sum + each, 0);
