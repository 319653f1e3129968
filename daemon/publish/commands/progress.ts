import type { Clock } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { type RecordEvent, replyNotice } from './command-replies.js';

/** No more than one in this time, milliseconds. */
const everyMs = 1_000;

export interface ProgressOptions {
  readonly commandId: string;
  readonly command: string;
  readonly clock: Clock;
  readonly record: RecordEvent;
  readonly logger: Logger;
}

/** Tells the centre how far a command is. */
export class Progress {
  readonly #about: ProgressOptions;
  #lastMs: number | undefined;
  #hasEnded = false;

  constructor(about: ProgressOptions) {
    this.#about = about;
  }

  say(result: Readonly<Record<string, unknown>>): void {
    const { commandId, command, clock, record, logger } = this.#about;
    const nowMs = clock.monotonicMs();
    if (this.#hasEnded || (this.#lastMs !== undefined && nowMs - this.#lastMs < everyMs)) return;
    this.#lastMs = nowMs;
    try {
      record(replyNotice({ commandId, command, outcome: 'progress', result }, clock));
    } catch (error) {
      // The command itself must not fail for it.
      logger.warn('the progress of a command could not be recorded', { reason: messageOf(error) });
    }
  }

  /** Nothing may follow the answer. */
  end(): void {
    this.#hasEnded = true;
  }
}
