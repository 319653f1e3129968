import { Allowance } from '../../base/allowance.js';
import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';

/** Lines of the log. */
const lines = { most: 1, everyMs: 60_000 };

/** Says at most once a minute that something failed, and how often it did unsaid before: a full disk fails everything. */
export class FailureLog {
  readonly #logger: Logger;
  readonly #message: string;
  readonly #lines: Allowance;

  constructor(message: string, { clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#logger = logger;
    this.#message = message;
    this.#lines = new Allowance(clock, lines);
  }

  failed(error: unknown): void {
    if (!this.#lines.take()) return;
    const notLogged = this.#lines.takeRefused();
    this.#logger.error(this.#message, { error, ...(notLogged === 0 ? {} : { notLogged }) });
  }
}
