import { messageOf } from '../../kernel/errors.js';
import { beginCamera, openCamera, type ReadStream, type StreamReading } from './camera-opening.js';
import type { CameraSourceOptions } from './camera-source-options.js';
import { partArguments } from './ffmpeg-arguments.js';
import type { ProcessExit } from './ffmpeg-process.js';
import type { FrameSource } from './frame-source.js';
import { FrameWatchdog } from './frame-watchdog.js';
import { Mp4Fragments, type VideoPiece } from './mp4-fragments.js';
import { type PartDecoder, startPartDecoder } from './part-decoder.js';
import { mostKept, PartRing } from './part-ring.js';
import { type Announcement, PictureAssembler } from './picture-assembler.js';
import { PictureFrames } from './picture-frames.js';
import { PresentationClock } from './presentation-clock.js';
import type { FailureVerdict } from './stream-end.js';

/** A camera that is pulled all the time, and decoded only while frames are wanted. */
export interface RestingSource extends FrameSource {
  /** Begins or ends decoding. The first frame of each opening is decoded whether it is wanted or not: it proves that the stream works. */
  decode(isWanted: boolean): void;
  /** How often a decoder was started. */
  readonly wakes: number;
  /** For how long frames were wanted, milliseconds. */
  readonly wantedMs: number;
}

/** Pulls an RTSP camera that rests at first. Throws `camera-url-unusable` for an address that is not RTSP. */
export function restingCameraSource(options: CameraSourceOptions): RestingSource {
  const continuity = beginCamera(options);
  let reading: RestingReading | undefined;
  const { clock } = options;
  let isWanted = false;
  let wakes = 0;
  let [wantedMs, sinceMs] = [0, clock.monotonicMs()];
  const untilNow = (): number => wantedMs + (isWanted ? clock.monotonicMs() - sinceMs : 0);
  return {
    open(sink, { signal }) {
      const read = (stream: ReadStream): StreamReading => {
        reading = new RestingReading(stream, isWanted, () => {
          wakes += 1;
        });
        return reading;
      };
      return openCamera(options, { continuity, sink, read }, signal);
    },
    decode(isWantedNow) {
      wantedMs = untilNow();
      sinceMs = clock.monotonicMs();
      isWanted = isWantedNow;
      reading?.decode(isWantedNow);
    },
    get wakes() {
      return wakes;
    },
    get wantedMs() {
      return untilNow();
    },
  };
}

const readBytes = 64 * 1024;
const defaultStaleAfterMs = 1000;

/** The undecoded video of one opening, and the decoder that reads it while pictures are wanted. */
class RestingReading implements StreamReading {
  readonly arguments = partArguments();
  readonly bytes = {
    target: () => this.#buffer,
    filled: (count: number) => {
      this.#read(count);
      return true;
    },
    announcementsEnded: () => undefined,
  };
  readonly #stream: ReadStream;
  readonly #onWake: () => void;
  readonly #buffer = new Uint8Array(readBytes);
  readonly #fragments = new Mp4Fragments(mostKept.bytes);
  readonly #ring = new PartRing();
  readonly #arrival: PresentationClock;
  readonly #progress = new ClockProgress();
  readonly #frames: PictureFrames;
  /** What to add to a time of the stream for the monotonic clock, milliseconds. */
  #offsetMs = 0;
  #newestS = 0;
  #assembler: PictureAssembler | undefined;
  #decoder: PartDecoder | undefined;
  #decoding: Promise<void> = Promise.resolve();
  #decoderWatch: FrameWatchdog | undefined;
  #isWanted: boolean;
  #isStarting = false;
  #isOver = false;

