import type { BoxStatus } from '../../contract/status.js';
import type { Clock } from '../../kernel/clock.js';
import { isoTime } from '../../kernel/iso-time.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import { Recurring } from '../../kernel/recurring.js';
import type { ConditionPort } from '../delivery/condition-port.js';

export interface ClockWatchOptions {
  readonly conditions: ConditionPort;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether a time server controls the clock; undefined where the system does not tell. */
  readonly isSynchronised: () => Promise<boolean | undefined>;
  /** Wall clock of the newest event of earlier processes, milliseconds since the epoch; undefined without any. */
  readonly lastRecordedMs?: number | undefined;
}

export const checkClockEveryMs = 5_000;
export const askSystemEveryMs = 60_000;
/** Larger than corrections of a time server, which do not jump. A machine that was halted reads both clocks together. */
const toleratedMs = 2_000;
/** Small steps back between two processes are normal: the clock may have been corrected while neither ran. */
const toleratedSinceLastRunMs = 60_000;
/** How long a jump stays in the status: whoever looks once a day sees it. */
const shownMs = 24 * 3_600_000;

/**
 * Watches the wall clock. When it is set, times of events before and after cannot be compared: a condition begins and ends in the same
 * moment, and the status shows the jump for a day. Suspending a machine counts as well, if it stops the monotonic clock. A process that
 * starts before the time of what is already recorded finds that the clock was set back in between.
 */
export class ClockWatch implements AsyncDisposable {
  readonly #options: ClockWatchOptions;
  readonly #checks: Recurring;
  readonly #questions: Recurring;
  #offsetMs: number | undefined;
  #jump: { readonly atMs: number; readonly seenMs: number; readonly byS: number } | undefined;
  #isSynchronised: boolean | undefined;

  constructor(options: ClockWatchOptions) {
    this.#options = options;
    const { clock, logger } = options;
    const onFailure = (error: unknown): void => logger.error('the clock cannot be watched', { error });
    this.#checks = new Recurring({
      ...{ clock, everyMs: checkClockEveryMs, onFailure },
      work: () => this.#check(),
    });
    this.#questions = new Recurring({
      ...{ clock, everyMs: askSystemEveryMs, onFailure },
      work: async () => {
        this.#isSynchronised = await options.isSynchronised();
      },
    });
  }

  start(): this {
    this.#checks.start();
    this.#questions.start();
    return this;
  }

  /** Resolves when the running checks are done. */
  async settled(): Promise<void> {
    await this.#checks.settled();
    await this.#questions.settled();
  }

  status(): NonNullable<BoxStatus['clock']> {
    const jump = this.#jump;
    const isShown = jump !== undefined && this.#options.clock.monotonicMs() - jump.seenMs < shownMs;
    const lastJump = isShown ? { at: isoTime(jump.atMs), byS: jump.byS } : undefined;
    return present({ isSynchronised: this.#isSynchronised, lastJump });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#checks[Symbol.asyncDispose]();
    await this.#questions[Symbol.asyncDispose]();
  }

  #check(): void {
    const { clock, conditions } = this.#options;
    const offsetMs = clock.wallMs() - clock.monotonicMs();
    // The first check ends a condition that a kill left active.
    if (this.#offsetMs === undefined) conditions.end('clock-jumped');
    const jumpMs = this.#offsetMs === undefined ? this.#setBackSinceLastRunMs() : offsetMs - this.#offsetMs;
    if (Math.abs(jumpMs) > toleratedMs) {
      const byS = Math.round(jumpMs / 1000);
      this.#jump = { atMs: clock.wallMs(), seenMs: clock.monotonicMs(), byS };
      conditions.begin('clock-jumped', { byS });
      conditions.end('clock-jumped', { byS });
    }
    // Slow corrections must not add up to a jump.
    this.#offsetMs = offsetMs;
  }

  /** Negative, or 0 where the clock is not behind what is recorded. */
  #setBackSinceLastRunMs(): number {
    const { clock, lastRecordedMs = Number.NEGATIVE_INFINITY } = this.#options;
    const backMs = clock.wallMs() - lastRecordedMs;
    return backMs < -toleratedSinceLastRunMs ? backMs : 0;
  }
}
