import type { Clock } from '../kernel/clock.js';
import type { Logger } from '../kernel/logger.js';
import { TokenBucket } from '../kernel/token-bucket.js';

/** One request, as the log has it: without query, headers and body, which may hold secrets. */
interface AccessEntry {
  readonly requestId: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly status: number;
  /** Of the answer's body, as sent. */
  readonly bytes: number;
  readonly ms: number;
  readonly address: string;
  readonly protocol: string;
  /** Why the gate itself answered, or why the answer is not whole. */
  readonly note?: string | undefined;
}

/** What an answer was. */
export type Outcome = Pick<AccessEntry, 'status' | 'bytes' | 'note'>;

/** The status is that of no answer; web servers log it so. */
export const callerGone: Outcome = { status: 499, bytes: 0, note: 'caller-gone' };

const longestPath = 200;
/** Lines in a burst, and one more each 10 ms: a flood of requests does not fill the journal. */
const lineAllowance = { most: 500, everyMs: 10 };

/** Writes a line for each request. Under a flood it leaves lines out and says how many. */
export class AccessLog {
  readonly #logger: Logger;
  readonly #lines: TokenBucket;

  constructor(clock: Clock, logger: Logger) {
    this.#logger = logger;
    this.#lines = new TokenBucket(clock, lineAllowance);
  }

  write(entry: AccessEntry): void {
    if (!this.#lines.take()) return;
    const omitted = this.#lines.takeRefused();
    if (omitted > 0) this.#logger.warn('requests were too many to log each', { omitted });
    const { note, ...fields } = {
      ...entry,
      path: entry.path.slice(0, longestPath),
      ms: Math.round(entry.ms),
    };
    this.#logger.info('request', note === undefined ? fields : { ...fields, note });
  }
}
