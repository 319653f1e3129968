// Measures exact search side by side in one run:
//   scripts/bench search [--json] [--dimensions 192]      (templates of dlib-resnet have 128 values, of mobilefacenet 192)
// Search: the two persons nearest to a probe among N templates, five a person, one thread. `repeated` is the median
// (and 99th percentile) of searches that follow each other, `first` that of searches after the other ways have
// pushed these templates out of the processor's caches.
import { cpus } from 'node:os';
import { seededRandom } from '../../daemon/base/random.js';
import type { Candidate } from '../../daemon/domain/identification/match.js';
import { type Contender, dimensions, openContenders, unitVector } from './search-contenders.js';

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
    const wanted = [];
    for (const probe of probes) wanted.push(await contenders[1]?.search(probe));
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

const machine = `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node.js ${process.version}`;
const searchRows = [];
for (const templates of [1000, 10_000, 100_000]) {
  searchRows.push({ templates, ways: Object.fromEntries(await compare(templates)) });
}
if (process.argv.includes('--json')) {
  process.stdout.write(`${JSON.stringify({ machine, dimensions, search: searchRows })}\n`);
} else {
  const number = (value: number): string => value.toFixed(value < 10 ? 2 : 0).padStart(8);
  console.log(`${machine}; templates of ${dimensions} values`);
  for (const { templates, ways } of searchRows) {
    console.log(`\nsearch among ${templates} templates, ms: repeated median, p99; first median`);
    for (const [name, { repeatedMs, repeatedP99Ms, firstMs }] of Object.entries(ways)) {
      console.log(`  ${name.padEnd(42)}${number(repeatedMs)}${number(repeatedP99Ms)}${number(firstMs)}`);
    }
  }
}
