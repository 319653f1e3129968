/*
 * How many faces the detectors find: prints recall and unlabelled finds on photographs with known boxes.
 *
 *   scripts/bench detection --truth FILE.xml [--truth FILE.xml…] [--models DIR]
 *
 * The truth is in the format of dlib's imglab, photographs beside it; boxes marked to be ignored count neither way.
 * --models: a folder with YuNet's files, which are measured too.
 */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { type Box, intersectionOverUnion } from '../../daemon/domain/faces/geometry.js';
import type { Rgb24Picture } from '../../daemon/domain/faces/picture.js';
import { openModelStore } from '../../daemon/models/store.js';
import type { DetectorPolicy, FaceDetector } from '../../daemon/vision/inference/face-detector.js';
import { openNetwork } from '../../daemon/vision/inference/network.js';
import { SsdDetector } from '../../daemon/vision/inference/ssd-detector.js';
import { YunetDetector } from '../../daemon/vision/inference/yunet-detector.js';

const { values } = parseArgs({
  options: { truth: { type: 'string', multiple: true }, models: { type: 'string' } },
});

interface Labelled {
  readonly picture: Rgb24Picture;
  readonly boxes: readonly (Box & { readonly isIgnored: boolean })[];
}

/** Finds and labels are the same face from this overlap on: detectors and labellers draw boxes differently. */
const MATCHING_OVERLAP = 0.3;

async function readTruth(file: string): Promise<Labelled[]> {
  const labelled: Labelled[] = [];
  const text = await readFile(file, 'utf8');
  for (const [, name = '', body = ''] of text.matchAll(/<image file='([^']+)'[^>]*>([\s\S]*?)<\/image>/g)) {
    const boxes = [...body.matchAll(/<box ([^>]*)/g)].map(([, attributes = '']) => {
      const number = (key: string): number => Number(new RegExp(`${key}='(-?\\d+)'`).exec(attributes)?.[1]);
      const box = { x: number('left'), y: number('top'), width: number('width'), height: number('height') };
      return { ...box, isIgnored: attributes.includes("ignore='1'") };
    });
    const { data, info } = await sharp(join(dirname(file), name))
      .removeAlpha()
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    labelled.push({ picture: { format: 'rgb24', widthPx: info.width, heightPx: info.height, data }, boxes });
  }
  return labelled;
}

async function measure(name: string, detector: FaceDetector, all: readonly Labelled[]): Promise<void> {
  let found = 0;
  let labels = 0;
  let unlabelled = 0;
  for (const { picture, boxes } of all) {
    const detections = await detector.detect(picture, { smallestFacePx: 4 });
    const taken = new Set<number>();
    for (const box of boxes) {
      const match = detections.findIndex(
        (detection, index) =>
          !taken.has(index) && intersectionOverUnion(detection.box, box) > MATCHING_OVERLAP,
      );
      if (match >= 0) taken.add(match);
      if (!box.isIgnored) labels++;
      if (!box.isIgnored && match >= 0) found++;
    }
    unlabelled += detections.length - taken.size;
  }
  console.log(`${name.padEnd(44)} found ${found}/${labels}, unlabelled finds ${unlabelled}`);
}

const truths = values.truth ?? [];
if (truths.length === 0) {
  console.error('usage: detection.ts --truth FILE.xml [--truth FILE.xml] [--models DIR]');
  process.exit(2);
}
const all = (await Promise.all(truths.map(readTruth))).flat();
const store = await openModelStore();
const open = (name: string, path: string) => openNetwork({ name, path, provider: 'cpu', threads: 1 });
const policy = (
  scoreThreshold: number,
  overlapThreshold: number,
  longestInputPx: number,
): DetectorPolicy => ({
  scoreThreshold,
  overlapThreshold,
  longestInputPx,
});

const ssd = await open('ssd-mobilenet-v1', await store.path('ssd-mobilenet-v1'));
for (const side of [384, 512, 768, 1024]) {
  for (const score of [0.3, 0.4, 0.5]) {
    const detector = new SsdDetector(ssd, policy(score, 0.5, side));
    await measure(`ssd-mobilenet-v1, ${side} px, score ${score}`, detector, all);
  }
}
const yunets =
  values.models === undefined ? [] : (await readdir(values.models)).filter((f) => /yunet/.test(f));
for (const file of yunets) {
  const network = await open(file, join(values.models ?? '', file));
  const fixedPx = file.includes('dynamic') ? undefined : 640;
  for (const score of [0.5, 0.6]) {
    await measure(
      `${file}, score ${score}`,
      new YunetDetector(network, policy(score, 0.3, 640), fixedPx),
      all,
    );
  }
}
