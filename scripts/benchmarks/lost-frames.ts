/*
 * What liveness makes of faces when frames are lost, as on an overloaded box.
 *
 *   scripts/bench lost-frames --clips DIR --truth FILE [--fps 15] [--seconds 10] [--seed 1] [--config FILE]
 *
 * The clips are those of `rollcall evaluate blinks`. Each is thinned to --fps and repeated up to --seconds; then frames are lost at
 * random, or all of a while, and every clip is judged anew. Prints, for each way of losing frames, how many blinks are found and
 * mistaken while the clip plays for the first time, and the worst verdict of each clip.
 */
import { join } from 'node:path';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { badInput } from '../../daemon/kernel/errors.js';
import type { Frame } from '../../daemon/kernel/faces/picture.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { type BlinkTruth, detectionFigures, scoreBlinks } from '../../daemon/kernel/liveness/blink-score.js';
import type { LivenessVerdict } from '../../daemon/kernel/liveness/liveness.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { table } from '../../daemon/kernel/text-table.js';
import { openReplaySetup } from '../../daemon/lab/replay-setup.js';
import { fileExists, readBlinkTruth } from '../../daemon/lab/truth-files.js';
import { cutFrames } from '../../daemon/vision/cut-clip.js';
import { openClip } from '../../daemon/vision/ingest/clip-source.js';
import type { StageEvent } from '../../daemon/vision/stage-event.js';
import { readOptions } from '../options.js';

const { values } = readOptions('scripts/bench lost-frames', {
  options: {
    clips: { type: 'string' },
    truth: { type: 'string' },
    fps: { type: 'string', default: '15' },
    seconds: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    config: { type: 'string' },
  },
});
const { clips: folder, truth: truthFile } = values;
if (folder === undefined || truthFile === undefined) {
  throw badInput('bad-usage', 'give --clips DIR and --truth FILE');
}
const fps = Number(values.fps);
/** As in `rollcall evaluate blinks`. */
const toleranceS = 0.25;
/** Frames are due a little earlier than their time stamps say, milliseconds. */
const jitterMs = 5;

/** Says of each due frame, in order, whether it is lost. */
type Loss = (atMs: number) => boolean;

/** Frames are lost independently of each other. Every clip loses the same ones. */
function atRandom(share: number): Loss {
  const random = seededRandom(Number(values.seed));
  return () => random.unit() < share;
}

/** All frames of `lostMs` out of every `everyMs`. */
const inBursts =
  (lostMs: number, everyMs: number): Loss =>
  (atMs) =>
    atMs % everyMs >= everyMs - lostMs;

const ways: readonly { readonly name: string; readonly begin: () => Loss }[] = [
  { name: 'none', begin: () => () => false },
  ...[0.1, 0.3, 0.5].map((share) => ({ name: `${100 * share} % at random`, begin: () => atRandom(share) })),
  { name: '0.3 s of every 1.1 s', begin: () => inBursts(300, 1100) },
  { name: '1 s of every 2.5 s', begin: () => inBursts(1000, 2500) },
  {
    name: 'all but 5 a second',
    begin: () => {
      let nextMs = 0;
      return (atMs) => {
        if (atMs < nextMs - jitterMs) return true;
        nextMs = atMs + 200;
        return false;
      };
    },
  },
];

await using lifetime = new Lifetime(clock);
const setup = await openReplaySetup({ configPath: values.config, cameraId: undefined, fps }, lifetime);
const { camera, ffmpeg } = setup;

async function playLossy(
  path: string,
  loss: Loss,
  onFrame: (atMs: number) => void,
): Promise<AsyncIterable<Frame> & AsyncDisposable> {
  const { id: cameraId, maxAnalysisWidthPx } = camera;
  const clip = await openClip({ path, cameraId, ffmpeg, clock, maxAnalysisWidthPx });
  return {
    async *[Symbol.asyncIterator]() {
      let dueMs = Number.NEGATIVE_INFINITY;
      for await (const frame of clip) {
        onFrame(frame.capturedAtMs);
        const isDue = frame.capturedAtMs >= dueMs - jitterMs;
        if (isDue) dueMs = Math.max(dueMs, frame.capturedAtMs - 1000 / fps) + 1000 / fps;
        if (isDue && !loss(frame.capturedAtMs)) yield frame;
        else frame.release();
      }
    },
    [Symbol.asyncDispose]: () => clip[Symbol.asyncDispose](),
  };
}

function worstOf(events: readonly StageEvent[]): LivenessVerdict {
  const verdicts = events.flatMap((event) =>
    event.type === 'liveness'
      ? [event.assessment.verdict]
      : event.type === 'sighting' && event.sighting.isEnded
        ? [event.sighting.liveness.verdict]
        : [],
  );
  return (['attack', 'live'] as const).find((each) => verdicts.includes(each)) ?? 'undetermined';
}

/** The blinks of the first time that the clip plays, seconds, and the worst verdict. */
async function judge(path: string, begin: () => Loss) {
  const found: number[] = [];
  let verdict: LivenessVerdict = 'undetermined';
  let lastMs = 0;
  const pieces = cutFrames(
    () => playLossy(path, begin(), (atMs) => (lastMs = Math.max(lastMs, atMs))),
    { ...setup, sameFaceThreshold: setup.match.threshold },
    { lengthsMs: [], loopMs: 1000 * Number(values.seconds), memory: 'near' },
  );
  for await (const { events } of pieces) {
    verdict = worstOf(events);
    for (const event of events) if (event.type === 'blink') found.push(event.blink.atMs / 1000);
  }
  return { found: found.filter((atS) => 1000 * atS <= lastMs), verdict };
}

interface Clip {
  readonly path: string;
  readonly truth: BlinkTruth;
}

const clips: Clip[] = [];
for (const [name, truth] of await readBlinkTruth(truthFile)) {
  const path = join(folder, name);
  if (truth !== undefined && (await fileExists(path))) clips.push({ path, truth });
}
const rows: string[][] = [];
for (const { name, begin } of ways) {
  const count = { hits: 0, missed: 0, mistaken: 0, live: 0, undetermined: 0, attack: 0 };
  for (const { path, truth } of clips) {
    const { found, verdict } = await judge(path, begin);
    const score = scoreBlinks(found, truth, toleranceS);
    count.hits += score.hits;
    count.missed += score.missed.length;
    count.mistaken += score.mistaken.length;
    count[verdict] += 1;
    process.stderr.write(`${name}: ${path}: ${score.hits}, ${score.mistaken.length}, ${verdict}\n`);
  }
  const { hits, missed, mistaken } = count;
  rows.push([
    ...[name, `${hits} of ${hits + missed}`, String(mistaken)],
    (detectionFigures(hits, missed, mistaken).f1 ?? 1).toFixed(3),
    ...[count.live, count.undetermined, count.attack].map(String),
  ]);
}
console.log(`${clips.length} clips, ${fps} looks a second where none is lost`);
console.log(table(['lost', 'found', 'mistaken', 'F1', 'live', 'undetermined', 'attack'], rows));
