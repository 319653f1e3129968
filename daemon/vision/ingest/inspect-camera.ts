import type { Clock } from '../../base/clock.js';
import type { Frame } from '../../domain/faces/picture.js';
import type { PictureCheck } from '../../domain/picture-damage.js';
import type { CameraSourceOptions } from './camera-source-options.js';
import { ffmpegCameraSource } from './ffmpeg-camera-source.js';
import type { DamageSign } from './ffmpeg-log.js';
import type { FrameSink, StreamInfo } from './frame-source.js';
import { briefPolicy, PictureHealth } from './picture-health.js';
import type { StreamFailure } from './stream-end.js';

/** Above any camera's rate: while a camera is inspected, all its frames are read. */
const everyFrameFps = 240;
/** Frames of the first moments come in a burst, out of which no rate can be told, milliseconds. */
const settlingMs = 500;

/** What a camera that streams cannot be used with as it is. */
export interface CameraProblem {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** What a look at a camera found. */
export type CameraInspection =
  | {
      readonly outcome: 'ok';
      readonly stream: StreamInfo;
      /** From the start of the opening to the first whole frame, milliseconds. */
      readonly firstFrameMs: number;
      /** Frames the camera really sends per second. */
      readonly measuredFps: number;
      readonly problems: readonly CameraProblem[];
    }
  | { readonly outcome: 'failed'; readonly failure: StreamFailure };

/**
 * Opens a camera once, looks at it for `observeMs` after its first frame, and closes it. Fails with the first
 * failure: nothing is tried again. `onFrame` gets every frame and must release it.
 */
export async function inspectCamera(
  options: Omit<CameraSourceOptions, 'trackingFps'> & {
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
  const source = ffmpegCameraSource({ ...options, trackingFps: everyFrameFps });
  const end = await source.open(look, { signal: AbortSignal.any([signal, enough.signal]) });
  signal.throwIfAborted();
  if (end.kind === 'failed') return { outcome: 'failed', failure: end.failure };
  return look.result();
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
  #first: Pick<Frame, 'sequence' | 'capturedAtMs'> | undefined;
  #last: Pick<Frame, 'sequence' | 'capturedAtMs'> | undefined;

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

  onOpened(info: StreamInfo): void {
    this.#stream = info;
  }

  onFrame(frame: Frame): void {
    const sinceOpenedMs = this.#clock.monotonicMs() - this.#openedAtMs;
    this.#firstFrameMs ??= sinceOpenedMs;
    const observedMs = sinceOpenedMs - this.#firstFrameMs;
    const { sequence, capturedAtMs } = frame;
    if (observedMs >= settlingMs) this.#first ??= { sequence, capturedAtMs };
    this.#last = { sequence, capturedAtMs };
    this.#health.look(frame.picture);
    this.#onFrame(frame);
    if (observedMs >= this.#observeMs) this.#onEnough();
  }

  onDamage(sign: DamageSign): void {
    this.#health.sign(sign);
  }

  onDropped(): void {
    // A frame that was not looked at still counts for the rate: sequence numbers go on.
  }

  result(): CameraInspection {
    const frames = (this.#last?.sequence ?? 0) - (this.#first?.sequence ?? 0);
    const elapsedMs = (this.#last?.capturedAtMs ?? 0) - (this.#first?.capturedAtMs ?? 0);
    return {
      outcome: 'ok',
      stream: this.#stream,
      firstFrameMs: this.#firstFrameMs ?? 0,
      measuredFps: elapsedMs > 0 ? (frames * 1000) / elapsedMs : 0,
      problems: this.#health.damage === undefined ? [] : [this.#health.damage],
    };
  }
}
