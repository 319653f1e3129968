import type { Clock } from '../base/clock.js';
import { messageOf, type RollcallError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';

export interface OutageLogOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** May throw; the log then says why. */
  readonly outboxDepth: () => number;
}

/** Says once that the broker cannot be used, again when the reason changes, and once that it is back. */
export class OutageLog {
  readonly #options: OutageLogOptions;
  #outage: { readonly sinceMs: number; readonly code: string; readonly attempts: number } | undefined;

  constructor(options: OutageLogOptions) {
    this.#options = options;
  }

  failed(error: RollcallError): void {
    const { clock, logger } = this.#options;
    const before = this.#outage;
    this.#outage = {
      sinceMs: before?.sinceMs ?? clock.monotonicMs(),
      code: error.code,
      attempts: (before?.attempts ?? 0) + 1,
    };
    if (before?.code === error.code) return;
    const fields = {
      code: error.code,
      reason: error.message,
      remedy: error.remedy,
      outboxDepth: this.#depth(),
    };
    if (error.retryable) logger.warn('events wait in the outbox: the broker cannot be used', fields);
    else logger.error('events wait in the outbox: the broker cannot be used', fields);
  }

  connected(fields: { readonly mqttVersion: string }): void {
    const { clock, logger } = this.#options;
    const outage = this.#outage;
    this.#outage = undefined;
    const known = { ...fields, outboxDepth: this.#depth() };
    if (!outage) {
      logger.info('connected to the broker', known);
      return;
    }
    const outageS = Math.round((clock.monotonicMs() - outage.sinceMs) / 1000);
    logger.info('connected to the broker again', { ...known, outageS, attempts: outage.attempts });
  }

  #depth(): number | string {
    try {
      return this.#options.outboxDepth();
    } catch (error) {
      return messageOf(error);
    }
  }
}
