// Shakes photographs in front of a camera that is not there and counts what must not be: blinks.
//   scripts/bench shaken-photographs [--width 800] [--seconds 24] [PHOTOGRAPH…]
// --width: of a photograph, in a picture of 640 x 480 pixels. Without photographs, those inside @vladmandic/face-api. Needs ffmpeg with
// libx264 and the base pack.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { table } from '../../daemon/kernel/text-table.js';
import { openReplaySetup, type ReplaySetup } from '../../daemon/lab/replay-setup.js';
import { replayClip } from '../../daemon/vision/replay-clip.js';
import { readOptions } from '../options.js';

const run = promisify(execFile);
const { values, positionals } = readOptions('scripts/bench shaken-photographs [PHOTOGRAPH...]', {
  allowPositionals: true,
  options: { width: { type: 'string', default: '800' }, seconds: { type: 'string', default: '24' } },
});
const seconds = Number(values.seconds);
const framesPerS = 15;

/** How a photograph is held: amplitudes in radians, parts of the size, pixels of a 640 x 480 picture. */
interface Hand {
  readonly name: string;
  readonly turn: number;
  readonly tremble: number;
  readonly zoom: number;
  readonly swingPx: number;
  readonly tremblePx: number;
  readonly noise: number;
  readonly quantiser: number;
}

const hands: readonly Hand[] = [
  { name: 'calm', turn: 0.03, tremble: 0.01, zoom: 0.05, swingPx: 12, tremblePx: 3, noise: 6, quantiser: 26 },
  { name: 'wild', turn: 0.08, tremble: 0.02, zoom: 0.1, swingPx: 30, tremblePx: 6, noise: 8, quantiser: 26 },
];

function filterOf(hand: Hand): string {
  const { turn, tremble, zoom, swingPx, tremblePx, noise } = hand;
  return [
    `scale=${values.width}:-2`,
    "pad='max(800,iw)':'max(534,ih)':-1:-1:gray",
    `rotate=${turn}*sin(2.1*t)+${tremble}*sin(9*t):c=gray`,
    `scale=eval=frame:w='2*trunc(iw*(1+${zoom}*sin(1.3*t))/2)':h=-2`,
    `crop=640:480:'(iw-640)/2+${swingPx}*sin(3.1*t)+${tremblePx}*sin(11*t)'` +
      `:'max(0,(ih-480)/2+${swingPx}*0.7*sin(2.3*t)+${tremblePx}*sin(13*t))'`,
    `eq=brightness='0.05*sin(5*t)':eval=frame`,
    `noise=alls=${noise}:allf=t`,
  ].join(',');
}

async function shake(photograph: string, hand: Hand, path: string): Promise<void> {
  const input = ['-loop', '1', '-framerate', String(framesPerS), '-t', String(seconds), '-i', photograph];
  const coding = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', String(hand.quantiser)];
  await run('ffmpeg', [
    ...['-v', 'error', '-nostdin', '-y', ...input, '-vf', filterOf(hand)],
    ...[...coding, '-pix_fmt', 'yuv420p', path],
  ]);
}

async function watch(path: string, { match, ...setup }: ReplaySetup) {
  const seen = { tracks: 0, observedS: 0, blinks: 0, live: 0, attacks: 0 };
  const steps = replayClip({ path, ...setup, sameFaceThreshold: match.threshold, clock, speed: 'max' });
  for await (const { events } of steps) {
    for (const event of events) {
      if (event.type === 'blink') seen.blinks += 1;
      if (event.type === 'liveness' && event.assessment.verdict === 'live') seen.live += 1;
      if (event.type === 'liveness' && event.assessment.verdict === 'attack') seen.attacks += 1;
      if (event.type !== 'sighting' || !event.sighting.isEnded) continue;
      seen.tracks += 1;
      seen.observedS += event.sighting.liveness.evidence.observedS;
    }
  }
  return seen;
}

function samplePhotographs(): string[] {
  const library = dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json'));
  return [1, 2, 3, 4, 5, 6].map((n) => join(library, 'demo', `sample${n}.jpg`));
}

const photographs = positionals.length > 0 ? positionals : samplePhotographs();
await using lifetime = new Lifetime(clock);
const setup = await openReplaySetup({ configPath: undefined, cameraId: undefined, fps: undefined }, lifetime);
const directory = await mkdtemp(join(tmpdir(), 'rollcall-shaken-'));
lifetime.defer('clips', () => rm(directory, { recursive: true, force: true }));
const rows: string[][] = [];
for (const hand of hands) {
  for (const photograph of photographs) {
    const clip = join(directory, 'shaken.mp4');
    await shake(photograph, hand, clip);
    const { tracks, observedS, blinks, live, attacks } = await watch(clip, setup);
    const counts = [tracks, Math.round(observedS), attacks, blinks, live].map(String);
    rows.push([hand.name, basename(photograph), ...counts]);
  }
}
console.log(table(['hand', 'photograph', 'tracks', 'observed s', 'attacks', 'blinks', 'live'], rows));
