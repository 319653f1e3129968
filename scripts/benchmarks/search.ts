// Measures the search of the gallery: the two persons nearest to a probe, four references and their mean a person, one thread.
//   scripts/bench search [--templates 1000 --templates 1000000] [--dimensions 128 --dimensions 192]
// Templates of dlib-resnet have 128 values, those of mobilefacenet 192. They are made up in two ways. `even`: each is a random
// direction, so no two resemble each other and no short description fits them. `grouped`: persons lie in 48 directions that matter
// less and less, and the references of a person around the person; half of the probes belong to a person of the gallery.
// `repeated`: the 10th percentile, the median and the 99th percentile of searches that follow each other. `first`: the median of
// searches after other work has pushed the templates out of the processor's caches. The first answer of each round is checked
// against plain sums in float64. `change`: the median time to add a person of four references, and to remove them.
import { cpus, loadavg } from 'node:os';
import { SearchIndex } from '../../daemon/core/gallery/search/search-index.js';
import { bytesOfTemplate } from '../../daemon/core/gallery/search/template-slabs.js';
import { type Candidate, type Embedding, templatesOf } from '../../daemon/kernel/identification/match.js';
import { personId } from '../../daemon/kernel/ids.js';
import { type Random, seededRandom } from '../../daemon/kernel/random.js';
import { readOptions } from '../options.js';
import { quantile, unitVector } from './measuring.js';

const { values } = readOptions('scripts/bench search', {
  options: {
    dimensions: { type: 'string', multiple: true, default: ['128', '192'] },
    templates: { type: 'string', multiple: true, default: ['1000', '10000', '100000', '1000000'] },
  },
});
const widths = values.dimensions.map(Number);
const sizes = values.templates.map(Number);
if (!widths.every((width) => width > 0 && width % 4 === 0))
  throw new Error('--dimensions must be a multiple of four');

const referencesPerPerson = 4;
const templatesPerPerson = referencesPerPerson + 1;
const searchesInARow = 10;
const idOf = (person: number) => personId(`p-${person}`);

/** How templates and probes are drawn. */
interface Kind {
  readonly name: 'even' | 'grouped';
  readonly references: () => readonly Embedding[];
  readonly probe: (isOfGallery: boolean) => Embedding;
}

function evenKind(random: Random, dimensions: number): Kind {
  const draw = () => unitVector(random, dimensions);
  return { name: 'even', references: () => Array.from({ length: referencesPerPerson }, draw), probe: draw };
}

const directionCount = 48;
/** The weight of direction n is exp(-n / fading). */
const fading = 24;
/** Length of what sets a template apart from its person, whose length is 1. Two templates of a person have a similarity of some 0.7. */
const scatter = 0.65;

function groupedKind(random: Random, dimensions: number): Kind {
  const directions = Array.from({ length: directionCount }, () => unitVector(random, dimensions));
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - random.unit())) * Math.cos(2 * Math.PI * random.unit());
  const drawPerson = (): Embedding => {
    const person = new Float32Array(dimensions);
    for (const [number, direction] of directions.entries()) {
      const weight = normal() * Math.exp(-number / fading);
      for (let axis = 0; axis < dimensions; axis += 1)
        person[axis] = (person[axis] ?? 0) + weight * (direction[axis] ?? 0);
    }
    return scaled(person);
  };
  const viewOf = (person: Embedding): Embedding => {
    const view = unitVector(random, dimensions);
    for (let axis = 0; axis < dimensions; axis += 1)
      view[axis] = (person[axis] ?? 0) + scatter * (view[axis] ?? 0);
    return scaled(view);
  };
  const known: Embedding[] = [];
  return {
    name: 'grouped',
    references: () => {
      const person = drawPerson();
      if (known.length < 200) known.push(person);
      return Array.from({ length: referencesPerPerson }, () => viewOf(person));
    },
    probe: (isOfGallery) => {
      const own = known[Math.floor(random.unit() * known.length)];
      return viewOf(isOfGallery && own !== undefined ? own : drawPerson());
    },
  };
}

function scaled(vector: Embedding): Embedding {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const length = Math.sqrt(squares);
  return vector.map((value) => value / length);
}

