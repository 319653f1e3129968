/*
 * How many faces the detectors find and at what cost: recall, finds that are no labelled face, processor time a picture.
 *
 *   scripts/bench detection [--truth FILE.xml]… [--models DIR]
 *
 * Always: four faces side by side in 640 x 360, cut out of the photographs inside face-api. --truth: photographs in
 * the format of dlib's imglab as well, as they are and reduced. --models: a folder with YuNet's files, which are
 * measured, too.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { silentLogger } from '../../daemon/base/logger.js';
import { table } from '../../daemon/cli/output.js';
import type { Detection } from '../../daemon/domain/faces/face.js';
import { type Box, intersectionOverUnion } from '../../daemon/domain/faces/geometry.js';
import { suppressNonMaxima } from '../../daemon/domain/faces/non-maximum-suppression.js';
import type { Rgb24Picture } from '../../daemon/domain/faces/picture.js';
import { openModelStore } from '../../daemon/models/store.js';
import { BlazefaceDetector } from '../../daemon/vision/inference/blazeface-detector.js';
import type { FaceDetector } from '../../daemon/vision/inference/face-detector.js';
import { openNetwork } from '../../daemon/vision/inference/network.js';
import { openFaceAnalyser } from '../../daemon/vision/inference/open-face-analyser.js';
import { SsdDetector } from '../../daemon/vision/inference/ssd-detector.js';
import { YunetDetector } from '../../daemon/vision/inference/yunet-detector.js';
import { facesOfSamples, fourFaces, type Labelled, readTruth, reduced } from './detection-pictures.js';

/** Finds and labels are the same face from this overlap on: detectors and labellers draw boxes differently. */
const MATCHING_OVERLAP = 0.3;

interface Contender {
  readonly name: string;
  find(picture: Rgb24Picture): Promise<readonly Detection[]>;
}

interface PictureSet {
  readonly name: string;
  readonly pictures: readonly Labelled[];
}

interface Score {
  readonly found: number;
  readonly labels: number;
  readonly unlabelled: number;
  readonly cpuMs: number;
}

/** Looks at the whole picture. */
function whole(name: string, detector: FaceDetector): Contender {
  return { name, find: (picture) => detector.detect(picture, { smallestFacePx: 4 }) };
}

/** Looks at tiles that overlap by a third of their width, and joins what is found. */
function tiled(name: string, detector: FaceDetector, columns: number, rows: number): Contender {
  return {
    name: `${name}, ${columns} x ${rows} tiles`,
    async find(picture) {
      const found: Detection[] = [];
      for (const tile of tilesOf(picture, columns, rows)) {
        for (const { box, score } of await detector.detect(cut(picture, tile), { smallestFacePx: 4 })) {
          found.push({ box: { ...box, x: box.x + tile.x, y: box.y + tile.y }, score });
        }
      }
      return suppressNonMaxima(found, MATCHING_OVERLAP);
    },
  };
}

/** `count` stretches of equal length over 0..`length`, each overlapping the next by a third. */
function stretches(length: number, count: number): { readonly from: number; readonly size: number }[] {
  const size = Math.ceil(length / (1 + ((count - 1) * 2) / 3));
  return Array.from({ length: count }, (_, index) => ({
    from: count === 1 ? 0 : Math.round((index * (length - size)) / (count - 1)),
    size,
  }));
}

function tilesOf({ widthPx, heightPx }: Rgb24Picture, columns: number, rows: number): Box[] {
  return stretches(heightPx, rows).flatMap((down) =>
    stretches(widthPx, columns).map((across) => ({
      x: across.from,
      y: down.from,
      width: across.size,
      height: down.size,
    })),
  );
}

function cut({ widthPx, data }: Rgb24Picture, { x, y, width, height }: Box): Rgb24Picture {
  const part = new Uint8Array(3 * width * height);
  for (let row = 0; row < height; row++) {
    const start = 3 * ((y + row) * widthPx + x);
    part.set(data.subarray(start, start + 3 * width), 3 * row * width);
  }
  return { format: 'rgb24', widthPx: width, heightPx: height, data: part };
}

