import type { CameraState } from '../contract/vision/vision-reports.js';
import type { Clock, Timer } from '../kernel/clock.js';
import type { Frame } from '../kernel/faces/picture.js';
import type { Logger } from '../kernel/logger.js';
import type { PictureCheck } from '../kernel/picture-damage.js';
import { present } from '../kernel/present.js';
import type { Random } from '../kernel/random.js';
import { ffmpegCameraSource } from './ingest/camera-opening.js';
import { type CameraCounters, type CameraRunner, startCameraRunner } from './ingest/camera-runner.js';
import type { CameraSourceOptions } from './ingest/camera-source-options.js';
import type { CatchUpTurns } from './ingest/catch-up-turns.js';
import type { CameraProblem } from './ingest/pace.js';
import {
  longestKeyFrameWaitMs,
  type RestingSource,
  restingCameraSource,
  type WantedFrames,
} from './ingest/resting-source.js';
import { otherShape } from './stream-shapes.js';
import type { SubstreamScene } from './substream-scene.js';

/**
 * A substream that shows no frame for so long watches nothing, milliseconds: the main stream is decoded, long before the substream counts
 * as dead. On a busy box frames come late, but they come; of a slow rate, as `idleFps` allows, three may be missing.
 */
const silentAfterMs = (watchedFps: number): number => Math.max(2000, 3000 / watchedFps);

/** A main stream that fails for longer is replaced by the substream, milliseconds. Most failures are over before. */
const replacedAfterMs = 10_000;

interface TwoStreamsOptions {
  readonly main: CameraSourceOptions;
  readonly substreamUrl: string;
  /** Frames of the substream a second while it is only watched. */
  readonly watchedFps: number;
  readonly scene: SubstreamScene;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly pictureChecks: readonly PictureCheck[];
  /** Shared by all cameras of the process. */
  readonly catchUps: CatchUpTurns;
  /** Whether frames are wanted although nothing moves. Asked for each frame of the substream, and before it begins for those of the main stream. */
  needsFrames(): boolean;
  /** Takes ownership of a frame to analyse. */
  onFrame(frame: Frame): void;
  onState(state: CameraState): void;
  /** An FFmpeg of the camera was started. */
  onStarted(pid: number): void;
}

/**
 * Keeps both streams of a camera open. The substream is decoded and watched all the time; the main stream, from which the analysed frames
 * come, is decoded only while something moves or frames are needed, and now and then for a look at the still scene. Where one of the two fails, the other one is analysed alone.
 */
export class TwoStreams implements CameraRunner {
  readonly #options: TwoStreamsOptions;
  readonly #source: RestingSource;
  readonly #main: CameraRunner;
  readonly #silentAfterMs: number;
  #substream: CameraRunner;
  /** The substream is opened for the analysis, because the main stream fails. */
  #isReplacing = false;
  #replacement: Timer | undefined;
  #reopening: Promise<void> = Promise.resolve();
  #isReopening = false;
  /** The substream has streamed or failed at least once. */
  #hasBegun = false;
  readonly #openedMs: number;
  #watched = 0;
  #watchedMs = Number.NEGATIVE_INFINITY;
  #silence: Timer | undefined;
  #isClosed = false;
  #state: CameraState = { state: 'connecting' };

