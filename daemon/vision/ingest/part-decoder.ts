import type { OpeningOptions } from './camera-source-options.js';
import { partDecoderArguments } from './ffmpeg-arguments.js';
import { type FfmpegProcess, type ProcessExit, startFfmpeg } from './ffmpeg-process.js';
import type { VideoPiece } from './mp4-fragments.js';
import type { PartRing } from './part-ring.js';
import type { PictureAssembler } from './picture-assembler.js';

type Part = Extract<VideoPiece, { readonly kind: 'part' }>;

/** Video that a decoder has not read yet, bytes: one that is so far behind skips to a key frame. */
const mostUnread = 4 * 1024 * 1024;

interface PartDecoderOptions {
  readonly source: OpeningOptions;
  readonly ring: PartRing;
  /** Pictures before this time on the clock of the stream only bring the decoder up to date, seconds. */
  readonly fromS: number;
  /** Frames a second until a command asks for another rate. */
  readonly framesPerS: number;
  readonly assembler: PictureAssembler;
  /** What is kept is all that it decodes: it gets no further parts, and ends. */
  readonly isKeptAll: boolean;
  onLogLine(line: string): void;
}

type Decoding = Pick<FfmpegProcess, 'pid' | 'input' | 'ended' | 'resume' | 'command' | 'stop'>;

/** An FFmpeg that decodes the kept video of a camera, and then every further part of it. */
export class PartDecoder {
  readonly #process: Decoding;
  /** Of the video from before its start, which it reads as fast as it can, nothing is skipped. */
  #mostUnread: number;
  /** It has the key frame on which the next part depends. */
  #isInStep: boolean;

  /** Gives `process` the video from before its start. */
  constructor(process: Decoding, { start, parts }: Pick<PartRing, 'start' | 'parts'>) {
    this.#process = process;
    this.#isInStep = parts.length > 0;
    const kept = [...(start === undefined ? [] : [start]), ...parts];
    for (const bytes of kept) process.input?.write(bytes);
    this.#mostUnread = mostUnread + kept.reduce((sum, { length }) => sum + length, 0);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get ended(): Promise<ProcessExit> {
    return this.#process.ended;
  }

  resume(): void {
    this.#process.resume();
  }

  /** See `FrameRate`. */
  command(line: string): void {
    this.#process.command(line);
  }

  /** Returns whether it will be decoded. */
  take(part: Part): boolean {
    const { input } = this.#process;
    if (input === null) return false;
    if (input.writableLength <= mostUnread) this.#mostUnread = mostUnread;
    if (input.writableLength > this.#mostUnread) this.#isInStep = false;
    else if (part.isKey) this.#isInStep = true;
    if (this.#isInStep) input.write(part.bytes);
    return this.#isInStep;
  }

  /** Ends it at once: it has no session with a camera. */
  stop(): Promise<void> {
    return this.#process.stop(0);
  }
}

/** Starts a decoder with all that `ring` keeps. `ring` must have begun. */
export async function startPartDecoder(options: PartDecoderOptions): Promise<PartDecoder> {
  const { source, ring, fromS, framesPerS, assembler } = options;
  const process = await startFfmpeg({
    path: source.ffmpeg.path,
    arguments: partDecoderArguments(source.ffmpeg, { ...source, fromS, framesPerS }),
    input: 'written',
    bytes: assembler,
    clock: source.clock,
    onLogLine: (line) => options.onLogLine(line),
  });
  const decoder = new PartDecoder(process, ring);
  if (options.isKeptAll) process.input?.end();
  return decoder;
}
