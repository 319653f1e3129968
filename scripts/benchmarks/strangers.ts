// Measures strangers: how long it takes to find one among thousands, to keep one, and to load all; and whether spoilt pictures join
// people.
//   scripts/bench strangers [--count 5000] [--dimensions 192] [--people DIR]      (a folder of photographs per person)
// Each stranger has eight views. `nobody`: a face of none of them, which is compared with all; `known`: one of them. With --people,
// spoilt copies of every photograph (blurred, dark, compressed) come as tracks of their own, whatever their quality: a camera
// would not use many of them. Times include the disk.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { openModelStore } from '../../daemon/host/models/store.js';
import type { Rgb24Picture } from '../../daemon/kernel/faces/picture.js';
import type { Embedding } from '../../daemon/kernel/identification/match.js';
import { cameraId, passageId, recogniserId, strangerId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { type LabelledTrack, ratesByThreshold } from '../../daemon/kernel/strangers/grouping-trial.js';
import { mostViews } from '../../daemon/kernel/strangers/stranger.js';
import type { StrangerSight } from '../../daemon/kernel/strangers/stranger-book.js';
import { StrangerIndex } from '../../daemon/kernel/strangers/stranger-index.js';
import { table } from '../../daemon/kernel/text-table.js';
import { readPeople } from '../../daemon/lab/labelled-collection.js';
import { openFaceAnalyser } from '../../daemon/vision/inference/open-face-analyser.js';
import { ownThreshold } from '../../daemon/vision/operating-point.js';
import { facesInPhoto, mostCentralFace } from '../../daemon/vision/photo-faces.js';
import { chooseRecogniser } from '../../daemon/vision/recogniser-in-use.js';
import { readOptions } from '../options.js';
import { makeKey, openBenchGallery } from './gallery-box.js';
import { quantile, unitVector } from './measuring.js';

const { values } = readOptions('scripts/bench strangers', {
  options: {
    count: { type: 'string', default: '5000' },
    dimensions: { type: 'string', default: '192' },
    people: { type: 'string' },
  },
});
const count = Number(values.count);
/** Strangers on the disk: each costs it three transactions. */
const kept = Math.min(count, 1000);
const dimensions = Number(values.dimensions);
const random = seededRandom(count);
/** Far above what random directions reach. */
const threshold = 0.55;

function sightOf(passage: string, face: Embedding, atMs: number): StrangerSight {
  // Views of one face: cosine 0.9 to one another, about.
  const views = Array.from({ length: 3 }, () => {
    const noise = unitVector(random, dimensions);
    const view = face.map((value, axis) => value + 0.33 * (noise[axis] ?? 0));
    const length = Math.hypot(...view);
    return { embedding: view.map((value) => value / length), quality: 0.8 };
  });
  const about = { cameraId: cameraId('door'), recogniser: recogniserId('bench'), threshold };
  return { ...about, passageId: passageId(passage), firstSeenMs: atMs, lastSeenMs: atMs + 5000, views };
}

/** The search, in memory. */
function measureSearch(): void {
  using index = new StrangerIndex();
  const faces = Array.from({ length: count }, () => unitVector(random, dimensions));
  for (const [number, face] of faces.entries()) {
    const views = Array.from({ length: 3 }, (_, passage) => sightOf(`v-${passage}`, face, 0))
      .flatMap((sight) => sight.views.map((view) => ({ ...view, passageId: sight.passageId })))
      .slice(0, mostViews);
    const about = {
      state: 'active',
      recogniser: recogniserId('bench'),
      appearances: [],
      earlierVisits: 0,
    } as const;
    index.put({ ...about, id: strangerId(`s-${number}`), views });
  }
  const times = { nobody: [] as number[], known: [] as number[], nearest: [] as number[] };
  const took = (work: () => unknown): number => {
    const startMs = performance.now();
    work();
    return performance.now() - startMs;
  };
  const recogniser = recogniserId('bench');
  for (let round = 0; round < 200; round += 1) {
    const known = faces[Math.floor(random.unit() * count)] ?? unitVector(random, dimensions);
    const nobody = unitVector(random, dimensions);
    for (const [face, all] of [
      [nobody, times.nobody],
      [known, times.known],
    ] as const) {
      const { views } = sightOf('x', face, 0);
      all.push(took(() => index.find(views, { recogniser, threshold })));
    }
    times.nearest.push(took(() => index.nearest([nobody], { count: 5, recogniser })));
  }
  const probes = Array.from({ length: 50 }, () => sightOf('x', unitVector(random, dimensions), 0).views);
  const before = process.cpuUsage();
  for (const views of probes) index.find(views, { recogniser, threshold });
  const { user, system } = process.cpuUsage(before);
  const processorMs = (user + system) / 1000 / probes.length;
  console.log(`${count} strangers in memory, ${mostViews} views of ${dimensions} values each`);
  console.log(`find nobody: ${processorMs.toFixed(2)} ms of processor time`);
  const rows = [
    row('find: nobody', times.nobody),
    row('find: known', times.known),
    row('nearest five', times.nearest),
  ];
  console.log(table(['', 'median', '99 %'], rows));
}

/** The book with its disk. */
async function measureBook(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-strangers-'));
  const times: number[] = [];
  try {
    await makeKey(directory, 'key');
    {
      await using box = await openBenchGallery(directory, dimensions);
      const { strangers } = box.vault.gallery();
      for (let number = 0; number < kept; number += 1) {
        const sight = sightOf(`p-${number}`, unitVector(random, dimensions), number * 1000);
        const startMs = performance.now();
        strangers.see(sight);
        strangers.noteRecorded(sight.passageId, sight.lastSeenMs);
        strangers.end(sight.passageId);
        times.push(performance.now() - startMs);
      }
    }
    const startMs = performance.now();
    await using again = await openBenchGallery(directory, dimensions);
    const openedMs = performance.now() - startMs;
    console.log(
      table(['', 'median', '99 %'], [row('keep a passage with an event: three transactions', times)]),
    );
    console.log(
      `open a gallery of ${again.vault.gallery().strangers.count} strangers: ${openedMs.toFixed(0)} ms`,
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function row(name: string, all: readonly number[]): readonly string[] {
  return [name, ...[quantile(all, 0.5), quantile(all, 0.99)].map((ms) => `${ms.toFixed(2)} ms`)];
}

const spoilings: readonly (readonly [name: string, spoil: (photograph: Sharp, widthPx: number) => Sharp])[] =
  [
    ['as it is', (photograph) => photograph],
    ['blurred', (photograph, widthPx) => photograph.blur(0.03 * widthPx)],
    ['dark', (photograph) => photograph.linear(0.3, 0)],
    ['compressed', (photograph) => photograph.jpeg({ quality: 4 })],
  ];

async function pixels(photograph: Sharp): Promise<Rgb24Picture> {
  const { data, info } = await photograph.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { format: 'rgb24', widthPx: info.width, heightPx: info.height, data };
}

async function measureSpoilt(directory: string): Promise<void> {
  const models = await openModelStore();
  const recogniser = await chooseRecogniser(models, 'auto');
  await using analyser = await openFaceAnalyser({
    ...{ models, recogniser: recogniser.name, logger: silentLogger },
    ...{ provider: 'cpu', detector: 'auto', passivePad: 'none', threads: 1 },
  });
  const tracks: LabelledTrack[] = [];
  let unusable = 0;
  for (const { name, paths } of await readPeople(directory)) {
    for (const path of paths) {
      const clean = await pixels(sharp(path));
      const face = mostCentralFace(await facesInPhoto(clean, analyser), clean);
      if (face === undefined) continue;
      const whole = await sharp(path).png().toBuffer();
      for (const [, spoil] of spoilings) {
        const spoilt = await spoil(sharp(whole), face.box.width).toBuffer();
        const picture = await pixels(sharp(spoilt));
        const [landmarks] = await analyser.locate(picture, [face.box]);
        if (landmarks === undefined) continue;
        const { score, reasons } = analyser.assess(picture, landmarks, { smallestFacePx: 40 });
        if (reasons.length > 0) unusable += 1;
        tracks.push({
          person: name,
          views: [{ embedding: await analyser.embed(picture, landmarks), quality: score }],
        });
      }
    }
  }
  const own = ownThreshold(recogniser.pack) ?? 1;
  const people = new Set(tracks.map(({ person }) => person)).size;
  console.log(
    `${recogniser.id}: ${tracks.length} tracks of ${people} people, as they are and spoilt; ${unusable} below the quality that a camera uses`,
  );
  for (const { threshold: at, rates } of ratesByThreshold(tracks, {
    ...{ sequences: 3, thresholds: [own], random: seededRandom },
  })) {
    const { precision, recall, trackPrecision, trackRecall } = rates;
    const shares = [precision, recall, trackPrecision, trackRecall].map(
      (rate) => `${(rate * 100).toFixed(1)} %`,
    );
    console.log(
      table(['threshold', 'precision', 'recall', 'B³ precision', 'B³ recall'], [[String(at), ...shares]]),
    );
  }
}

measureSearch();
await measureBook();
if (values.people !== undefined) await measureSpoilt(values.people);
