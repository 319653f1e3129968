/*
 * How liveness verdicts hold up against photographs with drawn, creased or unmoved lids, however they are held, and how living people fare.
 *
 *   scripts/bench presentations [--fps 15] [--seconds 10] [--attack-every 1] [--only NAME]… [--attacks DIR] [--genuine DIR]
 *                              [--replayed DIR] [--driver CLIP] [--lamps 0] [--seed 1] [--gain 1] [--noise 5] [--crf 20] [--config FILE]
 *                              [--beside FILE] [--keep DIR] [--record DIR] [PHOTOGRAPH…]
 *   scripts/bench presentations --pairs [the same] PHOTOGRAPH PHOTOGRAPH…
 *   scripts/bench presentations --pairs [the same] --moments CLIP [--moments CLIP]…
 *
 * Attacks are made at run time from photographs of one face (without any: those inside @vladmandic/face-api), at the highest rate of --fps
 * and at least 25 frames a second. --attack-every N: every Nth attack of each photograph; --only NAME: those with NAME in theirs; several are
 * possible. --lamps N: also N glossy attacks with each photograph, whole and cut out in turn, whose lamp and hand are random, from --seed. --driver: also moves
 * a photograph as the face of this clip moves, with and without drawn lids. --gain, --noise and --crf: dims the attacks, adds noise (strength
 * of FFmpeg's filter, about 1.8 standard deviations), and compresses them.
 * --pairs: photographs come in pairs of one person, with different expressions, and are exchanged for each other; no other attacks are made.
 * --moments: of each clip, the pair of frames 0.4 to 1.6 s apart with the same pose and open eyes whose mouths differ most, as an attacker
 * would choose them.
 * --keep: leaves the attacks in this folder, in one folder for each species, for --attacks.
 * --record: also writes to this folder what liveness was told of each presentation, for scripts/bench presentation-limits.
 * --attacks: clips of attacks, in one folder for each species. --genuine: clips of living people, in one folder for each group, cut into
 * passages of 10 s; shorter ones are repeated.
 * --replayed: recordings of living people, which are replayed as attacks: mirrored, quicker, slower, with noise, on a display that is tilted.
 * --fps: one or more rates, such as 25,15,10. --config: with the settings and models of this configuration. --beside: all is judged with
 * this configuration as well.
 * Prints each clip: its verdict, the reason, and when it came; how many blinks were seen; how many comparisons of the face with itself found
 * that it moved, was still, or could not be told; and of the seconds that came nearest to a movement how far the skin shifted beyond the
 * noise, the noise (percent of the distance of the eyes), and how well it agreed with the mesh. Then APCER and BPCER of each group with counts
 * (ISO/IEC 30107-3), how many a camera that requires `not-attack` would take, and the median time until living people are live. Needs
 * ffmpeg with libx264.
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { table } from '../../daemon/kernel/text-table.js';
import { readClips } from '../../daemon/lab/labelled-collection.js';
import { openReplaySetup, type ReplaySetup } from '../../daemon/lab/replay-setup.js';
import { decodePhoto } from '../../daemon/vision/photo-decoding.js';
import { readOptions } from '../options.js';
import { type FaceShape, type FaceShapeFinder, openFaceShapeFinder } from '../virtual-camera/face-shape.js';
import { type PhotographedFace, warpOf } from './held-picture.kernel.js';
import {
  belowAnyLamp,
  encodeClip,
  encodeReplay,
  heldByHand,
  heldWithLids,
  photographedFace,
  replays,
  stillAttacks,
  stillFrames,
} from './presentation-attacks.js';
import { exchangesOf } from './presentation-exchanges.js';
import { facesInClip, mostDifferent, writeFrame } from './presentation-moments.js';
import {
  groupHeading,
  groupRows,
  type Judge,
  judged,
  type Outcome,
  outcomeCells,
  outcomeHeading,
  type Passage,
  type Presented,
} from './presentation-outcomes.js';
import { writeRecording } from './presentation-recording.js';

const { values, positionals } = readOptions('scripts/bench presentations [PHOTOGRAPH...]', {
  allowPositionals: true,
  options: {
    fps: { type: 'string', default: '15' },
    seconds: { type: 'string', default: '10' },
    'attack-every': { type: 'string', default: '1' },
    only: { type: 'string', multiple: true, default: [''] },
    lamps: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    gain: { type: 'string', default: '1' },
    noise: { type: 'string', default: '5' },
    crf: { type: 'string', default: '20' },
    attacks: { type: 'string' },
    genuine: { type: 'string' },
    replayed: { type: 'string' },
    driver: { type: 'string' },
    config: { type: 'string' },
    beside: { type: 'string' },
    keep: { type: 'string' },
    record: { type: 'string' },
    pairs: { type: 'boolean', default: false },
    moments: { type: 'string', multiple: true, default: [] },
  },
});
const seconds = Number(values.seconds);
const every = Number(values['attack-every']);
const light = { gain: Number(values.gain), noise: Number(values.noise), crf: Number(values.crf) };
const isWanted = (name: string): boolean => values.only.some((each) => name.includes(each));
const rates = values.fps.split(',').map(Number);
const madeFps = Math.max(25, ...rates);
/** Face widths that take turns, pixels. */
const widthsPx = [150, 190, 110, 230];

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

function samplePhotographs(): string[] {
  const library = dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json'));
  return [1, 2, 3, 4, 5, 6].map((n) => join(library, 'demo', `sample${n}.jpg`));
}

