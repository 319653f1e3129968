import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { seededRandom } from '../../daemon/kernel/random.js';

/** RGB 0..255, row by row, three numbers a pixel: TensorFlow's order. */
export interface NhwcPicture {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly data: Float32Array;
}

/** A region of a sample photograph, as fractions of its width (both axes). */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly side: number;
}

const facePackage = dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json'));

/** A photograph that ships inside the face-api package: `sample1.jpg` to `sample6.jpg`. */
export function samplePhoto(name: string): string {
  return join(facePackage, 'demo', name);
}

/** Noise that uses the whole range of a pixel; the same for the same seed. */
export function noisePicture(widthPx: number, heightPx: number, seed: number): NhwcPicture {
  const random = seededRandom(seed);
  const data = Float32Array.from({ length: widthPx * heightPx * 3 }, () => Math.floor(random.unit() * 256));
  return { widthPx, heightPx, data };
}

/** A photograph shrunk into the top left corner of a black picture, its proportions kept. */
export async function photoPicture(file: string, widthPx: number, heightPx: number): Promise<NhwcPicture> {
  const fitted = sharp(file).resize(widthPx, heightPx, {
    fit: 'contain',
    position: 'left top',
    background: '#000',
  });
  return fromSharp(fitted);
}

/** A square region of a photograph, resized to `sizePx`. */
export async function cropPicture(file: string, region: Region, sizePx: number): Promise<NhwcPicture> {
  const { width = 0 } = await sharp(file).metadata();
  const side = Math.round(region.side * width);
  const crop = sharp(file).extract({
    left: Math.round(region.left * width),
    top: Math.round(region.top * width),
    width: side,
    height: side,
  });
  return fromSharp(crop.resize(sizePx, sizePx));
}

/** The same picture in the order that ONNX networks take: [3, height, width]. */
export function toNchw(picture: NhwcPicture): Float32Array {
  const area = picture.widthPx * picture.heightPx;
  return Float32Array.from(
    { length: picture.data.length },
    (_, index) => picture.data[(index % area) * 3 + Math.floor(index / area)] ?? 0,
  );
}

async function fromSharp(image: Sharp): Promise<NhwcPicture> {
  const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { widthPx: info.width, heightPx: info.height, data: Float32Array.from(data) };
}
