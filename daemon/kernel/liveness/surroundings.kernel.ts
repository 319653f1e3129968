import { type Affine, applyAffine, composeAffine, fitSimilarity, invertAffine } from '../faces/affine.js';
import { eyeMiddlesOf, skullOf } from '../faces/face-mesh.js';
import type { Point } from '../faces/geometry.js';
import {
  eyesAt,
  type FollowedPatch,
  follow,
  mappedBack,
  PATCH_HALF,
  patchMiddles,
  smoothed,
  TEXTURE_PX,
} from './patches.kernel.js';

/*
 * A sheet or a screen that is moved takes along what it shows beside the face, and its own edges. What is behind a living person stays
 * where it is when the head moves. So places beside and above the head are followed from one moment to another, and each shows which of the
 * two happened. A sheet no larger than a head with its hair goes unnoticed, because hair moves along, too.
 */

/** What is around a face in one frame. */
export interface Surroundings {
  /** Brightness, 0..255, black outside the picture: the face upright, `TEXTURE_PX` squared, row by row. */
  readonly luma: Uint8Array;
  /** `FaceLandmarks.shape`, pixels of the picture. */
  readonly shape: readonly Point[];
  readonly picture: { readonly widthPx: number; readonly heightPx: number };
}

/** The middles of the eyes are so far apart, pixels; so four such distances fit on either side, and four and a half above. */
const EYES_PX = 12;
const EYES_Y = 54;
const eyesInTexture = eyesAt(EYES_PX, EYES_Y);

/** Takes the texture to the picture in which the `shape` of the face was found. */
export const surroundingsToPicture = (shape: readonly Point[]): Affine =>
  fitSimilarity(eyesInTexture, eyeMiddlesOf(shape));

/**
 * Head and hair, also much of it: half of width and height about a place above the eyes; and how far below them shoulders begin. In
 * distances of the eyes.
 */
const head = { y: -0.4, width: 2.3, height: 2.5 } as const;
const shouldersY = 0.6;

const isBesideHead = (x: number, y: number): boolean => {
  const across = (x + 0.5 - TEXTURE_PX / 2) / EYES_PX;
  const down = (y + 0.5 - EYES_Y) / EYES_PX;
  return down < shouldersY && (across / head.width) ** 2 + ((down - head.y) / head.height) ** 2 >= 1;
};

/** Places whose whole patch is beside the head, each of them so far from the next; as many on the right as on the left. */
const PLACES_EVERY = 4;
const leftOfHead = patchMiddles(
  PLACES_EVERY,
  (x, y) =>
    x < TEXTURE_PX / 2 && cornersOf({ x, y }, PATCH_HALF).every((corner) => isBesideHead(corner.x, corner.y)),
);
const rightOfHead = leftOfHead.map(({ x, y }) => ({ x: TEXTURE_PX - 1 - x, y }));

/** A plain wall cannot be followed. */
const LEAST_CONTRAST = 2;
/**
 * So many moments are compared with the last: those from which what moves with the face moved furthest. Between them the middle of the face
 * moved by so much, pixels, or a place beside it did, which the noise of the mesh alone moves by one.
 */
const LEAST_MOVE_PX = 0.7;
const LEAST_MOVE_BESIDE_PX = 3;
const MOST_PAIRS = 4;
/** A patch is where it would be to this share of the way between both places, and not at the other one to that share. */
const NEAR = 0.4;
const FAR = 0.6;

/**
 * In a picture, so many places move with the face on either side of the head, and at least such a share of those on the other side: an arm
 * or a neighbour moves along on one. In front of a wall, so many places stay. In both cases hardly any may do the opposite.
 */
const FEWEST_FOLLOWING = 3;
const SHARE_OF_OTHER_SIDE = 0.25;
const FEWEST_STAYING = 6;
const MOST_OPPOSITE = 0.25;

/**
 * Whether what is around a face moved with it: from some of the earlier moments to the last. Undefined where the face hardly moved, or too
 * little around it can be followed.
 */
