import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { seededRandom } from '../../daemon/kernel/random.js';
import { countedPicture, makeClip } from '../../scripts/camera-trials/counted-clip.js';

const run = promisify(execFile);

export interface ClipOptions {
  readonly widthPx?: number;
  readonly heightPx?: number;
  readonly framesPerS?: number;
  readonly seconds?: number;
  readonly keyframeIntervalS?: number;
  readonly codec?: 'h264' | 'hevc';
  readonly container?: 'mp4' | 'mkv' | 'ts';
  /** Width over height of a pixel, such as `4/5`. */
  readonly pixelShape?: string;
}

const defaults: Required<ClipOptions> = {
  widthPx: 640,
  heightPx: 360,
  framesPerS: 25,
  seconds: 4,
  keyframeIntervalS: 1,
  codec: 'h264',
  container: 'mp4',
  pixelShape: '1/1',
};

let folder: string | undefined;
const made = new Map<string, Promise<string>>();

/** This process's folder for clips; goes away with the process. */
function clipFolder(): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'rollcall-clips-'));
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  return folder;
}

/** Makes each clip once in a process: the same description gives the same file. */
function once(name: string, make: (path: string) => Promise<void>): Promise<string> {
  const known = made.get(name);
  if (known !== undefined) return known;
  const path = join(clipFolder(), name);
  const promise = make(path).then(() => path);
  made.set(name, promise);
  return promise;
}

