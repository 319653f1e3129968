/*
 * Whether the preview of another rate says of a blink what the stages find at that rate.
 *
 *   scripts/bench rate-preview --clips DIR --truth blinks.json [--rate 20 --rate 15 ...]
 *
 * Each clip is played at its full rate. Where that proves life, the eyes of the passage are judged at lower rates, and the clip is
 * played at these. A prediction is right if the blinks that the stages find lie within its bounds.
 */
import { join } from 'node:path';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { badInput } from '../../daemon/kernel/errors.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import type { Passage } from '../../daemon/kernel/passages/passage.js';
import { eyesAtRate, type RateDoubt } from '../../daemon/kernel/passages/preview-rate.js';
import { table } from '../../daemon/kernel/text-table.js';
import type { Sighting } from '../../daemon/kernel/tracks/sighting.js';
import { openReplaySetup, type ReplaySetup } from '../../daemon/lab/replay-setup.js';
import { fileExists, readBlinkTruth } from '../../daemon/lab/truth-files.js';
import { replayClip } from '../../daemon/vision/replay-clip.js';
import { passageEpochMs, passageOf } from '../../test/support/passage-fixture.js';
import { readOptions } from '../options.js';

const { values } = readOptions('scripts/bench rate-preview', {
  options: {
    clips: { type: 'string' },
    truth: { type: 'string' },
    rate: { type: 'string', multiple: true, default: ['20', '15', '12', '10', '8', '5'] },
  },
});
const { clips: folder, truth: truthFile } = values;
if (folder === undefined || truthFile === undefined) {
  throw badInput('bad-usage', 'give --clips DIR and --truth FILE');
}
const fullFps = 30;
const rates = values.rate.map(Number);
/** A blink that is found at two rates, milliseconds. */
const sameBlinkMs = 250;

/** The sighting that proved life, if one did, when its face was seen last, and the times of all blinks, milliseconds. */
async function watch(path: string, setup: ReplaySetup, fps: number) {
  const { camera } = setup;
  const settings = { ...camera, rates: { ...camera.rates, trackingFps: fps, provingFps: fps } };
  const blinksMs: number[] = [];
  let proof: Sighting | undefined;
  let lastSeenMs = 0;
  const play = { ...setup, path, camera: settings, sameFaceThreshold: setup.match.threshold, clock };
  for await (const { events } of replayClip({ ...play, speed: 'max' })) {
    for (const event of events) {
      if (event.type === 'blink') blinksMs.push(event.blink.atMs);
      if (event.type !== 'sighting') continue;
      if (event.sighting.liveness.verdict === 'live') proof ??= event.sighting;
      if (event.sighting.trackId === proof?.trackId) lastSeenMs = event.sighting.lastSeenMs;
    }
  }
  return { blinksMs, proof, lastSeenMs };
}

/** The passage of a face that proved life. */
function passageWith(proof: Sighting, lastSeenMs: number): Passage | undefined {
  const { firstSeenMs, liveness, openness } = proof;
  if (openness === undefined) return undefined;
  const { blinks, observedS, frameCount } = liveness.evidence;
  return passageOf(1, {
    ...{ startedAtMs: passageEpochMs, lastSeenMs: passageEpochMs + lastSeenMs - firstSeenMs },
    openness: { ...openness, fromMs: openness.fromMs - firstSeenMs },
    liveness: {
      ...{ require: 'blink', verdict: 'live', reason: 'blinked', observedS, frameCount },
      blinkCount: blinks.length,
      blinks: blinks.map(({ atMs, durationMs }) => ({
        ...{ afterS: (atMs - firstSeenMs) / 1000, durationS: durationMs / 1000 },
      })),
    },
  });
}

await using lifetime = new Lifetime(clock);
const setup = await openReplaySetup({ configPath: undefined, cameraId: undefined, fps: fullFps }, lifetime);
const tallies = new Map(
  rates.map((fps) => [fps, { kept: 0, lost: 0, missed: 0, open: 0, unexplained: 0, wrong: 0 }]),
);
const unknowns: Readonly<Record<RateDoubt, 'open' | 'missed' | 'unexplained'>> = {
  ...{ 'not-explained': 'unexplained', 'eyes-not-stored': 'unexplained', 'rate-not-recorded': 'unexplained' },
  ...{ 'depends-on-frames': 'open', 'blink-would-be-missed': 'missed' },
};
let proven = 0;
let clips = 0;
for (const [name] of await readBlinkTruth(truthFile)) {
  const path = join(folder, name);
  if (!(await fileExists(path))) continue;
  clips += 1;
  const { proof, lastSeenMs } = await watch(path, setup, fullFps);
  const passage = proof && passageWith(proof, lastSeenMs);
  if (proof === undefined || passage === undefined) continue;
  proven += 1;
  const recordedMs = proof.liveness.evidence.blinks.map(({ atMs }) => atMs);
  for (const [fps, tally] of tallies) {
    const { least, most, doubt } = eyesAtRate(passage, fps);
    const { blinksMs } = await watch(path, setup, fps);
    const found = recordedMs.filter((atMs) =>
      blinksMs.some((other) => Math.abs(other - atMs) <= sameBlinkMs),
    ).length;
    if (least !== most) tally[unknowns[doubt]] += 1;
    else if (found < least || found > most) tally.wrong += 1;
    else tally[most === 0 ? 'lost' : 'kept'] += 1;
    process.stderr.write(`${name} at ${fps}: ${least} to ${most}, found ${found}\n`);
  }
}
console.log(
  `${clips} clips, of which ${proven} prove life at ${fullFps} frames a second or at their own rate`,
);
console.log(
  table(
    ['frames a second', 'stays', 'is lost', 'wrong', 'depends on frames', 'would be missed', 'not explained'],
    [...tallies].map(([fps, { kept, lost, wrong, open, missed, unexplained }]) =>
      [fps, kept, lost, wrong, open, missed, unexplained].map(String),
    ),
  ),
);
