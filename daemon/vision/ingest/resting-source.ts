import { messageOf } from '../../kernel/errors.js';
import { beginCamera, openCamera, type ReadStream, type StreamReading } from './camera-opening.js';
import type { CameraSourceOptions } from './camera-source-options.js';
import { CatchUpTurns } from './catch-up-turns.js';
import { CopiedClock } from './copied-clock.js';
import { partArguments } from './ffmpeg-arguments.js';
import type { ProcessExit } from './ffmpeg-process.js';
import { FrameRate } from './frame-rate.js';
import type { FrameSource } from './frame-source.js';
import { FrameWatchdog } from './frame-watchdog.js';
import { Mp4Fragments, type VideoPiece } from './mp4-fragments.js';
import { type PartDecoder, startPartDecoder } from './part-decoder.js';
import { mostKept, PartRing } from './part-ring.js';
import { type Announcement, PictureAssembler } from './picture-assembler.js';
import { PictureFrames } from './picture-frames.js';
import { PresentationClock } from './presentation-clock.js';
import type { FailureVerdict } from './stream-end.js';

/** Which frames are decoded. `key-frame`: the next one that the camera sends, which costs no more than itself. */
export type WantedFrames = 'none' | 'key-frame' | 'all';

/** A camera that is pulled all the time, and decoded only while frames are wanted. */
export interface RestingSource extends FrameSource {
  /** Begins or ends decoding. A frame of each opening is decoded whether it is wanted or not: it proves that the stream works. */
  decode(wanted: WantedFrames): void;
  /** Asks for `fps` frames a second. A decoder that starts passes few frames until it has caught up. */
  ask(fps: number): void;
  /** How often a decoder was started. */
  readonly wakes: number;
  /** For how long all frames were wanted, milliseconds. */
  readonly wantedMs: number;
  /** For how long decoders were waited for, until they had caught up, milliseconds. */
  readonly wakingMs: number;
  /** Frames that the camera sent while they were wanted, and that no decoder got: it waited for its turn, or was too far behind. */
  readonly missed: number;
}

/**
 * Pulls an RTSP camera that rests at first. `catchUps`: shared by cameras that may wake at once. Throws `camera-url-unusable` for an
 * address that is not RTSP.
 */
export function restingCameraSource(
  options: CameraSourceOptions,
  catchUps: CatchUpTurns = new CatchUpTurns(1, options.clock),
): RestingSource {
  const continuity = beginCamera(options);
  let reading: RestingReading | undefined;
  const { clock } = options;
  let wanted: WantedFrames = 'none';
  const counts = { wakes: 0, wakingMs: 0, missed: 0 };
  let askedFps = options.framesPerS;
  let [wantedMs, sinceMs] = [0, clock.monotonicMs()];
  const untilNow = (): number => wantedMs + (wanted === 'all' ? clock.monotonicMs() - sinceMs : 0);
  return {
    open(sink, { signal }) {
      const read = (stream: ReadStream): StreamReading => {
        reading = new RestingReading(stream, { catchUps, counts, wanted, askedFps });
        return reading;
      };
      return openCamera(options, { continuity, sink, read }, signal);
    },
    decode(wantedNow) {
      wantedMs = untilNow();
      sinceMs = clock.monotonicMs();
      wanted = wantedNow;
      reading?.decode(wantedNow);
    },
    ask(fps) {
      askedFps = fps;
      reading?.ask(fps);
    },
    get wakes() {
      return counts.wakes;
    },
    get wantedMs() {
      return untilNow();
    },
    get wakingMs() {
      return counts.wakingMs;
    },
    get missed() {
      return counts.missed;
    },
  };
}

/** How long to wait for a key frame where no other frame is wanted, milliseconds. Some cameras send few. */
export const longestKeyFrameWaitMs = 5000;

const readBytes = 64 * 1024;
const defaultStaleAfterMs = 1000;

/**
 * A decoder that starts passes so many frames a second of the time that it catches up with. It comes by them faster than they can be
 * analysed, and more would only replace each other.
 */
const wakingFps = 5;
/** A decoder whose pictures are no older has caught up, milliseconds. */
const caughtUpMs = 200;
/**
 * One that takes longer lets the next one begin beside it, and has caught up as far as it can where its pictures are not stale,
 * milliseconds: some decoders hold back a few pictures, which is long at a low rate.
 */
const longestCatchUpMs = 2000;