export function doSurroundingsFollow(
  earlier: readonly Surroundings[],
  last: Surroundings,
): boolean | undefined {
  const is = smoothed(last.luma);
  const pairs = pairsOf(earlier, last).map((pair) => ({
    ...pair,
    was: smoothed(pair.from.luma),
    ifFollows: mappedBack(is, pair.go),
    ifStays: mappedBack(is, pair.stay),
  }));
  /** 1 for a place that moved with the face, -1 for one that stayed, as most pairs tell; 0 where they tell nothing. */
  const voteOf = (place: Point): number =>
    Math.sign(
      pairs.reduce((sum, { was, ifFollows, ifStays, from, toPicture, ...pair }) => {
        if (!isWithin(from.picture, toPicture, place)) return sum;
        const between = distanceBetween(pair, place);
        if (between < LEAST_MOVE_PX) return sum;
        const offFollowing = offOf(follow(was, ifFollows, place, LEAST_CONTRAST), between);
        const offStaying = offOf(follow(was, ifStays, place, LEAST_CONTRAST), between);
        if (offFollowing < NEAR && offStaying > FAR) return sum + 1;
        return offStaying < NEAR && offFollowing > FAR ? sum - 1 : sum;
      }, 0),
    );
  const [left, right] = [leftOfHead, rightOfHead].map((places) => {
    const votes = places.map(voteOf);
    const count = (vote: number): number => votes.filter((each) => each === vote).length;
    return { followed: count(1), stayed: count(-1) };
  }) as [SideOfHead, SideOfHead];
  const most = Math.max(left.followed, right.followed);
  const doFollow = [left, right].every(
    ({ followed, stayed }) =>
      followed >= Math.max(FEWEST_FOLLOWING, SHARE_OF_OTHER_SIDE * most) &&
      stayed <= MOST_OPPOSITE * followed,
  );
  if (doFollow) return true;
  const staying = left.stayed + right.stayed;
  const doStay = staying >= FEWEST_STAYING && left.followed + right.followed <= MOST_OPPOSITE * staying;
  return doStay ? false : undefined;
}

interface SideOfHead {
  readonly followed: number;
  readonly stayed: number;
}

const offOf = (found: FollowedPatch | undefined, between: number): number =>
  found === undefined ? Number.POSITIVE_INFINITY : Math.hypot(found.byX, found.byY) / between;

/** Where a place of the surroundings is in those of the last moment: if it goes with the face, and if it stays where it is. */
interface Pair {
  readonly go: Affine;
  readonly stay: Affine;
}

/** The moments that are worth comparing with the last one. */
function pairsOf(earlier: readonly Surroundings[], last: Surroundings) {
  const toLast = invertAffine(surroundingsToPicture(last.shape));
  return earlier
    .map((from) => {
      const toPicture = surroundingsToPicture(from.shape);
      const withFace = composeAffine(fitSimilarity(skullOf(from.shape), skullOf(last.shape)), toPicture);
      return { from, toPicture, go: composeAffine(toLast, withFace), stay: composeAffine(toLast, toPicture) };
    })
    .map((pair) => {
      const middlePx = distanceBetween(pair, { x: TEXTURE_PX / 2, y: EYES_Y });
      const besidePx = [leftOfHead[0], rightOfHead[0]].map((place) =>
        place ? distanceBetween(pair, place) : 0,
      );
      return { ...pair, middlePx, besidePx: Math.max(...besidePx) };
    })
    .filter(({ middlePx, besidePx }) => middlePx >= LEAST_MOVE_PX || besidePx >= LEAST_MOVE_BESIDE_PX)
    .sort((a, b) => b.besidePx - a.besidePx)
    .slice(0, MOST_PAIRS);
}

function distanceBetween({ go, stay }: Pair, at: Point): number {
  const [first, second] = [applyAffine(go, at), applyAffine(stay, at)];
  return Math.hypot(first.x - second.x, first.y - second.y);
}

/** Whether the whole patch lies in the picture, with what smoothing and slopes take from beside it. */
const isWithin = ({ widthPx, heightPx }: Surroundings['picture'], toPicture: Affine, place: Point): boolean =>
  cornersOf(place, PATCH_HALF + 2).every((corner) => {
    const { x, y } = applyAffine(toPicture, { x: corner.x + 0.5, y: corner.y + 0.5 });
    return x >= 0 && y >= 0 && x <= widthPx && y <= heightPx;
  });

function cornersOf({ x, y }: Point, reach: number): readonly Point[] {
  return [-reach, reach].flatMap((right) => [-reach, reach].map((down) => ({ x: x + right, y: y + down })));
}
