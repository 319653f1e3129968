import { type BestShot, isWorthAShot, largestBestShotBytes } from '../domain/faces/best-shot.js';
import type { Box } from '../domain/faces/geometry.js';
import type { Frame, Picture } from '../domain/faces/picture.js';
import type { AssessedView, FollowedFace } from './followed-face.js';
import type { StageCounters } from './stage-counters.js';

/**
 * Makes the small picture of the face in `box`: a JPEG without metadata. Reads `picture` before it returns its promise:
 * the buffer may be reused afterwards.
 */
export type TakeShot = (picture: Picture, box: Box) => Promise<Uint8Array>;

/** One located and assessed face of a frame. */
interface ShotView extends AssessedView {
  readonly face: FollowedFace;
}

/**
 * Takes a picture of a face where pictures are wanted and this view is clearly better than the one of the latest picture;
 * undefined otherwise, and where the picture cannot be made: that is counted and costs nothing but the picture.
 */
export async function shoot(
  frame: Frame,
  { face, landmarks, quality }: ShotView,
  options: { readonly takeShot: TakeShot | undefined; readonly counters: StageCounters },
): Promise<BestShot | undefined> {
  const { takeShot, counters } = options;
  if (takeShot === undefined || !isWorthAShot(face.shotQuality, quality)) return undefined;
  try {
    const jpeg = await counters.timeSync('bestShot', () => takeShot(frame.picture, landmarks.box));
    if (jpeg.length <= largestBestShotBytes) {
      counters.add('bestShotBytes', jpeg.length);
      return { capturedAtMs: frame.capturedAtMs, jpeg };
    }
    counters.add('bestShotsFailed');
  } catch {
    counters.add('bestShotsFailed');
  }
  return undefined;
}

/** The next sighting of the face carries the picture, if one was taken. */
export function keepShot({ face, quality }: ShotView, shot: BestShot | undefined): void {
  if (shot !== undefined) face.keepShot(shot, quality);
}