async function ffmpeg(...args: string[]): Promise<void> {
  await run('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args]);
}

function encoderArguments(clip: Required<ClipOptions>): string[] {
  const gop = String(Math.round(clip.keyframeIntervalS * clip.framesPerS));
  return clip.codec === 'h264'
    ? ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', gop, '-keyint_min', gop, '-sc_threshold', '0']
    : ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', `log-level=none:keyint=${gop}:scenecut=0`];
}

/** Pictures that show their own numbers (`numberIn`), 25 each second. Returns the file's path. */
export function countedClip(
  codec: 'h264' | 'hevc',
  options: { readonly seconds: number; readonly keyframeIntervalS: number },
): Promise<string> {
  const clip = { ...defaults, ...options, codec };
  const { widthPx, heightPx, framesPerS, seconds, keyframeIntervalS } = clip;
  const source = countedPicture(widthPx, heightPx, framesPerS, seconds);
  return once(`counted-${codec}-${seconds}s-k${keyframeIntervalS}.mp4`, (path) =>
    makeClip(source, ['-pix_fmt', 'yuv420p', ...encoderArguments(clip)], path),
  );
}

/** A moving test card with a running clock: no face in it. Returns the file's path. */
export function testClip(options: ClipOptions = {}): Promise<string> {
  const clip = { ...defaults, ...options };
  const { widthPx, heightPx, framesPerS, seconds, keyframeIntervalS, codec, container, pixelShape } = clip;
  const shape = `${widthPx}x${heightPx}-p${pixelShape.replace('/', '-')}`;
  const name = `${codec}-${shape}-${framesPerS}-${seconds}s-k${keyframeIntervalS}.${container}`;
  const source = `testsrc2=size=${widthPx}x${heightPx}:rate=${framesPerS}:duration=${seconds},setsar=${pixelShape}`;
  return once(name, (path) =>
    ffmpeg('-f', 'lavfi', '-i', source, '-pix_fmt', 'yuv420p', ...encoderArguments(clip), path),
  );
}

/** One stream whose pictures change their size half-way, as when a technician changes a camera's settings. */
export async function resolutionChangeClip(
  before: ClipOptions = {},
  after: ClipOptions = { widthPx: 1280, heightPx: 720 },
): Promise<string> {
  const parts = [
    await testClip({ ...before, container: 'ts' }),
    await testClip({ ...after, container: 'ts' }),
  ];
  const name = `${parts.map((part) => basename(part, '.ts')).join('-then-')}.ts`;
  return once(name, async (path) => {
    const list = `${path}.txt`;
    await writeFile(list, parts.map((part) => `file '${part}'\n`).join(''));
    await ffmpeg('-f', 'concat', '-safe', '0', '-i', list, '-c', 'copy', path);
  });
}

/**
 * A clip in which `damagedShare` (0..1) of the coded slices carry noise in place of their pictures; parameter
 * sets stay whole, so a decoder starts, complains and goes on. The same seed damages the same bytes.
 */
export async function corruptClip(
  options: ClipOptions & { readonly damagedShare?: number; readonly seed?: number } = {},
): Promise<string> {
  const { damagedShare = 0.3, seed = 1, ...rest } = options;
  const clip = { ...defaults, ...rest };
  const whole = await testClip(clip);
  const format = clip.codec;
  const name = `corrupt-${format}-${clip.widthPx}x${clip.heightPx}-${clip.seconds}s-${damagedShare}-${seed}.mkv`;
  return once(name, async (path) => {
    const raw = `${path}.${format}`;
    await ffmpeg('-i', whole, '-c', 'copy', '-f', format, raw);
    await writeFile(raw, damaged(await readFile(raw), damagedShare, seed, format));
    await ffmpeg('-framerate', String(clip.framesPerS), '-f', format, '-i', raw, '-c', 'copy', path);
  });
}

/** Overwrites the second half of a share of the slices of an Annex B stream with noise free of start codes. */
function damaged(stream: Buffer, share: number, seed: number, codec: 'h264' | 'hevc'): Buffer {
  const random = seededRandom(seed);
  const starts: number[] = [];
  const startCode = Buffer.from([0, 0, 1]);
  for (let at = stream.indexOf(startCode); at >= 0; at = stream.indexOf(startCode, at + 3))
    starts.push(at + 3);
  starts.forEach((start, index) => {
    const end = (starts[index + 1] ?? stream.length + 3) - 3;
    const header = stream[start] ?? 0;
    const isSlice = codec === 'h264' ? (header & 31) <= 5 : ((header >> 1) & 63) < 32;
    if (!isSlice || random.unit() >= share) return;
    for (let at = start + ((end - start) >> 1); at < end - 4; at++) {
      stream[at] = 1 + Math.floor(random.unit() * 255);
    }
  });
  return stream;
}

/** One picture, shown for as long as asked. */
export function stillClip(
  picture: Buffer,
  { framesPerS, seconds }: { readonly framesPerS: number; readonly seconds: number },
): Promise<string> {
  const name = `still-${createHash('sha256').update(picture).digest('hex').slice(0, 16)}-${seconds}s.mp4`;
  return once(name, async (path) => {
    const source = `${path}.png`;
    await writeFile(source, picture);
    const rate = String(framesPerS);
    const encoding = ['-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast', '-g', rate];
    await ffmpeg('-loop', '1', '-framerate', rate, '-i', source, '-t', String(seconds), ...encoding, path);
  });
}

/** MJPEG of one colour, as a camera sends it whose sensor has failed; RTP carries none but the default tables. */
export function uniformClip(colour: string, { seconds }: { readonly seconds: number }): Promise<string> {
  const source = `color=${colour}:size=640x360:rate=15:duration=${seconds}`;
  return once(`uniform-${colour}-${seconds}s.mkv`, (path) =>
    ffmpeg('-f', 'lavfi', '-i', source, '-pix_fmt', 'yuvj420p', '-c:v', 'mjpeg', '-huffman', 'default', path),
  );
}

/** A file that calls itself a clip and is noise throughout. */
export function garbageFile(bytes = 200_000): Promise<string> {
  const random = seededRandom(7);
  return once(`garbage-${bytes}.mp4`, (path) =>
    writeFile(
      path,
      Uint8Array.from({ length: bytes }, () => Math.floor(random.unit() * 256)),
    ),
  );
}

/** The coded units of a clip, without start codes: what travels as payloads of RTP. */
export async function codedUnits(clip: string, codec: 'h264' | 'hevc'): Promise<readonly Buffer[]> {
  const path = await once(`${basename(clip)}.${codec}`, (to) =>
    ffmpeg('-i', clip, '-an', '-c', 'copy', '-f', codec, to),
  );
  const stream = await readFile(path);
  const startCode = Buffer.from([0, 0, 1]);
  const units: Buffer[] = [];
  for (let at = stream.indexOf(startCode); at >= 0; ) {
    const next = stream.indexOf(startCode, at + 3);
    const end = next < 0 ? stream.length : stream[next - 1] === 0 ? next - 1 : next;
    units.push(stream.subarray(at + 3, end));
    at = next;
  }
  return units;
}

/** A clip in a smaller size, as a camera sends it as its substream. */
export function smallClip(
  file: string,
  { widthPx, heightPx, framesPerS }: Pick<Required<ClipOptions>, 'widthPx' | 'heightPx' | 'framesPerS'>,
): Promise<string> {
  const name = `small-${widthPx}x${heightPx}-${basename(file)}`;
  const encoding = encoderArguments({ ...defaults, framesPerS });
  return once(name, (path) =>
    ffmpeg('-i', file, '-vf', `scale=${widthPx}:${heightPx},fps=${framesPerS}`, ...encoding, path),
  );
}

/** A test card on which nothing moves for 8 s, then a block for 3 s, then nothing for 1 s. Both sizes show the same scene. */
export function passingBlockClip({
  widthPx = 640,
  heightPx = 360,
}: Pick<ClipOptions, 'widthPx' | 'heightPx'> = {}): Promise<string> {
  const clip = { ...defaults, widthPx, heightPx, seconds: 12 };
  const size = `${widthPx}x${heightPx}`;
  const [card, block] = [
    `smptebars=size=${size}:rate=25:duration=12`,
    `color=white:size=${widthPx / 8}x${heightPx / 4}:rate=25:duration=12`,
  ];
  const overlay = `overlay=x=(t-8)*${widthPx / 4}:y=${heightPx / 3}:enable=between(t\\,8\\,11)`;
  return once(`passing-${size}.mp4`, (path) =>
    ffmpeg(
      ...['-f', 'lavfi', '-i', card, '-f', 'lavfi', '-i', block, '-filter_complex', overlay],
      ...['-pix_fmt', 'yuv420p', ...encoderArguments(clip), path],
    ),
  );
}
