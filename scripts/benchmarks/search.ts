// Measures the search of the gallery: the two persons nearest to a probe, five templates a person, one thread.
//   scripts/bench search [--dimensions 128 --dimensions 192]
// Templates of dlib-resnet have 128 values, those of mobilefacenet 192. `repeated`: the median and the 99th percentile of
// searches that follow each other. `first`: the median of searches after other work has pushed the templates out of the
// processor's caches. The first answer of each round is checked against plain sums in float64.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../daemon/base/random.js';
import type { Candidate, Embedding } from '../../daemon/domain/identification/match.js';
import { personId } from '../../daemon/domain/ids.js';
import { openTwoStepSearchIndex } from '../../daemon/gallery/search/two-step-search-index.js';
import { quantile, unitVector } from './measuring.js';

const { values } = parseArgs({
  options: { dimensions: { type: 'string', multiple: true, default: ['128', '192'] } },
});
const widths = values.dimensions.map(Number);
if (!widths.every((width) => width > 0 && width % 4 === 0))
  throw new Error('--dimensions must be a multiple of four');

const templatesPerPerson = 5;
const searchesInARow = 10;
const idOf = (row: number) => personId(`p-${Math.floor(row / templatesPerPerson)}`);

/** The same answer by the plainest way. Reading all templates also pushes them through the caches. */
function nearestTwo(templates: readonly Embedding[], probe: Embedding): readonly Candidate[] {
  const best = new Map<string, Candidate>();
  for (const [row, template] of templates.entries()) {
    let similarity = 0;
    for (const [axis, value] of template.entries()) similarity += value * (probe[axis] ?? 0);
    const id = idOf(row);
    if (similarity > (best.get(id)?.similarity ?? -1)) best.set(id, { personId: id, similarity });
  }
  return [...best.values()].sort((a, b) => b.similarity - a.similarity).slice(0, 2);
}

function assertSame(found: readonly Candidate[], wanted: readonly Candidate[]): void {
  const isSame = wanted.every(({ personId: id, similarity }, rank) => {
    const other = found[rank];
    return other?.personId === id && Math.abs(other.similarity - similarity) < 1e-5;
  });
  if (!isSame) throw new Error('the search finds other persons than plain sums do');
}

async function measure(templateCount: number, dimensions: number) {
  const random = seededRandom(templateCount);
  const templates = Array.from({ length: templateCount }, () => unitVector(random, dimensions));
  await using index = openTwoStepSearchIndex(dimensions);
  for (const [row, template] of templates.entries()) index.add(idOf(row), [template]);
  const first: number[] = [];
  const repeated: number[] = [];
  const rounds = templateCount > 50_000 ? 15 : 40;
  for (let round = -1; round < rounds; round += 1) {
    const probes = Array.from({ length: searchesInARow }, () => unitVector(random, dimensions));
    const wanted = probes.slice(0, 1).map((probe) => nearestTwo(templates, probe));
    for (const [turn, probe] of probes.entries()) {
      const startMs = performance.now();
      const found = await index.nearest(probe, { count: 2 });
      const tookMs = performance.now() - startMs;
      assertSame(found, wanted[turn] ?? []);
      if (round >= 0) (turn === 0 ? first : repeated).push(tookMs);
    }
  }
  return [quantile(repeated, 0.5), quantile(repeated, 0.99), quantile(first, 0.5)];
}

console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node.js ${process.version}`);
console.log('templates  values  repeated, median ms     p99 ms  first, median ms');
for (const templates of [1000, 10_000, 100_000]) {
  for (const width of widths) {
    const [repeated = 0, p99 = 0, first = 0] = await measure(templates, width);
    const figure = (value: number, columns: number): string => value.toFixed(2).padStart(columns);
    console.log(
      `${String(templates).padStart(9)}${String(width).padStart(8)}${figure(repeated, 21)}${figure(p99, 11)}${figure(first, 18)}`,
    );
  }
}
