/*
 * How blink detection holds up on clips that were made worse, and with constants that did not see the clip.
 *
 *   scripts/bench blink-variations --clips DIR --truth blinks.json [--fps 15]
 *
 * The first table: every clip as it is, at several rates, and with other light, blur, noise, size, compression or a covered mouth. The
 * second table: the depths of a blink are chosen anew for each clip, on all other clips (leave one clip out), and that clip is judged
 * with them. A clip is one person. Needs ffmpeg with libx264.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { badInput } from '../../daemon/kernel/errors.js';
import type { Box } from '../../daemon/kernel/faces/geometry.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import {
  type BlinkPolicy,
  defaultBlinkPolicy,
  initialBlinkState,
  nextBlink,
} from '../../daemon/kernel/liveness/blink.js';
import { type BlinkTruth, detectionFigures, scoreBlinks } from '../../daemon/kernel/liveness/blink-score.js';
import type { EyeSample } from '../../daemon/kernel/liveness/liveness.js';
import { table } from '../../daemon/kernel/text-table.js';
import { openReplaySetup, type ReplaySetup } from '../../daemon/lab/replay-setup.js';
import { fileExists, readBlinkTruth } from '../../daemon/lab/truth-files.js';
import { replayClip } from '../../daemon/vision/replay-clip.js';
import { readOptions } from '../options.js';

const run = promisify(execFile);
const { values } = readOptions('scripts/bench blink-variations', {
  options: {
    clips: { type: 'string' },
    truth: { type: 'string' },
    fps: { type: 'string', default: '15' },
  },
});
const { clips: folder, truth: truthFile } = values;
if (folder === undefined || truthFile === undefined) {
  throw badInput('bad-usage', 'give --clips DIR and --truth FILE');
}
/** As in `rollcall evaluate blinks`. */
const toleranceS = 0.25;

interface Clip {
  readonly name: string;
  readonly path: string;
  readonly truth: BlinkTruth;
  readonly isAttack: boolean;
}

/** What the stages saw in one clip. */
interface Watched {
  /** Seconds. */
  readonly blinks: readonly number[];
  /** Of each track, in order. */
  readonly eyes: readonly (readonly EyeSample[])[];
  /** Of the largest face. */
  readonly box: Box | undefined;
}

async function watch(path: string, setup: ReplaySetup, fps: number): Promise<Watched> {
  const rates = { ...setup.camera.rates, trackingFps: fps, provingFps: fps };
  const blinks: number[] = [];
  const eyes = new Map<string, EyeSample[]>();
  let box: Box | undefined;
  const steps = replayClip({
    ...setup,
    ...{ path, camera: { ...setup.camera, rates }, sameFaceThreshold: setup.match.threshold },
    ...{ clock, speed: 'max' },
    onView: ({ trackId, eyes: sample }) => eyes.set(trackId, [...(eyes.get(trackId) ?? []), sample]),
  });
  for await (const { events } of steps) {
    for (const event of events) {
      if (event.type === 'blink') blinks.push(event.blink.atMs / 1000);
      if (event.type === 'sighting' && event.sighting.box.width > (box?.width ?? 0)) box = event.sighting.box;
    }
  }
  return { blinks, eyes: [...eyes.values()], box };
}

interface Variation {
  readonly name: string;
  /** A filter of ffmpeg; undefined: the clip as it is. */
  readonly filter?: (face: Box) => string;
  readonly quantiser?: number;
  readonly fps?: number;
}

const mouthCover = ({ x, y, width, height }: Box): string => {
  const [left, top] = [x, y + 0.62 * height].map(Math.round);
  return `drawbox=x=${left}:y=${top}:w=${Math.round(width)}:h=${Math.round(0.5 * height)}:color=0x99aabb:t=fill`;
};
const lumaTimes = (factor: string): string => `geq=lum='lum(X,Y)*(${factor})':cb='cb(X,Y)':cr='cr(X,Y)'`;
const variations: readonly Variation[] = [
  { name: 'as it is' },
  ...[10, 12, 20, 25, 30].map((fps) => ({ name: `${fps} looks a second`, fps })),
  { name: 'dark (gamma 0.5)', filter: () => 'eq=gamma=0.5' },
  { name: 'bright (gamma 1.8)', filter: () => 'eq=gamma=1.8' },
  { name: 'light from one side (1 to 0.35)', filter: () => lumaTimes('1-0.65*X/W') },
  { name: 'flicker (7 Hz)', filter: () => "eq=brightness='0.06*sin(44*t)':eval=frame" },
  { name: 'noise', filter: () => 'noise=alls=14:allf=t' },
  {
    name: 'blur (1 % of the face)',
    filter: ({ width }) => `gblur=sigma=${(0.01 * width).toFixed(2)}`,
  },
  { name: 'compressed (H.264, quantiser 36)', filter: () => 'null', quantiser: 36 },
  { name: 'half the size', filter: () => 'scale=2*trunc(iw/4):-2' },
  { name: 'mouth and chin covered', filter: mouthCover },
];

async function made(clip: Clip, { filter, quantiser = 14 }: Variation, face: Box, into: string) {
  if (filter === undefined) return clip.path;
  const path = join(into, 'varied.mp4');
  const even = 'crop=trunc(iw/2)*2:trunc(ih/2)*2';
  await run('ffmpeg', [
    ...['-v', 'error', '-nostdin', '-y', '-i', clip.path, '-an', '-vf', `${filter(face)},${even}`],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', String(quantiser), '-pix_fmt', 'yuv420p', path],
  ]);
  return path;
}