await using lifetime = new Lifetime(clock);
async function openJudge(configPath: string | undefined): Promise<Judge> {
  const setup = await openReplaySetup({ configPath, cameraId: undefined, fps: undefined }, lifetime);
  return { networks: setup.config.vision.landmarks, setup, isRecording: values.record !== undefined };
}
const own = await openJudge(values.config);
const { setup } = own;
const judges = [own, ...(values.beside === undefined ? [] : [await openJudge(values.beside)])];
await using finder = await openFaceShapeFinder();
const directory = values.keep ?? (await mkdtemp(join(tmpdir(), 'rollcall-presentations-')));
if (values.keep === undefined) lifetime.defer('clips', () => rm(directory, { recursive: true, force: true }));
const outcomes: Outcome[] = [];
async function judge(presented: Presented, passage?: Passage): Promise<void> {
  for (const each of judges) {
    for await (const outcome of judged(presented, each, rates, passage)) {
      const { tracks, ...kept } = outcome;
      outcomes.push(kept);
      const { networks, fps, group, name, isGenuine, verdict, reason } = kept;
      if (values.record !== undefined && tracks !== undefined)
        await writeRecording(values.record, { networks, fps, group, name, isGenuine, verdict, tracks });
      process.stderr.write(`${networks}, ${fps} fps, ${group}: ${name}: ${verdict} (${reason})\n`);
    }
  }
}
/** Makes a clip of an attack and judges it. */
async function attackWith(
  group: string,
  name: string,
  fps: number,
  frames: Iterable<Uint8Array>,
): Promise<void> {
  const path = await pathOf(group, name);
  await encodeClip(path, fps, frames, light);
  await judge({ path, name, group, isGenuine: false });
}
/** Where the clip of an attack is made. */
async function pathOf(group: string, name: string): Promise<string> {
  await mkdir(join(directory, group), { recursive: true });
  const file = values.keep === undefined ? 'attack' : name.replaceAll(/[,/ ]+/g, '-');
  return join(directory, group, `${file}.mp4`);
}
/** The two photographs of each pair. */
async function pairs(): Promise<readonly (readonly [string, string])[]> {
  const found: [string, string][] = [];
  for (let nth = 0; nth + 1 < positionals.length; nth += 2)
    found.push([positionals[nth] ?? '', positionals[nth + 1] ?? '']);
  for (const clip of values.moments) {
    const moments = mostDifferent(await facesInClip(clip, setup, finder));
    if (moments === undefined) continue;
    const [first, second] = moments;
    const folder = join(directory, 'moments');
    found.push([
      await writeFrame(clip, first.sequence, folder),
      await writeFrame(clip, second.sequence, folder),
    ]);
  }
  return found;
}
for (const [nth, paths] of (values.pairs ? await pairs() : []).entries()) {
  const [first, second] = [await facesOf(paths[0], setup, finder), await facesOf(paths[1], setup, finder)];
  if (first === undefined || second === undefined) continue;
  const faceWidthPx = widthsPx[nth % widthsPx.length] ?? 150;
  const made = { seconds, fps: madeFps, faceWidthPx };
  for (const { name, frames } of exchangesOf([first, second], made)) {
    if (!isWanted(name)) continue;
    await attackWith(name, `${name}, ${paths.map((path) => basename(path)).join(', ')}`, madeFps, frames);
  }
}
const photographs = values.pairs ? [] : positionals.length > 0 ? positionals : samplePhotographs();
for (const [nth, photograph] of photographs.entries()) {
  const face = await facesOf(photograph, setup, finder);
  if (face === undefined) continue;
  const random = seededRandom(1000 * Number(values.seed) + nth);
  const lamps = Array.from({ length: Number(values.lamps) }, (_, lamp) => belowAnyLamp(random, lamp));
  for (const [index, attack] of [...stillAttacks, ...lamps].entries()) {
    const isFixed = index < stillAttacks.length;
    if (isFixed && ((index + nth) % every !== 0 || !isWanted(attack.name))) continue;
    const faceWidthPx = widthsPx[(index + nth) % widthsPx.length] ?? 150;
    const frames = stillFrames(face, attack, { seconds, fps: madeFps, faceWidthPx });
    await attackWith(attack.species, `${attack.name}, ${basename(photograph)}`, madeFps, frames);
  }
  if (values.driver !== undefined) {
    const motion = await facesInClip(values.driver, setup, finder, seconds);
    const rest = motion[0]?.shape;
    if (rest === undefined) continue;
    const warpAt = (s: number) => {
      const now = motion.findLast(({ atMs }) => atMs <= s * 1000)?.shape ?? rest;
      return warpOf(face, face.shape, rest, now);
    };
    for (const attack of [heldByHand, heldWithLids]) {
      const frames = stillFrames(face, attack, { seconds, fps: 15, faceWidthPx: 200, warpAt });
      const species = attack === heldByHand ? 'warped' : 'warped-lids';
      await attackWith(species, basename(photograph), 15, frames);
    }
  }
}
for (const { name: clip } of values.replayed === undefined ? [] : await readClips(values.replayed)) {
  for (const [how, filter] of Object.entries(replays)) {
    if (!isWanted(how)) continue;
    const name = `${how}, ${clip}`;
    const path = await pathOf('replayed', name);
    await encodeReplay(path, join(values.replayed ?? '', clip), filter);
    await judge({ path, name, group: 'replayed', isGenuine: false }, { lengthS: seconds, isCut: false });
  }
}
for (const [folder, isGenuine] of [
  [values.attacks, false],
  [values.genuine, true],
] as const) {
  if (folder === undefined) continue;
  for (const { name, truth: group = isGenuine ? 'genuine' : 'attack' } of await readClips(folder)) {
    await judge(
      { path: join(folder, name), name, group, isGenuine },
      isGenuine ? { lengthS: 10, isCut: true } : undefined,
    );
  }
}
console.log(table(outcomeHeading, outcomes.map(outcomeCells)));
console.log(`\n${table(groupHeading, groupRows(outcomes))}`);
