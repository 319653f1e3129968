/**
 * What steadier alignment would bring: scripts/bench alignment --known DIR --unknown DIR [--config FILE].
 * Aligns each photograph as the product does, with the crop shifted by 2/112 of its side in four directions, and by the mean of nine
 * fits of the mesh around the face. Three photographs of each person are enrolled in 20 ways; the others are searched, and so are
 * strangers and, in the gallery without them, all photographs of each person.
 *
 * Prints FNIR where FPIR is the same for all: a mean over crops raises every similarity, so rows at one threshold cannot be
 * compared. Each row also says how often it misses fewer than the first, with people drawn again 100 times. Then the photographs that a
 * gallery calibrated for an FPIR of 1 % misses, and of how many people it misses fewer and more than in the first row.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { affineScale } from '../../daemon/kernel/faces/affine.js';
import { arcFaceAlignment } from '../../daemon/kernel/faces/alignment.js';
import type {
  AlignmentPoints,
  ArcFacePoints,
  FaceLandmarks,
  FivePoints,
} from '../../daemon/kernel/faces/face.js';
import type { Point } from '../../daemon/kernel/faces/geometry.js';
import { thresholdAtRate } from '../../daemon/kernel/identification/error-rates.js';
import { policyOver } from '../../daemon/kernel/identification/gallery-policy.js';
import { dividePhotographs } from '../../daemon/kernel/identification/identification-trial.js';
import { identifyTrack, noProbes, withProbes } from '../../daemon/kernel/identification/identify-track.js';
import {
  type Candidate,
  type Embedding,
  similarityToPerson,
} from '../../daemon/kernel/identification/match.js';
import { personId } from '../../daemon/kernel/ids.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { table } from '../../daemon/kernel/text-table.js';
import { readPeople, readPhotographs } from '../../daemon/lab/labelled-collection.js';
import { openReplaySetup } from '../../daemon/lab/replay-setup.js';
import { findSampleFace } from '../../daemon/vision/photo-sample.js';

const { values } = parseArgs({
  options: { known: { type: 'string' }, unknown: { type: 'string' }, config: { type: 'string' } },
});
const { known, unknown, config } = values;
if (known === undefined || unknown === undefined) throw new Error('give --known DIR and --unknown DIR');
const splits = 20;
const references = 3;
const rates = [0.02, 0.01, 0.005, 0.003, 0.001];
const drawings = 100;
/** Of 112 pixels, 2. */
const shift = 2;

await using lifetime = new Lifetime(clock);
const setup = await openReplaySetup({ configPath: config, cameraId: undefined, fps: undefined }, lifetime);
const { analyser } = setup;
const { margin } = setup.match;

type Way = 'product' | 'crops' | 'fits';
interface Photograph {
  readonly isEnrollable: boolean;
  /** Undefined without a face. */
  readonly by: Readonly<Record<Way, Embedding>> | undefined;
}

const meanOf = (vectors: readonly Embedding[]): Embedding => {
  const [first = new Float32Array()] = vectors;
  const sum = first.map((_, axis) => vectors.reduce((total, each) => total + (each[axis] ?? 0), 0));
  const length = Math.hypot(...sum);
  return sum.map((value) => value / length);
};

/** The face aligned by other points. */
function realigned(face: FaceLandmarks, pointOf: (list: keyof AlignmentPoints, index: number) => Point) {
  const points = (list: keyof AlignmentPoints) => face[list].map((_, index) => pointOf(list, index));
  const fivePoints = points('fivePoints') as unknown as FivePoints;
  return { ...face, fivePoints, arcFacePoints: points('arcFacePoints') as unknown as ArcFacePoints };
}

const moved = (face: FaceLandmarks, by: Point): FaceLandmarks =>
  realigned(face, (list, index) => {
    const { x = 0, y = 0 } = face[list][index] ?? {};
    return { x: x + by.x, y: y + by.y };
  });

