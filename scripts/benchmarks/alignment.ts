/**
 * What steadier alignment would bring: scripts/bench alignment --known DIR --unknown DIR [--groups FILE] [--config FILE].
 * Embeds each photograph as the product does, and as the mean over five crops: as aligned, and shifted by 2/112 of the side in four
 * directions. Three photographs of each person are enrolled in 20 ways; the others are searched, and so are strangers and, in the
 * gallery without them, all photographs of each person. `--groups` is as in rollcall evaluate identify.
 *
 * Prints FNIR where FPIR is the same for all: a mean over crops raises every similarity, so rows at one threshold cannot be
 * compared. Each row also says how often it misses fewer than the first, with people drawn again 100 times. Then, of galleries that are
 * calibrated for an FPIR of 1 %, the searches of enrolled people that are missed, and those of others that match a person (of people who
 * are left out, in five of the 20 galleries), by group.
 */
import { readFile } from 'node:fs/promises';
import { parse } from 'node:path';
import { z } from 'zod';
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
import type { EnrolledPerson } from '../../daemon/kernel/identification/calibration.js';
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
import { readOptions } from '../options.js';

const { values } = readOptions('scripts/bench alignment', {
  options: {
    known: { type: 'string' },
    unknown: { type: 'string' },
    groups: { type: 'string' },
    config: { type: 'string' },
  },
});
const { known, unknown, config } = values;
if (known === undefined || unknown === undefined) throw new Error('give --known DIR and --unknown DIR');
const splits = 20;
const references = 3;
const rates = [0.02, 0.01, 0.005, 0.003, 0.001];
const drawings = 100;
/** Of 112 pixels, 2. */
const shift = 2;
const targetFpir = 0.01;
/** Calibrating the gallery without each person takes time: only every fourth does it. */
const leftOutEvery = 4;
const groups =
  values.groups === undefined
    ? {}
    : z.record(z.string(), z.array(z.string())).parse(JSON.parse(await readFile(values.groups, 'utf8')));

await using lifetime = new Lifetime(clock);
const setup = await openReplaySetup({ configPath: config, cameraId: undefined, fps: undefined }, lifetime);
const { analyser } = setup;
const { margin } = setup.match;

type Way = 'product' | 'crops';
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
  return { isEnrollable, by: { product, crops: meanOf([product, ...shifted]) } };
}

async function photographsOf(paths: readonly string[]): Promise<readonly Photograph[]> {
  const found: Photograph[] = [];
  for (const path of paths) found.push(await photographOf(path));
  return found;
}

const people: { readonly name: string; readonly photographs: readonly Photograph[] }[] = [];
for (const { name, paths } of await readPeople(known))
  if (paths.length > references) people.push({ name, photographs: await photographsOf(paths) });
const strangerPaths = await readPhotographs(unknown);
const strangers = (await photographsOf(strangerPaths)).map((photograph, index) => ({
  name: parse(strangerPaths[index] ?? '').name,
  photograph,
}));

/** The score of a search, and whom it searches: -1 where it names nobody or, of an enrolled person, somebody else. */
interface Score {
  readonly who: string;
  readonly score: number;
}
/** What a calibrated gallery decides about a search. */
interface Decision {
  readonly who: string;
  readonly isEnrolled: boolean;
  /** Missed, or matched although not enrolled. */
  readonly isWrong: boolean;
}
interface Scores {
  readonly mated: readonly Score[];
  readonly nonMated: readonly Score[];
  readonly calibrated: readonly Decision[];
}

/** A gallery and how a box would decide with it. */
function galleryOf(references: readonly EnrolledPerson[]) {
  const policy = policyOver(references, { ...setup.match, minimumProbes: 1 }, targetFpir);
  return (candidates: readonly Candidate[]) => {
    const track = withProbes(noProbes, [{ capturedAtMs: 0, quality: 1, candidates }]);
    const decided = identifyTrack(track, policy);
    return decided.outcome === 'match' ? decided.personId : undefined;
  };
}