  constructor(options: TwoStreamsOptions) {
    const { main, catchUps, clock, random, logger, pictureChecks } = options;
    this.#options = options;
    this.#openedMs = clock.monotonicMs();
    this.#source = restingCameraSource(main, catchUps);
    this.#source.decode('key-frame');
    this.#main = startCameraRunner({
      ...{ source: this.#source, clock, random, logger, pictureChecks },
      onFrame: (frame) => this.#seeMainFrame(frame),
      onState: (state) => this.#seeMain(state),
      onStarted: options.onStarted,
    });
    this.#silentAfterMs = silentAfterMs(options.watchedFps);
    this.#substream = this.#openSubstream(options.watchedFps);
  }

  get state(): CameraState {
    return this.#state;
  }

  get isDegraded(): boolean {
    return this.#main.isDegraded;
  }

  get counters(): CameraCounters {
    const [main, substream] = [this.#main.counters, this.#substream.counters];
    const ages = [main.lastFrameAgeMs, substream.lastFrameAgeMs].filter((age) => age !== undefined);
    return { ...main, lastFrameAgeMs: ages.length === 0 ? undefined : Math.min(...ages) };
  }

  /** Counters that only a camera with two streams has. */
  get ownCounters(): Readonly<Record<string, number>> {
    const { wakes, wantedMs, wakingMs, missed } = this.#source;
    return {
      ...{ watched: this.#watched, decoderStarts: wakes, missed },
      ...{ decodingMs: Math.round(wantedMs), wakingMs: Math.round(wakingMs) },
    };
  }

  /** Asks for `fps` frames of the main stream a second. */
  ask(fps: number): void {
    this.#source.ask(fps);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#replacement?.cancel();
    this.#silence?.cancel();
    await this.#reopening;
    await Promise.all([this.#main[Symbol.asyncDispose](), this.#substream[Symbol.asyncDispose]()]);
  }

  #openSubstream(framesPerS: number): CameraRunner {
    const { main, substreamUrl, clock, random, logger, pictureChecks } = this.#options;
    const source = ffmpegCameraSource({
      ...main,
      address: { ...main.address, url: substreamUrl },
      framesPerS,
      // Such small pictures are decoded faster than they reach a GPU.
      hwaccel: 'none',
    });
    return startCameraRunner({
      ...{ source, clock, random, pictureChecks, logger: logger.child({ stream: 'substream' }) },
      onFrame: (frame) => this.#seeSubstream(frame),
      onState: () => this.#update(),
      onStarted: this.#options.onStarted,
    });
  }

  #seeSubstream(frame: Frame): void {
    const { scene, clock } = this.#options;
    this.#watched += 1;
    const wasSilent = this.#isSilent;
    this.#watchedMs = clock.monotonicMs();
    this.#silence ??= clock.after(this.#silentAfterMs, () => this.#lookForSilence());
    if (wasSilent) this.#update();
    scene.seeSubstream(frame);
    this.#decide();
    this.#pass(frame, this.#isReplacing);
  }

  get #isSilent(): boolean {
    return this.#options.clock.monotonicMs() - this.#watchedMs >= this.#silentAfterMs;
  }

  /** A timer for each frame would cost more than one that is set again. */
  #lookForSilence(): void {
    const { clock } = this.#options;
    const leftMs = this.#watchedMs + this.#silentAfterMs - clock.monotonicMs();
    this.#silence = leftMs > 0 ? clock.after(leftMs, () => this.#lookForSilence()) : undefined;
    if (leftMs <= 0) this.#update();
  }

  #pass(frame: Frame, isAnalysed: boolean): void {
    if (isAnalysed) this.#options.onFrame(frame);
    else frame.release();
  }

  #seeMainFrame(frame: Frame): void {
    // Until the substream begins, only these frames ask whether more are needed.
    if (!this.#hasBegun) this.#decide();
    this.#pass(frame, !this.#isReplacing);
  }

  #seeMain({ state }: CameraState): void {
    const { clock } = this.#options;
    if (state === 'failed') {
      this.#replacement ??= clock.after(replacedAfterMs, () => this.#replaceMain(true));
    } else if (state === 'streaming') {
      this.#replacement?.cancel();
      this.#replacement = undefined;
      this.#replaceMain(false);
    }
    this.#update();
  }

  /** Opens the substream with as many frames as the analysis takes, or with as few as it takes to watch it. */
  #replaceMain(isReplacing: boolean): void {
    if (isReplacing === this.#isReplacing || this.#isClosed) return;
    this.#isReplacing = isReplacing;
    const { main, watchedFps } = this.#options;
    this.#isReopening = true;
    this.#reopening = this.#reopening.then(async () => {
      await this.#substream[Symbol.asyncDispose]();
      this.#substream = this.#openSubstream(this.#isReplacing ? main.framesPerS : watchedFps);
      this.#isReopening = false;
      this.#update();
    });
  }

  get #substreamState(): CameraState {
    return this.#isReopening ? { state: 'connecting' } : this.#substream.state;
  }

  /** Frames of the substream come and can be relied on. */
  get #isWatched(): boolean {
    return this.#substreamState.state === 'streaming' && this.#fault === undefined && !this.#isSilent;
  }

  /** Why the substream cannot be relied on; undefined also before it has been opened. */
  get #fault() {
    const [main, substream] = [this.#main.state, this.#substreamState];
    if (substream.state === 'failed') return substream;
    if (substream.state !== 'streaming') return undefined;
    return (
      substream.damage ?? (main.state === 'streaming' ? otherShape(main.stream, substream.stream) : undefined)
    );
  }

  #update(): void {
    if (this.#isClosed) return;
    this.#hasBegun ||= this.#substreamState.state !== 'connecting';
    this.#options.scene.watchSubstream(this.#isWatched);
    this.#decide();
    const state = this.#stateNow();
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    const before = this.#state;
    this.#state = state;
    this.#tellOfLoss(before, state);
    this.#options.onState(state);
  }

  #decide(): void {
    const { scene, clock, needsFrames } = this.#options;
    const watched = (): WantedFrames => (this.#isWatched ? scene.wantedFrames(clock.monotonicMs()) : 'all');
    // Many cameras are opened at once when the box starts: a substream that takes a while is waited for at key frames.
    const isAwaited = !this.#hasBegun && clock.monotonicMs() - this.#openedMs < longestKeyFrameWaitMs;
    const wanted = isAwaited ? 'key-frame' : watched();
    this.#source.decode(needsFrames() ? 'all' : wanted);
  }

  #stateNow(): CameraState {
    const [main, substream] = [this.#main.state, this.#substreamState];
    if (main.state === 'failed' && substream.state === 'streaming' && this.#isReplacing) {
      return { ...substream, lostStream: { which: 'main', ...faultOf(main) } };
    }
    const fault = this.#fault;
    if (main.state !== 'streaming' || fault === undefined) return main;
    return { ...main, lostStream: { which: 'substream', ...faultOf(fault) } };
  }

  #tellOfLoss(before: CameraState, now: CameraState): void {
    const lostIn = (state: CameraState) => (state.state === 'streaming' ? state.lostStream : undefined);
    const lost = lostIn(now);
    const { logger } = this.#options;
    if (lost?.which === lostIn(before)?.which) return;
    if (lost !== undefined) logger.warn('only one stream of the camera can be used', { ...lost });
    else if (now.state === 'streaming') logger.info('both streams of the camera can be used again');
  }
}

/** What the core is told of a stream that cannot be used. */
const faultOf = ({ code, message, remedy, says }: CameraProblem): CameraProblem => ({
  ...{ code, message, remedy },
  ...present({ says }),
});
