import { type FileHandle, open } from 'node:fs/promises';
import { explainReading } from '../../host/file-access.js';
import { badInput } from '../../kernel/errors.js';
import type { Frame } from '../../kernel/faces/picture.js';
import { BufferPool } from './buffer-pool.js';
import { clipContainers, readDemuxer } from './clip-container.js';
import type { ClipOptions } from './clip-options.js';
import { fileArguments } from './ffmpeg-arguments.js';
import { type FfmpegProcess, type ProcessExit, startFfmpeg } from './ffmpeg-process.js';
import type { DeclaredStream } from './frame-source.js';
import { type Announcement, PictureAssembler } from './picture-assembler.js';
import { StreamLog } from './stream-log.js';

/** An open clip. Iterate once; leaving the loop or disposing of it ends the reading. */
export interface Clip extends AsyncIterable<Frame>, AsyncDisposable {
  /** Undefined before the first frame. `fps` is the rate of the clip itself. */
  readonly stream: DeclaredStream | undefined;
}

/**
 * Opens a clip for replay: the same file gives the same frames, no frame is dropped, and reading waits for the consumer.
 * `capturedAtMs` counts from the first frame. Throws `clip-not-found`, and `clip-unreadable` where the file is no known container;
 * iterating throws `clip-unreadable` where FFmpeg finds no picture.
 */
export async function openClip(options: ClipOptions): Promise<Clip> {
  await using file = await openFile(options.path);
  const demuxer = await readDemuxer(file);
  if (demuxer === undefined) {
    throw badInput('clip-unreadable', 'the clip is not a video in a known container', {
      remedy: `Use a video as ${clipContainers}.`,
    });
  }
  const reading = new ClipReading(options, { fd: file.fd, demuxer });
  await reading.start();
  return {
    get stream() {
      return reading.stream;
    },
    [Symbol.asyncIterator]: () => reading.frames(),
    [Symbol.asyncDispose]: () => reading.stop(),
  };
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    const { reason, remedy } = explainReading(error);
    throw badInput('clip-not-found', `the clip ${path} cannot be opened: ${reason}`, {
      remedy,
      cause: error,
    });
  }
}

/** Frames that wait for the consumer: enough for decoding and analysis to overlap. */
const readAhead = 2;
const stopGraceMs = 1000;

/** An open clip, which must stay open until the reading has started, and FFmpeg's demuxer for it. */
interface ClipFile {
  readonly fd: number;
  readonly demuxer: string;
}

/** One FFmpeg process that reads a clip as fast as the consumer takes its frames. */
class ClipReading {
  readonly #options: ClipOptions;
  readonly #file: ClipFile;
  readonly #pool = new BufferPool(Number.POSITIVE_INFINITY);
  readonly #waiting: Frame[] = [];
  readonly #log: StreamLog;
  readonly #assembler: PictureAssembler;
  #process: FfmpegProcess | undefined;
  #exit: ProcessExit | undefined;
  #isStopped = false;
  #isOverdue = false;
  #wake: () => void = () => undefined;
  #sequence = 0;
  #firstPtsS: number | undefined;
  #lastMs = -1;

  constructor(options: ClipOptions, file: ClipFile) {
    this.#options = options;
    this.#file = file;
    this.#assembler = new PictureAssembler({
      pool: this.#pool,
      onPicture: (announcement, buffer) => this.#onPicture(announcement, buffer),
      onReady: () => this.#process?.resume(),
    });
    this.#log = new StreamLog({
      now: () => 0,
      onAnnouncement: (announcement) => this.#assembler.announce(announcement),
    });
  }

  get stream(): DeclaredStream | undefined {
    return this.#log.stream;
  }

  async start(): Promise<void> {
    const { ffmpeg, clock, fps, maxAnalysisWidthPx, limits } = this.#options;
    const { fd, demuxer } = this.#file;
    this.#process = await startFfmpeg({
      path: ffmpeg.path,
      arguments: fileArguments(ffmpeg, { demuxer, fps, maxAnalysisWidthPx, limits }),
      input: { fd },
      limits: limits && {
        memoryBytes: limits.memoryBytes,
        processorS: Math.ceil(limits.longestReadingMs / 1000),
      },
      bytes: this.#assembler,
      clock,
      onLogLine: (line) => this.#log.read(line),
    });
    const overdue =
      limits &&
      clock.after(limits.longestReadingMs, () => {
        this.#isOverdue = true;
        void this.stop();
      });
    void this.#process.ended.then((exit) => {
      overdue?.cancel();
      this.#exit = exit;
      this.#wake();
    });
  }

  async *frames(): AsyncGenerator<Frame, void, void> {
    try {
      for (let frame = await this.#next(); frame !== undefined; frame = await this.#next()) yield frame;
      if (this.#sequence === 0 && (this.#isOverdue || !this.#isStopped)) throw this.#unreadable();
    } finally {
      await this.stop();
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#assembler.discard();
    for (const frame of this.#waiting.splice(0)) frame.release();
    this.#wake();
    if (this.#exit === undefined) await this.#process?.stop(stopGraceMs);
  }

  async #next(): Promise<Frame | undefined> {
    while (this.#waiting.length === 0 && this.#exit === undefined && !this.#isStopped) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const frame = this.#waiting.shift();
    if (this.#waiting.length < readAhead) this.#assembler.proceed();
    return frame;
  }

  #onPicture(announcement: Announcement, data: Uint8Array | undefined): void {
    // Never undefined: this pool has no limit.
    if (data === undefined) return;
    const { widthPx, heightPx, isFullRange } = announcement;
    const pool = this.#pool;
    let isReleased = false;
    this.#waiting.push({
      cameraId: this.#options.cameraId,
      sequence: this.#sequence,
      capturedAtMs: this.#timeOf(announcement),
      picture: { format: 'yuv420p', widthPx, heightPx, range: isFullRange ? 'full' : 'limited', data },
      release() {
        if (isReleased) return;
        isReleased = true;
        pool.giveBack(data);
      },
    });
    this.#sequence += 1;
    if (this.#waiting.length >= readAhead) this.#assembler.hold();
    this.#wake();
  }

  /** Milliseconds since the first frame; always later than the frame before, even in a damaged file. */
  #timeOf({ ptsS }: Announcement): number {
    const { fps } = this.#options;
    this.#firstPtsS ??= ptsS;
    const ownMs = ptsS === undefined ? this.#lastMs + 1 : (ptsS - (this.#firstPtsS ?? 0)) * 1000;
    const timeMs = fps === undefined ? ownMs : (this.#sequence * 1000) / fps;
    this.#lastMs = timeMs > this.#lastMs ? timeMs : this.#lastMs + 1;
    return this.#lastMs;
  }

  #unreadable(): Error {
    const reason = this.#isOverdue
      ? 'reading took too long'
      : (this.#exit?.spawnError?.message ?? this.#log.complaints.at(-1) ?? 'FFmpeg gave no reason');
    return badInput('clip-unreadable', `found no picture in the clip: ${reason}`, {
      remedy: 'Check that the file is complete and that `ffplay` shows it.',
    });
  }
}