interface Sum {
  hits: number;
  missed: number;
  mistaken: number;
}
const add = (sum: Sum, found: readonly number[], truth: BlinkTruth): void => {
  const score = scoreBlinks(found, truth, toleranceS);
  sum.hits += score.hits;
  sum.missed += score.missed.length;
  sum.mistaken += score.mistaken.length;
};
const emptySum = (): Sum => ({ hits: 0, missed: 0, mistaken: 0 });
const f1Of = ({ hits, missed, mistaken }: Sum): number => detectionFigures(hits, missed, mistaken).f1 ?? 1;
const cells = (sum: Sum): string[] => [
  `${sum.hits} of ${sum.hits + sum.missed}`,
  String(sum.mistaken),
  f1Of(sum).toFixed(3),
];

/** Depths that are tried, the default in the middle. */
const policies: readonly BlinkPolicy[] = [0.25, 0.3, 0.35, 0.4, 0.45].flatMap((closedDepth) =>
  [0.08, 0.1, 0.12, 0.15, 0.18].flatMap((briefDepth) =>
    [5, 7, 9].map((briefOverNoise) => ({ ...defaultBlinkPolicy, closedDepth, briefDepth, briefOverNoise })),
  ),
);

/** As in a track: a face that is unseen for this long starts over, milliseconds. */
const unbrokenGapMs = 500;

function blinksIn({ eyes }: Watched, policy: BlinkPolicy): readonly number[] {
  return eyes.flatMap((samples) => {
    let state = initialBlinkState;
    let lastMs = Number.NEGATIVE_INFINITY;
    return samples.flatMap((sample) => {
      if (sample.atMs - lastMs > unbrokenGapMs) state = initialBlinkState;
      lastMs = sample.atMs;
      const step = nextBlink(state, sample, policy);
      state = step.state;
      return step.blinks.map(({ atMs }) => atMs / 1000);
    });
  });
}

/** Judges each clip with the depths that are best on the others; of equally good ones, those nearest to the default. */
function leaveOneOut(clips: readonly Clip[], watched: readonly Watched[]) {
  const found = policies.map((policy) => watched.map((each) => blinksIn(each, policy)));
  const distance = ({ closedDepth, briefDepth, briefOverNoise }: BlinkPolicy): number =>
    Math.abs(closedDepth / defaultBlinkPolicy.closedDepth - 1) +
    Math.abs(briefDepth / defaultBlinkPolicy.briefDepth - 1) +
    Math.abs(briefOverNoise / defaultBlinkPolicy.briefOverNoise - 1);
  const total = emptySum();
  let defaults = 0;
  for (const [left, clip] of clips.entries()) {
    const ranked = policies.map((policy, index) => {
      const sum = emptySum();
      for (const [other, each] of clips.entries()) {
        if (other !== left) add(sum, found[index]?.[other] ?? [], each.truth);
      }
      return { index, f1: f1Of(sum), distance: distance(policy) };
    });
    const [best] = ranked.sort((a, b) => b.f1 - a.f1 || a.distance - b.distance);
    if (best === undefined) continue;
    if (best.distance < 1e-9) defaults += 1;
    add(total, found[best.index]?.[left] ?? [], clip.truth);
  }
  return { total, defaults };
}

await using lifetime = new Lifetime(clock);
const fps = Number(values.fps);
const setup = await openReplaySetup({ configPath: undefined, cameraId: undefined, fps }, lifetime);
const into = await mkdtemp(join(tmpdir(), 'rollcall-varied-'));
lifetime.defer('clips', () => rm(into, { recursive: true, force: true }));
const clips: Clip[] = [];
for (const [name, truth] of await readBlinkTruth(truthFile)) {
  const path = join(folder, name);
  if (truth === undefined || !(await fileExists(path))) continue;
  clips.push({ name, path, truth, isAttack: name.startsWith('attack') });
}
const boxes: (Box | undefined)[] = [];
const rows: string[][] = [];
const crossRows: string[][] = [];
for (const variation of variations) {
  const rate = variation.fps ?? fps;
  const sum = emptySum();
  let onAttacks = 0;
  const watched: Watched[] = [];
  for (const [index, clip] of clips.entries()) {
    const face = boxes[index] ?? { x: 0, y: 0, width: 100, height: 100 };
    const seen = await watch(await made(clip, variation, face, into), setup, rate);
    boxes[index] ??= seen.box;
    watched.push(seen);
    add(sum, seen.blinks, clip.truth);
    if (clip.isAttack) onAttacks += seen.blinks.length;
  }
  rows.push([variation.name, ...cells(sum), String(onAttacks)]);
  process.stderr.write(`${variation.name}: ${cells(sum).join(', ')}\n`);
  if (variation.filter !== undefined) continue;
  const { total, defaults } = leaveOneOut(clips, watched);
  crossRows.push([String(rate), ...cells(sum), ...cells(total), `${defaults} of ${clips.length}`]);
}
const genuine = clips.filter(({ isAttack }) => !isAttack);
const blinkCount = genuine.reduce((count, { truth }) => count + truth.blinks.length, 0);
console.log(
  `${genuine.length} clips of ${genuine.length} people with ${blinkCount} blinks, ${clips.length - genuine.length} clips of attacks`,
);
console.log(table(['variation', 'found', 'mistaken', 'F1', 'blinks of attacks'], rows));
console.log(
  table(
    [
      ...['looks a second', 'found', 'mistaken', 'F1'],
      ...['left out: found', 'mistaken', 'F1', 'default chosen'],
    ],
    crossRows,
  ),
);
