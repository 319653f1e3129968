import { fpirOf, type PersonThreshold } from './calibration.js';

/** What the box expects of its gallery at the thresholds in force (ISO/IEC 19795-1). Shares are 0..1. */
export interface ExpectedRates {
  /** Undefined if the owner wants none. */
  readonly targetFpir: number | undefined;
  /** Share of strangers who are recognised as any person. Undefined with too few persons for an estimate. */
  readonly fpir: number | undefined;
  /** Share of the passages of enrolled persons that are missed: their mean. Undefined if no person has two references. */
  readonly fnir: number | undefined;
}

/** What `gallery-unfit` is about. */
export const galleryFaults = ['false-positives', 'false-negatives'] as const;
type GalleryFault = (typeof galleryFaults)[number];

/** Share of missed passages from which a gallery does not fit its target: people start to distrust a door that fails one in ten. */
const largestFnir = 0.1;
/** Rounding, and pairs of persons with an equal share, may exceed the target by this factor. */
const tolerance = 1.05;

export function expectedRates(
  thresholds: readonly PersonThreshold[],
  targetFpir: number | undefined,
): ExpectedRates {
  const fmrs = thresholds.flatMap(({ fmr }) => (fmr === undefined ? [] : [fmr]));
  const fnmrs = thresholds.flatMap(({ fnmr }) => (fnmr === undefined ? [] : [fnmr]));
  const total = fnmrs.reduce((sum, fnmr) => sum + fnmr, 0);
  return {
    targetFpir,
    fpir: fmrs.length === 0 ? undefined : fpirOf(fmrs),
    fnir: fnmrs.length === 0 ? undefined : total / fnmrs.length,
  };
}

/** Why a gallery does not fit its target; empty if it does, if there is no target, or if too little is known. */
export function unfitnessOf({ targetFpir, fpir, fnir }: ExpectedRates): readonly GalleryFault[] {
  if (targetFpir === undefined || fpir === undefined) return [];
  const isFault: Readonly<Record<GalleryFault, boolean>> = {
    'false-positives': fpir > targetFpir * tolerance,
    'false-negatives': (fnir ?? 0) > largestFnir,
  };
  return galleryFaults.filter((fault) => isFault[fault]);
}
