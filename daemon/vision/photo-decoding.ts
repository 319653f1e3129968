import { spawn } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import sharp, { type Sharp } from 'sharp';
import { boundChild } from '../host/bound-child.js';
import { processEntry } from '../host/program-files.js';
import { messageOf } from '../kernel/errors.js';
import type { Rgb24Picture } from '../kernel/faces/picture.js';
import { heicExit } from './heic-exit.js';
import {
  explainUnusable,
  isHeic,
  isPhotograph,
  tooDemanding,
  tooManyPixels,
  type UnusablePicture,
} from './picture-kinds.js';

/** More pixels than a phone takes. A file that claims more could exhaust the memory. */
const MOST_PIXELS = 64_000_000;

/** Larger photographs are shrunk: more pixels do not improve recognition. */
const LONGEST_SIDE_PX = 1920;

/** Side and JPEG quality of the picture that enrolment keeps. */
const KEPT_SIDE_PX = 480;
const KEPT_QUALITY = 88;

type DecodedPhoto =
  | {
      readonly outcome: 'ok';
      readonly picture: Rgb24Picture;
      /** Pixels of the photograph for one pixel of `picture` on either axis; 1 where it was not shrunk. */
      readonly shrunkBy: number;
    }
  | ({ readonly outcome: 'not-a-picture' } & UnusablePicture);

/** Decodes a photograph upright, in sRGB, at most `LONGEST_SIDE_PX` long. Never throws because of the file's content. */
export async function decodePhoto(bytes: Uint8Array): Promise<DecodedPhoto> {
  // The decoder knows more formats than photographs have: documents and drawings, which may name other files.
  if (!isPhotograph(bytes)) return { outcome: 'not-a-picture', ...explainUnusable(bytes, '') };
  if (isHeic(bytes)) return decodeHeicPhoto(bytes);
  return shrink(bytes, () => sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: 'error' }));
}

/** HEIC has a decoder of its own: that of the other formats comes without HEVC, which needs a licence. */
async function decodeHeicPhoto(bytes: Uint8Array): Promise<DecodedPhoto> {
  const decoded = await decodeHeic(bytes, { mostPixels: MOST_PIXELS });
  if (decoded.outcome !== 'ok') {
    const why = { 'too-many-pixels': tooManyPixels, 'too-demanding': tooDemanding } as const;
    const problem = decoded.outcome === 'damaged' ? explainUnusable(bytes, '') : why[decoded.outcome];
    return { outcome: 'not-a-picture', ...problem };
  }
  const { data, widthPx: width, heightPx: height } = decoded.picture;
  return shrink(bytes, () => sharp(data, { raw: { width, height, channels: 3 } }));
}

async function shrink(bytes: Uint8Array, open: () => Sharp): Promise<DecodedPhoto> {
  try {
    const image = open();
    const { width, height } = await image.metadata();
    const { data, info } = await image
      .rotate()
      .resize({ width: LONGEST_SIDE_PX, height: LONGEST_SIDE_PX, fit: 'inside', withoutEnlargement: true })
      .flatten({ background: '#808080' })
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    return {
      outcome: 'ok',
      picture: { format: 'rgb24', widthPx: info.width, heightPx: info.height, data },
      shrunkBy: Math.max(width, height) / Math.max(info.width, info.height),
    };
  } catch (error) {
    return { outcome: 'not-a-picture', ...explainUnusable(bytes, messageOf(error)) };
  }
}

/** A picture inside a grey border that is as wide as its longer side. */
interface BorderedPicture {
  readonly picture: Rgb24Picture;
  readonly borderPx: number;
}

const GREY = 128;

/** Adds a border: detectors miss a face that fills the picture, as on a passport photograph. */
export function withBorder(picture: Rgb24Picture): BorderedPicture {
  const borderPx = Math.max(picture.widthPx, picture.heightPx);
  const widthPx = picture.widthPx + 2 * borderPx;
  const heightPx = picture.heightPx + 2 * borderPx;
  const data = new Uint8Array(3 * widthPx * heightPx).fill(GREY);
  const rowBytes = 3 * picture.widthPx;
  for (let row = 0; row < picture.heightPx; row++) {
    const line = picture.data.subarray(row * rowBytes, (row + 1) * rowBytes);
    data.set(line, 3 * ((row + borderPx) * widthPx + borderPx));
  }
  return { picture: { format: 'rgb24', widthPx, heightPx, data }, borderPx };
}

/** The square part of a picture at (`x`, `y`), as a JPEG without metadata, at most `KEPT_SIDE_PX` wide. */
export async function encodeCrop(
  picture: Rgb24Picture,
  crop: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
): Promise<Uint8Array> {
  const raw = { width: picture.widthPx, height: picture.heightPx, channels: 3 } as const;
  return sharp(picture.data, { raw })
    .extract({ left: crop.x, top: crop.y, width: crop.width, height: crop.height })
    .resize({ width: KEPT_SIDE_PX, height: KEPT_SIDE_PX, fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: KEPT_QUALITY })
    .toBuffer();
}

interface HeicLimits {
  readonly mostPixels: number;
  /** Memory that the decoder may fill, bytes. */
  readonly dataBytes: number;
  /** Processor time, seconds. */
  readonly processorS: number;
  /** Time until the answer, milliseconds: a busy machine gives the decoder less of its processor. */
  readonly longestMs: number;
}

/** A photograph of 48 megapixels needs half of each on a small machine. */
const usualLimits = { dataBytes: 1_500_000_000, processorS: 15, longestMs: 120_000 } as const;

type HeicOutcome =
  | { readonly outcome: 'ok'; readonly picture: Rgb24Picture }
  | { readonly outcome: 'damaged' | 'too-many-pixels' | 'too-demanding' };

/** Decodes a HEIC file upright, in a process of its own that cannot take more than the limits. Never throws because of its content. */
export async function decodeHeic(
  file: Uint8Array,
  limits: Partial<HeicLimits> & Pick<HeicLimits, 'mostPixels'>,
): Promise<HeicOutcome> {
  const { mostPixels, dataBytes, processorS, longestMs } = { ...usualLimits, ...limits };
  const main = processEntry({ built: 'heic-decoder.js', source: 'vision/heic-decoder-main.ts' });
  const command = boundChild(process.execPath, [...process.execArgv, main, String(mostPixels)], {
    dataBytes,
    processorS,
  });
  const child = spawn(command.program, command.arguments, {
    // It needs nothing of this process, and gets nothing.
    env: {},
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: longestMs,
    killSignal: 'SIGKILL',
  });
  const exit = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  // It may end before it has read the file; its exit tells why.
  child.stdin.on('error', () => undefined).end(file);
  const [code, output] = await Promise.all([exit, buffer(child.stdout)]);
  if (code === heicExit.damaged) return { outcome: 'damaged' };
  if (code === heicExit.tooManyPixels) return { outcome: 'too-many-pixels' };
  if (code !== 0) return { outcome: 'too-demanding' };
  const [widthPx, heightPx] = [output.readUInt32BE(0), output.readUInt32BE(4)];
  const data = output.subarray(8);
  if (data.length !== 3 * widthPx * heightPx) return { outcome: 'damaged' };
  return { outcome: 'ok', picture: { format: 'rgb24', widthPx, heightPx, data } };
}
