import type { ReloadResult, ReloadStatus } from '../../contract/status.js';
import type { AdjustableLogger } from '../../host/pino-logger.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { messageOf } from '../../kernel/errors.js';
import { failure } from '../../words/errors.js';
import { type ReloadOptions, reload } from './reload.js';
import type { Runtime } from './runtime.js';

/** The running daemon that a reload changes. */
export interface ReloadTarget extends ReloadOptions {
  readonly configPath: string;
  readonly runtime: Runtime;
  readonly logger: AdjustableLogger;
}

/**
 * Reads the configuration again at each SIGHUP, one reload at a time. Handles the signal from its construction, because an
 * unhandled SIGHUP kills the process; a signal before `serve` is served then. A failed reload is reported and changes nothing.
 */
export class ReloadOnHangup implements AsyncDisposable {
  #target: ReloadTarget | undefined;
  #isWanted = false;
  #turn: Promise<unknown> = Promise.resolve();
  #last: ReloadStatus | undefined;
  readonly #listeners: ((result: ReloadResult) => void)[] = [];

  constructor() {
    process.on('SIGHUP', this.#onSignal);
  }

  /** Outcome of the latest reload; undefined before the first. */
  get last(): ReloadStatus | undefined {
    return this.#last;
  }

  /** The daemon starts with an earlier configuration, because the present one has these problems. */
  refusedAtStart(problems: readonly string[]): void {
    this.#last = { at: new Date(clock.wallMs()).toISOString(), outcome: 'refused', problems };
  }

  /** Calls back with the outcome of each reload. */
  onResult(listener: (result: ReloadResult) => void): void {
    this.#listeners.push(listener);
  }

  /** Reloads now, as a signal does. @throws `starting` (retryable) before `serve` */
  request(): Promise<ReloadResult> {
    const target = this.#target;
    if (target === undefined) {
      throw failure('starting', {}, { retryable: true });
    }
    return this.#queue(target);
  }

  serve(target: ReloadTarget): void {
    this.#target = target;
    if (this.#isWanted) this.#onSignal();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('SIGHUP', this.#onSignal);
    await this.#turn;
  }

  readonly #onSignal = (): void => {
    const target = this.#target;
    if (target === undefined) this.#isWanted = true;
    else void this.#queue(target);
  };

  #queue(target: ReloadTarget): Promise<ReloadResult> {
    const result = this.#turn.then(() => this.#reload(target));
    this.#turn = result;
    return result;
  }

  async #reload({ configPath, runtime, ...options }: ReloadTarget): Promise<ReloadResult> {
    const { logger } = options;
    const result = await reload(configPath, runtime, options).catch((error: unknown): ReloadResult => {
      logger.error('the reload failed', { error });
      return { outcome: 'refused', problems: [messageOf(error)] };
    });
    logger.setLevel(runtime.config.logging.level);
    this.#last = { at: new Date(clock.wallMs()).toISOString(), ...result };
    for (const listener of this.#listeners) listener(result);
    return result;
  }
}