/** The face with the means of the points that nine fits give: in the region of the mesh, and moved, scaled, and turned a little. */
async function refitted(picture: Parameters<typeof analyser.locate>[0], face: FaceLandmarks) {
  const { box } = face;
  const { rollDeg } = face.pose;
  const region = (dx: number, dy: number, scale = 1, turnedDeg = 0) => ({
    x: box.x + box.width * (dx + (1 - scale) / 2),
    y: box.y + box.height * (dy + (1 - scale) / 2),
    width: box.width * scale,
    height: box.height * scale,
    rollDeg: rollDeg + turnedDeg,
  });
  const places = [
    ...[region(0, 0), region(-0.05, 0), region(0.05, 0), region(0, -0.05), region(0, 0.05)],
    ...[region(0, 0, 0.93), region(0, 0, 1.07), region(0, 0, 1, -6), region(0, 0, 1, 6)],
  ];
  const fits = (await analyser.locate(picture, places)).filter((fit) => fit !== undefined);
  const meanOfFits = (axis: 'x' | 'y', list: keyof AlignmentPoints, index: number): number =>
    fits.reduce((sum, fit) => sum + (fit[list][index]?.[axis] ?? 0), 0) / fits.length;
  return realigned(face, (list, index) => ({
    x: meanOfFits('x', list, index),
    y: meanOfFits('y', list, index),
  }));
}

async function photographOf(path: string): Promise<Photograph> {
  const { found, refusal } = await findSampleFace(await readFile(path), analyser);
  const isEnrollable = refusal === undefined;
  if (found === undefined) return { isEnrollable, by: undefined };
  const { picture, face } = found;
  const by = shift * affineScale(arcFaceAlignment(face.arcFacePoints));
  const product = await analyser.embed(picture, face);
  const shifted: Embedding[] = [];
  for (const [x, y] of [[-by, 0] as const, [by, 0] as const, [0, -by] as const, [0, by] as const])
    shifted.push(await analyser.embed(picture, moved(face, { x, y })));
  const fits = await analyser.embed(picture, await refitted(picture, face));
  return { isEnrollable, by: { product, crops: meanOf([product, ...shifted]), fits } };
}

async function photographsOf(paths: readonly string[]): Promise<readonly Photograph[]> {
  const found: Photograph[] = [];
  for (const path of paths) found.push(await photographOf(path));
  return found;
}

const people: { readonly name: string; readonly photographs: readonly Photograph[] }[] = [];
for (const { name, paths } of await readPeople(known))
  if (paths.length > references) people.push({ name, photographs: await photographsOf(paths) });
const strangers = await photographsOf(await readPhotographs(unknown));

/** The score of a search, and whom it searches: -1 where it names nobody or, of an enrolled person, somebody else. */
interface Score {
  readonly who: string;
  readonly score: number;
}
interface Scores {
  readonly mated: readonly Score[];
  readonly nonMated: readonly Score[];
  /** Searches of each person that a calibrated gallery misses. */
  readonly missed: ReadonlyMap<string, number>;
}

function scoresOf(enrolledBy: Way, searchedBy: Way): Scores {
  const mated: Score[] = [];
  const nonMated: Score[] = [];
  const missed = new Map<string, number>();
  const samples = people.map(({ name, photographs }) => ({
    name,
    samples: photographs.map(({ by, isEnrollable }) => ({ embedding: by?.[enrolledBy], isEnrollable })),
  }));
  for (let split = 0; split < splits; split += 1) {
    const parts = dividePhotographs(samples, { references, splits, split });
    const enrolled = parts.filter((part) => part.references.length > 0);
    const policy = policyOver(
      enrolled.map((part) => ({ personId: personId(part.name), references: part.references })),
      { ...setup.match, minimumProbes: 1 },
      0.01,
    );
    const candidates = ({ by }: Photograph): readonly Candidate[] =>
      by === undefined
        ? []
        : enrolled
            .map((part) => ({
              personId: personId(part.name),
              similarity: similarityToPerson(by[searchedBy], part.references),
            }))
            .sort((a, b) => b.similarity - a.similarity);
    const search = (photograph: Photograph, without?: string): Candidate | undefined => {
      const [best, second] = candidates(photograph).filter((each) => each.personId !== without);
      return best && best.similarity - (second?.similarity ?? -1) >= margin ? best : undefined;
    };
    for (const { name, probes } of enrolled) {
      const photographs = people.find((person) => person.name === name)?.photographs ?? [];
      for (const photograph of probes.flatMap(({ index }) => photographs[index] ?? [])) {
        const found = search(photograph);
        mated.push({ who: name, score: found?.personId === name ? found.similarity : -1 });
        const track = withProbes(noProbes, [
          { capturedAtMs: 0, quality: 1, candidates: candidates(photograph) },
        ]);
        const decided = photograph.by && identifyTrack(track, policy);
        if (decided?.outcome !== 'match' || decided.personId !== name)
          missed.set(name, (missed.get(name) ?? 0) + 1);
      }
    }
    for (const { name, photographs } of people)
      for (const photograph of photographs)
        if (photograph.by) nonMated.push({ who: name, score: search(photograph, name)?.similarity ?? -1 });
    for (const [index, photograph] of strangers.entries())
      if (photograph.by) nonMated.push({ who: `${index}`, score: search(photograph)?.similarity ?? -1 });
  }
  return { mated, nonMated, missed };
}

