import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { systemClock } from '../../daemon/host/system-clock.js';
import { BufferPool } from '../../daemon/vision/ingest/buffer-pool.js';
import { fileArguments } from '../../daemon/vision/ingest/ffmpeg-arguments.js';
import type { FfmpegBinary } from '../../daemon/vision/ingest/ffmpeg-binary.js';
import { startFfmpeg } from '../../daemon/vision/ingest/ffmpeg-process.js';
import { PictureAssembler } from '../../daemon/vision/ingest/picture-assembler.js';
import { StreamLog } from '../../daemon/vision/ingest/stream-log.js';
import { closeOf } from '../child-end.js';
import { cpuTime, since } from './pipeline-cpu.js';

export interface Usage {
  readonly ffmpegS: number;
  readonly nodeS: number;
  /** Pictures that came whole. */
  readonly pictures: number;
}

interface Input {
  readonly ffmpeg: FfmpegBinary;
  readonly path: string;
  /** Pictures wanted per second. */
  readonly fps: number;
}

export interface Way {
  readonly name: string;
  /** Reads the whole clip this way and returns how many pictures came. */
  run(input: Input): Promise<number>;
}

const fullBytes = (1920 * 1080 * 3) / 2;
const smallBytes = 640 * 360 * 3;
const small = 'scale=640:360:flags=bilinear,format=rgb24';
const raw = ['-threads', '1', '-f', 'rawvideo'];

const passthrough = ({ ffmpeg }: Input): readonly string[] =>
  ffmpeg.hasFpsMode ? ['-fps_mode', 'passthrough'] : ['-vsync', 'passthrough'];

const pick = (fps: number): string => `select=not(eq(floor(t*${fps})\\,floor(prev_selected_t*${fps})))`;

/** Puts pictures of `bytes` bytes together from the chunks that Node allocates for a child's output. */
function assemble(stream: Readable, bytes: number, onPicture: () => void): void {
  const picture = new Uint8Array(bytes);
  let filled = 0;
  stream.on('data', (chunk: Buffer) => {
    for (let taken = 0; taken < chunk.length; ) {
      const part = chunk.subarray(taken, taken + bytes - filled);
      picture.set(part, filled);
      taken += part.length;
      filled += part.length;
      if (filled < bytes) continue;
      filled = 0;
      onPicture();
    }
  });
}

/** Runs FFmpeg on the clip with one decoder thread; each output is read through a pipe of Node's own. */
async function throughNodePipes(
  { ffmpeg, path }: Input,
  output: readonly string[],
  sizes: readonly number[],
): Promise<number> {
  const args = [
    '-v',
    'error',
    '-nostdin',
    '-threads',
    '1',
    '-filter_threads',
    '1',
    '-i',
    path,
    '-map',
    '0:v:0',
  ];
  const child = spawn(ffmpeg.path, [...args, ...output], {
    stdio: ['ignore', 'pipe', 'inherit', ...sizes.slice(1).map(() => 'pipe' as const)],
  });
  let pictures = 0;
  const outputs = [child.stdout, child.stdio[3]];
  for (const [index, bytes] of sizes.entries()) {
    assemble(outputs[index] as Readable, bytes, () => {
      if (index === 0) pictures += 1;
    });
  }
  await closeOf(child);
  return pictures;
}

/** As the daemon does: announced on the log, read straight into the picture. */
async function throughDirectPipe({ ffmpeg, path, fps }: Input): Promise<number> {
  let pictures = 0;
  const pool = new BufferPool(4);
  const assembler = new PictureAssembler({
    pool,
    onPicture(_, buffer) {
      pictures += 1;
      if (buffer !== undefined) pool.giveBack(buffer);
    },
    onReady: () => started?.resume(),
  });
  const log = new StreamLog(
    () => 0,
    (announcement) => assembler.announce(announcement),
  );
  const list = fileArguments(ffmpeg, { fd: 3, fps: undefined, maxAnalysisWidthPx: 1920 });
  const filters = list.indexOf('-vf') + 1;
  const started = await startFfmpeg({
    path: ffmpeg.path,
    arguments: list.with(filters, `${pick(fps)},${list[filters]}`).with(list.indexOf('-i') + 1, path),
    bytes: assembler,
    clock: systemClock,
    onLogLine: (line) => log.read(line),
  });
  await started.ended;
  return pictures;
}

export const ways: readonly Way[] = [
  {
    name: 'decode only, one thread',
    run: (input) => throughNodePipes(input, ['-f', 'null', '-'], []),
  },
  {
    name: 'small rgb24 only, to Node',
    run: (input) =>
      throughNodePipes(
        input,
        ['-vf', `${pick(input.fps)},${small}`, ...passthrough(input), ...raw, 'pipe:1'],
        [smallBytes],
      ),
  },
  {
    name: 'two outputs, small rgb24 and full yuv420p, to Node',
    run: (input) =>
      throughNodePipes(
        input,
        [
          ...['-vf', `${pick(input.fps)},${small}`, ...passthrough(input), ...raw, 'pipe:1'],
          ...[
            '-map',
            '0:v:0',
            '-vf',
            `${pick(input.fps)},format=yuv420p`,
            ...passthrough(input),
            ...raw,
            'pipe:3',
          ],
        ],
        [smallBytes, fullBytes],
      ),
  },
  {
    name: 'full yuv420p only, through the pipe that Node makes',
    run: (input) =>
      throughNodePipes(
        input,
        ['-vf', `${pick(input.fps)},format=yuv420p`, ...passthrough(input), ...raw, 'pipe:1'],
        [fullBytes],
      ),
  },
  { name: 'full yuv420p only, straight into its buffer (what the daemon does)', run: throughDirectPipe },
];

/** Runs one way once and says what it cost. */
export async function measureWay(way: Way, input: Input): Promise<Usage> {
  const before = cpuTime();
  const pictures = await way.run(input);
  const { ownMs, childrenMs } = since(before);
  return { nodeS: ownMs / 1000, ffmpegS: childrenMs / 1000, pictures };
}
