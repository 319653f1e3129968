import { type Clock, sleep } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { Random } from '../../base/random.js';
import { RetrySchedule } from '../../base/retry.js';
import type { VisionStatus } from '../../control/box-control.js';
import type { LogLevel } from '../../host/pino-logger.js';
import type { Order, Report, VisionPlan } from '../../vision/protocol.js';
import { spawnVisionProcess, type VisionProcess } from './vision-process.js';

const retryPolicy = { baseMs: 500, capMs: 30_000, sustainedMs: 20_000 };
/** Restarts in a row without sustained progress after which the slot counts as degraded; it goes on trying. */
const restartBudget = 5;
/** A process that neither reported progress nor ended for this long hangs and is replaced. */
const silenceMs = 30_000;
const stopGraceMs = 6_000;

type Phase = VisionStatus['state'];

/**
 * One place in which a vision process runs. Whatever ends the process, another follows after a backoff that starts over
 * only on sustained progress; cameras of other slots do not notice.
 */
export class VisionSlot {
  readonly #index: number;
  readonly #plan: VisionPlan;
  #logLevel: LogLevel;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #retry: RetrySchedule;
  readonly #onReport: (report: Report) => void;
  readonly #onDown: () => void;
  #phase: Phase = 'starting';
  #process: VisionProcess | undefined;
  #ready: Extract<Report, { type: 'ready' }> | undefined;
  #lastFailure: string | undefined;
  #failure: Extract<Report, { type: 'failed' }> | undefined;
  #restarts = 0;
  #lastReportMs = 0;

  constructor(options: {
    readonly index: number;
    readonly plan: VisionPlan;
    readonly logLevel: LogLevel;
    readonly clock: Clock;
    readonly random: Random;
    readonly logger: Logger;
    onReport(report: Report): void;
    /** The process ended: what was asked of it will not be answered. */
    onDown(): void;
  }) {
    this.#index = options.index;
    this.#plan = options.plan;
    this.#logLevel = options.logLevel;
    this.#clock = options.clock;
    this.#logger = options.logger.child({ visionProcess: options.index });
    this.#retry = new RetrySchedule(retryPolicy, options.clock, options.random);
    this.#onReport = options.onReport;
    this.#onDown = options.onDown;
  }

  get isRunning(): boolean {
    return this.#phase === 'running';
  }

  /** The failure the process itself named before it ended, until one becomes ready. */
  get failure(): Extract<Report, { type: 'failed' }> | undefined {
    return this.#failure;
  }

  status(): VisionStatus {
    return {
      index: this.#index,
      state: this.#phase,
      restarts: this.#restarts,
      ...(this.#process === undefined ? {} : { pid: this.#process.pid }),
      ...(this.#ready === undefined
        ? {}
        : {
            provider: this.#ready.provider,
            recogniser: this.#ready.recogniser,
            ffmpegVersion: this.#ready.ffmpegVersion,
          }),
      ...(this.#lastFailure === undefined ? {} : { lastFailure: this.#lastFailure }),
    };
  }

  send(order: Order, attachment?: Uint8Array): void {
    this.#process?.send(order, attachment);
  }

  /** For the process that runs and those that follow it. */
  setLogLevel(level: LogLevel): void {
    this.#logLevel = level;
    this.send({ type: 'log-level', level });
  }

  /** Keeps a process running until `signal` aborts, then ends it. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const reason = await this.#runOnce(signal);
      if (signal.aborted) return;
      this.#lastFailure = this.#failure?.message ?? reason;
      const waitMs = this.#retry.failed();
      this.#restarts += 1;
      this.#phase = this.#retry.failures > restartBudget ? 'degraded' : 'restarting';
      this.#logger.error('a vision process ended and will be restarted', {
        reason: this.#lastFailure,
        remedy: this.#failure?.remedy,
        restarts: this.#restarts,
        waitMs: Math.round(waitMs),
      });
      await sleep(this.#clock, waitMs, signal).catch((error: unknown) => {
        this.#logger.debug('the wait for a restart was cut short', { reason: messageOf(error) });
      });
    }
  }

  async #runOnce(signal: AbortSignal): Promise<string> {
    const child = spawnVisionProcess({
      logger: this.#logger,
      onReport: (report) => this.#report(report),
    });
    this.#process = child;
    this.#ready = undefined;
    this.#failure = undefined;
    this.#lastReportMs = this.#clock.monotonicMs();
    child.send({ type: 'log-level', level: this.#logLevel });
    child.send({ type: 'start', plan: this.#plan });
    const stop = (): void => void child.stop(stopGraceMs);
    signal.addEventListener('abort', stop, { once: true });
    const watch = this.#watchSilence(child);
    const reason = await child.ended;
    watch.cancel();
    signal.removeEventListener('abort', stop);
    this.#process = undefined;
    this.#onDown();
    return reason;
  }

  #report(report: Report): void {
    this.#lastReportMs = this.#clock.monotonicMs();
    if (report.type === 'ready') {
      this.#ready = report;
      this.#failure = undefined;
      this.#phase = 'running';
      const { provider } = report;
      this.#logger.info('a vision process is ready', { pid: this.#process?.pid, provider });
      if (provider.warning !== undefined) {
        this.#logger.warn('inference does not run on what was hoped for', { ...provider });
      }
    } else if (report.type === 'failed') {
      this.#failure = report;
    } else if (report.type === 'progress') {
      this.#retry.progressed();
    }
    this.#onReport(report);
  }

  #watchSilence(child: VisionProcess): { cancel(): void } {
    let isCancelled = false;
    const check = (): void => {
      if (isCancelled) return;
      if (this.#clock.monotonicMs() - this.#lastReportMs > silenceMs) {
        this.#logger.error('a vision process is silent and is ended', { pid: child.pid, silenceMs });
        void child.stop(0);
        return;
      }
      timer = this.#clock.after(silenceMs / 4, check);
    };
    let timer = this.#clock.after(silenceMs / 4, check);
    return {
      cancel() {
        isCancelled = true;
        timer.cancel();
      },
    };
  }
}
