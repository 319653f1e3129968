/*
 * What the two passive networks of the base pack, `antispoof` and `liveness`, and the traces of a display, flicker and moiré, say of living
 * people and of pictures that are shown to a camera. rollcall does not use them; this says why.
 *
 *   scripts/bench passive --genuine DIR --attacks DIR
 *
 * Two looks a second at the largest face of each clip, for 10 s, with crops of 1, 1.3 and 1.7 times the box of the detector. Prints the
 * medians of the clips, and how many attacks lie beyond all living people.
 *
 * Flicker: how much the mean brightness of the face departs from that of the frames before and after it, in thousandths of it (median
 * over all frames as recorded; where the face was seen last). Moiré: the highest power of one frequency in the face, by the median power of all that
 * are as fine, in decibels.
 */
import { join } from 'node:path';
import { openModelStore } from '../../daemon/host/models/store.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { boxToCrop } from '../../daemon/kernel/faces/affine.js';
import type { Box } from '../../daemon/kernel/faces/geometry.js';
import type { Picture } from '../../daemon/kernel/faces/picture.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { percentile } from '../../daemon/kernel/percentile.js';
import { table } from '../../daemon/kernel/text-table.js';
import { readClips } from '../../daemon/lab/labelled-collection.js';
import { openReplaySetup } from '../../daemon/lab/replay-setup.js';
import { cropAffine } from '../../daemon/vision/inference/affine-crop.kernel.js';
import { openNetwork, output } from '../../daemon/vision/inference/network.js';
import { surroundings } from '../../daemon/vision/inference/passive-pad.js';
import { openClip } from '../../daemon/vision/ingest/clip-source.js';
import { readOptions } from '../options.js';

const { values } = readOptions('scripts/bench passive', {
  options: { genuine: { type: 'string' }, attacks: { type: 'string' } },
});
const { genuine, attacks } = values;
if (genuine === undefined || attacks === undefined) {
  console.error('usage: scripts/bench passive --genuine DIR --attacks DIR');
  process.exit(2);
}
const lookMs = 500;
const longestMs = 10_000;
const fewestLooks = 4;
const boxFactors = [1, 1.3, 1.7];
const networks = [
  { name: 'antispoof', sidePx: 128, output: 'score' },
  { name: 'liveness', sidePx: 32, output: 'scores' },
] as const;

await using lifetime = new Lifetime(clock);
const { camera, ffmpeg, analyser } = await openReplaySetup(
  { configPath: undefined, cameraId: undefined, fps: 15 },
  lifetime,
);
const store = await openModelStore();
const opened = await Promise.all(
  networks.map(async (each) => ({
    ...each,
    data: new Float32Array(3 * each.sidePx * each.sidePx),
    network: await openNetwork({
      ...{ name: each.name, path: await store.path(each.name), provider: 'cpu', threads: 1 },
    }),
  })),
);
const columns = opened.flatMap((each) => boxFactors.map((boxFactor) => ({ ...each, boxFactor })));
const traceSidePx = 64;
/** Frequencies from an eighth to a half of a cycle per pixel: finer than a face, not finer than the crop. */
const finest = { fromCycles: traceSidePx / 8, toCycles: traceSidePx / 2 };

/** The green of the inner face, which holds no background: two thirds of the box. */
function innerFace(picture: Picture, box: Box): Float32Array {
  const data = new Float32Array(3 * traceSidePx * traceSidePx);
  const inner = {
    ...{ x: box.x + box.width / 6, y: box.y + box.height / 6 },
    ...{ width: (box.width * 2) / 3, height: (box.height * 2) / 3 },
  };
  const map = boxToCrop(inner, traceSidePx, traceSidePx);
  cropAffine(picture, map, { data, offset: 0, widthPx: traceSidePx, heightPx: traceSidePx });
  return data.subarray(traceSidePx * traceSidePx, 2 * traceSidePx * traceSidePx);
}

/** The discrete Fourier transform of rows, real and imaginary parts side by side; transposed, so that twice is two-dimensional. */
function transformRows(real: Float64Array, imaginary: Float64Array): readonly [Float64Array, Float64Array] {
  const n = traceSidePx;
  const [outReal, outImaginary] = [new Float64Array(n * n), new Float64Array(n * n)];
  for (let row = 0; row < n; row += 1) {
    for (let k = 0; k < n; k += 1) {
      let [re, im] = [0, 0];
      for (let x = 0; x < n; x += 1) {
        const angle = (-2 * Math.PI * k * x) / n;
        const [a, b] = [real[row * n + x] ?? 0, imaginary[row * n + x] ?? 0];
        re += a * Math.cos(angle) - b * Math.sin(angle);
        im += a * Math.sin(angle) + b * Math.cos(angle);
      }
      outReal[k * n + row] = re;
      outImaginary[k * n + row] = im;
    }
  }
  return [outReal, outImaginary];
}