function fnirAt(rate: number, { mated, nonMated }: Omit<Scores, 'missed'>): number {
  const threshold = thresholdAtRate(
    nonMated.map(({ score }) => score),
    rate,
  );
  return mated.filter(({ score }) => score < threshold).length / mated.length;
}

/** The scores of people who are drawn anew, the same for every row. */
function* drawn(rows: readonly Scores[]): Generator<readonly Omit<Scores, 'missed'>[]> {
  const random = seededRandom(1);
  const names = [...people.map(({ name }) => name), ...strangers.map((_, index) => `${index}`)];
  const of = (scores: readonly Score[], name: string): readonly Score[] =>
    scores.filter(({ who }) => who === name);
  const byPerson = rows.map(
    ({ mated, nonMated }) =>
      new Map(names.map((name) => [name, { mated: of(mated, name), nonMated: of(nonMated, name) }])),
  );
  for (let drawing = 0; drawing < drawings; drawing += 1) {
    const picked = names.map(() => names[Math.floor(random.unit() * names.length)] ?? '');
    yield byPerson.map((scores) => ({
      mated: picked.flatMap((name) => scores.get(name)?.mated ?? []),
      nonMated: picked.flatMap((name) => scores.get(name)?.nonMated ?? []),
    }));
  }
}

const rows = [
  { title: 'as the product', scores: scoresOf('product', 'product') },
  { title: 'references of five crops', scores: scoresOf('crops', 'product') },
  { title: 'references and searches of five crops', scores: scoresOf('crops', 'crops') },
  { title: 'references of nine fits', scores: scoresOf('fits', 'product') },
  { title: 'references and searches of nine fits', scores: scoresOf('fits', 'fits') },
];
const wins = rows.map(() => rates.map(() => 0));
for (const again of drawn(rows.map(({ scores }) => scores))) {
  for (const [at, rate] of rates.entries()) {
    const [first = 0, ...others] = again.map((scores) => fnirAt(rate, scores));
    for (const [row, fnir] of others.entries()) {
      const own = wins[row + 1];
      if (own && fnir < first) own[at] = (own[at] ?? 0) + 1;
    }
  }
}
const percent = (share: number, digits = 2): string => `${(100 * share).toFixed(digits)} %`;
const { mated = [], nonMated = [] } = rows[0]?.scores ?? {};
console.log(
  `${analyser.recogniser}: ${people.length} people, ${strangers.length} photographs of strangers; ${mated.length} searches of enrolled people, ${nonMated.length} of others`,
);
console.log(
  table(
    ['FNIR at FPIR', ...rates.map((rate) => percent(rate, 1))],
    rows.map(({ title, scores }, row) => [
      title,
      ...rates.map((rate, at) => {
        const better = row === 0 ? '' : ` (better in ${percent((wins[row]?.[at] ?? 0) / drawings, 0)})`;
        return `${percent(fnirAt(rate, scores))}${better}`;
      }),
    ]),
  ),
);
const base = rows[0]?.scores.missed ?? new Map();
console.log(
  table(
    ['calibrated', 'missed', 'people with fewer', 'people with more'],
    rows.map(({ title, scores: { missed } }) => {
      const more = people.map(({ name }) => (missed.get(name) ?? 0) - (base.get(name) ?? 0));
      const count = [...missed.values()].reduce((sum, each) => sum + each, 0);
      const share = `${count} (${percent(count / mated.length)})`;
      return [
        ...[title, share],
        ...[more.filter((each) => each < 0).length, more.filter((each) => each > 0).length].map(String),
      ];
    }),
  ),
);
