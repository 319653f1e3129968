/*
 * How many faces the detectors find and at what cost: recall, finds that are no labelled face, processor time a picture.
 *
 *   scripts/bench detection [--looks] [--truth FILE.xml]… [--clips DIR] [--models DIR]
 *
 * Always: four faces side by side, cut out of the photographs inside face-api, in 640 x 360 and 1920 x 1080. --truth:
 * photographs in the format of dlib's imglab as well, as they are, reduced, and six together in 1920 x 1080. --clips:
 * a frame a second of every clip in a folder, at its own size and within 640 x 360; a face there is what any of the
 * detectors finds and the face mesh confirms. --models: a folder with YuNet's files, which are measured, too.
 * --looks: the looks of a box with the default smallest face, without the SSD at further sizes and scores.
 * The detectors get the pictures as a camera delivers them, in planes with half of the colour.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { silentLogger } from '../../daemon/base/logger.js';
import { table } from '../../daemon/cli/output.js';
import type { Detection } from '../../daemon/domain/faces/face.js';
import { intersectionOverUnion } from '../../daemon/domain/faces/geometry.js';
import { suppressNonMaxima } from '../../daemon/domain/faces/non-maximum-suppression.js';
import type { Picture } from '../../daemon/domain/faces/picture.js';
import { openModelStore } from '../../daemon/models/store.js';
import type { DetectOptions, FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import { BlazefaceDetector } from '../../daemon/vision/inference/blazeface-detector.js';
import type { FaceDetector } from '../../daemon/vision/inference/face-detector.js';
import { openNetwork } from '../../daemon/vision/inference/network.js';
import { openFaceAnalyser } from '../../daemon/vision/inference/open-face-analyser.js';
import { SsdDetector } from '../../daemon/vision/inference/ssd-detector.js';
import { YunetDetector } from '../../daemon/vision/inference/yunet-detector.js';
import {
  clipFrames,
  crowds,
  facesOfSamples,
  fourFaces,
  fromCamera,
  type Labelled,
  readTruth,
  reduced,
} from './detection-pictures.js';

/** Finds and labels are the same face from this overlap on: detectors and labellers draw boxes differently. */
const MATCHING_OVERLAP = 0.3;

/** The looks of a camera at which nobody is followed: five frames a second, one of them looked at in full. */
const FULL_SHARE = 0.2;

/** Every face counts, however small it is. */
const every: DetectOptions = { smallestFacePx: 4 };

interface Contender {
  readonly name: string;
  find(picture: Picture): Promise<readonly Detection[]>;
}

/** Two kinds of look: a face counts as found that either finds. */
interface Turns {
  readonly name: string;
  readonly full: Contender;
  readonly quick: Contender;
}

interface PictureSet {
  readonly name: string;
  readonly pictures: readonly Labelled[];
}

interface Finds {
  readonly perPicture: readonly (readonly Detection[])[];
  readonly cpuMs: number;
}

/** Looks as a box does at a camera with the default smallest face, or at every face in the whole picture. */
function looking(name: string, detector: FaceDetector, options: DetectOptions): Contender {
  return { name, find: (picture) => detector.detect(picture, options) };
}

async function findAll({ find }: Contender, pictures: readonly Labelled[]): Promise<Finds> {
  const shown = pictures.map(({ picture }) => fromCamera(picture));
  const [first] = shown;
  if (first) await find(first);
  const before = process.cpuUsage();
  const perPicture = [];
  for (const picture of shown) perPicture.push(await find(picture));
  const { user, system } = process.cpuUsage(before);
  return { perPicture, cpuMs: (user + system) / 1000 / pictures.length };
}