function candidatesIn(gallery: readonly EnrolledPerson[], face: Embedding): readonly Candidate[] {
  return gallery
    .map(({ personId: id, references: own }) => ({
      personId: id,
      similarity: similarityToPerson(face, own),
    }))
    .sort((a, b) => b.similarity - a.similarity);
}

/** The best candidate, if all others stay behind by the margin. */
function clearlyBest([best, second]: readonly Candidate[]): Candidate | undefined {
  return best && best.similarity - (second?.similarity ?? -1) >= margin ? best : undefined;
}

function scoresOf(enrolledBy: Way, searchedBy: Way): Scores {
  const mated: Score[] = [];
  const nonMated: Score[] = [];
  const calibrated: Decision[] = [];
  const samples = people.map(({ name, photographs }) => ({
    name,
    samples: photographs.map(({ by, isEnrollable }) => ({ embedding: by?.[enrolledBy], isEnrollable })),
  }));
  for (let split = 0; split < splits; split += 1) {
    const parts = dividePhotographs(samples, { references, splits, split });
    const enrolled = parts.filter((part) => part.references.length > 0);
    const gallery = enrolled.map((part) => ({ personId: personId(part.name), references: part.references }));
    const decide = galleryOf(gallery);
    for (const { name, probes } of enrolled) {
      const photographs = people.find((person) => person.name === name)?.photographs ?? [];
      for (const { by } of probes.flatMap(({ index }) => photographs[index] ?? [])) {
        const candidates = by === undefined ? [] : candidatesIn(gallery, by[searchedBy]);
        const found = clearlyBest(candidates);
        mated.push({ who: name, score: found?.personId === name ? found.similarity : -1 });
        calibrated.push({ who: name, isEnrolled: true, isWrong: decide(candidates) !== name });
      }
    }
    for (const { name, photographs } of people) {
      const others = gallery.filter((person) => person.personId !== name);
      const decideWithout = split % leftOutEvery === 0 ? galleryOf(others) : undefined;
      for (const { by } of photographs) {
        if (by === undefined) continue;
        const candidates = candidatesIn(others, by[searchedBy]);
        nonMated.push({ who: name, score: clearlyBest(candidates)?.similarity ?? -1 });
        if (decideWithout === undefined) continue;
        calibrated.push({ who: name, isEnrolled: false, isWrong: decideWithout(candidates) !== undefined });
      }
    }
    for (const { name, photograph } of strangers) {
      if (photograph.by === undefined) continue;
      const candidates = candidatesIn(gallery, photograph.by[searchedBy]);
      nonMated.push({ who: name, score: clearlyBest(candidates)?.similarity ?? -1 });
      calibrated.push({ who: name, isEnrolled: false, isWrong: decide(candidates) !== undefined });
    }
  }
  return { mated, nonMated, calibrated };
}

function fnirAt(rate: number, { mated, nonMated }: Omit<Scores, 'calibrated'>): number {
  const threshold = thresholdAtRate(
    nonMated.map(({ score }) => score),
    rate,
  );
  return mated.filter(({ score }) => score < threshold).length / mated.length;
}

/** The scores of people who are drawn anew, the same for every row. */
function* drawn(rows: readonly Scores[]): Generator<readonly Omit<Scores, 'calibrated'>[]> {
  const random = seededRandom(1);
  const names = [...people, ...strangers].map(({ name }) => name);
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
/** Searches that went wrong, of all of the group. */
const countOf = (decisions: readonly Decision[], isEnrolled: boolean, names?: readonly string[]): string => {
  const own = decisions.filter(
    (each) => each.isEnrolled === isEnrolled && names?.includes(each.who) !== false,
  );
  const wrong = own.filter(({ isWrong }) => isWrong).length;
  return `${wrong} of ${own.length} (${percent(wrong / Math.max(1, own.length))})`;
};
for (const isEnrolled of [true, false]) {
  console.log(
    table(
      [isEnrolled ? 'calibrated: missed' : 'calibrated: accepted', ...rows.map(({ title }) => title)],
      [['all', undefined] as const, ...Object.entries(groups)].map(([title, names]) => [
        title,
        ...rows.map(({ scores }) => countOf(scores.calibrated, isEnrolled, names)),
      ]),
    ),
  );
}
