/*
 * How liveness verdicts hold up against photographs with drawn, creased or unmoved lids, however they are held.
 *
 *   scripts/bench presentations [--fps 15] [--seconds 10] [--attack-every 1] [--only NAME] [--genuine DIR] [--driver CLIP]
 *                              [--lamps 0] [--seed 1] [--gain 1] [--noise 5] [--crf 20] [--config FILE] [PHOTOGRAPH…]
 *
 * The attacks are made at run time from photographs of one face (without any: those inside @vladmandic/face-api), at 30 frames a second,
 * and judged at --fps. --attack-every N: every Nth attack of each photograph; --only NAME: those with NAME in theirs. --lamps N: also
 * N glossy attacks with each photograph, whole and cut out in turn, whose lamp and hand are random, from --seed. --driver: also moves
 * a photograph as the face of this clip moves. --genuine: clips of living people, cut into passages of 10 s; shorter ones are repeated.
 * --gain, --noise and --crf: dims the attacks, adds noise (strength of FFmpeg's filter, about 1.8 standard deviations), and compresses
 * them. --config: with the settings and models of this configuration. Prints APCER and BPCER with counts
 * (ISO/IEC 30107-3), how many a camera that requires `not-attack` would take, and how long living people wait. Needs ffmpeg with libx264.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { wilsonInterval } from '../../daemon/kernel/identification/error-rates.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import type { LivenessVerdict } from '../../daemon/kernel/liveness/liveness.js';
import { defaultLivenessPolicy } from '../../daemon/kernel/liveness/liveness-verdict.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { table } from '../../daemon/kernel/text-table.js';
import { readClips } from '../../daemon/lab/labelled-collection.js';
import { openReplaySetup, type ReplaySetup } from '../../daemon/lab/replay-setup.js';
import { cutClip } from '../../daemon/vision/cut-clip.js';
import { openClip } from '../../daemon/vision/ingest/clip-source.js';
import { decodePhoto } from '../../daemon/vision/photo-decoding.js';
import { replayClip } from '../../daemon/vision/replay-clip.js';
import type { StageEvent } from '../../daemon/vision/stage-event.js';
import { type FaceShape, type FaceShapeFinder, openFaceShapeFinder } from '../virtual-camera/face-shape.js';
import { type PhotographedFace, warpOf } from './held-picture.kernel.js';
import { quantile } from './measuring.js';
import {
  belowAnyLamp,
  encodeClip,
  heldByHand,
  photographedFace,
  stillAttacks,
  stillFrames,
} from './presentation-attacks.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    fps: { type: 'string', default: '15' },
    seconds: { type: 'string', default: '10' },
    'attack-every': { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    lamps: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    gain: { type: 'string', default: '1' },
    noise: { type: 'string', default: '5' },
    crf: { type: 'string', default: '20' },
    genuine: { type: 'string' },
    driver: { type: 'string' },
    config: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const every = Number(values['attack-every']);
const light = { gain: Number(values.gain), noise: Number(values.noise), crf: Number(values.crf) };
const passageMs = 10_000;
/** Face widths that take turns, pixels. */
const widthsPx = [150, 190, 110, 230];

interface Outcome {
  readonly species: string;
  readonly name: string;
  readonly verdict: LivenessVerdict;
  readonly reason: string;
  /** Whether a camera that requires `not-attack` would take the face for a person who is there. */
  readonly isCounted: boolean;
  /** When a face first was live, milliseconds of the clip. */
  readonly liveMs: number | undefined;
}

/** The worst verdict that any track had at any time: an attendance needs only one moment. */
function outcomeOf(events: readonly StageEvent[], species: string, name: string): Outcome {
  const verdicts = events.flatMap((event) =>
    event.type === 'liveness'
      ? [event.assessment]
      : event.type === 'sighting' && event.sighting.isEnded
        ? [event.sighting.liveness]
        : [],
  );
  // As `isDueWithoutProof` of the track's decision.
  const isCounted = verdicts.some(
    ({ verdict, reason, evidence }) =>
      verdict === 'live' ||
      (reason === 'observed-too-briefly' && evidence.observedS >= defaultLivenessPolicy.attackAfterS),
  );
  const liveMs = events.find(
    (event) => event.type === 'liveness' && event.assessment.verdict === 'live',
  )?.atMs;
  const order: readonly LivenessVerdict[] =
    species === 'genuine' ? ['attack', 'live', 'undetermined'] : ['live', 'attack', 'undetermined'];
  for (const verdict of order) {
    const found = verdicts.findLast((each) => each.verdict === verdict);
    if (found !== undefined) return { species, name, verdict, reason: found.reason, isCounted, liveMs };
  }
  return { species, name, verdict: 'undetermined', reason: 'no-face', isCounted, liveMs };
}

async function judged(path: string, { match, ...setup }: ReplaySetup): Promise<readonly StageEvent[]> {
  const all: StageEvent[] = [];
  const steps = replayClip({ path, ...setup, sameFaceThreshold: match.threshold, clock, speed: 'max' });
  for await (const { events } of steps) all.push(...events);
  return all;
}

async function facesOf(
  path: string,
  { analyser }: ReplaySetup,
  finder: FaceShapeFinder,
): Promise<(PhotographedFace & { readonly shape: FaceShape }) | undefined> {
  const decoded = await decodePhoto(await readFile(path));
  if (decoded.outcome !== 'ok') return undefined;
  const { picture } = decoded;
  const found = await analyser.detect(picture, { smallestFacePx: 40 });
  const largest = [...found].sort((a, b) => b.box.width - a.box.width)[0];
  const shape = largest && (await finder.find(picture, largest.box));
  return shape && { ...photographedFace(picture, shape), shape };
}

