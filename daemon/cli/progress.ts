import { systemClock } from '../host/system-clock.js';
import { type Clock, sleep, type Timer } from '../kernel/clock.js';

/** Time between two updates: on a terminal, which rewrites one line, and in a log, which gets a new line each time. */
const TERMINAL_MS = 1000;
const LOG_MS = 15_000;
/** Time between two requests to the daemon. */
const ASK_MS = 500;
/** The remaining time is estimated after this much work. */
const LEAST_MEASURED_MS = 3000;

export interface ProgressOptions {
  /** The work that is under way: `importing rows`. */
  readonly title: string;
  /** With `--json` no progress is written. */
  readonly isJson: boolean;
  readonly output?: { readonly isTTY?: boolean; write(text: string): unknown };
  readonly clock?: Clock;
}

/**
 * Shows the progress of long work on standard error, with an estimate of the remaining time. On a terminal it rewrites one
 * line and clears it at the end; elsewhere it writes a line from time to time. Dispose of it when the work has ended.
 */
export class Progress implements Disposable {
  readonly #title: string;
  readonly #output: NonNullable<ProgressOptions['output']>;
  readonly #clock: Clock;
  readonly #startedMs: number;
  #timer: Timer | undefined;
  #counts: { readonly done: number; readonly total: number; readonly step: string } | undefined;
  /** The first count. Work done before it does not count for the speed. */
  #first: { readonly done: number; readonly atMs: number } | undefined;

  constructor({ title, isJson, output = process.stderr, clock = systemClock }: ProgressOptions) {
    this.#title = title;
    this.#output = output;
    this.#clock = clock;
    this.#startedMs = clock.monotonicMs();
    if (!isJson) this.#wait();
  }

  /** `step` describes the current step. */
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

/** Shows progress while `work` runs. */
export async function withProgress<T>(
  options: ProgressOptions,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  using progress = new Progress(options);
  return await work(progress);
}

const mebibyte = 2 ** 20;

/** Bytes in whole MiB, for a progress line. */
export function inMiB(
  doneBytes: number,
  totalBytes: number,
): { readonly done: number; readonly total: number } {
  return { done: Math.floor(doneBytes / mebibyte), total: Math.ceil(totalBytes / mebibyte) };
}

/** Progress that the daemon reports. */
export interface WorkProgress {
  readonly done: number;
  readonly total: number;
  readonly step?: string;
}

/** Shows the progress of work that the daemon does. Asks the daemon from time to time; a failed request is ignored. */
export function withDaemonProgress<T>(
  options: ProgressOptions,
  ask: () => Promise<WorkProgress | undefined>,
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
  ask: () => Promise<WorkProgress | undefined>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const nothing = (): undefined => undefined;
  for (;;) {
    await sleep(clock, ASK_MS, signal).catch(nothing);
    if (signal.aborted) return;
    const current = await ask().catch(nothing);
    if (current !== undefined) progress.update(current.done, current.total, current.step);
  }
}

/** `40 s`, `3 min`, `2 h 5 min`. */
function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
