import { type BlinkPolicy, closedDepthOf, defaultBlinkPolicy } from './blink.js';
import { eyeLevels, openBaseline } from './eye-level.js';
import { raisedOver } from './eye-sample.js';
import type { EyeSample } from './liveness.js';
import { type OpennessCurve, type OpennessSample, samplesOf } from './openness-curve.js';

/** The samples of a curve as the input of blink detection. A curve knows only the mean of both eyes, and no sharpness. */
export function eyeSamplesIn(curve: OpennessCurve): readonly EyeSample[] {
  return samplesOf(curve).map(eyeSampleFrom);
}

function eyeSampleFrom({ atMs, eyes }: OpennessSample): EyeSample {
  const seen = typeof eyes === 'number' ? { left: eyes, right: eyes } : { left: undefined, right: undefined };
  return {
    ...{ atMs, ...seen, framing: 'whole', sharpness: 1 },
    ...(typeof eyes === 'number'
      ? { areLidsRaised: eyes >= raisedOver }
      : { fault: eyes, areLidsRaised: false }),
  };
}

/** What a curve is read against. */
interface CurveLines {
  /** The openness of the open eyes. */
  readonly openEyes: number;
  /** A dip that comes down to it is a blink, however long it lasts; a quicker one needs less. */
  readonly closedUnder: number;
}

/** Undefined where the eyes were not seen for long enough to know how far they are open. */
export function linesOf(
  curve: OpennessCurve,
  policy: BlinkPolicy = defaultBlinkPolicy,
): CurveLines | undefined {
  const samples = eyeSamplesIn(curve);
  const levels = eyeLevels(samples, policy.settleMs);
  if (levels === undefined) return undefined;
  const openEyes = openBaseline(samples.flatMap(({ left }) => left ?? []));
  return { openEyes, closedUnder: openEyes * (1 - closedDepthOf(levels, policy)) };
}