function row(name: string, { perPicture, cpuMs }: Finds, pictures: readonly Labelled[]): string[] {
  let found = 0;
  let labels = 0;
  let unlabelled = 0;
  for (const [index, { boxes }] of pictures.entries()) {
    const detections = perPicture[index] ?? [];
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
  return [name, `${found}/${labels}`, String(unlabelled), cpuMs.toFixed(1)];
}

function joined(full: Finds, quick: Finds): Finds {
  return {
    perPicture: full.perPicture.map((found, index) =>
      suppressNonMaxima([...found, ...(quick.perPicture[index] ?? [])], MATCHING_OVERLAP),
    ),
    cpuMs: FULL_SHARE * full.cpuMs + (1 - FULL_SHARE) * quick.cpuMs,
  };
}

/** Every contender, and which of them take turns; the two analysers look as a box does. */
async function contenders(
  { looks, models }: { readonly looks: boolean; readonly models?: string | undefined },
  one: FaceAnalyser,
  two: FaceAnalyser,
): Promise<{ all: Contender[]; turns: Turns[] }> {
  const store = await openModelStore();
  const open = (name: string, path: string) => openNetwork({ name, path, provider: 'cpu', threads: 1 });
  const ssd = await open('ssd-mobilenet-v1', await store.path('ssd-mobilenet-v1'));
  const ssdAt = (longestInputPx: number, scoreThreshold = 0.4) =>
    new SsdDetector(ssd, { scoreThreshold, overlapThreshold: 0.5, longestInputPx });
  const light = await open('blazeface-back', await store.path('blazeface-back'));
  const policy = { scoreThreshold: 0.4, overlapThreshold: 0.1, longestInputPx: 256 };
  const full = looking('ssd, full look', one, { smallestFacePx: 40 });
  const quick = looking('ssd, quick look', one, { smallestFacePx: 40, isQuick: true });
  const lightQuick = looking('blazeface, quick look', two, { smallestFacePx: 40, isQuick: true });
  const sizes = looks
    ? []
    : [
        ...[384, 512, 640, 1024].map((side) => looking(`ssd ${side}`, ssdAt(side), every)),
        ...[0.3, 0.5].map((score) => looking(`ssd 512, score ${score}`, ssdAt(512, score), every)),
      ];
  const blazeface = looking('blazeface 256', new BlazefaceDetector(light, policy), every);
  return {
    all: [...sizes, blazeface, ...(await yunets(models)), full, quick, lightQuick],
    turns: [
      { name: 'ssd in full and quick looks', full, quick },
      { name: 'in-turn: ssd in full, blazeface in quick looks', full, quick: lightQuick },
    ],
  };
}

async function yunets(modelsDir: string | undefined): Promise<Contender[]> {
  const files = modelsDir === undefined ? [] : (await readdir(modelsDir)).filter((f) => /yunet/.test(f));
  const found: Contender[] = [];
  for (const file of files) {
    const path = join(modelsDir ?? '', file);
    const network = await openNetwork({ name: file, path, provider: 'cpu', threads: 1 });
    const sides = file.includes('dynamic') ? [384, 640] : [640];
    for (const longestInputPx of sides) {
      const policy = { scoreThreshold: 0.6, overlapThreshold: 0.3, longestInputPx };
      const fixedPx = file.includes('dynamic') ? undefined : longestInputPx;
      const name = `${file.replace('.onnx', '')} ${longestInputPx}`;
      found.push(looking(name, new YunetDetector(network, policy, fixedPx), every));
    }
  }
  return found;
}

async function pictureSets(
  analyser: FaceAnalyser,
  truths: readonly string[],
  looks: boolean,
): Promise<PictureSet[]> {
  const faces = await facesOfSamples(analyser);
  const sets: PictureSet[] = [];
  for (const size of [
    { width: 640, height: 360 },
    { width: 1920, height: 1080 },
  ]) {
    for (const facePx of [40, 60, 80, 110]) {
      const name = `four of ${facePx} px in ${size.width} x ${size.height}`;
      sets.push({ name, pictures: await fourFaces(faces, facePx, size) });
    }
  }
  const photographs = (await Promise.all(truths.map(readTruth))).flat();
  if (photographs.length === 0) return sets;
  sets.push({ name: 'group', pictures: photographs });
  for (const facePx of looks ? [60] : [20, 30, 40, 60]) {
    const small = await Promise.all(photographs.map((labelled) => reduced(labelled, facePx)));
    const pictures = small.filter((labelled) => labelled !== undefined);
    sets.push({ name: `group at ${facePx} px`, pictures });
  }
  for (const facePx of [40, 60]) {
    sets.push({ name: `crowd of ${facePx} px in 1920 x 1080`, pictures: await crowds(photographs, facePx) });
  }
  return sets;
}

/** The faces of frames that nobody labelled: what any of the detectors finds and the face mesh confirms. */
async function confirmed(
  frames: readonly Labelled['picture'][],
  found: readonly Finds[],
  analyser: FaceAnalyser,
): Promise<Labelled[]> {
  const labelled: Labelled[] = [];
  for (const [index, picture] of frames.entries()) {
    const candidates = found.flatMap(({ perPicture }) => perPicture[index] ?? []);
    const meshes = await analyser.locate(
      picture,
      suppressNonMaxima(candidates, 0.7).map(({ box }) => box),
    );
    const faces = meshes.flatMap((mesh) => (mesh ? [{ box: mesh.box, score: mesh.presence }] : []));
    const boxes = suppressNonMaxima(faces, MATCHING_OVERLAP).map(({ box }) => ({
      ...box,
      // A mesh is wider than some detectors' boxes: what is surely narrower than the smallest face counts neither way.
      isIgnored: box.width < 30,
    }));
    labelled.push({ picture, boxes });
  }
  return labelled;
}

const { values } = parseArgs({
  options: {
    looks: { type: 'boolean', default: false },
    truth: { type: 'string', multiple: true },
    clips: { type: 'string' },
    models: { type: 'string' },
  },
});

async function openAnalyser(detector: 'ssd-mobilenet-v1' | 'in-turn'): Promise<FaceAnalyser> {
  return openFaceAnalyser({
    models: await openModelStore(),
    provider: 'cpu',
    detector,
    recogniser: 'dlib-resnet',
    passivePad: 'none',
    threads: 1,
    logger: silentLogger,
  });
}
await using analyser = await openAnalyser('ssd-mobilenet-v1');
await using inTurn = await openAnalyser('in-turn');
const { all, turns } = await contenders(values, analyser, inTurn);

async function report(name: string, pictures: readonly Labelled[], isLabelled = true): Promise<void> {
  const finds = new Map<Contender, Finds>();
  for (const contender of all) finds.set(contender, await findAll(contender, pictures));
  const truth = isLabelled
    ? pictures
    : await confirmed(
        pictures.map(({ picture }) => picture),
        [...finds.values()],
        analyser,
      );
  const rows = [...finds].map(([contender, found]) => row(contender.name, found, truth));
  for (const { name: called, full, quick } of turns) {
    const [one, other] = [finds.get(full), finds.get(quick)];
    if (one && other) rows.push(row(called, joined(one, other), truth));
  }
  console.log(`\n${name}: ${pictures.length} pictures`);
  console.log(table(['detector', 'found', 'unlabelled', 'ms of processor'], rows));
}

for (const { name, pictures } of await pictureSets(analyser, values.truth ?? [], values.looks))
  await report(name, pictures);
if (values.clips !== undefined) {
  for (const isSmall of [false, true]) {
    const frames = await clipFrames(values.clips, isSmall);
    const pictures = frames.map((picture) => ({ picture, boxes: [] }));
    await report(isSmall ? 'clips within 640 x 360' : 'clips at their own size', pictures, false);
  }
}
