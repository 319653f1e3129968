/*
 * Which photographs enrolment refuses although they would do: crops one photograph of each person tightly or shrinks it, and prints
 * what enrolment says beside the share that matches three other photographs of the person.
 *
 *   scripts/bench failure-to-enrol --known DIR [--people 60]      (a folder of photographs per person)
 */
import sharp from 'sharp';
import { openModelStore } from '../../daemon/host/models/store.js';
import type { Box } from '../../daemon/kernel/faces/geometry.js';
import { type Embedding, similarityOf } from '../../daemon/kernel/identification/match.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { readPeople } from '../../daemon/lab/labelled-collection.js';
import { openFaceAnalyser } from '../../daemon/vision/inference/open-face-analyser.js';
import { ownThreshold } from '../../daemon/vision/operating-point.js';
import { decodePhoto } from '../../daemon/vision/photo-decoding.js';
import { facesInPhoto, mostCentralFace } from '../../daemon/vision/photo-faces.js';
import { sampleImage, samplePhoto } from '../../daemon/vision/photo-sample.js';
import { chooseRecogniser } from '../../daemon/vision/recogniser-in-use.js';
import { readOptions } from '../options.js';

const { values } = readOptions('scripts/bench failure-to-enrol', {
  options: { known: { type: 'string' }, people: { type: 'string', default: '60' } },
});
if (values.known === undefined) {
  console.error('usage: failure-to-enrol.ts --known DIR [--people N]');
  process.exit(2);
}

/** A photograph, given its face: which part of it is kept, and the width of the face in pixels, if it changes. */
interface Spoiling {
  readonly name: string;
  readonly kept?: (face: Box) => Box;
  readonly facePx?: number;
}

const sides = ['left', 'right', 'top', 'bottom'] as const;

/** The face without `share` of its box at one side. Beyond the other sides, a tenth of the face stays. */
function withoutSide({ x, y, width, height }: Box, side: (typeof sides)[number], share: number): Box {
  const room = (each: (typeof sides)[number], size: number): number => (each === side ? -share : 0.1) * size;
  const [left, top] = [room('left', width), room('top', height)];
  return {
    x: x - left,
    y: y - top,
    width: width + left + room('right', width),
    height: height + top + room('bottom', height),
  };
}

const spoilings: readonly Spoiling[] = [
  { name: 'as it is' },
  { name: 'cropped to the face', kept: (face) => face },
  { name: 'cropped into the face: 49 % of its box stays', kept: (face) => withoutAll(face, 0.15) },
  ...[0.2, 0.3, 0.4, 0.5].flatMap((share) =>
    sides.map((side): Spoiling => {
      return {
        name: `without ${100 * share} % at the ${side}`,
        kept: (face) => withoutSide(face, side, share),
      };
    }),
  ),
  ...[64, 48, 36, 28, 20].map((facePx): Spoiling => ({ name: `face ${facePx} px wide`, facePx })),
];

function withoutAll({ x, y, width, height }: Box, share: number): Box {
  return {
    x: x + share * width,
    y: y + share * height,
    width: (1 - 2 * share) * width,
    height: (1 - 2 * share) * height,
  };
}

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

/** A lossless copy of the photograph, spoilt. */
async function spoil(photograph: Buffer, face: Box, { kept, facePx }: Spoiling): Promise<Buffer> {
  const { width: widthPx, height: heightPx } = await sharp(photograph).metadata();
  const whole = { x: 0, y: 0, width: widthPx, height: heightPx };
  const part = kept === undefined ? whole : kept(face);
  const left = Math.max(0, Math.round(part.x));
  const top = Math.max(0, Math.round(part.y));
  const width = Math.min(widthPx, Math.round(part.x + part.width)) - left;
  const height = Math.min(heightPx, Math.round(part.y + part.height)) - top;
  const cut = sharp(await sharp(photograph).extract({ left, top, width, height }).png().toBuffer());
  const scale = facePx === undefined ? 1 : facePx / face.width;
  return cut
    .resize({ width: Math.round(width * scale) })
    .png()
    .toBuffer();
}

/** `accepted` includes `warned`; `matching` are those of which the face matches, `refusedMatching` those that are refused all the same. */
interface Counts {
  accepted: number;
  warned: number;
  noFace: number;
  refused: number;
  acceptedMatching: number;
  refusedMatching: number;
  readonly why: Map<string, number>;
}

const counts = new Map<string, Counts>();
let people = 0;
for (const { paths } of (await readPeople(values.known)).slice(0, Number(values.people))) {
  const [spoilt, ...others] = paths.slice(0, 4);
  if (spoilt === undefined || others.length < 3) continue;
  const references: Embedding[] = [];
  for (const path of others) {
    const { embedding } = await samplePhoto(path, analyser);
    if (embedding !== undefined) references.push(embedding);
  }
  const photograph = await sharp(spoilt).rotate().png().toBuffer();
  const decoded = await decodePhoto(photograph);
  const face =
    decoded.outcome === 'ok'
      ? mostCentralFace(await facesInPhoto(decoded.picture, analyser), decoded.picture)
      : undefined;
  if (face === undefined) continue;
  people += 1;
  for (const spoiling of spoilings) {
    const sample = await sampleImage(await spoil(photograph, face.box, spoiling), analyser);
    const count = counts.get(spoiling.name) ?? noCounts();
    counts.set(spoiling.name, count);
    const { embedding } = sample;
    const isMatching =
      embedding !== undefined &&
      references.some((reference) => similarityOf(reference, embedding) >= threshold);
    if (embedding === undefined) count.noFace += 1;
    else if (sample.refusal === undefined) {
      count.accepted += 1;
      if (sample.warnings.length > 0) count.warned += 1;
      if (isMatching) count.acceptedMatching += 1;
    } else {
      count.refused += 1;
      if (isMatching) count.refusedMatching += 1;
      count.why.set(sample.refusal, (count.why.get(sample.refusal) ?? 0) + 1);
    }
  }
}

function noCounts(): Counts {
  return {
    accepted: 0,
    warned: 0,
    noFace: 0,
    refused: 0,
    acceptedMatching: 0,
    refusedMatching: 0,
    why: new Map(),
  };
}

console.log(
  `${recogniser.name}: ${people} people; a photograph matches from a similarity of ${threshold} to the nearest of three others`,
);
console.log(
  'photograph | accepted, of them with a warning | of the accepted match | refused | of the refused match | no face | why refused',
);
for (const [name, each] of counts) {
  const why = [...each.why].map(([reason, count]) => `${count} ${reason}`).join(', ');
  console.log(
    [
      name,
      `${each.accepted}, ${each.warned}`,
      each.acceptedMatching,
      each.refused,
      each.refusedMatching,
      each.noFace,
      why,
    ].join(' | '),
  );
}
