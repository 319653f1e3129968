import type { Point } from '../../domain/faces/geometry.js';
import type { Picture } from '../../domain/faces/picture.js';
import {
  type FaceTexture,
  shapeInTexture,
  TEXTURE_PX,
  textureToPicture,
} from '../../domain/liveness/skin-shift.kernel.js';
import { cropAffine } from './affine-crop.kernel.js';

const PIXELS = TEXTURE_PX * TEXTURE_PX;
const planes = new Float32Array(3 * PIXELS);

/** Cuts the texture of a face with this shape out of a picture. */
export function faceTexture(picture: Picture, shape: readonly Point[]): FaceTexture {
  const size = { widthPx: TEXTURE_PX, heightPx: TEXTURE_PX };
  cropAffine(picture, textureToPicture(shape), { data: planes, offset: 0, ...size });
  const luma = new Uint8Array(PIXELS);
  for (let at = 0; at < PIXELS; at++) {
    // ITU-R BT.601.
    luma[at] = 0.299 * planes[at]! + 0.587 * planes[at + PIXELS]! + 0.114 * planes[at + 2 * PIXELS]! + 0.5;
  }
  return { luma, shape: shapeInTexture(shape) };
}
