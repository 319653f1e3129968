import type { CameraState } from '../../contract/vision/vision-reports.js';
import { type Clock, sleep } from '../../kernel/clock.js';
import type { Frame } from '../../kernel/faces/picture.js';
import type { Logger } from '../../kernel/logger.js';
import type { PictureCheck, PictureDamage } from '../../kernel/picture-damage.js';
import { present } from '../../kernel/present.js';
import type { Random } from '../../kernel/random.js';
import { RetrySchedule } from '../../kernel/retry.js';
import type { FrameSink, FrameSource, StreamInfo } from './frame-source.js';
import { PictureHealth, steadyPolicy } from './picture-health.js';
import type { StreamFailure, StreamFailureCode } from './stream-end.js';

/**
 * A camera that comes back delivers again within the cap plus its key frame interval. Progress must last 10 s: a camera
 * that delivers for a second and then ends, again and again, is not opened in a hot loop.
 */
const retryPolicy = { baseMs: 500, capMs: 6000, sustainedMs: 10_000 };

/** Failed tries in a row after which a technician must look. */
const restartBudget = 5;

/** Only a person can correct these. Fewer tries: cameras lock accounts after some wrong logins. */
const patientCodes: ReadonlySet<StreamFailureCode> = new Set([
  ...(['unauthorised', 'forbidden', 'login-unprotected', 'login-unsupported', 'redirected'] as const),
  ...(['certificate-unknown', 'certificate-name', 'certificate-expired', 'certificate-changed'] as const),
]);
const patientWaitMs = 30_000;

/** Counters of one camera since its start. */
export interface CameraCounters {
  readonly delivered: number;
  readonly droppedStale: number;
  readonly droppedBusy: number;
  /** How often the stream was opened again. */
  readonly restarts: number;
  /** Time since the last delivered frame was captured, milliseconds; undefined before the first. */
  readonly lastFrameAgeMs: number | undefined;
  /** Signs of damage, in total and in the last minute. */
  readonly damage: Readonly<Record<string, number>>;
}

interface CameraRunnerOptions {
  readonly source: FrameSource;
  readonly clock: Clock;
  readonly random: Random;
  /** Carries the camera's id. */
  readonly logger: Logger;
  /** Checks that run on the pictures. Default: all. */
  readonly pictureChecks?: readonly PictureCheck[];
  /** Takes ownership of the frame and must release it. Called in order, never after disposal. */
  onFrame(frame: Frame): void;
  onState?(state: CameraState): void;
  /** A decoding process has started. */
  onStarted?(pid: number): void;
}

/** Keeps one camera's source open, whatever happens to it, until disposed. */
export interface CameraRunner extends AsyncDisposable {
  readonly state: CameraState;
  readonly counters: CameraCounters;
  /** The restart budget is spent: the runner still tries, but a technician should look. */
  readonly isDegraded: boolean;
}

/** Starts to pull a camera. Disposal resolves when the source has released everything. */
export function startCameraRunner(options: CameraRunnerOptions): CameraRunner {
  const runner = new Runner(options);
  const ended = runner.run();
  return {
    get state() {
      return runner.state;
    },
    get counters() {
      return runner.counters;
    },
    get isDegraded() {
      return runner.isDegraded;
    },
    async [Symbol.asyncDispose]() {
      runner.stop();
      await ended;
    },
  };
}

class Runner {
  readonly #options: CameraRunnerOptions;
  readonly #retry: RetrySchedule;
  readonly #abort = new AbortController();
  readonly #health: PictureHealth;
  #state: CameraState = initialCameraState;
  #delivered = 0;
  #droppedStale = 0;
  #droppedBusy = 0;
  #openings = 0;
  #lastCapturedMs: number | undefined;

  constructor(options: CameraRunnerOptions) {
    this.#options = options;
    this.#retry = new RetrySchedule(retryPolicy, options.clock, options.random);
    this.#health = new PictureHealth(options.clock, steadyPolicy, options.pictureChecks);
  }

  get state(): CameraState {
    return this.#state;
  }

  get isDegraded(): boolean {
    return this.#retry.failures >= restartBudget;
  }

