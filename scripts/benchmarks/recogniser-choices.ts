/*
 * Why the recognisers are fed and compared as they are: error rates of the alternatives.
 *
 *   scripts/bench recogniser-choices --known DIR --unknown DIR      (folders as for rollcall evaluate identify)
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { silentLogger } from '../../daemon/base/logger.js';
import { readPeople, readPhotographs } from '../../daemon/cli/import/labelled-photographs.js';
import { fitSimilarity } from '../../daemon/domain/faces/affine.js';
import { ARCFACE_TEMPLATE, dlibAlignment } from '../../daemon/domain/faces/alignment.js';
import type { AlignmentPoints } from '../../daemon/domain/faces/face.js';
import type { Rgb24Picture } from '../../daemon/domain/faces/picture.js';
import { shareReaching, thresholdAtRate } from '../../daemon/domain/identification/error-rates.js';
import { similarityOf } from '../../daemon/domain/identification/match.js';
import { openModelStore } from '../../daemon/models/store.js';
import { cropAffine } from '../../daemon/vision/inference/affine-crop.kernel.js';
import { mirrorCrop, unitMean } from '../../daemon/vision/inference/embedding.kernel.js';
import { type Network, openNetwork, output } from '../../daemon/vision/inference/network.js';
import { openFaceAnalyser } from '../../daemon/vision/inference/open-face-analyser.js';
import {
  dlibContract,
  mobileFaceNetContract,
  type RecogniserContract,
} from '../../daemon/vision/inference/recogniser-contract.js';
import { decodePhoto } from '../../daemon/vision/photo-decoding.js';
import { facesInPhoto, mostCentralFace } from '../../daemon/vision/photo-faces.js';

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
  recogniser: 'dlib-resnet',
  detector: 'auto',
  passivePad: 'none',
  logger: silentLogger,
});
await using dlib = await openNetwork({
  ...shared,
  name: 'dlib-resnet',
  path: await models.path('dlib-resnet'),
});
await using mobile = await openNetwork({
  ...shared,
  name: 'mobilefacenet',
  path: await models.path('mobilefacenet'),
});

/** What a network gives for an aligned face and for its mirror image, one behind the other, not normalised. */
async function rawPair(
  network: Network,
  { cropPx, order, outside, align, output: name }: RecogniserContract,
  picture: Rgb24Picture,
  points: AlignmentPoints,
): Promise<Float32Array> {
  const samples = 3 * cropPx * cropPx;
  const data = new Float32Array(2 * samples);
  const target = { data, offset: 0, widthPx: cropPx, heightPx: cropPx, order, outside };
  cropAffine(picture, align(points, cropPx), target);
  mirrorCrop(data, 0, samples, cropPx);
  return output(await network.run(data, [2, 3, cropPx, cropPx]), name).slice();
}

/** The ways of feeding a network: its contract, and what is different in it. */
const FEEDS = {
  dlib: [dlib, dlibContract],
  mobile: [mobile, mobileFaceNetContract],
  repeatedBorder: [mobile, { ...mobileFaceNetContract, outside: 'border' }],
  eyesAlone: [
    mobile,
    {
      ...mobileFaceNetContract,
      align: ({ arcFacePoints: [right, left] }) => fitSimilarity(ARCFACE_TEMPLATE.slice(0, 2), [right, left]),
    },
  ],
  dlibCrop: [
    mobile,
    { ...mobileFaceNetContract, align: ({ fivePoints }, cropPx) => dlibAlignment(fivePoints, cropPx) },
  ],
} as const satisfies Record<string, readonly [Network, RecogniserContract]>;

type Raw = Readonly<Record<keyof typeof FEEDS, Float32Array>>;

interface Photographed {
  readonly name: string | undefined;
  readonly raw: Raw;
}

async function photographed(path: string, name: string | undefined): Promise<readonly Photographed[]> {
  const decoded = await decodePhoto(await readFile(path));
  if (decoded.outcome !== 'ok') return [];
  const { picture } = decoded;
  const face = mostCentralFace(await facesInPhoto(picture, analyser), picture);
  if (!face) return [];
  const raw: Partial<Record<keyof typeof FEEDS, Float32Array>> = {};
  for (const feed of Object.keys(FEEDS) as (keyof typeof FEEDS)[]) {
    const [network, contract] = FEEDS[feed];
    raw[feed] = await rawPair(network, contract, picture, face);
  }
  return [{ name, raw: raw as Raw }];
}

