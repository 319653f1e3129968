import { type FaceQuality, isBetterView } from './quality.js';

/** A small picture of the face of a track, made only if the configuration keeps evidence. */
export interface BestShot {
  /** Capture time of its frame, monotonic milliseconds. */
  readonly capturedAtMs: number;
  /** Face and near surroundings without metadata, at most `largestBestShotBytes`. */
  readonly jpeg: Uint8Array;
}

/** Such pictures have a few kilobytes; both processes refuse larger ones. */
export const largestBestShotBytes = 64 * 1024;

/** Minimum improvement of the score for a new picture, so that a track replaces its picture only a few times. */
const improvement = 0.08;

/** True if a picture of quality `now` should replace one of quality `before`, or is the first. */
export function isWorthAShot(before: FaceQuality | undefined, now: FaceQuality): boolean {
  if (before === undefined) return true;
  const isSameKind = (before.reasons.length === 0) === (now.reasons.length === 0);
  return isSameKind ? now.score >= before.score + improvement : isBetterView(now, before);
}
