import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import sharp, { type OverlayOptions, type Sharp } from 'sharp';
import { type Box, boxCentre } from '../../daemon/kernel/faces/geometry.js';
import type { Rgb24Picture, Yuv420Picture } from '../../daemon/kernel/faces/picture.js';
import type { FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import { planesOf, yuv420Of } from '../virtual-camera/planes.kernel.js';

/** A picture and where its faces are. */
export interface Labelled {
  readonly picture: Rgb24Picture;
  readonly boxes: readonly (Box & { readonly isIgnored: boolean })[];
}

async function toPicture(image: Sharp): Promise<Rgb24Picture> {
  const { data, info } = await image
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  // Cameras have even sides.
  const even = { width: width & ~1, height: height & ~1 };
  if (even.width < width || even.height < height) {
    const raw = { width, height, channels: 3 } as const;
    return toPicture(sharp(data, { raw }).extract({ left: 0, top: 0, ...even }));
  }
  return { format: 'rgb24', widthPx: width, heightPx: height, data };
}

/** The picture as FFmpeg hands over those of a camera. */
export function fromCamera({ widthPx, heightPx, data }: Rgb24Picture): Yuv420Picture {
  const planes = yuv420Of(planesOf(data, widthPx, heightPx));
  return { format: 'yuv420p', range: 'limited', widthPx, heightPx, data: planes };
}

/** How far somebody who moves reaches around the face, in widths and heights of its box. */
const mover = { sideways: 1.5, above: 1, below: 6 } as const;

/** The places in which something moves if all faces do. */
export function movingPlaces({ boxes }: Labelled): readonly Box[] {
  return boxes.map(({ x, y, width, height }) => ({
    x: x - mover.sideways * width,
    y: y - mover.above * height,
    width: (1 + 2 * mover.sideways) * width,
    height: (1 + mover.above + mover.below) * height,
  }));
}

/** The photographs of a file of dlib's imglab, beside it; boxes marked to be ignored count neither way. */
export async function readTruth(file: string): Promise<Labelled[]> {
  const labelled: Labelled[] = [];
  const text = await readFile(file, 'utf8');
  for (const [, name = '', body = ''] of text.matchAll(/<image file='([^']+)'[^>]*>([\s\S]*?)<\/image>/g)) {
    const boxes = [...body.matchAll(/<box ([^>]*)/g)].map(([, attributes = '']) => {
      const number = (key: string): number => Number(new RegExp(`${key}='(-?\\d+)'`).exec(attributes)?.[1]);
      const box = { x: number('left'), y: number('top'), width: number('width'), height: number('height') };
      return { ...box, isIgnored: attributes.includes("ignore='1'") };
    });
    labelled.push({ picture: await toPicture(sharp(join(dirname(file), name))), boxes });
  }
  return labelled;
}

/** One face in a photograph file. */
interface PhotographedFace {
  readonly file: string;
  readonly box: Box;
}

/** The 22 faces in the photographs inside face-api: the boxes of their meshes. */
export async function facesOfSamples(analyser: FaceAnalyser): Promise<readonly PhotographedFace[]> {
  const library = dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json'));
  const faces: PhotographedFace[] = [];
  for (const number of [1, 2, 3, 4, 5, 6]) {
    const file = join(library, 'demo', `sample${number}.jpg`);
    const picture = await toPicture(sharp(file));
    const found = await analyser.detect(picture, { smallestFacePx: 80 });
    const boxes = found.map(({ box }) => box);
    for (const landmarks of await analyser.locate(picture, boxes)) {
      if (landmarks) faces.push({ file, box: landmarks.box });
    }
  }
  return faces;
}

interface PictureSize {
  readonly width: number;
  readonly height: number;
}

const grey = { r: 120, g: 116, b: 110 } as const;

/** Pictures in which so many faces `facePx` wide stand side by side. */
export async function facesBeside(
  faces: readonly PhotographedFace[],
  count: 1 | 4,
  facePx: number,
  composedPx: PictureSize,
): Promise<Labelled[]> {
  const pictures: Labelled[] = [];
  for (let start = 0; start + 4 <= faces.length; start += 2) {
    const squarePx = composedPx.width / 4;
    const parts = await Promise.all(
      faces.slice(start, start + count).map(async (face, index) => {
        const top = 40 + ((index * 37 + start * 11) % 100);
        return cutOut(face, facePx, squarePx, { left: index * squarePx, top });
      }),
    );
    const picture = await composed(
      composedPx,
      parts.map(({ layer }) => layer),
    );
    pictures.push({ picture, boxes: parts.map(({ box }) => ({ ...box, isIgnored: false })) });
  }
  return pictures;
}

async function cutOut(
  { file, box }: PhotographedFace,
  facePx: number,
  squarePx: number,
  place: { readonly left: number; readonly top: number },
) {
  const { width = 0, height = 0 } = await sharp(file).metadata();
  const scale = facePx / box.width;
  const side = Math.floor(Math.min(squarePx / scale, width, height, 2.5 * box.width));
  const centre = boxCentre(box);
  const left = Math.round(Math.min(Math.max(0, centre.x - side / 2), width - side));
  const top = Math.round(Math.min(Math.max(0, centre.y - side / 2), height - side));
  const input = await sharp(file)
    .extract({ left, top, width: side, height: side })
    .resize(Math.floor(side * scale))
    .png()
    .toBuffer();
  return {
    layer: { ...place, input },
    box: {
      x: place.left + (box.x - left) * scale,
      y: place.top + (box.y - top) * scale,
      width: facePx,
      height: box.height * scale,
    },
  };
}

async function composed(size: PictureSize, layers: OverlayOptions[]): Promise<Rgb24Picture> {
  const flat = sharp({ create: { ...size, channels: 3, background: grey } }).composite(layers);
  return toPicture(sharp(await flat.png().toBuffer()));
}

/** One frame a second of every clip under a folder, at the clip's own size or made to fit 640 x 360. */
export async function clipFrames(folder: string, isSmall: boolean): Promise<Rgb24Picture[]> {
  const frames: Rgb24Picture[] = [];
  const names = await readdir(folder, { recursive: true });
  for (const name of names.filter((each) => /\.(gif|mkv|mov|mp4|mpg)$/.test(each)).sort()) {
    const written = await mkdtemp(join(tmpdir(), 'rollcall-frames-'));
    try {
      const scale = isSmall ? ',scale=640:360:force_original_aspect_ratio=decrease' : '';
      const input = ['-v', 'error', '-nostdin', '-i', join(folder, name)];
      await promisify(execFile)('ffmpeg', [...input, '-vf', `fps=1${scale}`, join(written, '%04d.png')]);
      for (const frame of (await readdir(written)).sort()) {
        frames.push(await toPicture(sharp(await readFile(join(written, frame)))));
      }
    } finally {
      await rm(written, { recursive: true });
    }
  }
  return frames;
}
