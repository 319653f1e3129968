// What a gallery costs, by its size:
//   scripts/bench gallery [--photograph-bytes 20000] [--json]
// Five templates and five photographs a person, the key in a file, everything on the disk that holds the temporary
// directory. Opening and searching run in a process of their own; memory is what that process has more than before.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import type { EnrolmentPhotograph } from '../../daemon/core/gallery/persons/enrolment.js';
import { type Random, seededRandom } from '../../daemon/kernel/random.js';
import { readOptions } from '../options.js';
import {
  by,
  dimensions,
  installRecoveryKey,
  makeKey,
  openBenchGallery,
  templatesPerPerson,
} from './gallery-box.js';
import { quantile, timed, unitVector } from './measuring.js';

const { values } = readOptions('scripts/bench gallery', {
  options: {
    'photograph-bytes': { type: 'string', default: '20000' },
    templates: { type: 'string', multiple: true, default: ['1000', '10000', '50000', '100000'] },
    json: { type: 'boolean', default: false },
  },
});
const photographBytes = Number(values['photograph-bytes']);
const jpeg = Uint8Array.from({ length: photographBytes }, (_, at) => [0xff, 0xd8, 0xff][at] ?? at & 255);

function photographs(random: Random): EnrolmentPhotograph[] {
  return Array.from({ length: templatesPerPerson }, () => ({
    jpeg,
    embedding: unitVector(random, dimensions),
    quality: 1,
  }));
}

/** Each has an external id, which is first looked up. */
async function enrol(gallery: Gallery, count: number, random: Random, prefix: string): Promise<number[]> {
  const durationsMs: number[] = [];
  for (let person = 0; person < count; person += 1) {
    const externalId = `${prefix}-${person}`;
    const profile = { name: `Person ${person}`, externalId };
    const taken = photographs(random);
    const startMs = performance.now();
    if ((await gallery.personOfExternalId(externalId)) !== undefined) throw new Error('taken already');
    await gallery.addPerson({ profile, photographs: taken }, by);
    durationsMs.push(performance.now() - startMs);
  }
  return durationsMs;
}

/** Enrols all persons without waiting for the disk; that wait is measured on a few afterwards. */
async function fill(directory: string, templates: number, random: Random): Promise<void> {
  await using opened = await openBenchGallery(directory);
  opened.vault.file.database.db.pragma('synchronous = OFF');
  await enrol(opened.vault.gallery(), templates / templatesPerPerson, random, 'first');
}

interface Opened {
  readonly openMs: number;
  readonly openBlockMs: number;
  readonly addedMiB: number;
  readonly peakAddedMiB: number;
  readonly searchMs: readonly number[];
}

function openInChild(directory: string): Opened {
  const child = fileURLToPath(new URL('gallery-child.ts', import.meta.url));
  const output = execFileSync(process.execPath, ['--import', 'tsx', child, directory], { encoding: 'utf8' });
  return JSON.parse(output) as Opened;
}

async function rotate(directory: string, depth: 'wrap' | 'deep') {
  await makeKey(directory, 'key.next');
  await using opened = await openBenchGallery(directory);
  const { rotations } = opened.vault.requireOpen();
  return await timed(async () => {
    const rotation = await rotations.start({ kind: 'secret', depth, input: {}, by });
    const { state } = await rotation.ended;
    if (state !== 'finished') throw new Error(`the rotation ended as ${state}`);
  });
}

async function change(directory: string, random: Random): Promise<Readonly<Record<string, number>>> {
  await using opened = await openBenchGallery(directory);
  const gallery = opened.vault.gallery();
  const asking = await timed(() => gallery.personOfExternalId('unused'));
  const enrolMs = await enrol(gallery, 50, random, 'later');
  const eraseMs: number[] = [];
  for (const { id } of (await gallery.listPersons()).slice(0, 50)) {
    const startMs = performance.now();
    gallery.erasePerson(id, by);
    eraseMs.push(performance.now() - startMs);
  }
  return {
    'first external id, ms': asking.tookMs,
    'first external id, longest block, ms': asking.longestBlockMs,
    'enrol, median, ms': quantile(enrolMs, 0.5),
    'enrol, p99, ms': quantile(enrolMs, 0.99),
    'erase, median, ms': quantile(eraseMs, 0.5),
    'erase, p99, ms': quantile(eraseMs, 0.99),
  };
}

async function backUp(directory: string): Promise<Readonly<Record<string, number>>> {
  await using opened = await openBenchGallery(directory);
  const { backups } = opened;
  const recoverySecret = await installRecoveryKey(backups);
  const path = join(directory, 'bench.backup');
  const creating = await timed(() => backups.create({ path }, by));
  const restoring = await timed(() => backups.restore({ path, secret: { recoverySecret } }, by));
  return {
    'backup, MB': creating.result.sizeBytes / 1e6,
    'backup, s': creating.tookMs / 1000,
    'backup, longest block, ms': creating.longestBlockMs,
    'restore, s': restoring.tookMs / 1000,
    'restore, longest block, ms': restoring.longestBlockMs,
  };
}

async function measure(templates: number): Promise<Readonly<Record<string, number>>> {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
  const random = seededRandom(templates);
  try {
    await makeKey(directory, 'key');
    await fill(directory, templates, random);
    // What the filling left to be written is not what is measured.
    execFileSync('sync');
    const wrapping = await rotate(directory, 'wrap');
    const deep = await rotate(directory, 'deep');
    const { openMs, openBlockMs, addedMiB, peakAddedMiB, searchMs } = openInChild(directory);
    return {
      'file, MB': statSync(join(directory, 'gallery.db')).size / 1e6,
      'open, ms': openMs,
      'open, longest block, ms': openBlockMs,
      'memory when open, MiB': addedMiB,
      'memory at its peak, MiB': peakAddedMiB,
      'search, median, ms': quantile(searchMs, 0.5),
      'search, p99, ms': quantile(searchMs, 0.99),
      ...(await change(directory, random)),
      'rotate, s': wrapping.tookMs / 1000,
      'rotate, longest block, ms': wrapping.longestBlockMs,
      'deep rotate, s': deep.tookMs / 1000,
      'deep rotate, longest block, ms': deep.longestBlockMs,
      ...(await backUp(directory)),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const machine = `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node.js ${process.version}`;
const columns = [];
for (const templates of values.templates.map(Number)) {
  columns.push({ templates, persons: templates / templatesPerPerson, figures: await measure(templates) });
}
if (values.json) {
  process.stdout.write(`${JSON.stringify({ machine, dimensions, photographBytes, columns })}\n`);
} else {
  console.log(
    `${machine}; ${templatesPerPerson} templates and photographs of ${photographBytes} bytes a person`,
  );
  const cell = (value: number): string => value.toFixed(value < 10 ? 2 : 0).padStart(12);
  console.log(
    'templates'.padEnd(34) + columns.map(({ templates }) => String(templates).padStart(12)).join(''),
  );
  for (const name of Object.keys(columns[0]?.figures ?? {})) {
    console.log(name.padEnd(34) + columns.map(({ figures }) => cell(figures[name] ?? Number.NaN)).join(''));
  }
}
