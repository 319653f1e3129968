// How long the thresholds of persons take to find, and for how long at most the event loop of the core is held meanwhile:
//   scripts/bench calibration-time [--persons 1000 --persons 10000] [--json]
// Made-up templates of 192 values, three a person, in a gallery on the disk that is opened as the daemon opens it.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { galleryOperations } from '../../daemon/contract/gallery.js';
import { startControlServer } from '../../daemon/core/api/server.js';
import { GalleryCalibration } from '../../daemon/core/gallery/gallery-calibration.js';
import { type GalleryUpkeep, galleryHandlers } from '../../daemon/core/gallery/gallery-upkeep.js';
import type { EnrolmentPhotograph } from '../../daemon/core/gallery/persons/enrolment.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import type { Embedding } from '../../daemon/kernel/identification/match.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { type Random, seededRandom } from '../../daemon/kernel/random.js';
import { readOptions } from '../options.js';
import { by, makeKey, openBenchGallery } from './gallery-box.js';
import { unitVector } from './measuring.js';

const { values } = readOptions('scripts/bench calibration-time', {
  options: {
    persons: { type: 'string', multiple: true, default: ['1000', '10000'] },
    json: { type: 'boolean', default: false },
  },
});
const dimensions = 192;
const templatesPerPerson = 3;
const policy = { threshold: 0.55, margin: 0.05 };
const jpeg = Uint8Array.of(0xff, 0xd8, 0xff);

/** Photographs of one face: a cosine of about 0.7 with each other, as those of one person with `mobilefacenet`. */
function photographs(random: Random): readonly EnrolmentPhotograph[] {
  const face = unitVector(random, dimensions);
  return Array.from({ length: templatesPerPerson }, () => {
    const other = unitVector(random, dimensions);
    const mixed: Embedding = face.map((value, axis) => 0.84 * value + 0.55 * (other[axis] ?? 0));
    const length = Math.hypot(...mixed);
    return { jpeg, embedding: mixed.map((value) => value / length), quality: 1 };
  });
}

interface Measured {
  readonly tookMs: number;
  readonly processorMs: number;
  /** The longest turn of the event loop, in processor time of all threads: other programs do not lengthen it. */
  readonly longestTurnMs: number;
}

async function timed(work: () => Promise<unknown>): Promise<Measured> {
  const [startMs, start] = [performance.now(), process.cpuUsage()];
  let [longestTurnMs, hasEnded, before] = [0, false, start];
  const turn = (): void => {
    const { user, system } = process.cpuUsage(before);
    longestTurnMs = Math.max(longestTurnMs, (user + system) / 1000);
    before = process.cpuUsage();
    if (!hasEnded) setImmediate(turn);
  };
  turn();
  await work();
  turn();
  hasEnded = true;
  const { user, system } = process.cpuUsage(start);
  return { tookMs: performance.now() - startMs, processorMs: (user + system) / 1000, longestTurnMs };
}

function figuresOf(what: string, { tookMs, processorMs, longestTurnMs }: Measured) {
  return {
    [`${what}, s`]: tookMs / 1000,
    [`${what}, processor s`]: processorMs / 1000,
    [`${what}, longest turn, processor ms`]: longestTurnMs,
  };
}

/** Reads an answer to its end and throws it away. */
async function drain(socketPath: string, path: string): Promise<void> {
  const asking = request({ socketPath, path, method: 'POST' }).end();
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`the answer has the status ${response.statusCode}`);
  for await (const _ of response);
}

async function measure(persons: number): Promise<Readonly<Record<string, number>>> {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
  const random = seededRandom(persons);
  try {
    await makeKey(directory, 'key');
    await using opened = await openBenchGallery(directory, dimensions);
    const { vault } = opened;
    const gallery = vault.gallery();
    vault.file.database.db.pragma('synchronous = OFF');
    for (let person = 0; person < persons; person += 1)
      await gallery.addPerson(
        { profile: { name: `Person ${person}` }, photographs: photographs(random) },
        by,
      );
    let calibration: GalleryCalibration | undefined;
    let targetFpir = 0.001;
    const all = await timed(async () => {
      calibration = new GalleryCalibration({
        ...{ vault, audit: vault.audit, policy: () => policy, targetFpir: () => targetFpir },
        ...{ falseMatches: () => new Map(), night: () => '', clock, logger: silentLogger },
      });
      await calibration.settled();
    });
    if (calibration === undefined) throw new Error('nothing was made');
    await using started = calibration;
    const one = await timed(async () => {
      await gallery.addPerson({ profile: { name: 'New' }, photographs: photographs(random) }, by);
      await started.settled();
    });
    const [{ id } = { id: undefined }] = await gallery.listPersons();
    targetFpir = 0.01;
    const changed = await timed(async () => {
      if (id === undefined || started.thresholdOf(id) === undefined) throw new Error('no threshold');
      await started.settled();
    });
    const asked = await timed(() => started.calibrate(by));
    const report = await started.calibrate(by);
    // The answer alone: the comparison was measured before.
    const upkeep = { calibrate: async () => report } as Partial<GalleryUpkeep>;
    const socketPath = join(directory, 'control.sock');
    await using _server = await startControlServer({
      ...{ socketPath, operations: galleryOperations, logger: silentLogger },
      handlers: galleryHandlers(upkeep as GalleryUpkeep, { note: () => undefined }),
    });
    const answer = await timed(() => drain(socketPath, '/api/v1/gallery/calibrations'));
    return {
      ...figuresOf('all persons', all),
      ...figuresOf('one person added', one),
      ...figuresOf('another target', changed),
      ...figuresOf('gallery calibrate', asked),
      ...figuresOf('its answer over the socket', answer),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const machine = `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node.js ${process.version}`;
const columns = [];
for (const persons of values.persons.map(Number)) columns.push({ persons, figures: await measure(persons) });
if (values.json) {
  process.stdout.write(`${JSON.stringify({ machine, dimensions, templatesPerPerson, columns })}\n`);
} else {
  console.log(`${machine}; ${templatesPerPerson} templates of ${dimensions} values a person`);
  const cell = (value: number): string => value.toFixed(value < 10 ? 2 : 0).padStart(12);
  console.log('persons'.padEnd(40) + columns.map(({ persons }) => String(persons).padStart(12)).join(''));
  for (const name of Object.keys(columns[0]?.figures ?? {}))
    console.log(name.padEnd(40) + columns.map(({ figures }) => cell(figures[name] ?? Number.NaN)).join(''));
}
