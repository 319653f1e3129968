import { isDeepStrictEqual } from 'node:util';
import type {
  Answer,
  ClipOutcome,
  CutOutcome,
  FacesOutcome,
  GuidedOutcome,
  PhotoOutcome,
} from '../../contract/vision/vision-answers.js';
import type { Request, VisionPlan } from '../../contract/vision/vision-orders.js';
import type { Clock, Timer } from '../../kernel/clock.js';
import type { Logger, LogLevel } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import type { Random } from '../../kernel/random.js';
import { SerialQueue } from '../../kernel/serial-queue.js';
import type { PhotoWall } from './photo-wall.js';
import { visionUnavailable } from './vision-requests.js';
import { VisionSlot } from './vision-slot.js';
import { untilVisionRuns } from './vision-start.js';

/** How long the process stays after the last photograph, so that commands in a row need not start it each time. */
const lingerMs = 30_000;

export interface PhotoProcessOptions {
  /** The plan by the configuration in force. */
  readonly plan: () => VisionPlan;
  readonly logLevel: () => LogLevel;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly wall: PhotoWall;
  /** The process sent reports that the core rejected, and was replaced. */
  onMisbehaviour?(): void;
  /** The process has answered correctly. */
  onTrusted?(): void;
  /** Ends waits for the process. */
  readonly signal: AbortSignal;
}

export interface PhotographToAnalyse {
  /** `kept`: an enrolment accepted it before, so its quality cannot refuse it now. */
  readonly photograph: 'new' | 'kept';
  /** Picks one of several faces, counted from left to right, from 1. Default: the main face. */
  readonly faceNumber?: number | undefined;
}

export interface ClipToJudge {
  readonly fps: number;
  readonly isEmbedded: boolean;
}

/**
 * Analyses photographs in a separate vision process. This process has no camera, gives way to the processes with cameras and
 * runs only while there is work. It takes one photograph at a time, because pictures are large and a box has little memory.
 */
export class PhotoProcess implements AsyncDisposable {
  readonly #options: PhotoProcessOptions;
  #running: { readonly slot: VisionSlot; readonly plan: VisionPlan } | undefined;
  readonly #turns = new SerialQueue();
  #waitingCount = 0;
  #linger: Timer | undefined;
  #isEnded = false;

  constructor(options: PhotoProcessOptions) {
    this.#options = options;
  }

  /** Photographs in analysis or waiting for it. */
  get waitingCount(): number {
    return this.#waitingCount;
  }

  /**
   * Decodes, checks and embeds a photograph. Throws `vision-unavailable` (retryable), or the reason of the process if it cannot
   * start.
   */
  analyse(image: Uint8Array, { photograph, faceNumber }: PhotographToAnalyse): Promise<PhotoOutcome> {
    const picked = present({ faceNumber });
    return this.#ask((request) => ({ type: 'analyse-photo', request, photograph, ...picked }), image);
  }

  /** Describes the faces of a picture, with their embeddings if `isEmbedded`. Nothing is kept. Throws as `analyse` does. */
  findFaces(image: Uint8Array, { isEmbedded }: { readonly isEmbedded: boolean }): Promise<FacesOutcome> {
    return this.#ask((request) => ({ type: 'analyse-faces', request, isEmbedded }), image);
  }

  /**
   * Judges the liveness in a clip, or in photographs taken at `fps`, with the embeddings of the face if `isEmbedded`. Throws as
   * `analyse` does.
   */
  judgeClip(files: readonly Uint8Array[], { fps, isEmbedded }: ClipToJudge): Promise<ClipOutcome> {
    const sizes = files.map(({ length }) => length);
    const order = { type: 'analyse-clip', sizes, fps, isEmbedded } as const;
    return this.#ask((request) => ({ ...order, request }), Buffer.concat(files));
  }

  /** Says what a picture of a guided enrolment shows. Nothing is kept. Throws as `analyse` does. */
  analyseGuidedView(image: Uint8Array): Promise<GuidedOutcome> {
    return this.#ask((request) => ({ type: 'look-at-guided', request }), image);
  }

  /** Takes some pictures out of a clip. Throws as `analyse` does. */
  cutClip(clip: Uint8Array): Promise<CutOutcome> {
    return this.#ask((request) => ({ type: 'cut-clip', request }), clip);
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

  /** Starts the process before the first photograph. Throws when it cannot start. */
  start(): Promise<void> {
    return this.#turns.run(async () => void (await this.#open()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    this.#linger?.cancel();
    // Ending the process makes a running analysis fail.
    await this.#close();
    await this.#turns.settled();
    this.#linger?.cancel();
  }

  async #open(): Promise<VisionSlot> {
    const { clock, random, logger, wall, signal } = this.#options;
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
        ...{ clock, random, launcher: wall.launcher, logger: logger.child({ purpose: 'photographs' }) },
        onStarted: (slot) => wall.found(slot),
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
