/**
 * What a second recogniser would bring: scripts/bench second-recogniser --second CONFIG --known DIR --unknown DIR [--rounds 20].
 * `vision.recogniser` of CONFIG names the second one. In each round three photographs of every person of a random half of the known are
 * references; the others are searched, and those of everybody else are strangers. Photographs in which no face is found are left out.
 *
 * Prints FNIR at three FPIR for each recogniser, for the sum of both similarities (each in standard deviations over the strangers), for
 * a sum in which the second counts a quarter, and for that one in close calls only: where the first similarity is within 0.05, 0.1 or
 * 0.2 of its threshold. Thresholds and deviations come from the same searches, so only compare the rows.
 */
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { thresholdAtRate } from '../../daemon/kernel/identification/error-rates.js';
import { type Embedding, similarityToPerson } from '../../daemon/kernel/identification/match.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { table } from '../../daemon/kernel/text-table.js';
import { readPeople, readPhotographs } from '../../daemon/lab/labelled-collection.js';
import { openReplaySetup } from '../../daemon/lab/replay-setup.js';
import { samplePhoto } from '../../daemon/vision/photo-sample.js';
import { readOptions } from '../options.js';

const { values } = readOptions('scripts/bench second-recogniser', {
  options: {
    second: { type: 'string' },
    known: { type: 'string' },
    unknown: { type: 'string' },
    rounds: { type: 'string', default: '20' },
  },
});
const { second, known, unknown } = values;
if (second === undefined || known === undefined || unknown === undefined) {
  throw new Error('give --second CONFIG, --known DIR and --unknown DIR');
}
const references = 3;
const rates = [0.01, 0.003, 0.001];
const closeness = [0.05, 0.1, 0.2];
/** The second is less accurate, so it also counts less. */
const lightWeight = 0.25;

/** One photograph as both recognisers see it. */
type Face = readonly [Embedding, Embedding];

async function facesOf(paths: readonly string[]): Promise<readonly (Face | undefined)[]> {
  const byNetwork: (readonly (Embedding | undefined)[])[] = [];
  for (const configPath of [undefined, second]) {
    await using lifetime = new Lifetime(clock);
    const { analyser } = await openReplaySetup({ configPath, cameraId: undefined, fps: undefined }, lifetime);
    const embeddings: (Embedding | undefined)[] = [];
    for (const path of paths) embeddings.push((await samplePhoto(path, analyser)).embedding);
    byNetwork.push(embeddings);
  }
  return paths.map((_, index) => {
    const [first, other] = byNetwork.map((embeddings) => embeddings[index]);
    return first === undefined || other === undefined ? undefined : [first, other];
  });
}

const people = await readPeople(known);
const paths = [...people.map((person) => person.paths), await readPhotographs(unknown)];
const faces = await facesOf(paths.flat());
const groups = paths.map((group, index) => {
  const from = paths.slice(0, index).reduce((sum, each) => sum + each.length, 0);
  return faces.slice(from, from + group.length).filter((face) => face !== undefined);
});
const strangers = groups.pop() ?? [];

/** Similarities to every enrolled person, by recogniser; `mate` is the index of the right one. */
interface Search {
  readonly scores: readonly [readonly number[], readonly number[]];
  readonly mate: number | undefined;
}

const random = seededRandom(1);
const shuffled = <T>(items: readonly T[]): T[] =>
  items
    .map((item) => ({ item, at: random.unit() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
const searches: Search[] = [];
for (let round = 0; round < Number(values.rounds); round += 1) {
  const order = shuffled(groups).map((group) => shuffled(group));
  const enrolled = order.slice(0, order.length >> 1).filter((group) => group.length > references);
  const search = (face: Face, mate?: number): Search => {
    const to = (network: 0 | 1): readonly number[] =>
      enrolled.map((group) =>
        similarityToPerson(
          face[network],
          group.slice(0, references).map((each) => each[network]),
        ),
      );
    return { scores: [to(0), to(1)], mate };
  };
  for (const [index, group] of enrolled.entries())
    searches.push(...group.slice(references).map((face) => search(face, index)));
  const others = [...order.slice(order.length >> 1).flat(), ...strangers];
  searches.push(...others.map((face) => search(face)));
}
const mated = searches.filter(({ mate }) => mate !== undefined);
const nonmated = searches.filter(({ mate }) => mate === undefined);

const spread = ([0, 1] as const).map((network) => {
  const all = nonmated.flatMap(({ scores }) => scores[network]);
  const mean = all.reduce((sum, score) => sum + score, 0) / all.length;
  const deviation = Math.sqrt(all.reduce((sum, score) => sum + (score - mean) ** 2, 0) / all.length);
  return (score: number) => (score - mean) / deviation;
});
const sumWith =
  (weight: number): ScoresOf =>
  ({ scores }) =>
    scores[0].map(
      (score, index) => (spread[0]?.(score) ?? 0) + weight * (spread[1]?.(scores[1][index] ?? 0) ?? 0),
    );

type ScoresOf = (search: Search) => readonly number[];
const best = (scores: readonly number[]): number => Math.max(...scores);

/** FNIR, 0..1, at the threshold at which the FPIR is `rate`. */
function fnirAt(rate: number, scoresOf: ScoresOf): number {
  const threshold = thresholdAtRate(
    nonmated.map((each) => best(scoresOf(each))),
    rate,
  );
  const missed = mated.filter((each) => {
    const scores = scoresOf(each);
    const own = scores[each.mate ?? -1] ?? Number.NEGATIVE_INFINITY;
    return own < threshold || own < best(scores);
  });
  return missed.length / mated.length;
}

/** The sum of both where the first is close to its threshold; beyond that, the first decides alone. */
function inCloseCalls(rate: number, within: number): ScoresOf {
  const threshold = thresholdAtRate(
    nonmated.map(({ scores }) => best(scores[0])),
    rate,
  );
  return (search) => {
    const off = best(search.scores[0]) - threshold;
    if (Math.abs(off) <= within) return sumWith(lightWeight)(search);
    return search.scores[0].map((score) => (off > 0 ? 1000 : -1000) + score);
  };
}

const rows: readonly (readonly [string, (rate: number) => ScoresOf])[] = [
  ['the first alone', () => (search) => search.scores[0]],
  ['the second alone', () => (search) => search.scores[1]],
  ['the sum of both', () => sumWith(1)],
  [`the first and ${lightWeight} of the second`, () => sumWith(lightWeight)],
  ...closeness.map(
    (within) =>
      [`the same within ${within} of the threshold`, (rate: number) => inCloseCalls(rate, within)] as const,
  ),
];
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
console.log(
  `${groups.length} people, ${strangers.length} photographs of strangers; ${mated.length} searches of enrolled people, ${nonmated.length} of others`,
);
console.log(
  table(
    ['FNIR at FPIR', ...rates.map(percent)],
    rows.map(([name, scoresOf]) => [name, ...rates.map((rate) => percent(fnirAt(rate, scoresOf(rate))))]),
  ),
);
