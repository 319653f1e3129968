import type { Clock } from '../../kernel/clock.js';
import type { Logger } from '../../kernel/logger.js';
import { TokenBucket } from '../../kernel/token-bucket.js';

const lines = { most: 1, everyMs: 60_000 };

/** Logs a failure at most once a minute, with the number of unlogged ones: on a full disk every operation fails. */
export class FailureLog {
  readonly #logger: Logger;
  readonly #message: string;
  readonly #lines: TokenBucket;

  constructor(message: string, { clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#logger = logger;
    this.#message = message;
    this.#lines = new TokenBucket(clock, lines);
  }

  failed(error: unknown): void {
    if (!this.#lines.take()) return;
    const notLogged = this.#lines.takeRefused();
    this.#logger.error(this.#message, { error, ...(notLogged === 0 ? {} : { notLogged }) });
  }
}