/** The same answer by the plainest way. Reading all templates also pushes them through the caches. */
function nearestTwo(templates: Float32Array, probe: Embedding): readonly Candidate[] {
  const best = new Float64Array(templates.length / probe.length / templatesPerPerson).fill(-1);
  for (let row = 0; row * probe.length < templates.length; row += 1) {
    let similarity = 0;
    for (let axis = 0; axis < probe.length; axis += 1)
      similarity += (templates[row * probe.length + axis] ?? 0) * (probe[axis] ?? 0);
    const person = Math.floor(row / templatesPerPerson);
    if (similarity > (best[person] ?? 0)) best[person] = similarity;
  }
  const ranks = [...best.keys()].sort((a, b) => (best[b] ?? 0) - (best[a] ?? 0)).slice(0, 2);
  return ranks.map((person) => ({
    personId: idOf(person),
    similarity: best[person] ?? 0,
  }));
}

function assertSame(found: readonly Candidate[], wanted: readonly Candidate[]): void {
  const isSame = wanted.every(({ personId: id, similarity }, rank) => {
    const other = found[rank];
    return other?.personId === id && Math.abs(other.similarity - similarity) < 1e-5;
  });
  if (!isSame) throw new Error('the search finds other persons than plain sums do');
}

/** The median times to add and to remove a person, in milliseconds. */
function measureChanges(index: SearchIndex, { references }: Kind): readonly [number, number] {
  const adding: number[] = [];
  const removing: number[] = [];
  for (let turn = 0; turn < 40; turn += 1) {
    const own = references();
    const startMs = performance.now();
    index.put(personId('newcomer'), own);
    const addedMs = performance.now();
    index.remove(personId('newcomer'));
    adding.push(addedMs - startMs);
    removing.push(performance.now() - addedMs);
  }
  return [quantile(adding, 0.5), quantile(removing, 0.5)];
}

async function measure(templateCount: number, dimensions: number, kind: Kind) {
  const templates = new Float32Array(templateCount * dimensions);
  await using index = new SearchIndex(dimensions);
  for (let row = 0; row < templateCount; row += templatesPerPerson) {
    const references = kind.references();
    for (const [at, template] of templatesOf(references).entries())
      templates.set(template, (row + at) * dimensions);
    index.put(idOf(row / templatesPerPerson), references);
  }
  const first: number[] = [];
  const repeated: number[] = [];
  const rounds = templateCount > 50_000 ? 15 : 40;
  for (let round = -1; round < rounds; round += 1) {
    const probes = Array.from({ length: searchesInARow }, (_, turn) => kind.probe(turn % 2 === 0));
    const wanted = probes.slice(0, 1).map((probe) => nearestTwo(templates, probe));
    for (const [turn, probe] of probes.entries()) {
      const startMs = performance.now();
      const found = await index.nearest(probe, { count: 2 });
      const tookMs = performance.now() - startMs;
      assertSame(found, wanted[turn] ?? []);
      if (round >= 0) (turn === 0 ? first : repeated).push(tookMs);
    }
  }
  const times = [
    quantile(repeated, 0.1),
    quantile(repeated, 0.5),
    quantile(repeated, 0.99),
    quantile(first, 0.5),
  ];
  return [...times, ...measureChanges(index, kind)];
}

console.log(
  `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node.js ${process.version}, load ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}`,
);
console.log(
  'templates  values  bytes each     kind  repeated: p10 ms  median ms     p99 ms  first, median ms  add ms  remove ms',
);
for (const size of sizes) {
  for (const width of widths) {
    for (const kindOf of [evenKind, groupedKind]) {
      const kind = kindOf(seededRandom(size), width);
      const [tenth = 0, median = 0, p99 = 0, first = 0, adding = 0, removing = 0] = await measure(
        size,
        width,
        kind,
      );
      const figure = (value: number, columns: number): string => value.toFixed(2).padStart(columns);
      console.log(
        `${String(size).padStart(9)}${String(width).padStart(8)}${String(bytesOfTemplate(width)).padStart(12)}${kind.name.padStart(9)}` +
          `${figure(tenth, 18)}${figure(median, 11)}${figure(p99, 11)}${figure(first, 18)}${figure(adding, 8)}${figure(removing, 11)}`,
      );
    }
  }
}
console.log(
  `load at the end ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}`,
);
