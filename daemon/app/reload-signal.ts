import { messageOf, operational } from '../base/errors.js';
import type { ReloadResult, ReloadStatus } from '../control/box-control.js';
import type { AdjustableLogger } from '../host/pino-logger.js';
import { systemClock as clock } from '../host/system-clock.js';
import type { ReplaceableParts } from './parts.js';
import { reload } from './reload.js';

/** What a reload works on, once the daemon runs. */
export interface ReloadTarget {
  readonly configPath: string;
  readonly parts: ReplaceableParts;
  readonly logger: AdjustableLogger;
  /** Aborts when the daemon ends. */
  readonly signal: AbortSignal;
}

/**
 * Reads the configuration again at each SIGHUP, one reload at a time. The signal is taken from the moment this is made,
 * since unhandled it ends a process; what comes before `serve` is done then. A failed reload is told and changes nothing.
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

  /** What the latest reload came to; undefined where there was none. */
  get last(): ReloadStatus | undefined {
    return this.#last;
  }

  /** Calls back with what each reload came to. */
  onResult(listener: (result: ReloadResult) => void): void {
    this.#listeners.push(listener);
  }

  /** Reads the configuration again now, as at a signal. @throws `starting` (retryable) before `serve` */
  request(): Promise<ReloadResult> {
    const target = this.#target;
    if (target === undefined) {
      throw operational('starting', 'the daemon has not finished starting', { retryable: true });
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

  async #reload({ configPath, parts, logger, signal }: ReloadTarget): Promise<ReloadResult> {
    const result = await reload(configPath, parts, { logger, signal }).catch(
      (error: unknown): ReloadResult => {
        logger.error('the reload failed', { error });
        return { outcome: 'refused', problems: [messageOf(error)] };
      },
    );
    logger.setLevel(parts.config.logging.level);
    this.#last = { at: new Date(clock.wallMs()).toISOString(), ...result };
    for (const tell of this.#listeners) tell(result);
    return result;
  }
}
