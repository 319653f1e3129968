import sharp, { type Sharp } from 'sharp';
import { openModelStore } from '../../daemon/host/models/store.js';
import type { Rgb24Picture } from '../../daemon/kernel/faces/picture.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import type { FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import {
  type FaceAnalyserOptions,
  openFaceAnalyser,
} from '../../daemon/vision/inference/open-face-analyser.js';
import { ownThreshold } from '../../daemon/vision/operating-point.js';
import { type ChosenRecogniser, chooseRecogniser } from '../../daemon/vision/recogniser-in-use.js';
import { samplePhoto } from './tensor-pictures.js';

/** The recogniser that a new box gets on this machine, and the similarity from which two faces count as one person. */
export async function newBoxRecogniser(): Promise<ChosenRecogniser & { readonly threshold: number }> {
  const chosen = await chooseRecogniser(await openModelStore(), 'auto');
  const threshold = ownThreshold(chosen.pack);
  if (threshold === undefined) throw new Error(`${chosen.name} has no operating point`);
  return { ...chosen, threshold };
}

/** Opens the analyser of a new box on the processor, one thread; `change` overrides its options. */
export async function openTestAnalyser(change: Partial<FaceAnalyserOptions> = {}): Promise<FaceAnalyser> {
  const { name: recogniser } = await newBoxRecogniser();
  return openFaceAnalyser({
    models: await openModelStore(),
    recogniser,
    provider: 'cpu',
    detector: 'auto',
    passivePad: 'none',
    threads: 1,
    logger: silentLogger,
    ...change,
  });
}

/** An image as the analyser takes it. */
export async function toPicture(image: Sharp): Promise<Rgb24Picture> {
  const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { format: 'rgb24', widthPx: info.width, heightPx: info.height, data };
}

/** Places of single faces in the photographs of the face-api package: left, top, width, height in pixels. */
const PORTRAITS = {
  a: { sample: 'sample6.jpg', left: 540, top: 230, width: 420, height: 520 },
  b: { sample: 'sample6.jpg', left: 1060, top: 200, width: 420, height: 500 },
  c: { sample: 'sample5.jpg', left: 700, top: 40, width: 330, height: 380 },
} as const;

/** One person alone, cut from a photograph of the face-api package. */
export function portrait(name: keyof typeof PORTRAITS): Sharp {
  const { sample, ...place } = PORTRAITS[name];
  return sharp(samplePhoto(sample)).extract(place);
}
