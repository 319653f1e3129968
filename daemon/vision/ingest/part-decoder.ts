import type { OpeningOptions } from './camera-source-options.js';
import { partDecoderArguments } from './ffmpeg-arguments.js';
import { type FfmpegProcess, type ProcessExit, startFfmpeg } from './ffmpeg-process.js';
import type { VideoPiece } from './mp4-fragments.js';
import type { PartRing } from './part-ring.js';
import type { PictureAssembler } from './picture-assembler.js';

type Part = Extract<VideoPiece, { readonly kind: 'part' }>;

/** Video that a decoder has not read yet, bytes: one that is so far behind skips to a key frame. */
const mostUnread = 4 * 1024 * 1024;
/** What is on its way to the decoder and cannot be skipped, beside the kernel's 64 KiB, bytes. */
const mostUnderWay = 64 * 1024;

/** Video that waits for the decoder. */
interface Waiting {
  readonly bytes: Buffer;
  /** On the clock of the stream, seconds; undefined before the decoder was started. */
  readonly timeS: number | undefined;
}

interface PartDecoderOptions {
  readonly source: OpeningOptions;
  readonly ring: PartRing;
  /** Pictures before this time on the clock of the stream only bring the decoder up to date, seconds. */
  readonly fromS: number;
  /** Frames a second until a command asks for another rate. */
  readonly framesPerS: number;
  readonly assembler: PictureAssembler;
  /** How long a picture may wait before it is of no use, seconds. */
  readonly staleAfterS: number;
  /** What is kept is all that it decodes: it gets no further parts, and ends. */
  readonly isKeptAll: boolean;
  onLogLine(line: string): void;
}

type Decoding = Pick<FfmpegProcess, 'pid' | 'input' | 'ended' | 'resume' | 'command' | 'stop'>;

/**
 * An FFmpeg that decodes the kept video of a camera, and then every further part of it. At a key frame, it skips what became stale while it
 * waited: otherwise, one without enough time for its stream would stay behind, and decode only pictures that come too late.
 */
export class PartDecoder {
  readonly #process: Decoding;
  readonly #staleAfterS: number;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** Of the video from before its start, which it reads as fast as it can, nothing is skipped before the next key frame. */
  #mostUnread: number;
  /** It has the key frame on which the next part depends. */
  #isInStep: boolean;
  #isEnding = false;

  /** Gives `process` the video from before its start. What waits for longer than `staleAfterS` seconds is not worth decoding. */
  constructor(process: Decoding, { start, parts }: Pick<PartRing, 'start' | 'parts'>, staleAfterS: number) {
    this.#process = process;
    this.#staleAfterS = staleAfterS;
    this.#isInStep = parts.length > 0;
    process.input?.on('drain', () => this.#pass());
    if (start !== undefined) process.input?.write(start);
    for (const bytes of parts) this.#wait({ bytes, timeS: undefined });
    this.#mostUnread = mostUnread + this.#waitingBytes;
    this.#pass();
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

  /** Returns how many parts were lost, of this one and of those before it. */
  take(part: Part): number {
    if (this.#process.input === null) return 1;
    const lost = part.isKey ? this.#skipStale(part.timeS) : 0;
    if (this.#waitingBytes <= mostUnread) this.#mostUnread = mostUnread;
    if (this.#waitingBytes > this.#mostUnread) this.#isInStep = false;
    else if (part.isKey) this.#isInStep = true;
    if (!this.#isInStep) return lost + 1;
    this.#wait(part);
    this.#pass();
    return lost;
  }

  /** It ends when it has decoded what it has. */
  end(): void {
    this.#isEnding = true;
    this.#pass();
  }

  /** Ends it at once: it has no session with a camera. */
  stop(): Promise<void> {
    return this.#process.stop(0);
  }

  #wait(video: Waiting): void {
    this.#waiting.push(video);
    this.#waitingBytes += video.bytes.length;
  }

  /** Hands over what the decoder reads next. */
  #pass(): void {
    const { input } = this.#process;
    if (input === null) return;
    while (input.writableLength < mostUnderWay) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#waitingBytes -= next.bytes.length;
      input.write(next.bytes);
    }
    if (this.#isEnding && this.#waiting.length === 0) input.end();
  }

  /** What waits is skipped for a key frame of `nowS` where its first part is stale, or only led up to the start. */
  #skipStale(nowS: number): number {
    const [first] = this.#waiting;
    if (first === undefined) return 0;
    if (first.timeS !== undefined && nowS - first.timeS <= this.#staleAfterS) return 0;
    const lost = this.#waiting.filter(({ timeS }) => timeS !== undefined).length;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return lost;
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
  const decoder = new PartDecoder(process, ring, options.staleAfterS);
  if (options.isKeptAll) decoder.end();
  return decoder;
}
