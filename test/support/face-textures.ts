import { applyAffine, fitAffine } from '../../daemon/kernel/faces/affine.js';
import type { Point } from '../../daemon/kernel/faces/geometry.js';
import { TEXTURE_PX } from '../../daemon/kernel/liveness/patches.kernel.js';
import { type FaceTexture, shapeInTexture } from '../../daemon/kernel/liveness/skin-shift.kernel.js';
import {
  type Surroundings,
  surroundingsToPicture,
} from '../../daemon/kernel/liveness/surroundings.kernel.js';
import { faceShape } from './face-shapes.js';

/** Brightness of a skin that looks different everywhere, at a place in distances of the eyes. */
function skinAt({ x, y }: Point): number {
  const waves = Math.sin(21 * x + 7 * y) + Math.sin(13 * x - 17 * y + 1) + Math.sin(5 * x + 19 * y + 2);
  return 128 + 30 * waves;
}

/**
 * How a face with this shape looks whose points lie at `rest` otherwise, both in the order of `FaceLandmarks.shape`. `cameFrom` tells
 * where in the face at rest the skin comes from that is seen at a place: unchanged in a picture of the face, however it is held.
 */
export function textureOf(
  shape: readonly Point[],
  rest: readonly Point[],
  cameFrom: (place: Point) => Point = (place) => place,
): FaceTexture {
  const seen = shapeInTexture(shape);
  const toRest = fitAffine(seen, rest);
  if (toRest === undefined) throw new RangeError('the points of the shape are on a line');
  const luma = new Uint8Array(TEXTURE_PX * TEXTURE_PX);
  for (let at = 0; at < luma.length; at++) {
    const pixel = { x: (at % TEXTURE_PX) + 0.5, y: Math.floor(at / TEXTURE_PX) + 0.5 };
    luma[at] = skinAt(cameFrom(applyAffine(toRest, pixel)));
  }
  return { luma, shape: seen };
}

/** Where the skin comes from in a face whose mouth is so far open, in distances of the eyes: the chin has sunk. */
export const withOpenMouth =
  (open: number) =>
  ({ x, y }: Point): Point => ({ x, y: y > 0.95 + open ? y - open : y });

const drawnFace = faceShape({ x: 0, y: 0, eyesPx: 1 });
const known = new Map<number, FaceTexture>();

/** The texture of `faceShape` with a mouth that is so far open. The chin sinks further than its few points tell. */
export function faceTexture(open = 0): FaceTexture {
  // A mouth that opens again is hardly ever open by the same number to the last digit, and a texture is slow to draw.
  const rounded = Math.round(open * 10_000) / 10_000;
  const texture =
    known.get(rounded) ?? textureOf(faceShape({ open: rounded }), drawnFace, withOpenMouth(1.5 * rounded));
  known.set(rounded, texture);
  return texture;
}

/** What a display shows that has faded from one picture to another one by `share`, 0..1; the shares are of values to the power of `gamma`. */
export function blendedTexture(from: FaceTexture, to: FaceTexture, share: number, gamma = 1): FaceTexture {
  const mixed = (one: number, other: number): number => (1 - share) * one + share * other;
  return {
    luma: from.luma.map((value, at) => mixed(value ** gamma, (to.luma[at] ?? 0) ** gamma) ** (1 / gamma)),
    shape: from.shape.map(({ x, y }, at) => ({
      x: mixed(x, to.shape[at]?.x ?? x),
      y: mixed(y, to.shape[at]?.y ?? y),
    })),
  };
}

/** Size of the pictures in which surroundings are drawn. */
const frameSize = { widthPx: 640, heightPx: 480 };

/** What is around a face: by side, or the same on both. */
export type Behind = 'wall' | 'sheet' | 'plain' | 'hair';

/**
 * What is around a face with this shape in such a picture: a `wall` that stays where it is; a `sheet` with the face, which shows the same
 * beside it wherever it is moved; a wall that is `plain`, also behind much `hair`, which moves with the head. `right` differs from `left`
 * if given.
 */
export function surroundingsOf(shape: readonly Point[], left: Behind, right: Behind = left): Surroundings {
  const toPicture = surroundingsToPicture(shape);
  const luma = new Uint8Array(TEXTURE_PX * TEXTURE_PX);
  for (let at = 0; at < luma.length; at++) {
    const pixel = { x: (at % TEXTURE_PX) + 0.5, y: Math.floor(at / TEXTURE_PX) + 0.5 };
    const seen = applyAffine(toPicture, pixel);
    const isOutside = seen.x < 0 || seen.y < 0 || seen.x > frameSize.widthPx || seen.y > frameSize.heightPx;
    luma[at] = isOutside ? 0 : brightnessOf(pixel.x < TEXTURE_PX / 2 ? left : right, { pixel, seen });
  }
  return { luma, shape, picture: frameSize };
}

function brightnessOf(
  behind: Behind,
  { pixel, seen }: { readonly pixel: Point; readonly seen: Point },
): number {
  switch (behind) {
    case 'wall':
      return skinAt({ x: seen.x / 250, y: seen.y / 250 });
    case 'sheet':
      return skinAt({ x: pixel.x / 70, y: pixel.y / 70 });
    case 'plain':
      return 90;
    case 'hair': {
      const isHair = ((pixel.x - 48) / 26) ** 2 + ((pixel.y - 49) / 29) ** 2 < 1;
      return isHair ? 0.3 * skinAt({ x: pixel.x / 30, y: pixel.y / 30 }) : 90;
    }
  }
}
