import { type Clock, sleep, type Timer } from '../base/clock.js';
import { systemClock } from '../host/system-clock.js';

/** Time between two lines: on a terminal, where the line is rewritten, and elsewhere. */
const TERMINAL_MS = 1000;
const LOG_MS = 15_000;
/** Time between two questions to the daemon. */
const ASK_MS = 500;
/** An estimate needs some work to go by. */
const LEAST_MEASURED_MS = 3000;

export interface ProgressOptions {
  /** What is being done: `importing rows`. */
  readonly title: string;
  /** With `--json` no line is written. */
  readonly isJson: boolean;
  readonly output?: { readonly isTTY?: boolean; write(text: string): unknown };
  readonly clock?: Clock;
}

/**
 * Says on standard error how far long work is, and about how long it will still take: on a terminal in one line that is
 * rewritten and gone in the end, elsewhere with a line every so often. Dispose of it when the work has ended.
 */
export class Progress implements Disposable {
  readonly #title: string;
  readonly #output: NonNullable<ProgressOptions['output']>;
  readonly #clock: Clock;
  readonly #startedMs: number;
  #timer: Timer | undefined;
  #counts: { readonly done: number; readonly total: number; readonly step: string } | undefined;
  /** Where the counting began: what was done before says nothing about the speed. */
  #first: { readonly done: number; readonly atMs: number } | undefined;

  constructor({ title, isJson, output = process.stderr, clock = systemClock }: ProgressOptions) {
    this.#title = title;
    this.#output = output;
    this.#clock = clock;
    this.#startedMs = clock.monotonicMs();
    if (!isJson) this.#wait();
  }

  /** `step` says what is done at this moment. */
  update(done: number, total: number, step?: string): void {
    this.#counts = { done, total, step: step === undefined ? '' : `; ${step}` };
    this.#first ??= { done, atMs: this.#clock.monotonicMs() };
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    if (this.#timer !== undefined && this.#output.isTTY === true) this.#output.write('\r\x1b[K');
    this.#timer = undefined;
  }

  #wait(): void {
    const isTerminal = this.#output.isTTY === true;
    this.#timer = this.#clock.after(isTerminal ? TERMINAL_MS : LOG_MS, () => {
      this.#output.write(isTerminal ? `\r\x1b[K${this.#text()}` : `${this.#text()}\n`);
      this.#wait();
    });
  }

  #text(): string {
    if (this.#counts === undefined) {
      return `${this.#title}: ${duration(this.#clock.monotonicMs() - this.#startedMs)} so far`;
    }
    const { done, total, step } = this.#counts;
    const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
    return `${this.#title}: ${done} of ${total} (${percent} %)${this.#estimate(done, total)}${step}`;
  }

  #estimate(done: number, total: number): string {
    if (this.#first === undefined) return '';
    const measuredMs = this.#clock.monotonicMs() - this.#first.atMs;
    const measured = done - this.#first.done;
    if (measured <= 0 || measuredMs < LEAST_MEASURED_MS || done >= total) return '';
    return `, about ${duration((measuredMs / measured) * (total - done))} left`;
  }
}

/** Work with its progress, whose line is gone when this resolves. */
export async function withProgress<T>(
  options: ProgressOptions,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  using progress = new Progress(options);
  return await work(progress);
}

const mebibyte = 2 ** 20;

/** Bytes as a line of progress shows them: in whole MiB. */
export function inMiB(
  doneBytes: number,
  totalBytes: number,
): { readonly done: number; readonly total: number } {
  return { done: Math.floor(doneBytes / mebibyte), total: Math.ceil(totalBytes / mebibyte) };
}

/** How far work is, as the daemon tells it. */
export interface ToldProgress {
  readonly done: number;
  readonly total: number;
  readonly step?: string;
}

/**
 * The same for work of the daemon: until it has ended, the daemon is asked every so often how far it is. The work goes on where
 * the daemon cannot tell.
 */
export function withProgressOf<T>(
  options: ProgressOptions,
  ask: () => Promise<ToldProgress | undefined>,
  work: () => Promise<T>,
): Promise<T> {
  return withProgress(options, async (progress) => {
    const ended = new AbortController();
    if (!options.isJson) void keepAsking(progress, ask, options.clock ?? systemClock, ended.signal);
    try {
      return await work();
    } finally {
      ended.abort();
    }
  });
}

async function keepAsking(
  progress: Progress,
  ask: () => Promise<ToldProgress | undefined>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const nothing = (): undefined => undefined;
  for (;;) {
    await sleep(clock, ASK_MS, signal).catch(nothing);
    if (signal.aborted) return;
    const told = await ask().catch(nothing);
    if (told !== undefined) progress.update(told.done, told.total, told.step);
  }
}

/** `40 s`, `3 min`, `2 h 5 min`. */
function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