  get counters(): CameraCounters {
    const last = this.#lastCapturedMs;
    return {
      delivered: this.#delivered,
      droppedStale: this.#droppedStale,
      droppedBusy: this.#droppedBusy,
      restarts: Math.max(0, this.#openings - 1),
      lastFrameAgeMs: last === undefined ? undefined : this.#options.clock.monotonicMs() - last,
      damage: this.#health.counters,
    };
  }

  stop(): void {
    this.#abort.abort();
  }

  async run(): Promise<void> {
    const { signal } = this.#abort;
    const sink = this.#sink();
    while (!signal.aborted) {
      this.#openings += 1;
      const end = await this.#options.source.open(sink, { signal });
      if (end.kind === 'stopped' || signal.aborted) return;
      this.#health.streamEnded();
      if (end.isRetriedAtOnce) {
        this.#options.logger.info('opening the stream again', { code: end.failure.code });
        this.#enter({ input: 'reopening' });
      } else {
        await this.#waitAfter(end.failure);
      }
    }
  }

  #sink(): FrameSink {
    return {
      onStarted: (pid) => this.#options.onStarted?.(pid),
      onOpened: (stream) => {
        this.#options.logger.info('camera is streaming', { ...stream });
        this.#enter({ input: 'opened', stream });
      },
      onFrame: (frame) => {
        this.#delivered += 1;
        this.#lastCapturedMs = frame.capturedAtMs;
        this.#retry.progressed();
        this.#checkPicture(frame);
        this.#options.onFrame(frame);
      },
      onDropped: (reason) => {
        if (reason === 'stale') this.#droppedStale += 1;
        else this.#droppedBusy += 1;
      },
      onDamage: (sign) => this.#health.sign(sign),
    };
  }

  #checkPicture({ picture }: Frame): void {
    if (!this.#health.check(picture)) return;
    const { logger } = this.#options;
    const { damage } = this.#health;
    if (damage === undefined) logger.info('pictures of the camera are usable again');
    else logger.warn('pictures of the camera are unusable', { ...damage });
    this.#enter({ input: 'pictures', damage });
  }

  async #waitAfter(failure: StreamFailure): Promise<void> {
    const { clock, logger } = this.#options;
    const { signal } = this.#abort;
    const backoffMs = this.#retry.failed();
    const waitMs = patientCodes.has(failure.code) ? Math.max(backoffMs, patientWaitMs) : backoffMs;
    const fields = { ...failure, nextTryMs: Math.round(waitMs), failures: this.#retry.failures };
    if (this.#retry.failures === restartBudget) logger.error('camera keeps failing', fields);
    else logger.warn('camera failed', fields);
    this.#enter({ input: 'failed', failure, nextTryMs: waitMs });
    await sleep(clock, waitMs, signal).catch(() => {
      // The end of the runner interrupts the wait; the loop checks the signal.
    });
  }

  #enter(input: CameraStateInput): void {
    const before = this.#state;
    this.#state = nextCameraState(before, input);
    if (this.#state !== before) this.#options.onState?.(this.#state);
  }
}

type CameraStateInput =
  | { readonly input: 'opened'; readonly stream: StreamInfo }
  | { readonly input: 'pictures'; readonly damage: PictureDamage | undefined }
  | { readonly input: 'reopening' }
  | { readonly input: 'failed'; readonly failure: StreamFailure; readonly nextTryMs: number };

const initialCameraState: CameraState = { state: 'connecting' };

/** The state after `input`; the same object where nothing visible changes. */
function nextCameraState(state: CameraState, input: CameraStateInput): CameraState {
  switch (input.input) {
    case 'opened':
      // A change of size does not end the damage of the pictures.
      return state.state === 'streaming'
        ? { ...state, stream: input.stream }
        : { state: 'streaming', stream: input.stream };
    case 'pictures': {
      if (state.state !== 'streaming' || state.damage?.code === input.damage?.code) return state;
      const { stream } = state;
      return { state: 'streaming', stream, ...present({ damage: input.damage }) };
    }
    case 'reopening':
      return state.state === 'connecting' ? state : initialCameraState;
    case 'failed': {
      return { state: 'failed', ...input.failure, nextTryMs: Math.round(input.nextTryMs) };
    }
  }
}
