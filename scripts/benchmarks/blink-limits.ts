/*
 * How blinks depend on the limits that decide when eyes are judged and how long a closure may take.
 *
 *   scripts/bench blink-limits --clips DIR --truth FILE [--fps 15] [--config FILE] [--groups FILE]
 *
 * Every clip is one person and goes through the stages of a camera once, as in `rollcall evaluate blinks`; then its looks are judged
 * with other limits. First table: one limit changed. Last line: limits chosen on the other people for each person (leave one person
 * out). --groups: JSON with clips by the name of a group, `{"glasses": ["a.mp4"]}`.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { badInput } from '../../daemon/kernel/errors.js';
import type { FaceLandmarks } from '../../daemon/kernel/faces/face.js';
import type { ViewQuality } from '../../daemon/kernel/faces/quality.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { type BlinkPolicy, defaultBlinkPolicy } from '../../daemon/kernel/liveness/blink.js';
import { type BlinkTruth, detectionFigures, scoreBlinks } from '../../daemon/kernel/liveness/blink-score.js';
import {
  defaultLidClosurePolicy,
  type EyeBlinkPolicies,
  initialEyeBlinks,
  nextEyeBlinks,
} from '../../daemon/kernel/liveness/eye-blinks.js';
import {
  defaultEyeViewLimits,
  type EyeViewLimits,
  eyeSampleOf,
  type PictureSize,
} from '../../daemon/kernel/liveness/eye-sample.js';
import {
  defaultSteadinessPolicy,
  fitsBefore,
  type TimedFit,
} from '../../daemon/kernel/liveness/mesh-steadiness.js';
import { table } from '../../daemon/kernel/text-table.js';
import { openReplaySetup } from '../../daemon/lab/replay-setup.js';
import { fileExists, readBlinkTruth } from '../../daemon/lab/truth-files.js';
import { replayClip } from '../../daemon/vision/replay-clip.js';
import { readOptions } from '../options.js';

const { values } = readOptions('scripts/bench blink-limits', {
  options: {
    clips: { type: 'string' },
    truth: { type: 'string' },
    fps: { type: 'string', default: '15' },
    config: { type: 'string' },
    groups: { type: 'string' },
  },
});
const { clips: folder, truth: truthFile } = values;
if (folder === undefined || truthFile === undefined) {
  throw badInput('bad-usage', 'give --clips DIR and --truth FILE');
}
/** As in `rollcall evaluate blinks`. */
const toleranceS = 0.25;
/** As in a track: a face that is unseen for this long starts over, milliseconds. */
const unbrokenGapMs = 500;

interface Look {
  readonly trackId: string;
  readonly atMs: number;
  readonly landmarks: FaceLandmarks;
  readonly quality: ViewQuality;
  readonly picture: PictureSize;
}

interface Person {
  readonly clip: string;
  readonly truth: BlinkTruth;
  readonly looks: readonly Look[];
}

interface Limits {
  readonly name: string;
  readonly view: EyeViewLimits;
  readonly blinks: EyeBlinkPolicies;
}

const defaults: Limits = {
  name: 'default',
  view: defaultEyeViewLimits,
  blinks: { contour: defaultBlinkPolicy, lids: defaultLidClosurePolicy },
};

function steadyTimes(factor: number): Limits {
  const { largestYawPerS, largestPitchPerS, largestGrowthPerS } = defaultSteadinessPolicy;
  const steadiness = {
    largestYawPerS: factor * largestYawPerS,
    largestPitchPerS: factor * largestPitchPerS,
    largestGrowthPerS: factor * largestGrowthPerS,
  };
  return { ...defaults, name: `speeds times ${factor}`, view: { ...defaultEyeViewLimits, steadiness } };
}

const withYaw = (largestYawDeg: number): Limits => ({
  ...defaults,
  name: `yaw up to ${largestYawDeg} degrees`,
  view: { ...defaultEyeViewLimits, largestYawDeg },
});

const withContour = (name: string, change: Partial<BlinkPolicy>): Limits => ({
  ...defaults,
  name,
  blinks: { ...defaults.blinks, contour: { ...defaultBlinkPolicy, ...change } },
});

const withRise = (closedRise: number): Limits => ({
  ...defaults,
  name: `blendshapes rise by ${closedRise}`,
  blinks: { ...defaults.blinks, lids: { ...defaultLidClosurePolicy, closedRise } },
});