interface RestingOptions {
  readonly catchUps: CatchUpTurns;
  readonly counts: { wakes: number; wakingMs: number; missed: number };
  readonly wanted: WantedFrames;
  readonly askedFps: number;
}

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
  readonly #catchUps: CatchUpTurns;
  readonly #counts: RestingOptions['counts'];
  readonly #buffer = new Uint8Array(readBytes);
  readonly #fragments = new Mp4Fragments(mostKept.bytes);
  readonly #ring = new PartRing();
  #arrival: PresentationClock;
  readonly #progress = new CopiedClock();
  readonly #frames: PictureFrames;
  /** What to add to a time of the stream for the monotonic clock, milliseconds. */
  #offsetMs = 0;
  #newestS = 0;
  #firstPartMs: number | undefined;
  #assembler: PictureAssembler | undefined;
  #decoder: PartDecoder | undefined;
  /** What the decoder was started for. */
  #decodes: WantedFrames = 'none';
  #decoding: Promise<void> = Promise.resolve();
  #decoderWatch: FrameWatchdog | undefined;
  #rate: FrameRate | undefined;
  #firstFps: number;
  #askedFps: number;
  #wanted: WantedFrames;
  /** Since when frames are wanted that no decoder shows in time. */
  #wakingSinceMs: number | undefined;
  #startedMs = 0;
  #isStarting = false;
  #isOver = false;

  constructor(stream: ReadStream, { catchUps, counts, wanted, askedFps }: RestingOptions) {
    const { options, continuity, sink, log } = stream;
    this.#stream = stream;
    this.#catchUps = catchUps;
    this.#counts = counts;
    this.#firstFps = Math.min(wakingFps, options.framesPerS);
    this.#askedFps = askedFps;
    this.#wanted = wanted;
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

  graphMade(): void {
    this.#rate?.graphMade();
  }

  answered(code: number): void {
    if (this.#rate?.answered(code) !== true) return;
    const { options } = this.#stream;
    options.logger.warn('FFmpeg keeps its frame rate', { code });
    // The next decoder passes all frames from the start.
    this.#firstFps = options.framesPerS;
    if (this.#decoder !== undefined) this.#decoding = this.#stop(this.#decoder);
  }

  ask(fps: number): void {
    this.#askedFps = fps;
    if (this.#isCaughtUp) this.#rate?.ask(fps);
  }

  decode(wanted: WantedFrames): void {
    this.#wanted = wanted;
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
      const lost = this.#isStarting ? 0 : this.#decodes === 'all' ? (this.#decoder?.take(piece) ?? 1) : 1;
      if (this.#wanted === 'all' && this.#hasShown) this.#counts.missed += lost;
    }
    this.#startOrStop();
    if (piece.kind === 'part' && piece.isKey) this.#glance();
  }

  #seePart(timeS: number): void {
    const { options, watchdog } = this.#stream;
    const nowMs = options.clock.monotonicMs();
    this.#firstPartMs ??= nowMs;
    const progress = this.#progress.next(timeS, nowMs);
    // After it stood still, the clock of the stream differs from ours by more than before.
    if (progress === 'goes-on-again') this.#arrival = new PresentationClock(this.#arrival.lastCapturedMs);
    const capturedAtMs = this.#arrival.capturedAtMs(progress === 'stands-still' ? undefined : timeS, nowMs);
    this.#newestS = timeS;
    this.#offsetMs = capturedAtMs - timeS * 1000;
    const isStale = nowMs - capturedAtMs > this.#staleAfterMs;
    if (isStale) watchdog.staleFrame();
    else if (this.#hasShown) watchdog.freshFrame();
    if (progress === 'has-stopped')
      this.#fail({ code: 'stalled', detail: 'its time stamps no longer go on' });
  }

  get #staleAfterMs(): number {
    return this.#stream.options.staleAfterMs ?? defaultStaleAfterMs;
  }

  /** A picture of this opening was decoded. */
  get #hasShown(): boolean {
    return this.#stream.watchdog.hadFrames;
  }

  get #wantedNow(): WantedFrames {
    if (this.#isOver) return 'none';
    if (this.#hasShown || this.#wanted === 'all') return this.#wanted;
    // The first picture proves that the stream works. Where no key frame shows one, a decoder of all frames says why.
    const { clock, firstFrameWithinS } = this.#stream.options;
    const nowMs = clock.monotonicMs();
    const waitMs = Math.min(longestKeyFrameWaitMs, (1000 * firstFrameWithinS) / 2);
    return nowMs - (this.#firstPartMs ?? nowMs) < waitMs ? 'key-frame' : 'all';
  }

  get #isCaughtUp(): boolean {
    return this.#decoder !== undefined && this.#wakingSinceMs === undefined;
  }

  /** Called at each part, so that a decoder that waits for its turn gets it. */
  #startOrStop(): void {
    if (this.#isStarting) return;
    const wanted = this.#wantedNow;
    if (this.#decoder !== undefined && this.#decodes !== wanted) this.#decoding = this.#stop(this.#decoder);
    if (wanted !== 'all') this.#wakeEnded();
    else if (this.#assembler === undefined && this.#ring.start !== undefined) {
      this.#wakingSinceMs ??= this.#stream.options.clock.monotonicMs();
      // A stream that has just been opened has nothing to catch up with, and neither has one without a key frame.
      const isUpToDate = !this.#hasShown || this.#ring.parts.length === 0;
      if (isUpToDate || this.#catchUps.take(this)) this.#decoding = this.#start('all');
    } else if (this.#stream.options.clock.monotonicMs() - this.#startedMs > longestCatchUpMs) {
      this.#catchUps.leave(this);
    }
  }

  /** Decodes a key frame that has just come, if that is what is wanted. */
  #glance(): void {
    if (this.#isStarting) return;
    if (this.#wantedNow === 'key-frame' && this.#assembler === undefined)
      this.#decoding = this.#start('key-frame');
  }

  /** The decoder has caught up, or none is wanted any more. */
  #wakeEnded(): void {
    this.#catchUps.leave(this);
    if (this.#wakingSinceMs === undefined) return;
    this.#counts.wakingMs += this.#stream.options.clock.monotonicMs() - this.#wakingSinceMs;
    this.#wakingSinceMs = undefined;
  }

  async #start(decodes: WantedFrames): Promise<void> {
    const { options, continuity, log } = this.#stream;
    this.#isStarting = true;
    this.#decodes = decodes;
    this.#counts.wakes += 1;
    this.#startedMs = options.clock.monotonicMs();
    const before = this.#decoding;
    const assembler = new PictureAssembler({
      pool: continuity.pool,
      onPicture: (announcement, buffer) => this.#show(announcement, buffer),
      onReady: () => this.#decoder?.resume(),
    });
    try {
      await before;
      // The decoder before this one announced its last pictures until now.
      this.#assembler = assembler;
      const decoder = await startPartDecoder({
        ...{ source: options, ring: this.#ring, fromS: this.#newestS, framesPerS: this.#firstFps, assembler },
        staleAfterS: this.#staleAfterMs / 1000,
        isKeptAll: decodes === 'key-frame',
        onLogLine: (line) => log.read(line),
      });
      this.#decoder = decoder;
      const send = (line: string): void => decoder.command(line);
      if (decodes === 'all') this.#rate = new FrameRate(options.framesPerS, send, this.#firstFps);
      if (decoder.pid !== undefined) this.#stream.sink.onStarted?.(decoder.pid);
      void decoder.ended.then((exit) => this.#decoderEnded(decoder, exit));
      // Until the first picture, the watchdog of the stream waits for it. A look that came to nothing is made again.
      if (this.#hasShown && decodes === 'all')
        this.#decoderWatch ??= this.#watch(this.#ring.parts.length > 0);
    } catch (error) {
      this.#fail({ code: 'ffmpeg-missing', detail: messageOf(error) });
    }
    this.#isStarting = false;
    this.#startOrStop();
  }

  async #stop(decoder: PartDecoder): Promise<void> {
    this.#decoder = undefined;
    this.#rate = undefined;
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
    const hasRead = this.#decodes === 'key-frame' && spawnError === undefined && signal === null;
    // Where it got no picture of its key frame, all frames will be wanted, and tell why.
    if (hasRead) this.#decoding = this.#stop(decoder);
    else if (spawnError !== undefined) this.#fail({ code: 'ffmpeg-missing', detail: spawnError.message });
    else this.#fail({ code: signal === null ? 'undecodable' : 'ffmpeg-killed' });
  }

  #show(announcement: Announcement, buffer: Uint8Array | undefined): void {
    const { options } = this.#stream;
    const { ptsS = this.#newestS } = announcement;
    const isOverdue = options.clock.monotonicMs() - this.#startedMs > longestCatchUpMs;
    const mostBehindMs = isOverdue ? this.#staleAfterMs : caughtUpMs;
    if (!this.#isCaughtUp && 1000 * (this.#newestS - ptsS) <= mostBehindMs) {
      this.#wakeEnded();
      this.#rate?.ask(this.#askedFps);
    }
    this.#frames.take(announcement, buffer);
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
