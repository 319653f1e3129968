import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Caller } from '../../contract/caller.js';
import { type RateClass, rateClasses } from '../../contract/operation.js';
import { networkOf } from '../../host/network-of.js';
import type { Clock, Timer } from '../../kernel/clock.js';
import type { RollcallError } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { refusal } from '../../words/errors.js';
import type { CountsFile } from './counts-file.js';

/** Requests in a minute, by class. */
export type RateFigures = Readonly<Record<RateClass, number>>;

const windowS = 60;
/** People in one office share an address. Without a login, the address is all that is known. */
const addressFactor = 5;
/** The most accounts, and the most addresses, that a class counts. The one counted longest is forgotten first. */
export const mostKeys = 10_000;
/** Counts of the last seconds are lost when the process is killed. */
const saveEveryMs = 5_000;

export interface RateLimitsOptions {
  readonly figures: () => RateFigures;
  /** Keeps counts over restarts; undefined: in memory only. */
  readonly file: CountsFile | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What is left of a limit. */
interface Standing {
  readonly limit: number;
  readonly remaining: number;
  readonly resetS: number;
}

/** Counts requests in windows of a minute: for each class by account and by address. */
export class RateLimits implements AsyncDisposable {
  readonly #options: RateLimitsOptions;
  readonly #counters = new Map<string, Counter>();
  #timer: Timer | undefined;
  #isEnded = false;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: RateLimitsOptions) {
    this.#options = options;
    for (const rateClass of rateClasses) {
      for (const kind of ['account', 'address', 'unknown']) {
        this.#counters.set(`${rateClass} ${kind}`, new Counter());
      }
    }
    for (const { counter, key, points, expiresAtMs } of options.file?.load(Date.now()) ?? []) {
      this.#counters.get(counter)?.restore(key, points, expiresAtMs);
    }
    this.#saveLater();
  }

  /**
   * Counts a request. Returns the headers that tell the caller what is left.
   * @throws `rate-limited`
   */
  async count(rateClass: RateClass, caller: Caller): Promise<Readonly<Record<string, string>>> {
    const limit = this.#options.figures()[rateClass];
    const isKnown = caller.userId !== undefined || caller.address === undefined || caller.scopes.size > 0;
    const standings: Standing[] = [];
    if (isKnown) standings.push(await this.#take(`${rateClass} account`, caller.actor, limit));
    if (caller.address !== undefined) {
      const [kind, factor] = isKnown ? ['address', addressFactor] : ['unknown', 1];
      standings.push(
        await this.#take(`${rateClass} ${kind}`, networkOf(caller.address), limit * Number(factor)),
      );
    }
    const tightest = standings.reduce((a, b) => (b.remaining < a.remaining ? b : a));
    if (tightest.remaining < 0) throw rateLimited(tightest);
    return rateHeaders(tightest);
  }

  /** Writes what has changed to the file. */
  save(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#save());
    return this.#saving;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    this.#timer?.cancel();
    await this.save();
    for (const counter of this.#counters.values()) counter.clear();
    this.#options.file?.close();
  }

  #take(name: string, key: string, limit: number): Promise<Standing> {
    const counter = this.#counters.get(name);
    if (counter === undefined) throw new RangeError(`there is no counter ${name}`);
    return counter.take(key, limit);
  }

  #saveLater(): void {
    if (this.#options.file === undefined || this.#isEnded) return;
    this.#timer = this.#options.clock.after(
      saveEveryMs,
      () => void this.save().then(() => this.#saveLater()),
    );
  }

  async #save(): Promise<void> {
    const { file, logger } = this.#options;
    if (file === undefined) return;
    const changed = [...this.#counters].flatMap(([name, counter]) => counter.takeChanged(name));
    try {
      await file.save(changed, Date.now());
    } catch (error) {
      logger.warn('the counts of requests could not be stored; a restart forgets them', { error });
    }
  }
}

/** The counts of one class and one kind of key. */
class Counter {
  readonly #limiter = new RateLimiterMemory({
    points: Number.MAX_SAFE_INTEGER,
    duration: windowS,
    keyPrefix: '',
  });
  /** When the window of each key ends, ms since the Unix epoch; the oldest first. */
  readonly #ends = new Map<string, number>();
  readonly #changed = new Map<string, number>();

  async take(key: string, limit: number): Promise<Standing> {
    // The limit is applied here, because it may change while windows run.
    const found = await this.#limiter.consume(key);
    if (found.isFirstInDuration) this.#remember(key, Date.now() + found.msBeforeNext);
    this.#changed.set(key, found.consumedPoints);
    return {
      limit,
      remaining: limit - found.consumedPoints,
      resetS: Math.max(1, Math.ceil(found.msBeforeNext / 1000)),
    };
  }

  restore(key: string, points: number, expiresAtMs: number): void {
    const storage = [{ key, value: points, expiresAt: expiresAtMs }];
    if (this.#limiter.restore({ version: 1, storage })?.restored === 1) this.#remember(key, expiresAtMs);
  }

  takeChanged(counter: string) {
    const rows = [...this.#changed].map(([key, points]) => ({
      ...{ counter, key, points },
      expiresAtMs: this.#ends.get(key) ?? 0,
    }));
    this.#changed.clear();
    return rows;
  }

  clear(): void {
    for (const key of this.#ends.keys()) void this.#limiter.delete(key);
    this.#ends.clear();
  }

  #remember(key: string, endMs: number): void {
    // Moves a key whose window began again to the end.
    this.#ends.delete(key);
    this.#ends.set(key, endMs);
    const now = Date.now();
    for (const [old, oldEndMs] of this.#ends) {
      if (oldEndMs > now && this.#ends.size <= mostKeys) return;
      this.#ends.delete(old);
      this.#changed.delete(old);
      void this.#limiter.delete(old);
    }
  }
}

function rateLimited({ limit, resetS }: Standing): RollcallError {
  return refusal(
    'rate-limited',
    { limit, resetS },
    { details: { limit, retryAfterS: resetS }, retryable: true },
  );
}

/** The headers of the IETF draft "RateLimit header fields for HTTP", and the older names. Times are seconds. */
export function rateHeaders({ limit, remaining, resetS }: Standing): Readonly<Record<string, string>> {
  const values = [
    ['Limit', limit],
    ['Remaining', Math.max(0, remaining)],
    ['Reset', resetS],
  ] as const;
  return Object.fromEntries(
    values.flatMap(([name, value]) => [
      [`RateLimit-${name}`, String(value)],
      [`X-RateLimit-${name}`, String(value)],
    ]),
  );
}
