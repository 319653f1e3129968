/*
 * How many faces a camera's looks find, and what they cost: recall, finds that nobody labelled, processor time a picture.
 *
 *   scripts/bench detection [--truth FILE.xml]… [--clips DIR]
 *   scripts/bench detection --rest DIR
 *   scripts/bench detection --beside DIR
 *
 * Compares the default (`in-turn`: the SSD in full looks, BlazeFace in quick looks) with the SSD alone, at the default
 * smallest face, with looks at the parts of the picture in which something moves, if all faces and their bodies do, and with a sweep over
 * the whole picture in parts. Always: one
 * face, and four side by side, cut out of the photographs inside face-api, in 640 x 360 and 1920 x 1080.
 * --truth: labelled photographs in the format of dlib's imglab. --clips: one frame a second of every clip in a folder, at its
 * own size and within 640 x 360; there a face is what any look finds and the face mesh confirms.
 * --rest: instead, every clip in a folder twice: with a detector that looks only where somebody may be, and with one that always looks at the whole picture. Compares
 * all events, and where they differ, the times at which faces were first seen.
 * --beside: the same with looks that are waited for, and with looks that end three analysed frames later.
 * The detectors get the pictures as a camera delivers them, in planes with half of the colour.
 */
import { openModelStore } from '../../daemon/host/models/store.js';
import type { Detection } from '../../daemon/kernel/faces/face.js';
import { type Box, intersectionOverUnion } from '../../daemon/kernel/faces/geometry.js';
import { suppressNonMaxima } from '../../daemon/kernel/faces/non-maximum-suppression.js';
import type { Picture } from '../../daemon/kernel/faces/picture.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { present } from '../../daemon/kernel/present.js';
import { table } from '../../daemon/kernel/text-table.js';
import { lookParts, sweepParts } from '../../daemon/kernel/tracks/look-parts.js';
import type { DetectOptions, FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import { openFaceAnalyser } from '../../daemon/vision/inference/open-face-analyser.js';
import { readOptions } from '../options.js';
import {
  clipFrames,
  facesBeside,
  facesOfSamples,
  fromCamera,
  type Labelled,
  movingPlaces,
  readTruth,
} from './detection-pictures.js';
import { compareClips } from './detection-rest.js';

/** Finds and labels are the same face from this overlap on: detectors and labellers draw boxes differently. */
const MATCHING_OVERLAP = 0.3;

/** A camera without tracks: five looks a second, one of them full. */
const FULL_SHARE = 0.2;

/** One kind of look with one detector. */
interface Look {
  readonly name: string;
  find(picture: Picture, labelled: Labelled): Promise<readonly Detection[]>;
}

/** Full and quick looks of one camera: a face counts as found when either look finds it. */
interface Schedule {
  readonly name: string;
  readonly full: Look;
  readonly quick: Look;
}

interface PictureSet {
  readonly name: string;
  readonly pictures: readonly Labelled[];
}

interface Finds {
  readonly perPicture: readonly (readonly Detection[])[];
  readonly cpuMs: number;
}

/** The default of a camera. */
const smallestFacePx = 40;

function look(
  name: string,
  analyser: FaceAnalyser,
  {
    partsOf,
    ...options
  }: Partial<DetectOptions> & { readonly partsOf?: (labelled: Labelled) => readonly Box[] | undefined } = {},
): Look {
  return {
    name,
    find: (picture, labelled) =>
      analyser.detect(picture, { smallestFacePx, ...options, ...present({ parts: partsOf?.(labelled) }) }),
  };
}

/** What a look is shown if all faces move. */
function movingParts(labelled: Labelled): readonly Box[] | undefined {
  const parts = lookParts(movingPlaces(labelled), labelled.picture, smallestFacePx);
  return parts?.length === 0 ? undefined : parts;
}

async function findAll({ find }: Look, pictures: readonly Labelled[]): Promise<Finds> {
  const shown = pictures.map((labelled) => ({ labelled, picture: fromCamera(labelled.picture) }));
  const [first] = shown;
  if (first) await find(first.picture, first.labelled);
  const before = process.cpuUsage();
  const perPicture = [];
  for (const { labelled, picture } of shown) perPicture.push(await find(picture, labelled));
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

async function pictureSets(analyser: FaceAnalyser, truths: readonly string[]): Promise<PictureSet[]> {
  const faces = await facesOfSamples(analyser);
  const sets: PictureSet[] = [];
  for (const size of [
    { width: 640, height: 360 },
    { width: 1920, height: 1080 },
  ]) {
    for (const facePx of [40, 60, 80, 110]) {
      for (const [word, count] of [
        ['one', 1],
        ['four', 4],
      ] as const) {
        const name = `${word} of ${facePx} px in ${size.width} x ${size.height}`;
        sets.push({ name, pictures: await facesBeside(faces, count, facePx, size) });
      }
    }
  }
  const photographs = (await Promise.all(truths.map(readTruth))).flat();
  if (photographs.length > 0) sets.push({ name: 'group', pictures: photographs });
  return sets;
}

/** The faces of unlabelled frames: what any look finds and the face mesh confirms. */
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

const { values } = readOptions('scripts/bench detection', {
  options: {
    truth: { type: 'string', multiple: true },
    clips: { type: 'string' },
    rest: { type: 'string' },
    beside: { type: 'string' },
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
await using ssd = await openAnalyser('ssd-mobilenet-v1');
await using inTurn = await openAnalyser('in-turn');
const full = look('ssd, full look', ssd);
const ssdQuick = look('ssd, quick look', ssd, { isQuick: true });
const blazefaceQuick = look('blazeface, quick look', inTurn, { isQuick: true });
const looks: readonly Look[] = [full, ssdQuick, blazefaceQuick];
/** What faces tell of where something moves is known only where they are labelled. */
const looksAtParts: readonly Look[] = [
  look('ssd, where something moves', ssd, { partsOf: movingParts }),
  look('blazeface, where something moves', inTurn, { isQuick: true, partsOf: movingParts }),
  look('ssd, all parts of a sweep', ssd, { partsOf: ({ picture }) => sweepParts(picture, smallestFacePx) }),
];
const schedules: readonly Schedule[] = [
  { name: 'ssd in full and quick looks', full, quick: ssdQuick },
  { name: 'in-turn: ssd in full, blazeface in quick looks', full, quick: blazefaceQuick },
];

async function report(name: string, pictures: readonly Labelled[], isLabelled = true): Promise<void> {
  const finds = new Map<Look, Finds>();
  for (const each of isLabelled ? [...looks, ...looksAtParts] : looks) {
    finds.set(each, await findAll(each, pictures));
  }
  const truth = isLabelled
    ? pictures
    : await confirmed(
        pictures.map(({ picture }) => picture),
        [...finds.values()],
        ssd,
      );
  const rows = [...finds].map(([{ name: called }, found]) => row(called, found, truth));
  for (const schedule of schedules) {
    const [one, other] = [finds.get(schedule.full), finds.get(schedule.quick)];
    if (one && other) rows.push(row(schedule.name, joined(one, other), truth));
  }
  console.log(`\n${name}: ${pictures.length} pictures`);
  console.log(table(['detector', 'found', 'unlabelled', 'ms of processor'], rows));
}

async function reportSets(): Promise<void> {
  for (const { name, pictures } of await pictureSets(ssd, values.truth ?? [])) await report(name, pictures);
  if (values.clips === undefined) return;
  for (const isSmall of [false, true]) {
    const frames = await clipFrames(values.clips, isSmall);
    const pictures = frames.map((picture) => ({ picture, boxes: [] }));
    await report(isSmall ? 'clips within 640 x 360' : 'clips at their own size', pictures, false);
  }
}

const { rest, beside } = values;
if (rest === undefined && beside === undefined) await reportSets();
if (rest !== undefined) await compareClips(rest, inTurn, 'rest');
if (beside !== undefined) await compareClips(beside, inTurn, 'beside');