const photographs: Photographed[] = [];
for (const { name, paths } of await readPeople(known)) {
  for (const path of paths) photographs.push(...(await photographed(path, name)));
}
for (const path of await readPhotographs(unknown)) photographs.push(...(await photographed(path, undefined)));

const faceAlone = (pair: Float32Array): Float32Array => pair.subarray(0, pair.length / 2);
const mean = (pair: Float32Array): Float32Array =>
  faceAlone(pair).map((value, index) => (value + (pair[index + pair.length / 2] ?? 0)) / 2);
const nearness = (a: Float32Array, b: Float32Array): number =>
  -Math.hypot(...a.map((value, index) => value - (b[index] ?? 0)));

/** Similarities of dlib's network begin at about 0.84; brought to the scale of the other, they may be weighted. */
const comparable = (similarity: number): number => (similarity - 0.84) / 0.16;

interface Choice {
  readonly vectors: (raw: Raw) => readonly Float32Array[];
  readonly similarity: (a: readonly Float32Array[], b: readonly Float32Array[]) => number;
}

/** Compares the unit-length vectors of one feed. */
const byCosine = (vector: (raw: Raw) => Float32Array): Choice => ({
  vectors: (raw) => [vector(raw)],
  similarity: ([a], [b]) => (a && b ? similarityOf(a, b) : Number.NaN),
});
const byDistance = (vector: (raw: Raw) => Float32Array): Choice => ({
  vectors: (raw) => [vector(raw)],
  similarity: ([a], [b]) => (a && b ? nearness(a, b) : Number.NaN),
});

const CHOICES: Readonly<Record<string, Choice>> = {
  'dlib: face alone, Euclidean': byDistance((raw) => faceAlone(raw.dlib)),
  'dlib: face alone, cosine': byCosine((raw) => unitMean(faceAlone(raw.dlib), 1)),
  'dlib: mean with mirror image, Euclidean': byDistance((raw) => mean(raw.dlib)),
  'dlib: mean with mirror image, cosine': byCosine((raw) => unitMean(raw.dlib, 2)),
  'mobilefacenet: as it is used': byCosine((raw) => unitMean(raw.mobile, 2)),
  'mobilefacenet: without mirror image': byCosine((raw) => unitMean(faceAlone(raw.mobile), 1)),
  'mobilefacenet: border repeated': byCosine((raw) => unitMean(raw.repeatedBorder, 2)),
  'mobilefacenet: aligned by the eyes alone': byCosine((raw) => unitMean(raw.eyesAlone, 2)),
  "mobilefacenet: dlib's crop": byCosine((raw) => unitMean(raw.dlibCrop, 2)),
  'mobilefacenet 0.8 + dlib 0.2': {
    vectors: (raw) => [unitMean(raw.mobile, 2), unitMean(raw.dlib, 2)],
    similarity: ([a, c], [b, d]) =>
      a && b && c && d ? 0.8 * similarityOf(a, b) + 0.2 * comparable(similarityOf(c, d)) : Number.NaN,
  },
};

console.log(`${photographs.length} photographs with a face`);
for (const [title, { vectors, similarity }] of Object.entries(CHOICES)) {
  const all = photographs.map(({ name, raw }) => ({ name, vectors: vectors(raw) }));
  const mated: number[] = [];
  const nonMated: number[] = [];
  for (const [index, a] of all.entries()) {
    for (const b of all.slice(index + 1)) {
      const isSamePerson = a.name !== undefined && a.name === b.name;
      (isSamePerson ? mated : nonMated).push(similarity(a.vectors, b.vectors));
    }
  }
  const fnmr = (rate: number): string =>
    `${(100 * (1 - shareReaching(mated, thresholdAtRate(nonMated, rate)))).toFixed(2)} %`;
  console.log(
    `${title.padEnd(42)} FNMR ${fnmr(0.01)} at FMR 1 %, ${fnmr(0.001)} at 0.1 %, ${fnmr(0.0001)} at 0.01 %`,
  );
}