const choices: readonly Limits[] = [
  defaults,
  ...[0.5, 0.75, 1.5, 2].map(steadyTimes),
  ...[30, 33, 38, 42].map(withYaw),
  ...[500, 600, 800, 900].map((longestMs) => withContour(`up to ${longestMs} ms`, { longestMs })),
  ...[250, 450].map((longestGapMs) => withContour(`gaps up to ${longestGapMs} ms`, { longestGapMs })),
  ...[0.2, 0.25, 0.35, 0.4].map(withRise),
];

function blinksIn(looks: readonly Look[], { view, blinks: policies }: Limits): readonly number[] {
  const tracks = new Map<
    string,
    { fits: readonly TimedFit[]; blinks: typeof initialEyeBlinks; lastMs: number }
  >();
  return looks.flatMap(({ trackId, atMs, landmarks, quality, picture }) => {
    const known = tracks.get(trackId);
    const isSame = known !== undefined && atMs - known.lastMs <= unbrokenGapMs;
    const { fits, blinks } = isSame ? known : { fits: [], blinks: initialEyeBlinks };
    const before = fitsBefore(fits, atMs);
    const sample = eyeSampleOf({ atMs, landmarks, quality, before, picture }, view);
    const step = nextEyeBlinks(blinks, sample, policies);
    tracks.set(trackId, { fits: [...before, { atMs, landmarks }], blinks: step.state, lastMs: atMs });
    return step.blinks.map((blink) => blink.atMs / 1000);
  });
}

interface Sum {
  readonly hits: number;
  readonly missed: number;
  readonly mistaken: number;
}
const none: Sum = { hits: 0, missed: 0, mistaken: 0 };
const plus = (a: Sum, b: Sum): Sum => ({
  hits: a.hits + b.hits,
  missed: a.missed + b.missed,
  mistaken: a.mistaken + b.mistaken,
});
const f1Of = ({ hits, missed, mistaken }: Sum): number => detectionFigures(hits, missed, mistaken).f1 ?? 1;
const cells = (sum: Sum): string[] => [
  `${sum.hits} of ${sum.hits + sum.missed}`,
  String(sum.mistaken),
  f1Of(sum).toFixed(3),
];

await using lifetime = new Lifetime(clock);
const fps = Number(values.fps);
const setup = await openReplaySetup({ configPath: values.config, cameraId: undefined, fps }, lifetime);
const people: Person[] = [];
for (const [clip, truth] of await readBlinkTruth(truthFile)) {
  const path = join(folder, clip);
  if (truth === undefined || !(await fileExists(path))) continue;
  const looks: Look[] = [];
  const steps = replayClip({
    ...{ ...setup, path, sameFaceThreshold: setup.match.threshold, clock, speed: 'max' },
    onView: ({ trackId, atMs, landmarks, quality, picture: { widthPx, heightPx } }) =>
      looks.push({ trackId, atMs, landmarks, quality, picture: { widthPx, heightPx } }),
  });
  for await (const _ of steps);
  people.push({ clip, truth, looks });
}
const scores = choices.map((limits) =>
  people.map(({ truth, looks }): Sum => {
    const score = scoreBlinks(blinksIn(looks, limits), truth, toleranceS);
    return { hits: score.hits, missed: score.missed.length, mistaken: score.mistaken.length };
  }),
);
const totalOf = (sums: readonly Sum[]): Sum => sums.reduce(plus, none);
const count = people.reduce((sum, { truth }) => sum + truth.blinks.length, 0);
console.log(`${people.length} people with ${count} blinks, ${fps} looks a second`);
console.log(
  table(
    ['limits', 'found', 'mistaken', 'F1'],
    choices.map(({ name }, index) => [name, ...cells(totalOf(scores[index] ?? []))]),
  ),
);
const leftOut = people.map((_, person) => {
  const ranked = scores.map((sums) => ({
    sums,
    f1: f1Of(totalOf(sums.filter((_sum, at) => at !== person))),
  }));
  // Of equally good ones the first, which is the default.
  const best = ranked.reduce((a, b) => (b.f1 > a.f1 ? b : a));
  return best.sums[person] ?? none;
});
console.log(`leave one person out: ${cells(totalOf(leftOut)).join(', ')}`);
if (values.groups !== undefined) {
  const groups = JSON.parse(await readFile(values.groups, 'utf8')) as Record<string, string[]>;
  const rows = Object.entries(groups).map(([name, clips]) => {
    const sums = (scores[0] ?? []).filter((_, person) => clips.includes(people[person]?.clip ?? ''));
    return [name, String(sums.length), ...cells(totalOf(sums))];
  });
  console.log(table(['group', 'people', 'found', 'mistaken', 'F1'], rows));
}
