// Measures exact search side by side in one run, and what a gallery on disk costs:
//   scripts/bench search [--json]
// Search: the two persons nearest to a probe among N templates, five a person, one thread. `repeated` is the median
// (and 99th percentile) of searches that follow each other, `first` that of searches after the other ways have
// pushed these templates out of the processor's caches.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '../../daemon/base/logger.js';
import { seededRandom } from '../../daemon/base/random.js';
import { recogniserId } from '../../daemon/domain/ids.js';
import type { Candidate } from '../../daemon/domain/match.js';
import type { Gallery } from '../../daemon/gallery/gallery.js';
import { type GalleryOptions, openGallery } from '../../daemon/gallery/open-gallery.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import {
  type Contender,
  dimensions,
  openContenders,
  templatesPerPerson,
  unitVector,
} from './search-contenders.js';

interface SearchFigures {
  readonly repeatedMs: number;
  readonly repeatedP99Ms: number;
  readonly firstMs: number;
}

const searchesInARow = 10;

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
}

function assertSame(name: string, found: readonly Candidate[], wanted: readonly Candidate[]): void {
  const isSame = wanted.every(({ personId: id, similarity }, rank) => {
    const other = found[rank];
    return other?.personId === id && Math.abs(other.similarity - similarity) < 1e-5;
  });
  if (!isSame) throw new Error(`${name} finds somebody else`);
}

/**
 * All must find what the loop, which is the plainest, finds. The contenders take turns, so that whatever else the machine
 * does meets all of them.
 */
async function compare(templateCount: number): Promise<ReadonlyMap<string, SearchFigures>> {
  const random = seededRandom(templateCount);
  const templates = Array.from({ length: templateCount }, () => unitVector(random));
  const contenders = await openContenders(templates);
  const measured = contenders.map((contender) => ({
    contender,
    first: [] as number[],
    repeated: [] as number[],
  }));
  const rounds = templateCount > 50_000 ? 15 : 40;
  for (let round = -1; round < rounds; round += 1) {
    const probes = Array.from({ length: searchesInARow }, () => unitVector(random));
    const wanted = await Promise.all(probes.map((probe) => contenders[1]?.search(probe)));
    for (const { contender, first, repeated } of measured) {
      for (const [turn, probe] of probes.entries()) {
        const durationMs = await timeSearch(contender, probe, wanted[turn] ?? []);
        if (round >= 0) (turn === 0 ? first : repeated).push(durationMs);
      }
    }
  }
  for (const { end } of contenders) await end();
  return new Map(
    measured.map(({ contender, first, repeated }) => [
      contender.name,
      {
        repeatedMs: quantile(repeated, 0.5),
        repeatedP99Ms: quantile(repeated, 0.99),
        firstMs: quantile(first, 0.5),
      },
    ]),
  );
}

async function timeSearch(
  { name, search }: Contender,
  probe: Float32Array,
  wanted: readonly Candidate[],
): Promise<number> {
  const startMs = performance.now();
  const found = await search(probe);
  const durationMs = performance.now() - startMs;
  assertSame(name, found, wanted);
  return durationMs;
}

/** Runs `work`; how long it took, and the longest time for which it held the event loop, milliseconds. */
async function timed<T>(
  work: () => Promise<T>,
): Promise<{ result: T; tookMs: number; longestBlockMs: number }> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  // The monitor measures between two firings of its timer: the first must have come before the work begins.
  await sleep(20);
  const startMs = performance.now();
  const result = await work();
  const tookMs = performance.now() - startMs;
  await sleep(5);
  delay.disable();
  return { result, tookMs, longestBlockMs: delay.max / 1e6 };
}

async function fill(gallery: Gallery, persons: number, jpegBytes: number): Promise<number[]> {
  const random = seededRandom(persons);
  const jpeg = Uint8Array.from({ length: jpegBytes }, (_, at) => [0xff, 0xd8, 0xff][at] ?? at & 255);
  const durationsMs: number[] = [];
  for (let person = 0; person < persons; person += 1) {
    const photographs = Array.from({ length: templatesPerPerson }, () => ({
      jpeg,
      embedding: unitVector(random),
      quality: 1,
    }));
    const startMs = performance.now();
    await gallery.addPerson({ name: `Person ${person}`, photographs });
    durationsMs.push(performance.now() - startMs);
  }
  return durationsMs;
}

/** Fills a gallery on disk with photographs of the given size, then opens and uses it as the daemon does. */
async function measureGallery(persons: number, jpegBytes: number): Promise<Readonly<Record<string, number>>> {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
  const options: GalleryOptions = {
    path: join(directory, 'gallery.db'),
    keyProvider: { description: 'the bench', readSecret: async () => new Uint8Array(32).fill(1) },
    recogniser: recogniserId('bench'),
    dimensions,
    // Disposal sets a deadline of seconds that would keep the bench waiting.
    clock: { ...systemClock, after: () => ({ cancel: () => undefined }) },
    logger: silentLogger,
  };
  try {
    const filling = await openGallery(options);
    const enrolMs = await fill(filling, persons, jpegBytes);
    await filling[Symbol.asyncDispose]();
    const opening = await timed(() => openGallery(options));
    await using gallery = opening.result;
    const listing = await timed(() => gallery.listPersons());
    const enrolling = await timed(() => fill(gallery, 20, jpegBytes));
    const leaver = listing.result[0];
    const removing = await timed(async () => leaver && gallery.removePerson(leaver.id));
    return {
      'open, ms': opening.tookMs,
      'open, longest block, ms': opening.longestBlockMs,
      'list everybody, ms': listing.tookMs,
      'list everybody, longest block, ms': listing.longestBlockMs,
      'enrol one, median, ms': quantile(enrolMs, 0.5),
      'enrol one, p99, ms': quantile(enrolMs, 0.99),
      'enrol twenty, longest block, ms': enrolling.longestBlockMs,
      'remove one, ms': removing.tookMs,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const machine = `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node.js ${process.version}`;
const searchRows = [];
for (const templates of [1000, 10_000, 100_000]) {
  searchRows.push({ templates, ways: Object.fromEntries(await compare(templates)) });
}
const galleryRows = [];
for (const [persons, jpegBytes] of [
  [200, 100_000],
  [2000, 100_000],
  [10_000, 2000],
] as const) {
  galleryRows.push({ persons, jpegBytes, figures: await measureGallery(persons, jpegBytes) });
}

if (process.argv.includes('--json')) {
  process.stdout.write(`${JSON.stringify({ machine, search: searchRows, gallery: galleryRows })}\n`);
} else {
  const number = (value: number): string => value.toFixed(value < 10 ? 2 : 0).padStart(8);
  console.log(machine);
  for (const { templates, ways } of searchRows) {
    console.log(`\nsearch among ${templates} templates, ms: repeated median, p99; first median`);
    for (const [name, { repeatedMs, repeatedP99Ms, firstMs }] of Object.entries(ways)) {
      console.log(`  ${name.padEnd(42)}${number(repeatedMs)}${number(repeatedP99Ms)}${number(firstMs)}`);
    }
  }
  for (const { persons, jpegBytes, figures } of galleryRows) {
    console.log(
      `\ngallery of ${persons} persons, ${templatesPerPerson} photographs of ${jpegBytes} bytes each`,
    );
    for (const [name, value] of Object.entries(figures)) console.log(`  ${name.padEnd(42)}${number(value)}`);
  }
}
