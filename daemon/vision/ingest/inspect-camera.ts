import type { Clock } from '../../base/clock.js';
import type { Frame } from '../../domain/faces/picture.js';
import type { PictureCheck } from '../../domain/picture-damage.js';
import { type ProcessorTime, processorTime } from '../../host/processor-time.js';
import type { CameraSourceOptions } from './camera-source-options.js';
import { ffmpegCameraSource } from './ffmpeg-camera-source.js';
import type { DamageSign } from './ffmpeg-log.js';
import type { CameraSecurity, FrameSink, StreamInfo } from './frame-source.js';
import { type CameraProblem, coresOf, type Pace, ratesOf, slowPart } from './pace.js';
import { briefPolicy, PictureHealth } from './picture-health.js';
import type { StreamFailure } from './stream-end.js';

/** Above any camera's rate: while a camera is inspected, all its frames are read. */
const everyFrameFps = 240;
/** Frames of the first moments come in a burst, out of which no rate can be told, milliseconds. */
const settlingMs = 500;

/** What a look at a camera found. */
export type CameraInspection =
  | {
      readonly outcome: 'ok';
      readonly stream: StreamInfo;
      /** From the start of the opening to the first whole frame, milliseconds. */
      readonly firstFrameMs: number;
      /** Frames the camera really sends per second. */
      readonly measuredFps: number;
      /** Cores that FFmpeg took to decode them; null where nothing was measured. */
      readonly decodingCores: number | null;
      readonly problems: readonly CameraProblem[];
      readonly connection?: CameraSecurity;
    }
  /** `connection` is absent where none was made. */
  | { readonly outcome: 'failed'; readonly failure: StreamFailure; readonly connection?: CameraSecurity };

/**
 * Opens a camera once, looks at it for `observeMs` after its first frame, and closes it. Fails with the first
 * failure: nothing is tried again. `onFrame` gets every frame and must release it.
 */
export async function inspectCamera(
  options: Omit<CameraSourceOptions, 'framesPerS'> & {
    readonly observeMs: number;
    /** Default: everything. */
    readonly pictureChecks?: readonly PictureCheck[];
    readonly signal: AbortSignal;
    onFrame(frame: Frame): void;
  },
): Promise<CameraInspection> {
  const { clock, observeMs, pictureChecks, signal, onFrame } = options;
  const enough = new AbortController();
  const look = new Look(
    clock,
    observeMs,
    new PictureHealth(clock, briefPolicy, pictureChecks),
    () => enough.abort(),
    onFrame,
  );
  // A box that is too slow is to be told so, and not to be left without pictures.
  const patient = { ...options, framesPerS: everyFrameFps, staleAfterMs: Number.POSITIVE_INFINITY };
  const source = ffmpegCameraSource(patient);
  const end = await source.open(look, { signal: AbortSignal.any([signal, enough.signal]) });
  signal.throwIfAborted();
  const connection = look.connection === undefined ? {} : { connection: look.connection };
  if (end.kind === 'failed') return { outcome: 'failed', failure: end.failure, ...connection };
  return { ...look.result(), ...connection };
}

/** What was known when a picture came. */
interface Moment {
  readonly sequence: number;
  readonly filmedAtMs: number;
  readonly cameAtMs: number;
  readonly processor: ProcessorTime | undefined;
}

class Look implements FrameSink {
  readonly #clock: Clock;
  readonly #observeMs: number;
  readonly #onEnough: () => void;
  readonly #onFrame: (frame: Frame) => void;
  readonly #openedAtMs: number;
  readonly #health: PictureHealth;
  #stream: StreamInfo = { codec: 'unknown', widthPx: 0, heightPx: 0, fps: null };
  #firstFrameMs: number | undefined;
  #pid: number | undefined;
  #connection: CameraSecurity | undefined;
  #pace: Pace | undefined;
  #first: Moment | undefined;
  #last: Omit<Moment, 'processor'> | undefined;

  constructor(
    clock: Clock,
    observeMs: number,
    health: PictureHealth,
    onEnough: () => void,
    onFrame: (frame: Frame) => void,
  ) {
    this.#clock = clock;
    this.#observeMs = observeMs;
    this.#onEnough = onEnough;
    this.#onFrame = onFrame;
    this.#openedAtMs = clock.monotonicMs();
    this.#health = health;
  }

  get connection(): CameraSecurity | undefined {
    return this.#connection;
  }

  onConnection(security: CameraSecurity): void {
    this.#connection = security;
  }

  onStarted(pid: number): void {
    this.#pid = pid;
  }

  onOpened(info: StreamInfo): void {
    this.#stream = info;
  }

  onFrame(frame: Frame): void {
    const cameAtMs = this.#clock.monotonicMs();
    const sinceOpenedMs = cameAtMs - this.#openedAtMs;
    this.#firstFrameMs ??= sinceOpenedMs;
    const observedMs = sinceOpenedMs - this.#firstFrameMs;
    const { sequence, capturedAtMs: filmedAtMs } = frame;
    this.#last = { sequence, filmedAtMs, cameAtMs };
    if (observedMs >= settlingMs) this.#first ??= { ...this.#last, processor: this.#processor() };
    this.#health.look(frame.picture);
    this.#onFrame(frame);
    if (observedMs < this.#observeMs) return;
    this.#pace ??= this.#measure();
    this.#onEnough();
  }

  onDamage(sign: DamageSign): void {
    this.#health.sign(sign);
  }

  onDropped(): void {
    // A frame that was not looked at still counts for the rate: sequence numbers go on.
  }

  result(): Extract<CameraInspection, { outcome: 'ok' }> {
    const pace = this.#pace;
    const slow = pace && slowPart(pace);
    const { damage } = this.#health;
    return {
      outcome: 'ok',
      stream: this.#stream,
      firstFrameMs: this.#firstFrameMs ?? 0,
      measuredFps: pace === undefined ? 0 : ratesOf(pace).sentFps,
      decodingCores: pace === undefined ? null : coresOf(pace),
      problems: [...(damage === undefined ? [] : [damage]), ...(slow === undefined ? [] : [slow])],
    };
  }

  /** While FFmpeg still runs: its processor time goes with it. */
  #measure(): Pace | undefined {
    const [first, last, now] = [this.#first, this.#last, this.#processor()];
    if (first?.processor === undefined || last === undefined || now === undefined) return undefined;
    const { processMs, busyMs, possibleMs } = first.processor;
    return {
      frames: last.sequence - first.sequence,
      elapsedMs: last.cameAtMs - first.cameAtMs,
      filmedMs: last.filmedAtMs - first.filmedAtMs,
      ffmpegMs: now.processMs - processMs,
      busyShare: (now.busyMs - busyMs) / Math.max(1, now.possibleMs - possibleMs),
    };
  }

  #processor(): ProcessorTime | undefined {
    return this.#pid === undefined ? undefined : processorTime(this.#pid);
  }
}
