import { type FaceQuality, isBetterView } from './quality.js';

/** A small picture of the face of a track, made only where the configuration keeps evidence. */
export interface BestShot {
  /** Capture time of its frame, monotonic milliseconds. */
  readonly capturedAtMs: number;
  /** Face and near surroundings without metadata, at most `largestBestShotBytes`. */
  readonly jpeg: Uint8Array;
}

/** Pictures of this size are a few kilobytes; what is larger is refused by both processes. */
export const largestBestShotBytes = 64 * 1024;

/** Scores must differ by this much for another picture: so is a track's picture replaced a few times at most. */
const improvement = 0.08;

/** True where a picture of a view of quality `now` should replace one of quality `before`, or is the first. */
export function isWorthAShot(before: FaceQuality | undefined, now: FaceQuality): boolean {
  if (before === undefined) return true;
  const isSameKind = (before.reasons.length === 0) === (now.reasons.length === 0);
  return isSameKind ? now.score >= before.score + improvement : isBetterView(now, before);
}
