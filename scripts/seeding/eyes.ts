import type { QualityReason } from '../../daemon/kernel/faces/quality.js';
import type { EyeFault } from '../../daemon/kernel/liveness/liveness.js';
import {
  mostOpennessSamples,
  type OpennessCurve,
  packedCurve,
} from '../../daemon/kernel/liveness/openness-curve.js';
import type { PassageBlink } from '../../daemon/kernel/passages/passage.js';
import type { Random } from '../../daemon/kernel/random.js';

const fps = 15;
/** Of the eyes of a usual face. */
const open = 0.29;
/** The share of this that a blink takes away. */
const closing = 0.65;
/** A lid closes and opens like a bell: its width at half depth, in units of the bell. */
const bellWidth = 2 * Math.sqrt(Math.LN2);
/** The first fit of a mesh comes so long after the first sight of a face. */
const firstFitMs = 130;

/** The faults of faces in whose views the eyes are not judged. */
const eyeFaultOf: Readonly<Partial<Record<QualityReason, EyeFault>>> = {
  'too-small': 'eye-too-small',
  'cut-off': 'eye-cut-off',
  'turned-away': 'turned-away',
  dark: 'dark',
  occluded: 'occluded',
};

/** Whether the eyes of a face with this fault are never judged. */
export const areEyesHidden = (fault: QualityReason): boolean => eyeFaultOf[fault] !== undefined;

interface SeenEyes {
  /** When the box had its verdict, or when the face was gone. */
  readonly untilS: number;
  readonly blinks: readonly PassageBlink[];
  readonly fault?: QualityReason;
  readonly random: Random;
}

/** The eyes of a face as vision would have measured them. Now and then a face is turned away for some views. */
export function eyesOf({ untilS, blinks, fault, random }: SeenEyes): OpennessCurve {
  const awayS = random.unit() < 0.3 ? untilS * random.unit() : Number.POSITIVE_INFINITY;
  const count = Math.min(mostOpennessSamples, Math.max(2, Math.floor((untilS - firstFitMs / 1000) * fps)));
  const samples = Array.from({ length: count }, (_, index) => {
    const atS = untilS - (count - 1 - index) / fps;
    const isAway =
      atS > awayS && atS < awayS + 0.3 && blinks.every(({ afterS }) => Math.abs(afterS - atS) > 0.6);
    const eyeFault = (fault && eyeFaultOf[fault]) ?? (isAway ? 'turned-away' : undefined);
    const level = blinks.reduce((least, blink) => Math.min(least, levelAt(atS, blink)), 1);
    return { atMs: atS * 1000, eyes: eyeFault ?? open * level + 0.008 * (random.unit() - 0.5) };
  });
  return packedCurve(samples) ?? { fromMs: 0, packed: new Uint8Array() };
}

function levelAt(atS: number, { afterS, durationS }: PassageBlink): number {
  const away = ((atS - afterS) * bellWidth) / durationS;
  return 1 - closing * Math.exp(-(away * away));
}
