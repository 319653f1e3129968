/*
 * Why embeddings are unit-length means over a face and its mirror image: error rates of the alternatives.
 *
 *   scripts/bench recogniser-choices --known DIR --unknown DIR      (folders as for rollcall evaluate identify)
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { silentLogger } from '../../daemon/base/logger.js';
import { readPeople, readPhotographs } from '../../daemon/cli/import/labelled-photographs.js';
import { boxCentre } from '../../daemon/domain/faces/geometry.js';
import { shareReaching, thresholdAtRate } from '../../daemon/domain/identification/error-rates.js';
import { similarityOf } from '../../daemon/domain/identification/match.js';
import { openModelStore } from '../../daemon/models/store.js';
import { cropAffine } from '../../daemon/vision/inference/affine-crop.kernel.js';
import { mirrorCrop } from '../../daemon/vision/inference/embedding.kernel.js';
import { openNetwork, output } from '../../daemon/vision/inference/network.js';
import { openFaceAnalyser } from '../../daemon/vision/inference/open-face-analyser.js';
import { dlibContract } from '../../daemon/vision/inference/recogniser-contract.js';
import { decodePhoto } from '../../daemon/vision/photo-decoding.js';
import { facesInPhoto } from '../../daemon/vision/photo-faces.js';

const { values } = parseArgs({ options: { known: { type: 'string' }, unknown: { type: 'string' } } });
const { known, unknown } = values;
if (known === undefined || unknown === undefined) {
  console.error('usage: recogniser-choices.ts --known DIR --unknown DIR');
  process.exit(2);
}

const models = await openModelStore();
const shared = { provider: 'cpu', threads: 1 } as const;
await using analyser = await openFaceAnalyser({
  ...shared,
  models,
  detector: 'auto',
  passivePad: 'none',
  logger: silentLogger,
});
await using network = await openNetwork({
  ...shared,
  name: 'dlib-resnet',
  path: await models.path('dlib-resnet'),
});

/** What the network gives for the aligned face and for its mirror image, not normalised. */
interface RawPair {
  readonly name: string | undefined;
  readonly face: Float32Array;
  readonly mirror: Float32Array;
}

const { cropPx } = dlibContract;
const samples = 3 * cropPx * cropPx;
const buffer = new Float32Array(2 * samples);

async function rawPair(path: string, name: string | undefined): Promise<RawPair | undefined> {
  const decoded = await decodePhoto(await readFile(path));
  if (decoded.outcome !== 'ok') return undefined;
  const { picture } = decoded;
  const fromMiddle = (box: Parameters<typeof boxCentre>[0]): number =>
    Math.hypot(boxCentre(box).x - picture.widthPx / 2, boxCentre(box).y - picture.heightPx / 2);
  const [face] = [...(await facesInPhoto(picture, analyser))].sort(
    (a, b) => fromMiddle(a.box) - fromMiddle(b.box),
  );
  if (!face) return undefined;
  const target = { data: buffer, offset: 0, widthPx: cropPx, heightPx: cropPx };
  cropAffine(picture, dlibContract.align(face.fivePoints, cropPx), target);
  mirrorCrop(buffer, 0, samples, cropPx);
  const both = output(await network.run(buffer, [2, 3, cropPx, cropPx]), dlibContract.output);
  return { name, face: both.slice(0, both.length / 2), mirror: both.slice(both.length / 2) };
}

const pairs: RawPair[] = [];
for (const { name, paths } of await readPeople(known)) {
  for (const path of paths) pairs.push(...[await rawPair(path, name)].filter((pair) => pair !== undefined));
}
for (const path of await readPhotographs(unknown)) {
  pairs.push(...[await rawPair(path, undefined)].filter((pair) => pair !== undefined));
}

const unit = (vector: Float32Array): Float32Array =>
  vector.map((x) => x / Math.sqrt(similarityOf(vector, vector)));
const mean = ({ face, mirror }: RawPair): Float32Array => face.map((x, i) => (x + (mirror[i] ?? 0)) / 2);
const nearness = (a: Float32Array, b: Float32Array): number =>
  -Math.hypot(...a.map((value, index) => value - (b[index] ?? 0)));

const CHOICES = {
  'face alone, Euclidean': { vector: (pair: RawPair) => pair.face, similarity: nearness },
  'face alone, cosine': { vector: (pair: RawPair) => unit(pair.face), similarity: similarityOf },
  'mean with mirror image, Euclidean': { vector: mean, similarity: nearness },
  'mean with mirror image, cosine': { vector: (pair: RawPair) => unit(mean(pair)), similarity: similarityOf },
} as const;

for (const [name, { vector, similarity }] of Object.entries(CHOICES)) {
  const vectors = pairs.map((pair) => ({ name: pair.name, vector: vector(pair) }));
  const mated: number[] = [];
  const nonMated: number[] = [];
  for (const [index, a] of vectors.entries()) {
    for (const b of vectors.slice(index + 1)) {
      const isSamePerson = a.name !== undefined && a.name === b.name;
      (isSamePerson ? mated : nonMated).push(similarity(a.vector, b.vector));
    }
  }
  const fnmr = (rate: number): string =>
    `${(100 * (1 - shareReaching(mated, thresholdAtRate(nonMated, rate)))).toFixed(2)} %`;
  console.log(`${name.padEnd(36)} FNMR ${fnmr(0.01)} at FMR 1 %, ${fnmr(0.001)} at 0.1 %`);
}
