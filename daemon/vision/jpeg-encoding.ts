import sharp from 'sharp';
import { type Box, boxCentre, clipBox } from '../kernel/faces/geometry.js';
import type { Picture } from '../kernel/faces/picture.js';
import { cropAffine } from './inference/affine-crop.kernel.js';
import { interleavePlanes } from './interleave.kernel.js';
import type { Canvas } from './live/draw-marks.kernel.js';

/** Largest size of the picture, about 6 kB: enough for a person to recognise the face. */
const MOST_WIDTH_PX = 160;
const MOST_HEIGHT_PX = 200;
const JPEG_QUALITY = 80;

/** Height of the cut, in heights of the face from brow to chin: the whole head with hair and some neck. */
const SHOWN_HEIGHTS = 1.9;
/** How far the middle of the head is above the middle of the mesh, which ends at the brow, in heights of the face. */
const RAISED_HEIGHTS = 0.08;

/**
 * The head in `box` (pixels of `picture`) as a JPEG without metadata, at most 160 x 200 pixels, never enlarged. The pixels
 * are copied before this returns its promise; another thread encodes them.
 */
export function takeBestShot(picture: Picture, box: Box): Promise<Uint8Array> {
  const part = shownPart(box, picture);
  const scale = Math.min(1, MOST_WIDTH_PX / part.width, MOST_HEIGHT_PX / part.height);
  return jpegOfPart(picture, part, { scale, quality: JPEG_QUALITY });
}

/**
 * `part` of the picture (in its pixels), scaled by `scale`, as a JPEG without metadata. The pixels are copied before this
 * returns its promise; another thread encodes them.
 */
export function jpegOfPart(
  picture: Picture,
  part: Box,
  { scale, quality }: { readonly scale: number; readonly quality: number },
): Promise<Uint8Array> {
  return jpegOf(cutPart(picture, part, scale), quality);
}

/** Interleaved RGB as a JPEG without metadata; another thread encodes it. */
export function jpegOf(
  { rgb, widthPx: width, heightPx: height }: Canvas,
  quality: number,
): Promise<Uint8Array> {
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
}

/** `part` of the picture (in its pixels), scaled by `scale`: a copy. */
export function cutPart(picture: Picture, part: Box, scale: number): Canvas {
  const width = Math.max(1, Math.round(part.width * scale));
  const height = Math.max(1, Math.round(part.height * scale));
  const planes = new Float32Array(3 * width * height);
  const cropToPicture = {
    xx: part.width / width,
    xy: 0,
    x0: part.x,
    yx: 0,
    yy: part.height / height,
    y0: part.y,
  };
  cropAffine(picture, cropToPicture, { data: planes, offset: 0, widthPx: width, heightPx: height });
  return { rgb: interleavePlanes(planes, width * height), widthPx: width, heightPx: height };
}

/** The part of the picture that a best shot shows, cut at the picture's edge. */
export function shownPart(face: Box, { widthPx, heightPx }: Picture): Box {
  const height = face.height * SHOWN_HEIGHTS;
  const width = height * (MOST_WIDTH_PX / MOST_HEIGHT_PX);
  const { x, y } = boxCentre(face);
  const raisedPx = face.height * RAISED_HEIGHTS;
  return clipBox({ x: x - width / 2, y: y - raisedPx - height / 2, width, height }, widthPx, heightPx);
}
