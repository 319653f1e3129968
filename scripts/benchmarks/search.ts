// Measures exact search side by side in one run:
//   scripts/bench search [--json] [--dimensions 128 --dimensions 192]     (templates of dlib-resnet have 128 values, of mobilefacenet 192)
// Search: the two persons nearest to a probe among N templates, five a person, one thread. `repeated` is the median
// (and 99th percentile) of searches that follow each other, `first` that of searches after the other ways have
// pushed these templates out of the processor's caches.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../daemon/base/random.js';
import type { Candidate, Embedding } from '../../daemon/domain/identification/match.js';
import { quantile } from './gallery-timing.js';
import { type Contender, openContenders, unitVector } from './search-contenders.js';

const { values } = parseArgs({
  options: {
    dimensions: { type: 'string', multiple: true, default: ['128', '192'] },
    json: { type: 'boolean', default: false },
  },
});
const widths = values.dimensions.map(Number);
if (!widths.every((width) => width > 0 && width % 4 === 0))
  throw new Error('--dimensions must be a multiple of four');

interface SearchFigures {
  readonly repeatedMs: number;
  readonly repeatedP99Ms: number;
  readonly firstMs: number;
}

/** One way over templates of one width, and how long its searches took. */
interface Measured {
  readonly contender: Contender;
  readonly first: number[];
  readonly repeated: number[];
}

/** All ways over the same templates of so many values. */
interface Field {
  readonly dimensions: number;
  readonly measured: readonly Measured[];
  readonly probe: () => Embedding;
}

const searchesInARow = 10;

function assertSame(name: string, found: readonly Candidate[], wanted: readonly Candidate[]): void {
  const isSame = wanted.every(({ personId: id, similarity }, rank) => {
    const other = found[rank];
    return other?.personId === id && Math.abs(other.similarity - similarity) < 1e-5;
  });
  if (!isSame) throw new Error(`${name} finds somebody else`);
}

async function openField(templateCount: number, dimensions: number): Promise<Field> {
  const random = seededRandom(templateCount);
  const templates = Array.from({ length: templateCount }, () => unitVector(random, dimensions));
  const contenders = await openContenders(templates, dimensions);
  const measured = contenders.map((contender) => ({ contender, first: [], repeated: [] }));
  return { dimensions, measured, probe: () => unitVector(random, dimensions) };
}

/**
 * All must find what the loop, which is the plainest, finds. The contenders of all widths take turns, so that whatever else the
 * machine does meets all of them.
 */
async function compare(templateCount: number) {
  const fields: Field[] = [];
  for (const width of widths) fields.push(await openField(templateCount, width));
  const rounds = templateCount > 50_000 ? 15 : 40;
  for (let round = -1; round < rounds; round += 1) {
    for (const field of fields) await runRound(field, round >= 0);
  }
  for (const { measured } of fields) for (const { contender } of measured) await contender.end();
  return fields.map(({ dimensions, measured }) => ({
    dimensions,
    ways: Object.fromEntries(measured.map((one) => [one.contender.name, figuresOf(one)])),
  }));
}

async function runRound({ measured, probe }: Field, isCounted: boolean): Promise<void> {
  const probes = Array.from({ length: searchesInARow }, probe);
  const wanted: (readonly Candidate[])[] = [];
  for (const each of probes) wanted.push((await measured[1]?.contender.search(each)) ?? []);
  for (const { contender, first, repeated } of measured) {
    for (const [turn, each] of probes.entries()) {
      const durationMs = await timeSearch(contender, each, wanted[turn] ?? []);
      if (isCounted) (turn === 0 ? first : repeated).push(durationMs);
    }
  }
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

function figuresOf({ first, repeated }: Measured): SearchFigures {
  return {
    repeatedMs: quantile(repeated, 0.5),
    repeatedP99Ms: quantile(repeated, 0.99),
    firstMs: quantile(first, 0.5),
  };
}

const machine = `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node.js ${process.version}`;
const searchRows = [];
for (const templates of [1000, 10_000, 100_000]) {
  searchRows.push({ templates, widths: await compare(templates) });
}
if (values.json) {
  process.stdout.write(`${JSON.stringify({ machine, search: searchRows })}\n`);
} else {
  const number = (value: number): string => value.toFixed(value < 10 ? 2 : 0).padStart(8);
  console.log(machine);
  for (const { templates, widths: fields } of searchRows) {
    for (const { dimensions, ways } of fields) {
      console.log(
        `\nsearch among ${templates} templates of ${dimensions} values, ms: repeated median, p99; first median`,
      );
      for (const [name, { repeatedMs, repeatedP99Ms, firstMs }] of Object.entries(ways)) {
        console.log(`  ${name.padEnd(42)}${number(repeatedMs)}${number(repeatedP99Ms)}${number(firstMs)}`);
      }
    }
  }
}
