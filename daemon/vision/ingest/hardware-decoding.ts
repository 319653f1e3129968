import { spawn } from 'node:child_process';
import { boundChild } from '../../host/bound-child.js';
import type { Logger } from '../../kernel/logger.js';
import { type HardwareDecoder, hardwareDecoders } from '../../kernel/video-decoder.js';
import { decoderInput, hardwareFilters } from './ffmpeg-arguments.js';
import type { FfmpegBinary } from './ffmpeg-binary.js';
import { hardwareClips } from './hardware-clips.js';

/** What a try of one kind of hardware showed. */
export interface HardwareTrial {
  readonly decoder: HardwareDecoder;
  /** Why it cannot be used; undefined where it decodes. */
  readonly problem: string | undefined;
}

type ClipCodec = keyof typeof hardwareClips;

/** Opening a GPU that sleeps takes seconds. A driver that hangs never answers, and its process cannot even be killed. */
const answerMs = 20_000;
/** The frames of a clip take 300 kB. */
const mostOutputBytes = 4 * 1024 * 1024;

const trials = new WeakMap<FfmpegBinary, Promise<readonly HardwareTrial[]>>();

/** The hardware that decodes video on this machine, tried once for each binary; undefined where none does. */
export async function workingHardware(
  ffmpeg: FfmpegBinary,
  logger: Logger,
): Promise<HardwareDecoder | undefined> {
  const isFirst = !trials.has(ffmpeg);
  const found = await hardwareTrials(ffmpeg);
  const outcomes = found.map(({ decoder, problem = 'works' }) => [decoder, problem]);
  if (isFirst) logger.info('tried hardware for decoding', Object.fromEntries(outcomes));
  return found.find(({ problem }) => problem === undefined)?.decoder;
}

/**
 * Decodes a generated clip with each kind of hardware that FFmpeg offers, and compares every byte with what the same FFmpeg decodes
 * in software: both standards say exactly what comes out. Hardware that decodes one of the two codecs can be used; a camera with the
 * other one falls back.
 */
export function hardwareTrials(ffmpeg: FfmpegBinary, withinMs = answerMs): Promise<readonly HardwareTrial[]> {
  const known = trials.get(ffmpeg) ?? tryAll({ path: ffmpeg.path, withinMs });
  trials.set(ffmpeg, known);
  return known;
}

interface Tried {
  readonly path: string;
  /** How long one run may take, milliseconds. */
  readonly withinMs: number;
}

async function tryAll(ffmpeg: Tried): Promise<readonly HardwareTrial[]> {
  const { output } = await run(ffmpeg, ['-hide_banner', '-hwaccels']);
  const offered = new Set(output.toString('utf8').split(/\s+/));
  const found: HardwareTrial[] = [];
  // One after the other: two drivers that start at once hide which of them failed.
  for (const decoder of hardwareDecoders) {
    const problem = offered.has(decoder)
      ? await problemOf(ffmpeg, decoder)
      : 'this FFmpeg has no support for it';
    found.push({ decoder, problem });
  }
  return found;
}

/** Undefined where the hardware decodes one of the clips as the processor does. */
async function problemOf(ffmpeg: Tried, decoder: HardwareDecoder): Promise<string | undefined> {
  let problem = 'this FFmpeg decodes neither H.264 nor H.265';
  for (const codec of ['h264', 'hevc'] as const) {
    const wanted = await decode(ffmpeg, codec);
    if (wanted.output.length === 0) continue;
    const got = await decode(ffmpeg, codec, decoder);
    if (got.output.equals(wanted.output)) return undefined;
    problem = got.output.length === 0 ? got.complaint : `it decodes ${codec} wrongly`;
  }
  return problem;
}

function decode(ffmpeg: Tried, codec: ClipCodec, decoder?: HardwareDecoder): Promise<Decoded> {
  const filters = [...(decoder === undefined ? [] : hardwareFilters), 'format=yuv420p'];
  const output = ['-vf', filters.join(','), '-f', 'rawvideo', 'pipe:1'];
  const input = [...decoderInput(decoder ?? 'software'), '-f', codec, '-i', 'pipe:0'];
  return run(ffmpeg, ['-hide_banner', '-loglevel', 'error', ...input, ...output], hardwareClips[codec]);
}

interface Decoded {
  /** Empty after a failure. */
  readonly output: Buffer;
  /** The first line of FFmpeg's log, which names the cause. */
  readonly complaint: string;
}

/** Never rejects, and never waits for longer: a program that cannot be started, or does not end, decodes nothing. */
function run({ path, withinMs }: Tried, args: readonly string[], input?: Buffer): Promise<Decoded> {
  const { program, arguments: bound } = boundChild(path, args);
  return new Promise((resolve) => {
    const child = spawn(program, bound, { stdio: 'pipe' });
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      for (const stream of child.stdio) stream?.destroy();
      child.unref();
      resolve({ output: Buffer.alloc(0), complaint: `no answer within ${withinMs / 1000} s` });
    }, withinMs);
    let chunks: readonly Buffer[] = [];
    let size = 0;
    let log = '';
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > mostOutputBytes) child.kill('SIGKILL');
      else chunks = [...chunks, chunk];
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (log.length < mostOutputBytes) log += text;
    });
    // FFmpeg may end before it has read the clip.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.once('error', (error) => {
      clearTimeout(late);
      resolve({ output: Buffer.alloc(0), complaint: error.message });
    });
    child.once('close', (code) => {
      clearTimeout(late);
      const said = log
        .split('\n')[0]
        ?.replace(/^\[[^\]]* @ \w+\] /, '')
        .trim();
      const complaint = said || (code === null ? 'FFmpeg was killed' : `FFmpeg exited with ${code}`);
      resolve({ output: code === 0 ? Buffer.concat(chunks) : Buffer.alloc(0), complaint });
    });
  });
}
