/*
 * What the two passive networks of the base pack, `antispoof` and `liveness`, say of living people and of pictures that are shown to a
 * camera. rollcall does not use them; this says why.
 *
 *   scripts/bench passive --genuine DIR --attacks DIR
 *
 * Two looks a second at the largest face of each clip, for 10 s, with crops of 1, 1.3 and 1.7 times the box of the detector. Prints the
 * medians of the clips, and how many attacks lie below all living people.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Lifetime } from '../../daemon/base/lifetime.js';
import { table } from '../../daemon/cli/output.js';
import { readClips } from '../../daemon/cli/replay/labelled-collection.js';
import { openReplaySetup } from '../../daemon/cli/replay/replay-setup.js';
import { boxToCrop } from '../../daemon/domain/faces/affine.js';
import { percentile } from '../../daemon/domain/percentile.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { openModelStore } from '../../daemon/models/store.js';
import { cropAffine } from '../../daemon/vision/inference/affine-crop.kernel.js';
import { openNetwork, output } from '../../daemon/vision/inference/network.js';
import { surroundings } from '../../daemon/vision/inference/passive-pad.js';
import { openClip } from '../../daemon/vision/ingest/clip-source.js';

const { values } = parseArgs({ options: { genuine: { type: 'string' }, attacks: { type: 'string' } } });
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

/** The median score of each column; undefined where too few looks show a face. */
async function mediansOf(path: string): Promise<readonly number[] | undefined> {
  const scores = columns.map((): number[] => []);
  await using clip = await openClip({
    ...{ path, cameraId: camera.id, ffmpeg, clock },
    maxAnalysisWidthPx: camera.maxAnalysisWidthPx,
  });
  let nextMs = 0;
  for await (const frame of clip) {
    const { capturedAtMs, picture } = frame;
    try {
      if (capturedAtMs > longestMs) break;
      if (capturedAtMs < nextMs) continue;
      nextMs += lookMs;
      const found = await analyser.detect(picture, { smallestFacePx: 40 });
      const box = [...found].sort((a, b) => b.box.width - a.box.width)[0]?.box;
      if (box === undefined) continue;
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
  return scores.map((each) => percentile(each, 0.5) ?? Number.NaN);
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
const rows = columns.map(({ name, boxFactor }, index) => {
  const of = (clips: readonly (readonly number[])[]) =>
    clips.map((each) => each[index] ?? Number.NaN).sort((a, b) => a - b);
  const lowest = of(people)[0] ?? Number.NaN;
  const below = of(pictures).filter((each) => each < lowest).length;
  return [
    ...[
      name,
      String(boxFactor),
      lowest.toFixed(2),
      of(pictures)
        .map((each) => each.toFixed(2))
        .join(' '),
    ],
    `${below} of ${pictures.length}`,
  ];
});
console.log(`${people.length} clips of living people, ${pictures.length} of pictures`);
console.log(table(['network', 'crop', 'lowest of people', 'pictures', 'below all people'], rows));
