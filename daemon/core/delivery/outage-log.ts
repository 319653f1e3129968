import type { Clock } from '../../kernel/clock.js';
import { messageOf, type RollcallError } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';

export interface OutageLogOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** May throw; the log then shows the reason. */
  readonly outboxDepth: () => number;
}

/** Logs an outage of the broker once, again when its reason changes, and once when the broker is back. */
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
    const { code, message: reason, remedy } = error;
    const fields = { code, reason, remedy, outboxDepth: this.#depth() };
    if (error.retryable) logger.warn('the broker cannot be used; events wait in the outbox', fields);
    else logger.error('the broker cannot be used; events wait in the outbox', fields);
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
