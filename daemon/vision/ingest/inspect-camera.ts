import { type ProcessorTime, processorTime } from '../../host/process-facts.js';
import type { Clock } from '../../kernel/clock.js';
import type { Frame } from '../../kernel/faces/picture.js';
import type { PictureCheck } from '../../kernel/picture-damage.js';
import { present } from '../../kernel/present.js';
import { ffmpegCameraSource } from './camera-opening.js';
import type { CameraSourceOptions } from './camera-source-options.js';
import type { DamageSign } from './ffmpeg-log.js';
import type { CameraSecurity, FrameSink, StreamInfo } from './frame-source.js';
import { type CameraProblem, coresOf, type Pace, ratesOf, slowPart } from './pace.js';
import { briefPolicy, PictureHealth } from './picture-health.js';
import type { StreamFailure } from './stream-end.js';

/** Above the rate of any camera: an inspection reads all frames. */
const everyFrameFps = 240;
/** The first frames arrive in a burst and do not count for the rate, milliseconds. */
const settlingMs = 500;

/** The result of an inspection. */
export type CameraInspection =
  | {
      readonly outcome: 'ok';
      readonly stream: StreamInfo;
      /** From the start of the opening to the first whole frame, milliseconds. */
      readonly firstFrameMs: number;
      /** Frames a second that the camera sent. */
      readonly measuredFps: number;
      /** Processor cores that FFmpeg used; null where they could not be measured. */
      readonly decodingCores: number | null;
      readonly problems: readonly CameraProblem[];
      readonly connection?: CameraSecurity;
    }
  /** `connection` is absent where the connection failed. */
  | { readonly outcome: 'failed'; readonly failure: StreamFailure; readonly connection?: CameraSecurity };

/**
 * Opens a camera once, watches it for `observeMs` after its first frame, and closes it. It does not try again after a
 * failure. `onFrame` gets every frame and must release it.
 */
export async function inspectCamera(
  options: Omit<CameraSourceOptions, 'framesPerS'> & {
    readonly observeMs: number;
    /** Default: all checks. */
    readonly pictureChecks?: readonly PictureCheck[];
    readonly signal: AbortSignal;
    onFrame(frame: Frame): void;
  },
): Promise<CameraInspection> {
  const { clock, observeMs, pictureChecks, signal, onFrame } = options;
  const enough = new AbortController();
  const inspection = new Inspection(
    clock,
    observeMs,
    new PictureHealth(clock, briefPolicy, pictureChecks),
    () => enough.abort(),
    onFrame,
  );
  // No frame is stale: on a box that is too slow, the inspection reports that instead of missing pictures.
  const patient = { ...options, framesPerS: everyFrameFps, staleAfterMs: Number.POSITIVE_INFINITY };
  const source = ffmpegCameraSource(patient);
  const end = await source.open(inspection, { signal: AbortSignal.any([signal, enough.signal]) });
  signal.throwIfAborted();
  const connection = present({ connection: inspection.connection });
  if (end.kind === 'failed') return { outcome: 'failed', failure: end.failure, ...connection };
  return { ...inspection.result(), ...connection };
}

/** Measurements at the arrival of one frame. */
interface Moment {
  readonly sequence: number;
  readonly filmedAtMs: number;
  readonly arrivedAtMs: number;
  readonly processor: ProcessorTime | undefined;
}

class Inspection implements FrameSink {
  readonly #clock: Clock;
  readonly #observeMs: number;
  readonly #onEnough: () => void;
  readonly #onFrame: (frame: Frame) => void;
  readonly #openedAtMs: number;
  readonly #health: PictureHealth;
  #stream: StreamInfo = {
    ...{ codec: 'unknown', widthPx: 0, heightPx: 0, fps: null },
    decoder: 'software',
  };
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
    const arrivedAtMs = this.#clock.monotonicMs();
    const sinceOpenedMs = arrivedAtMs - this.#openedAtMs;
    this.#firstFrameMs ??= sinceOpenedMs;
    const observedMs = sinceOpenedMs - this.#firstFrameMs;
    const { sequence, capturedAtMs: filmedAtMs } = frame;
    this.#last = { sequence, filmedAtMs, arrivedAtMs };
    if (observedMs >= settlingMs) this.#first ??= { ...this.#last, processor: this.#processor() };
    this.#health.check(frame.picture);
    this.#onFrame(frame);
    if (observedMs < this.#observeMs) return;
    this.#pace ??= this.#measure();
    this.#onEnough();
  }

  onDamage(sign: DamageSign): void {
    this.#health.sign(sign);
  }

  onDropped(): void {
    // A dropped frame still counts for the rate, because it has a sequence number.
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

  /** Must run while FFmpeg runs: afterwards its processor time cannot be read. */
  #measure(): Pace | undefined {
    const [first, last, now] = [this.#first, this.#last, this.#processor()];
    if (first?.processor === undefined || last === undefined || now === undefined) return undefined;
    const { processMs, busyMs, possibleMs } = first.processor;
    return {
      frames: last.sequence - first.sequence,
      elapsedMs: last.arrivedAtMs - first.arrivedAtMs,
      filmedMs: last.filmedAtMs - first.filmedAtMs,
      ffmpegMs: now.processMs - processMs,
      busyShare: (now.busyMs - busyMs) / Math.max(1, now.possibleMs - possibleMs),
    };
  }

  #processor(): ProcessorTime | undefined {
    return this.#pid === undefined ? undefined : processorTime(this.#pid);
  }
}
