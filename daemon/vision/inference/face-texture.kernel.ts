import type { Affine } from '../../kernel/faces/affine.js';
import type { Point } from '../../kernel/faces/geometry.js';
import type { Picture } from '../../kernel/faces/picture.js';
import { TEXTURE_PX } from '../../kernel/liveness/patches.kernel.js';
import {
  type FaceTexture,
  shapeInTexture,
  textureToPicture,
} from '../../kernel/liveness/skin-shift.kernel.js';
import { type Surroundings, surroundingsToPicture } from '../../kernel/liveness/surroundings.kernel.js';
import { cropAffine } from './affine-crop.kernel.js';

const PIXELS = TEXTURE_PX * TEXTURE_PX;
const planes = new Float32Array(3 * PIXELS);

/** Cuts the texture of a face with this shape out of a picture. */
export function faceTexture(picture: Picture, shape: readonly Point[]): FaceTexture {
  return { luma: lumaOf(picture, textureToPicture(shape), 'border'), shape: shapeInTexture(shape) };
}

/** Cuts out what is around a face with this shape. */
export function faceSurroundings(picture: Picture, shape: readonly Point[]): Surroundings {
  const { widthPx, heightPx } = picture;
  const luma = lumaOf(picture, surroundingsToPicture(shape), 'black');
  return { luma, shape, picture: { widthPx, heightPx } };
}

function lumaOf(picture: Picture, toPicture: Affine, outside: 'border' | 'black'): Uint8Array {
  const size = { widthPx: TEXTURE_PX, heightPx: TEXTURE_PX };
  cropAffine(picture, toPicture, { data: planes, offset: 0, ...size, outside });
  const luma = new Uint8Array(PIXELS);
  for (let at = 0; at < PIXELS; at++) {
    // ITU-R BT.601.
    luma[at] = 0.299 * planes[at]! + 0.587 * planes[at + PIXELS]! + 0.114 * planes[at + 2 * PIXELS]! + 0.5;
  }
  return luma;
}
