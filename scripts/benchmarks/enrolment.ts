import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import type { BoxStatus } from '../../daemon/contract/status.js';
import { readOptions } from '../options.js';
import { writeEnrolmentPhotos } from '../virtual-camera/cast.js';
import { type BenchBox, type CamerasBench, openCameras } from './cameras-box.js';
import { usualClip } from './cameras-clip.js';
import { usageNow } from './cameras-usage.js';

const usage = `Measures how an import of many photos affects running cameras.

usage: scripts/bench enrolment [options]

  --cameras N      virtual cameras of 1080p25, a face before each all the time (1)
  --people N       people to import, one photograph of 12 megapixels each (30)
  --dist DIR       the built program (dist)
  --json           one JSON object instead of a table
`;

const settleMs = 10_000;
/** How long the cameras are watched before the import. */
const quietMs = 20_000;
const sampleEveryMs = 500;
/** As a phone makes them, pixels on each side of the square. */
const photographPx = 3_464;

interface Watched {
  readonly seconds: number;
  readonly analysedFps: number;
  readonly droppedFps: number;
  /** Openings of streams after the first, over all cameras. */
  readonly restarts: number;
  /** Codes of the failures that were seen, each once for each time it began. */
  readonly failures: readonly string[];
  /** Greatest memory of all vision processes together, MiB. */
  readonly visionMiB: number;
}

const total = ({ cameras }: BoxStatus, counter: string): number =>
  cameras.reduce((sum, { counters }) => sum + (counters[counter] ?? 0), 0);

/** Watches the cameras until `work` ends. */
async function watch(
  box: BenchBox,
  pids: Parameters<typeof usageNow>[0],
  work: Promise<unknown>,
): Promise<Watched> {
  const before = await box.client.call('status.show');
  const startedMs = performance.now();
  const failures: string[] = [];
  let failing = new Set<string>();
  let visionMiB = 0;
  let isOver = false;
  const ended = work.finally(() => {
    isOver = true;
  });
  // It may fail long before it is awaited: unhandled, that would end this program and leave the box running.
  ended.catch(() => undefined);
  let after = before;
  while (!isOver) {
    await new Promise((resolve) => setTimeout(resolve, sampleEveryMs));
    after = await box.client.call('status.show');
    const failed = after.cameras.filter(({ state }) => state === 'failed');
    for (const { id, code } of failed) if (!failing.has(id)) failures.push(code ?? 'unknown');
    failing = new Set(failed.map(({ id }) => id));
    visionMiB = Math.max(visionMiB, usageNow(pids).vision.memoryMiB);
  }
  await ended;
  const seconds = (performance.now() - startedMs) / 1000;
  const grown = (counter: string): number => total(after, counter) - total(before, counter);
  return {
    seconds,
    analysedFps: grown('analysed') / seconds / after.cameras.length,
    droppedFps: grown('dropped') / seconds / after.cameras.length,
    restarts: grown('restarts'),
    failures,
    visionMiB,
  };
}

/** A table of `count` people, each with a large photograph of one of the cast. */
async function writeImport(directory: string, count: number): Promise<string> {
  await mkdir(directory, { recursive: true });
  await using photos = await writeEnrolmentPhotos();
  const faces = Object.entries(photos.files);
  for (const [name, file] of faces) {
    await sharp(file)
      .resize(photographPx)
      .jpeg({ quality: 90 })
      .toFile(join(directory, `${name}.jpg`));
  }
  const rows = Array.from(
    { length: count },
    (_, index) => `Person ${index + 1},${faces[index % faces.length]?.[0]}.jpg`,
  );
  const table = join(directory, 'persons.csv');
  await writeFile(table, `name,photographs\n${rows.join('\n')}\n`);
  return table;
}

async function main(): Promise<void> {
  const { values } = readOptions(usage, {
    options: {
      cameras: { type: 'string', default: '1' },
      people: { type: 'string', default: '30' },
      dist: { type: 'string', default: fileURLToPath(new URL('../../dist', import.meta.url)) },
      json: { type: 'boolean', default: false },
    },
  });
  const directory = fileURLToPath(new URL('../../var/bench-enrolment', import.meta.url));
  await using bench = await openCameras({
    cameraCount: Number(values.cameras),
    clip: { ...usualClip, faceShare: 1 },
    settleMs,
    directory,
    program: values.dist,
    settings: {},
  });
  await measure(bench, await writeImport(join(directory, 'import'), Number(values.people)), values.json);
}

async function measure(
  { box, pids, watchCameras }: CamerasBench,
  table: string,
  isJson: boolean,
): Promise<void> {
  await watchCameras();
  const quiet = await watch(box, pids, new Promise((resolve) => setTimeout(resolve, quietMs)));
  const during = await watch(box, pids, box.command('person', 'import', table, '--allow-duplicates'));
  if (isJson) {
    console.log(JSON.stringify({ quiet, during }));
    return;
  }
  const show = (
    name: string,
    { seconds, analysedFps, droppedFps, restarts, failures, visionMiB }: Watched,
  ): void =>
    console.log(
      `${name.padEnd(18)}${seconds.toFixed(0)} s, ${analysedFps.toFixed(1)} frames a second analysed and ${droppedFps.toFixed(1)} dropped of each camera, ` +
        `${restarts} restarts${failures.length === 0 ? '' : ` (${failures.join(', ')})`}, vision ${visionMiB.toFixed(0)} MiB`,
    );
  show('before the import', quiet);
  show('during the import', during);
}

await main();