/** Decibels by which the strongest fine frequency of a face stands out of those within two cycles of its fineness. */
function moireOf(face: Float32Array): number {
  const n = traceSidePx;
  const brightness = mean(face);
  // A Hann window keeps the edges of the crop from showing up as frequencies.
  const window = (at: number): number => 0.5 - 0.5 * Math.cos((2 * Math.PI * (at + 0.5)) / n);
  const windowed = Float64Array.from(
    face,
    (value, i) => (value - brightness) * window(i % n) * window(Math.floor(i / n)),
  );
  const [real, imaginary] = transformRows(...transformRows(windowed, new Float64Array(n * n)));
  const waves = Array.from(real, (re, i) => {
    const [u, v] = [Math.min(i % n, n - (i % n)), Math.min(Math.floor(i / n), n - Math.floor(i / n))];
    return { fineness: Math.hypot(u, v), power: re ** 2 + (imaginary[i] ?? 0) ** 2 };
  }).filter(({ fineness }) => fineness >= finest.fromCycles && fineness <= finest.toCycles);
  const ringOf = ({ fineness }: { readonly fineness: number }): number => Math.floor(fineness / 2);
  const rings = [...new Set(waves.map(ringOf))];
  const standsOut = rings.map((ring) => {
    const powers = waves.filter((wave) => ringOf(wave) === ring).map(({ power }) => power);
    return Math.max(...powers) / (percentile(powers, 0.5) ?? 1);
  });
  return 10 * Math.log10(Math.max(...standsOut));
}

/** See the top of the file. */
function flickerOf(brightness: readonly number[]): number {
  const departures = brightness.slice(1, -1).map((now, i) => {
    const around = ((brightness[i] ?? now) + (brightness[i + 2] ?? now)) / 2;
    return Math.abs(now - around) / now;
  });
  return 1000 * (percentile(departures, 0.5) ?? Number.NaN);
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += values[i] ?? 0;
  return sum / values.length;
}

/** The median score of each column, then moiré and flicker; undefined where too few looks show a face. */
async function mediansOf(path: string): Promise<readonly number[] | undefined> {
  const scores = columns.map((): number[] => []);
  const moire: number[] = [];
  const brightness: number[] = [];
  let last: Box | undefined;
  await using clip = await openClip({
    ...{ path, cameraId: camera.id, ffmpeg, clock },
    maxAnalysisWidthPx: camera.maxAnalysisWidthPx,
  });
  let nextMs = 0;
  for await (const frame of clip) {
    const { capturedAtMs, picture } = frame;
    try {
      if (capturedAtMs > longestMs) break;
      if (last !== undefined) brightness.push(mean(innerFace(picture, last)));
      if (capturedAtMs < nextMs) continue;
      nextMs += lookMs;
      const found = await analyser.detect(picture, { smallestFacePx: 40 });
      const box = [...found].sort((a, b) => b.box.width - a.box.width)[0]?.box;
      if (box === undefined) continue;
      last = box;
      moire.push(moireOf(innerFace(picture, box)));
      for (const [index, { network, data, sidePx, boxFactor, output: name }] of columns.entries()) {
        const map = boxToCrop(surroundings(box, boxFactor, picture), sidePx, sidePx);
        cropAffine(picture, map, { data, offset: 0, widthPx: sidePx, heightPx: sidePx, order: 'rgb' });
        const [score = Number.NaN] = output(await network.run(data, [1, 3, sidePx, sidePx]), name);
        scores[index]?.push(score);
      }
    } finally {
      frame.release();
    }
  }
  if ((scores[0]?.length ?? 0) < fewestLooks) return undefined;
  const medians = [...scores, moire].map((each) => percentile(each, 0.5) ?? Number.NaN);
  return [...medians, flickerOf(brightness)];
}

async function read(directory: string): Promise<readonly (readonly number[])[]> {
  const all: (readonly number[])[] = [];
  for (const { name } of await readClips(directory)) {
    const medians = await mediansOf(join(directory, name));
    if (medians === undefined) continue;
    process.stderr.write(`${name}: ${medians.map((each) => each.toFixed(2)).join(' ')}\n`);
    all.push(medians);
  }
  return all;
}

const people = await read(genuine);
const pictures = await read(attacks);
/** Whether a picture would show by a low value, as of the networks, or by a high one, as of the traces. */
const measures = [
  ...columns.map(({ name, boxFactor }) => ({ name, crop: String(boxFactor), isLow: true })),
  { name: 'moiré, dB', crop: '2/3', isLow: false },
  { name: 'flicker, ‰', crop: '2/3', isLow: false },
];
const rows = measures.map(({ name, crop, isLow }, index) => {
  const of = (clips: readonly (readonly number[])[]) =>
    clips.map((each) => each[index] ?? Number.NaN).sort((a, b) => a - b);
  const all = of(people);
  const beyond = of(pictures).filter((each) => (isLow ? each < (all[0] ?? 0) : each > (all.at(-1) ?? 0)));
  const range = `${all[0]?.toFixed(2)} to ${all.at(-1)?.toFixed(2)}`;
  const shown = of(pictures).map((each) => each.toFixed(2));
  return [name, crop, range, shown.join(' '), `${beyond.length} of ${pictures.length}`];
});
console.log(`${people.length} clips of living people, ${pictures.length} of pictures`);
console.log(table(['measure', 'crop', 'people', 'pictures', 'beyond all people'], rows));
