/*
 * Where a view stops being good enough: spoils one photograph of each person on purpose, compares it with others of
 * the same person, and prints what the quality measures read beside the share that would be missed.
 *
 *   scripts/bench quality-limits --known DIR [--people 32]      (a folder of photographs per person)
 */
import sharp, { type Sharp } from 'sharp';
import { openModelStore } from '../../daemon/host/models/store.js';
import { meanFaceAlignment } from '../../daemon/kernel/faces/alignment.js';
import type { FaceLandmarks } from '../../daemon/kernel/faces/face.js';
import type { FaceStatistics } from '../../daemon/kernel/faces/face-statistics.js';
import { boxCentre, type Point } from '../../daemon/kernel/faces/geometry.js';
import type { Rgb24Picture } from '../../daemon/kernel/faces/picture.js';
import { similarityOf } from '../../daemon/kernel/identification/match.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { readPeople } from '../../daemon/lab/labelled-collection.js';
import { faceStatistics, STATISTICS_PX } from '../../daemon/vision/inference/face-statistics.kernel.js';
import { openFaceAnalyser } from '../../daemon/vision/inference/open-face-analyser.js';
import { ownThreshold } from '../../daemon/vision/operating-point.js';
import { chooseRecogniser } from '../../daemon/vision/recogniser-in-use.js';
import { readOptions } from '../options.js';

const { values } = readOptions('scripts/bench quality-limits', {
  options: { known: { type: 'string' }, people: { type: 'string', default: '32' } },
});
if (values.known === undefined) {
  console.error('usage: quality-limits.ts --known DIR [--people N]');
  process.exit(2);
}
const known = values.known;

/** How a photograph is spoilt; widths are those of the face in pixels. */
type Spoiling = readonly [
  name: string,
  spoil: (photograph: Sharp, faceWidthPx: number, face: FaceLandmarks) => Sharp,
];

const SPOILINGS: readonly Spoiling[] = [
  ['as it is', (photograph) => photograph],
  ...[1, 2, 3, 4, 5].map(
    (share): Spoiling => [
      `blur, ${share} % of the face`,
      (photograph, width) => photograph.blur((share / 100) * width),
    ],
  ),
  ...[80, 50, 40, 30, 25].map(
    (target): Spoiling => [
      `face ${target} px wide`,
      (photograph, width) => sharpScaled(photograph, target / width),
    ],
  ),
  ...[0.5, 0.3, 0.2, 0.12, 0.08].map(
    (gain): Spoiling => [`light x ${gain}`, (photograph) => photograph.linear(gain, 0)],
  ),
  ...[1.5, 2, 2.5, 3].map(
    (gain): Spoiling => [`light x ${gain}`, (photograph) => photograph.linear(gain, 0)],
  ),
  ...[0.8, 0.9, 0.97].map(
    (opacity): Spoiling => [
      `glasses, ${100 * opacity} % dark`,
      (photograph, _, face) => photograph.composite([{ input: drawnGlasses(face, opacity) }]),
    ],
  ),
];

/** Two dark lenses over the eyes, as wide as half the distance of their outer corners. */
function drawnGlasses({ fivePoints }: FaceLandmarks, opacity: number): Buffer {
  const [rightOuter, rightInner, leftInner, leftOuter] = fivePoints;
  const eyesPx = Math.hypot(leftOuter.x - rightOuter.x, leftOuter.y - rightOuter.y);
  const lens = (a: Point, b: Point): string =>
    `<ellipse cx="${(a.x + b.x) / 2}" cy="${(a.y + b.y) / 2}" rx="${0.26 * eyesPx}" ry="${0.22 * eyesPx}" fill="#111" fill-opacity="${opacity}"/>`;
  const lenses = lens(rightOuter, rightInner) + lens(leftInner, leftOuter);
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${PHOTOGRAPH_PX}" height="${PHOTOGRAPH_PX}">${lenses}</svg>`,
  );
}

function sharpScaled(photograph: Sharp, scale: number): Sharp {
  return photograph.resize({ width: Math.max(8, Math.round(PHOTOGRAPH_PX * scale)), kernel: 'cubic' });
}

/** Photographs are brought to this width first. */
const PHOTOGRAPH_PX = 250;

const models = await openModelStore();
const recogniser = await chooseRecogniser(models, 'auto');
await using analyser = await openFaceAnalyser({
  models,
  recogniser: recogniser.name,
  provider: 'cpu',
  detector: 'auto',
  passivePad: 'none',
  threads: 1,
  logger: silentLogger,
});
const threshold = ownThreshold(recogniser.pack) ?? 1;

async function pixels(photograph: Sharp): Promise<Rgb24Picture> {
  const { data, info } = await photograph.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { format: 'rgb24', widthPx: info.width, heightPx: info.height, data };
}

async function mainFace(picture: Rgb24Picture): Promise<FaceLandmarks | undefined> {
  const found = await analyser.detect(picture, { smallestFacePx: 40 });
  const fromMiddle = (index: number): number => {
    const box = found[index]?.box;
    return box ? Math.abs(boxCentre(box).x - picture.widthPx / 2) : Number.POSITIVE_INFINITY;
  };
  const [first] = found.map((_, index) => index).sort((a, b) => fromMiddle(a) - fromMiddle(b));
  const box = first === undefined ? undefined : found[first]?.box;
  return box && (await analyser.locate(picture, [box]))[0];
}

interface Reading extends FaceStatistics {
  readonly similarity: number;
}

const readings = new Map<string, Reading[]>();
for (const { paths } of (await readPeople(known)).slice(0, Number(values.people))) {
  const [spoilt, ...others] = paths.slice(0, 4);
  if (spoilt === undefined) continue;
  const load = (path: string): Sharp => sharp(path).resize({ width: PHOTOGRAPH_PX });
  const references: Float32Array[] = [];
  for (const path of others) {
    const picture = await pixels(load(path));
    const face = await mainFace(picture);
    if (face) references.push(await analyser.embed(picture, face));
  }
  const clean = await pixels(load(spoilt));
  const face = await mainFace(clean);
  if (!face) continue;
  const whole = await load(spoilt).png().toBuffer();
  for (const [name, spoil] of SPOILINGS) {
    const picture = await pixels(spoil(sharp(whole), face.box.width, face));
    const scale = picture.widthPx / clean.widthPx;
    const { x, y, width, height } = face.box;
    const region = { x: x * scale, y: y * scale, width: width * scale, height: height * scale };
    const [landmarks] = await analyser.locate(picture, [region]);
    if (!landmarks) continue;
    const embedding = await analyser.embed(picture, landmarks);
    const similarity = Math.max(...references.map((reference) => similarityOf(reference, embedding)));
    const statistics = faceStatistics(picture, meanFaceAlignment(landmarks.fivePoints, STATISTICS_PX, 0));
    readings.set(name, [...(readings.get(name) ?? []), { ...statistics, similarity }]);
  }
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
console.log(`missed: similarity to the nearest of three other photographs under ${threshold}; medians`);
for (const [name, all] of readings) {
  const missed = all.filter(({ similarity }) => similarity < threshold).length;
  const of = (key: keyof Reading): string => median(all.map((reading) => reading[key])).toFixed(2);
  console.log(
    `${name.padEnd(22)} missed ${missed}/${all.length}  similarity ${median(all.map((r) => r.similarity)).toFixed(3)}` +
      `  sharpness ${of('sharpness')}  luma ${of('meanLuma')}  burnt out ${of('brightShare')}  weakest part ${of('weakestPart')}` +
      `  eyes over cheeks ${of('eyesOverCheeks')}  lens structure ${of('lensStructure')}`,
  );
}