  constructor(stream: ReadStream, isWanted: boolean, onWake: () => void) {
    const { options, continuity, sink, log } = stream;
    this.#stream = stream;
    this.#isWanted = isWanted;
    this.#onWake = onWake;
    this.#arrival = new PresentationClock(continuity.lastCapturedMs);
    this.#frames = new PictureFrames({
      ...{ source: options, continuity, sink },
      streamNow: () => log.stream,
      capturedAtMs: (announcement) => this.#capturedAtMs(announcement),
      onPicture: (isStale) => this.#seePicture(isStale),
      onSizeLost: () => stream.settle({ kind: 'resolution-changed' }),
    });
  }

  announce(announcement: Announcement): void {
    this.#assembler?.announce(announcement);
  }

  decode(isWanted: boolean): void {
    this.#isWanted = isWanted;
    this.#startOrStop();
  }

  async end(): Promise<void> {
    this.#isOver = true;
    this.#startOrStop();
    await this.#decoding;
    // A decoder that was still starting is being stopped only now.
    await this.#decoding;
  }

  #read(count: number): void {
    if (this.#isOver) return;
    try {
      // Copied, because the buffer is read into again.
      const chunk = Buffer.from(this.#buffer.subarray(0, count));
      for (const piece of this.#fragments.push(chunk)) this.#take(piece);
    } catch (error) {
      this.#fail({ code: 'codec-unsupported', detail: messageOf(error) });
    }
  }

  #take(piece: VideoPiece): void {
    this.#ring.push(piece);
    if (piece.kind === 'part') {
      this.#seePart(piece.timeS);
      this.#decoder?.take(piece);
    }
    this.#startOrStop();
  }

  #seePart(timeS: number): void {
    const { options, watchdog } = this.#stream;
    const nowMs = options.clock.monotonicMs();
    const capturedAtMs = this.#arrival.capturedAtMs(timeS, nowMs);
    this.#newestS = timeS;
    this.#offsetMs = capturedAtMs - timeS * 1000;
    const isStale = nowMs - capturedAtMs > (options.staleAfterMs ?? defaultStaleAfterMs);
    if (isStale) watchdog.staleFrame();
    else if (this.#hasShown) watchdog.freshFrame();
    if (!this.#progress.goesOn(timeS, nowMs))
      this.#fail({ code: 'stalled', detail: 'its time stamps no longer go on' });
  }

  /** A picture of this opening was decoded. */
  get #hasShown(): boolean {
    return this.#stream.watchdog.hadFrames;
  }

  get #isDecoderWanted(): boolean {
    return !this.#isOver && (this.#isWanted || !this.#hasShown);
  }

  #startOrStop(): void {
    if (this.#isStarting) return;
    if (this.#isDecoderWanted && this.#assembler === undefined && this.#ring.start !== undefined) {
      this.#decoding = this.#start();
    } else if (!this.#isDecoderWanted && this.#decoder !== undefined) {
      this.#decoding = this.#stop(this.#decoder);
    }
  }

  async #start(): Promise<void> {
    const { options, continuity, log } = this.#stream;
    this.#isStarting = true;
    this.#onWake();
    const before = this.#decoding;
    const assembler = new PictureAssembler({
      pool: continuity.pool,
      onPicture: (announcement, buffer) => this.#frames.take(announcement, buffer),
      onReady: () => this.#decoder?.resume(),
    });
    try {
      await before;
      // The decoder before this one announced its last pictures until now.
      this.#assembler = assembler;
      const decoder = await startPartDecoder({
        ...{ source: options, ring: this.#ring, fromS: this.#newestS, assembler },
        onLogLine: (line) => log.read(line),
      });
      this.#decoder = decoder;
      if (decoder.pid !== undefined) this.#stream.sink.onStarted?.(decoder.pid);
      void decoder.ended.then((exit) => this.#decoderEnded(decoder, exit));
      // Until the first picture, the watchdog of the stream waits for it.
      if (this.#hasShown) this.#decoderWatch ??= this.#watch(this.#ring.parts.length > 0);
    } catch (error) {
      this.#fail({ code: 'ffmpeg-missing', detail: messageOf(error) });
    }
    this.#isStarting = false;
    this.#startOrStop();
  }

  async #stop(decoder: PartDecoder): Promise<void> {
    this.#decoder = undefined;
    this.#assembler?.discard();
    this.#assembler = undefined;
    this.#decoderWatch?.cancel();
    this.#decoderWatch = undefined;
    await decoder.stop();
  }

  /** While the stream itself is well: a decoder that shows nothing. One that `hasKeyFrame` need not wait for the next. */
  #watch(hasKeyFrame = true): FrameWatchdog {
    const { clock, stallAfterS, firstFrameWithinS } = this.#stream.options;
    return new FrameWatchdog({
      clock,
      firstFrameWithinMs: 1000 * (hasKeyFrame ? stallAfterS : firstFrameWithinS),
      stallAfterMs: 1000 * stallAfterS,
      onSilence: () => this.#stream.settle({ kind: 'silence', silence: 'falling-behind' }),
    });
  }

  #decoderEnded(decoder: PartDecoder, { spawnError, signal }: ProcessExit): void {
    if (decoder !== this.#decoder) return;
    if (spawnError !== undefined) this.#fail({ code: 'ffmpeg-missing', detail: spawnError.message });
    else this.#fail({ code: signal === null ? 'undecodable' : 'ffmpeg-killed' });
  }

  #fail(failure: FailureVerdict): void {
    if (!this.#isOver) this.#stream.settle({ kind: 'refused', failure });
  }

  #seePicture(isStale: boolean): void {
    const { watchdog } = this.#stream;
    if (isStale) {
      this.#decoderWatch?.staleFrame();
      if (!this.#hasShown) watchdog.staleFrame();
    } else {
      this.#decoderWatch ??= this.#watch();
      this.#decoderWatch.freshFrame();
      watchdog.freshFrame();
      this.#startOrStop();
    }
  }

  /** The times of the pictures are those of the parts, which did not wait for a decoder. */
  #capturedAtMs({ ptsS, announcedAtMs }: Announcement): number {
    const estimate = ptsS === undefined ? announcedAtMs : ptsS * 1000 + this.#offsetMs;
    return Math.max(Math.min(estimate, announcedAtMs), this.#stream.continuity.lastCapturedMs + 1);
  }
}

/** Parts that come further apart say nothing about the clock of the stream, milliseconds. */
const longestGapMs = 1500;
/** The clock of a stream that stands still for so long, while parts come, is wrong, milliseconds. */
const standsStillMs = 2000;
/** A clock that is slower than this stands still. */
const slowest = 0.1;

/**
 * Watches the clock of a stream that FFmpeg copies. A copy cannot go back in time: after a camera has set its clock back, FFmpeg gives
 * every picture the time of the last one, and what decodes and picks them would take them for one moment.
 */
class ClockProgress {
  #lastMs = Number.NEGATIVE_INFINITY;
  #since = { timeS: 0, atMs: 0 };

  /** False where the clock has stood still for too long. */
  goesOn(timeS: number, atMs: number): boolean {
    const since = this.#since;
    const elapsedMs = atMs - since.atMs;
    const isInterrupted = atMs - this.#lastMs > longestGapMs;
    this.#lastMs = atMs;
    const isLater = (timeS - since.timeS) * 1000 > slowest * elapsedMs;
    if (isInterrupted || isLater || timeS < since.timeS) this.#since = { timeS, atMs };
    return isInterrupted || isLater || elapsedMs < standsStillMs;
  }
}
