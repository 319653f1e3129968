// rollcall against face-api and Human on the same frames, with the same stages, in one run:
//   scripts/bench peers [--frames N] [--json]
// Every contender finds the face in every frame, its landmarks (where it has them, dense ones and the eyes) and its
// embedding; against each peer rollcall uses the detector that the peer has. rollcall gets the decoder's planes, the others the same picture as RGB without being charged for the
// conversion; turning pixels into tensors counts for everybody. One thread for rollcall, WebAssembly with SIMD for the others. The last row is what a camera costs rollcall in production, where
// detection runs now and then and a track needs a few embeddings; it is no comparison of like with like.
import { cpus } from 'node:os';
import { readOptions } from '../options.js';
import type { Contender, PeerFrame } from './peers-contender.js';
import { openFaceApi } from './peers-face-api.js';
import { decodedFrames } from './peers-frames.js';
import { openHuman } from './peers-human.js';
import { openRollcall, openRollcallSchedule } from './peers-rollcall.js';

interface Figures {
  readonly name: string;
  readonly stages: string;
  readonly medianMs: number;
  readonly meanMs: number;
  readonly facesFound: number;
}

const warmUpFrames = 5;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Frame by frame, each contender in turn: whatever else the machine does hits all alike. */
async function compare(contenders: readonly Contender[], frames: readonly PeerFrame[]): Promise<Figures[]> {
  const times = contenders.map((): number[] => []);
  const found = contenders.map(() => 0);
  for (const [index, frame] of frames.entries()) {
    for (const [which, contender] of contenders.entries()) {
      const started = performance.now();
      const faces = await contender.look(frame);
      if (index < warmUpFrames) continue;
      times[which]?.push(performance.now() - started);
      found[which] = (found[which] ?? 0) + faces;
    }
  }
  return contenders.map(({ name, stages }, which) => {
    const own = times[which] ?? [];
    const meanMs = own.reduce((sum, time) => sum + time, 0) / own.length;
    return { name, stages, medianMs: median(own), meanMs, facesFound: found[which] ?? 0 };
  });
}

const { values } = readOptions('scripts/bench peers', {
  options: { frames: { type: 'string', default: '60' }, json: { type: 'boolean', default: false } },
});
const frames = await decodedFrames(Number(values.frames) + warmUpFrames);
const figures = await (async () => {
  await using likeFaceApi = await openRollcall('ssd-mobilenet-v1');
  await using likeHuman = await openRollcall('blazeface');
  await using schedule = await openRollcallSchedule();
  await using faceApi = await openFaceApi();
  await using human = await openHuman();
  return await compare([likeFaceApi, faceApi, likeHuman, human, schedule], frames);
})();
if (values.json) console.log(JSON.stringify({ frames: frames.length - warmUpFrames, figures }, null, 2));
else {
  const [first] = frames;
  console.log(`${cpus()[0]?.model}, Node ${process.version}, ${first?.widthPx}x${first?.heightPx}, one face`);
  for (const [index, { name, stages, medianMs, meanMs, facesFound }] of figures.entries()) {
    // Each peer comes after rollcall with the same detector.
    const own = figures[index - 1]?.medianMs ?? Number.NaN;
    const ratio = name.startsWith('rollcall') ? '' : `, ${(medianMs / own).toFixed(1)} times that`;
    console.log(
      `${name}: median ${medianMs.toFixed(1)} ms a frame, mean ${meanMs.toFixed(1)} ms${ratio}; ` +
        `${facesFound} faces in ${frames.length - warmUpFrames} frames`,
    );
    console.log(`  ${stages}`);
  }
}
