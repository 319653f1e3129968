import { type Affine, applyAffine, composeAffine, fitSimilarity, invertAffine } from '../faces/affine.js';
import { eyeMiddlesOf, skullOf } from '../faces/face-mesh.js';
import type { Point } from '../faces/geometry.js';
import { follow, mappedBack, PATCH_HALF, patchMiddles, smoothed, TEXTURE_PX } from './patches.kernel.js';

/*
 * A sheet or a screen that is moved takes along what it shows beside the face. What is behind a living person stays where it is when the
 * head moves. So patches beside and above the head are followed from one moment to another, and each tells which of the two it did.
 */

/** What is around a face in one frame. */
export interface Surroundings {
  /** Brightness, 0..255, black outside the picture: the face upright, `TEXTURE_PX` squared, row by row. */
  readonly luma: Uint8Array;
  /** `FaceLandmarks.shape`, pixels of the picture. */
  readonly shape: readonly Point[];
  readonly picture: { readonly widthPx: number; readonly heightPx: number };
}

/** The middles of the eyes are so far apart, pixels; so 3.4 such distances fit on either side, and 3.9 above. */
const EYES_PX = 14;
const EYES_Y = 54;
const eyesInTexture: readonly Point[] = [
  { x: (TEXTURE_PX - EYES_PX) / 2, y: EYES_Y },
  { x: (TEXTURE_PX + EYES_PX) / 2, y: EYES_Y },
];

/** Takes the texture to the picture in which the `shape` of the face was found. */
export const surroundingsToPicture = (shape: readonly Point[]): Affine =>
  fitSimilarity(eyesInTexture, eyeMiddlesOf(shape));

/** Head and hair: half of width and height about a place above the eyes; and how far below them shoulders begin. In distances of the eyes. */
const head = { y: -0.4, width: 2.3, height: 2.5 } as const;
const shouldersY = 0.6;

/** Whatever moves with every head is left out. */
const besideHead = patchMiddles((x, y) => {
  const across = (x + 0.5 - TEXTURE_PX / 2) / EYES_PX;
  const down = (y + 0.5 - EYES_Y) / EYES_PX;
  return down < shouldersY && (across / head.width) ** 2 + ((down - head.y) / head.height) ** 2 >= 1;
});

/** Moments are compared where what moves with the face moves by so much, pixels. */
const LEAST_MOVE_PX = 1;
/** A patch is where it would be to this share of the way between both places, and not at the other one to that share. */
const NEAR = 0.4;
const FAR = 0.6;

/**
 * On either side of the head so many patches must have moved with the face, so many times those that stayed, and so large a share of those
 * on the other side. A shoulder, an arm, or a camera that is turned is seen to move along on one side.
 */
const FEWEST_FOLLOWING = 6;
const TIMES_STAYING = 4;
const SHARE_OF_OTHER_SIDE = 1 / 3;
/** So many in all, and more than moved along, show that what is behind the face stays. */
const FEWEST_STAYING = 6;

/**
 * Whether what is around a face moved with it: from one of the earlier moments to the last. Undefined where the face hardly moved, or
 * nothing around it can be followed.
 */
export function doSurroundingsFollow(
  earlier: readonly Surroundings[],
  last: Surroundings,
): boolean | undefined {
  const followed = { left: 0, right: 0 };
  const stayed = { left: 0, right: 0 };
  const is = smoothed(last.luma);
  const toLast = invertAffine(surroundingsToPicture(last.shape));
  const pairs = earlier
    .map((from) => {
      const toPicture = surroundingsToPicture(from.shape);
      const withFace = composeAffine(fitSimilarity(skullOf(from.shape), skullOf(last.shape)), toPicture);
      return { from, go: composeAffine(toLast, withFace), stay: composeAffine(toLast, toPicture) };
    })
    .map((pair) => ({ ...pair, movedPx: Math.max(...besideHead.map((at) => distanceBetween(pair, at))) }))
    .filter(({ movedPx }) => movedPx >= LEAST_MOVE_PX)
    .sort((a, b) => b.movedPx - a.movedPx);
  for (const { from, go, stay } of pairs) {
    const was = smoothed(from.luma);
    const toPicture = surroundingsToPicture(from.shape);
    const [ifFollows, ifStays] = [mappedBack(is, go), mappedBack(is, stay)];
    for (const place of besideHead) {
      if (!isWithin(from.picture, toPicture, place)) continue;
      const between = distanceBetween({ go, stay }, place);
      if (between < LEAST_MOVE_PX) continue;
      const off = [ifFollows, ifStays].map((to) => {
        const found = follow(was, to, place);
        return found === undefined ? Number.POSITIVE_INFINITY : Math.hypot(found.byX, found.byY) / between;
      });
      const [offFollowing, offStaying] = off as [number, number];
      const side = place.x < TEXTURE_PX / 2 ? 'left' : 'right';
      if (offFollowing < NEAR && offStaying > FAR) followed[side] += 1;
      else if (offStaying < NEAR && offFollowing > FAR) stayed[side] += 1;
    }
    const staying = stayed.left + stayed.right;
    if (staying >= FEWEST_STAYING && staying > followed.left + followed.right) return false;
  }
  const most = Math.max(followed.left, followed.right);
  const doFollow = (['left', 'right'] as const).every(
    (side) =>
      followed[side] >= Math.max(FEWEST_FOLLOWING, TIMES_STAYING * stayed[side], SHARE_OF_OTHER_SIDE * most),
  );
  return doFollow ? true : undefined;
}

function distanceBetween({ go, stay }: { readonly go: Affine; readonly stay: Affine }, at: Point): number {
  const [first, second] = [applyAffine(go, at), applyAffine(stay, at)];
  return Math.hypot(first.x - second.x, first.y - second.y);
}

/** Whether the whole patch lies in the picture. */
function isWithin(
  { widthPx, heightPx }: Surroundings['picture'],
  toPicture: Affine,
  { x, y }: Point,
): boolean {
  const reach = PATCH_HALF + 1;
  return [-reach, reach].every((right) =>
    [-reach, reach].every((down) => {
      const at = applyAffine(toPicture, { x: x + right, y: y + down });
      return at.x >= 0 && at.y >= 0 && at.x <= widthPx && at.y <= heightPx;
    }),
  );
}