/** The shapes of the face of a clip, frame by frame at 15 a second. */
async function motionOf(
  path: string,
  setup: ReplaySetup,
  finder: FaceShapeFinder,
): Promise<readonly FaceShape[]> {
  const { camera, ffmpeg, analyser } = setup;
  const shapes: FaceShape[] = [];
  await using clip = await openClip({
    ...{ path, cameraId: camera.id, ffmpeg, clock },
    maxAnalysisWidthPx: camera.maxAnalysisWidthPx,
  });
  let nextMs = 0;
  for await (const frame of clip) {
    try {
      if (frame.capturedAtMs < nextMs - 5) continue;
      if (frame.capturedAtMs > seconds * 1000) break;
      nextMs += 1000 / 15;
      const last = shapes.at(-1);
      const near = last?.box ?? (await analyser.detect(frame.picture, { smallestFacePx: 40 }))[0]?.box;
      const shape = near && (await finder.find(frame.picture, near));
      const seen = shape ?? last;
      if (seen !== undefined) shapes.push(seen);
    } finally {
      frame.release();
    }
  }
  return shapes;
}

function samplePhotographs(): string[] {
  const library = dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json'));
  return [1, 2, 3, 4, 5, 6].map((n) => join(library, 'demo', `sample${n}.jpg`));
}

await using lifetime = new Lifetime(clock);
const setup = await openReplaySetup(
  { configPath: values.config, cameraId: undefined, fps: Number(values.fps) },
  lifetime,
);
await using finder = await openFaceShapeFinder();
const directory = await mkdtemp(join(tmpdir(), 'rollcall-presentations-'));
lifetime.defer('clips', () => rm(directory, { recursive: true, force: true }));
const path = join(directory, 'attack.mp4');
const outcomes: Outcome[] = [];
const note = (outcome: Outcome): void => {
  outcomes.push(outcome);
  process.stderr.write(`${outcome.species}: ${outcome.name}: ${outcome.verdict} (${outcome.reason})\n`);
};
for (const [nth, photograph] of (positionals.length > 0 ? positionals : samplePhotographs()).entries()) {
  const face = await facesOf(photograph, setup, finder);
  if (face === undefined) continue;
  const random = seededRandom(1000 * Number(values.seed) + nth);
  const lamps = Array.from({ length: Number(values.lamps) }, (_, lamp) => belowAnyLamp(random, lamp));
  for (const [index, attack] of [...stillAttacks, ...lamps].entries()) {
    const isFixed = index < stillAttacks.length;
    if (isFixed && ((index + nth) % every !== 0 || !attack.name.includes(values.only))) continue;
    const faceWidthPx = widthsPx[(index + nth) % widthsPx.length] ?? 150;
    await encodeClip(path, 30, stillFrames(face, attack, { seconds, fps: 30, faceWidthPx }), light);
    const name = `${attack.name}, ${basename(photograph)}`;
    note(outcomeOf(await judged(path, setup), attack.species, name));
  }
  if (values.driver !== undefined) {
    const motion = await motionOf(values.driver, setup, finder);
    const [rest] = motion;
    if (rest === undefined) continue;
    const warpAt = (s: number) => {
      const now = motion[Math.round(s * 15)] ?? motion.at(-1) ?? rest;
      return warpOf(face, face.shape, rest, now);
    };
    const frames = stillFrames(face, heldByHand, { seconds, fps: 15, faceWidthPx: 200, warpAt });
    await encodeClip(path, 15, frames, light);
    note(outcomeOf(await judged(path, setup), 'warped', basename(photograph)));
  }
}
if (values.genuine !== undefined) {
  const { match, ...rest } = setup;
  for (const clip of await readClips(values.genuine)) {
    const file = join(values.genuine, clip.name);
    const pieces = cutClip(
      { path: file, ...rest, sameFaceThreshold: match.threshold, clock },
      { lengthsMs: [passageMs], loopMs: passageMs, memory: 'near' },
    );
    for await (const { events, lengthMs, startMs } of pieces) {
      if (lengthMs !== passageMs) continue;
      const outcome = outcomeOf(events, 'genuine', `${clip.name} from ${startMs / 1000} s`);
      note({ ...outcome, liveMs: outcome.liveMs && outcome.liveMs - startMs });
    }
  }
}
const kinds = [...new Set(outcomes.map(({ species }) => species))];
const rows = kinds.map((kind) => {
  const all = outcomes.filter(({ species }) => species === kind);
  const count = (verdict: LivenessVerdict): number => all.filter((each) => each.verdict === verdict).length;
  const wrong = kind === 'genuine' ? count('attack') : count('live');
  const [low, high] = wilsonInterval(wrong / all.length, all.length);
  const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
  return [
    ...[kind, String(all.length), String(count('live')), String(count('undetermined'))],
    ...[String(count('attack')), String(all.filter(({ isCounted }) => isCounted).length)],
    ...[kind === 'genuine' ? 'BPCER' : 'APCER', percent(wrong / all.length)],
    `${percent(low)} to ${percent(high)}`,
  ];
});
console.log(
  table(['species', 'clips', 'live', 'undetermined', 'attack', 'not-attack', 'rate', '', '95 %'], rows),
);
const waitedMs = outcomes.flatMap(({ species, liveMs }) => (species === 'genuine' ? (liveMs ?? []) : []));
if (waitedMs.length > 0) {
  console.log(`living people are live after ${(quantile(waitedMs, 0.5) / 1000).toFixed(1)} s (median)`);
}
