import { isDeepStrictEqual } from 'node:util';
import type { Clock, Timer } from '../../base/clock.js';
import { InTurn } from '../../base/in-turn.js';
import type { Logger } from '../../base/logger.js';
import type { Random } from '../../base/random.js';
import type { LogLevel } from '../../host/pino-logger.js';
import type { ClipOutcome, PhotoOutcome, VisionPlan } from '../../vision/protocol.js';
import { type Answer, type Request, visionUnavailable } from './vision-requests.js';
import { VisionSlot } from './vision-slot.js';
import { untilVisionRuns } from './vision-start.js';

/** How long the process stays after the last photograph: several commands in a row need not start it each time. */
const lingerMs = 30_000;

export interface PhotoProcessOptions {
  /** What the process is to do, as configured now. */
  readonly plan: () => VisionPlan;
  readonly logLevel: () => LogLevel;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** It said what the core cannot believe, and was replaced. */
  onMisbehaviour?(): void;
  /** It has answered as it should. */
  onTrusted?(): void;
  /** Ends waits for the process. */
  readonly signal: AbortSignal;
}

export interface PhotographToAnalyse {
  /** `kept`: enrolment took it before, so its quality is no reason to refuse it. */
  readonly photograph: 'new' | 'kept';
  /** Which of several faces of a new one to take, from 1, from left to right; absent: the one that it is of. */
  readonly faceNumber?: number | undefined;
}

/**
 * Looks at photographs in a vision process of its own, which is attached to no camera, yields to those that are, and runs
 * only while there is something to do. One photograph at a time: a box has little memory, and pictures are large.
 */
export class PhotoProcess implements AsyncDisposable {
  readonly #options: PhotoProcessOptions;
  #running: { readonly slot: VisionSlot; readonly plan: VisionPlan } | undefined;
  readonly #turns = new InTurn();
  #waitingCount = 0;
  #linger: Timer | undefined;
  #isEnded = false;

  constructor(options: PhotoProcessOptions) {
    this.#options = options;
  }

  /** Photographs that are looked at or wait for it. */
  get waitingCount(): number {
    return this.#waitingCount;
  }

  /**
   * Decodes, inspects and embeds a photograph. Throws `vision-unavailable` (retryable), and what the process names as its
   * reason for not starting.
   */
  analyse(image: Uint8Array, { photograph, faceNumber }: PhotographToAnalyse): Promise<PhotoOutcome> {
    const picked = faceNumber === undefined ? {} : { faceNumber };
    return this.#ask((request) => ({ type: 'analyse-photo', request, photograph, ...picked }), image);
  }

  /** Looks for life in a clip, or in photographs that were taken at `fps`. Throws as `analyse` does. */
  judgeClip(files: readonly Uint8Array[], fps: number): Promise<ClipOutcome> {
    const sizes = files.map(({ length }) => length);
    return this.#ask((request) => ({ type: 'analyse-clip', request, sizes, fps }), Buffer.concat(files));
  }

  #ask<T extends Answer>(order: (request: number) => Request, attachment: Uint8Array): Promise<T> {
    this.#waitingCount += 1;
    return this.#turns.run(async () => {
      this.#linger?.cancel();
      try {
        const slot = await this.#open();
        const outcome = await slot.ask<T>(order, attachment);
        this.#options.onTrusted?.();
        return outcome;
      } finally {
        this.#waitingCount -= 1;
        this.#linger = this.#options.clock.after(lingerMs, () => void this.#turns.run(() => this.#close()));
      }
    });
  }

  /** Starts the process before there is a photograph. Throws what keeps it from starting. */
  start(): Promise<void> {
    return this.#turns.run(async () => void (await this.#open()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    this.#linger?.cancel();
    // The analysis under way fails when the process ends.
    await this.#close();
    await this.#turns.settled();
    this.#linger?.cancel();
  }

  async #open(): Promise<VisionSlot> {
    const { clock, random, logger, signal } = this.#options;
    if (this.#isEnded) throw visionUnavailable('the daemon is stopping');
    const plan = this.#options.plan();
    if (this.#running !== undefined && !isDeepStrictEqual(this.#running.plan, plan)) await this.#close();
    this.#running ??= {
      plan,
      slot: new VisionSlot({
        index: 0,
        plan,
        purpose: 'photographs',
        logLevel: this.#options.logLevel(),
        ...{ clock, random, logger: logger.child({ purpose: 'photographs' }) },
        onReport: () => undefined,
        onDown: () => undefined,
        onMisbehaviour: () => this.#options.onMisbehaviour?.(),
      }).start(),
    };
    const { slot } = this.#running;
    try {
      await untilVisionRuns(slot, signal);
    } catch (error) {
      await this.#close();
      throw error;
    }
    return slot;
  }

  async #close(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.slot[Symbol.asyncDispose]();
  }
}
