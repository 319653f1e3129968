import type { FaceQuality } from '../faces/quality.js';
import { isTooBrief } from './judge-passage.js';
import type { Passage } from './passage.js';

/** What vision measures at a face between two sightings. */
export interface FaceNow {
  /** Wall clock, milliseconds since the epoch. */
  readonly atMs: number;
  /** Null where the landmarks were not found. */
  readonly view: {
    readonly quality: FaceQuality;
    readonly widthPx: number;
    readonly sharpness: number;
    readonly yawDeg: number;
    readonly meanLuma: number;
  } | null;
  readonly blinkCount: number;
  readonly observedS: number;
}

/**
 * A passage in sight as it would be judged at this moment. Sightings come when something changed: a face that stays too small causes
 * none, but that is what stands in the way.
 */
export function passageNow(passage: Passage, { atMs, view, blinkCount, observedS }: FaceNow): Passage {
  const now: Passage = {
    ...passage,
    lastSeenMs: Math.max(passage.lastSeenMs, atMs),
    liveness: { ...passage.liveness, blinkCount, observedS },
  };
  if (now.reason === 'seen-too-briefly' && !isTooBrief(observedS)) return { ...now, reason: 'no-blink' };
  const { best, count, faults, embedded } = passage.views;
  const [fault] = view?.quality.reasons ?? [];
  if (now.outcome !== 'undecided' || view === null || fault === undefined || best === undefined) return now;
  return {
    ...now,
    reason: fault,
    views: {
      ...{ count, embedded, best: { ...best, ...view } },
      faults: { ...faults, [fault]: Math.max(1, faults[fault] ?? 0) },
    },
  };
}