async function measure({ find }: Contender, pictures: readonly Labelled[]): Promise<Score> {
  let found = 0;
  let labels = 0;
  let unlabelled = 0;
  const [first] = pictures;
  if (first) await find(first.picture);
  const before = process.cpuUsage();
  const finds = [];
  for (const { picture } of pictures) finds.push(await find(picture));
  const { user, system } = process.cpuUsage(before);
  for (const [index, { boxes }] of pictures.entries()) {
    const detections = finds[index] ?? [];
    const taken = new Set<number>();
    for (const box of boxes) {
      const match = detections.findIndex(
        (detection, each) => !taken.has(each) && intersectionOverUnion(detection.box, box) > MATCHING_OVERLAP,
      );
      if (match >= 0) taken.add(match);
      if (!box.isIgnored) labels++;
      if (!box.isIgnored && match >= 0) found++;
    }
    unlabelled += detections.length - taken.size;
  }
  return { found, labels, unlabelled, cpuMs: (user + system) / 1000 / pictures.length };
}

async function contenders(modelsDir: string | undefined): Promise<Contender[]> {
  const store = await openModelStore();
  const open = (name: string, path: string) => openNetwork({ name, path, provider: 'cpu', threads: 1 });
  const ssd = await open('ssd-mobilenet-v1', await store.path('ssd-mobilenet-v1'));
  const ssdAt = (longestInputPx: number, scoreThreshold = 0.4) =>
    new SsdDetector(ssd, { scoreThreshold, overlapThreshold: 0.5, longestInputPx });
  const light = await open('blazeface-back', await store.path('blazeface-back'));
  const blazeface = new BlazefaceDetector(light, {
    scoreThreshold: 0.4,
    overlapThreshold: 0.1,
    longestInputPx: 256,
  });
  const all = [
    ...[384, 480, 512, 640, 768, 1024].map((side) => whole(`ssd ${side}`, ssdAt(side))),
    ...[0.3, 0.5].map((score) => whole(`ssd 512, score ${score}`, ssdAt(512, score))),
    tiled('ssd 384', ssdAt(384), 2, 1),
    whole('blazeface 256', blazeface),
    tiled('blazeface 256', blazeface, 2, 1),
    tiled('blazeface 256', blazeface, 3, 2),
  ];
  const files = modelsDir === undefined ? [] : (await readdir(modelsDir)).filter((f) => /yunet/.test(f));
  for (const file of files) {
    const network = await open(file, join(modelsDir ?? '', file));
    const sides = file.includes('dynamic') ? [384, 640, 1024] : [640];
    for (const longestInputPx of sides) {
      const policy = { scoreThreshold: 0.6, overlapThreshold: 0.3, longestInputPx };
      const fixedPx = file.includes('dynamic') ? undefined : longestInputPx;
      const name = `${file.replace('.onnx', '')} ${longestInputPx}`;
      all.push(whole(name, new YunetDetector(network, policy, fixedPx)));
    }
  }
  return all;
}

async function pictureSets(truths: readonly string[]): Promise<PictureSet[]> {
  await using analyser = await openFaceAnalyser({
    models: await openModelStore(),
    provider: 'cpu',
    detector: 'auto',
    recogniser: 'dlib-resnet',
    passivePad: 'none',
    threads: 1,
    logger: silentLogger,
  });
  const faces = await facesOfSamples(analyser);
  const sets: PictureSet[] = [];
  for (const facePx of [40, 60, 80, 110]) {
    sets.push({ name: `four of ${facePx} px`, pictures: await fourFaces(faces, facePx) });
  }
  const photographs = (await Promise.all(truths.map(readTruth))).flat();
  if (photographs.length === 0) return sets;
  sets.push({ name: 'group', pictures: photographs });
  for (const facePx of [20, 30, 40]) {
    const small = await Promise.all(photographs.map((labelled) => reduced(labelled, facePx)));
    const pictures = small.filter((labelled) => labelled !== undefined);
    sets.push({ name: `group at ${facePx} px`, pictures });
  }
  return sets;
}

const { values } = parseArgs({
  options: { truth: { type: 'string', multiple: true }, models: { type: 'string' } },
});
const sets = await pictureSets(values.truth ?? []);
const all = await contenders(values.models);
for (const { name, pictures } of sets) {
  const rows: string[][] = [];
  for (const contender of all) {
    const { found, labels, unlabelled, cpuMs } = await measure(contender, pictures);
    rows.push([contender.name, `${found}/${labels}`, String(unlabelled), cpuMs.toFixed(1)]);
  }
  console.log(`\n${name}: ${pictures.length} pictures`);
  console.log(table(['detector', 'found', 'unlabelled', 'ms of processor'], rows));
}
