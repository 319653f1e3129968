import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OpenDatabase } from '../../host/sqlite.js';
import { type Clock, sleep } from '../../kernel/clock.js';
import { isRollcallError, messageOf, type RollcallError } from '../../kernel/errors.js';
import type { JobEnd } from '../../kernel/gallery/gallery-job.js';
import type { Logger } from '../../kernel/logger.js';
import { failure } from '../../words/errors.js';
import { explainGalleryError } from './gallery-file.js';
import { galleryDamaged } from './keys/key-slots.js';

/** Delays between tries: doubled after each failure, up to the longest. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

/** A long piece of work on the gallery: one run at a time, with its progress. Disposal aborts the run and waits for its end. */
export class BackgroundJob<Progress = never> implements AsyncDisposable {
  readonly #abort = new AbortController();
  readonly #stopped: RollcallError;
  #running: Promise<unknown> | undefined;
  #progress: Progress | undefined;

  /** @param stopped the reason of the abort */
  constructor(stopped: RollcallError) {
    this.#stopped = stopped;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** The latest report of the present run. */
  get progress(): Progress | undefined {
    return this.#progress;
  }

  /** Runs `work`. The caller makes sure that no other run is left (`isRunning`). */
  async run<T>(work: (signal: AbortSignal, report: (progress: Progress) => void) => Promise<T>): Promise<T> {
    const running = work(this.#abort.signal, (progress) => {
      this.#progress = progress;
    });
    this.#running = running;
    try {
      return await running;
    } finally {
      this.#running = undefined;
      this.#progress = undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(this.#stopped);
    await Promise.allSettled([this.#running]);
  }
}

export interface RetriedStepsOptions {
  /** The job in log messages: "key rotation". */
  readonly name: string;
  /** The code of an unexpected error. */
  readonly failureCode: 'rotation-failed' | 're-embed-failed';
  /** Path of the gallery file, for error messages. */
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The steps of a job that survives restarts. After an error that is retryable, a step is tried again, with growing delays. */
export class RetriedSteps {
  readonly #options: RetriedStepsOptions;
  #waitMs = FIRST_WAIT_MS;
  #isWaiting = false;
  #problem: RollcallError | undefined;

  constructor(options: RetriedStepsOptions) {
    this.#options = options;
  }

  /** A step failed and has not succeeded since. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Why the job waits or has failed. */
  get problem(): RollcallError | undefined {
    return this.#problem;
  }

  /** The job makes progress again. Each successful step implies this; a long step calls it earlier. */
  clearProblem(): void {
    this.#waitMs = FIRST_WAIT_MS;
    this.#isWaiting = false;
    this.#problem = undefined;
  }

  /** Calls `step` until it returns true, with a turn of the event loop before each call. Never rejects. */
  async run(signal: AbortSignal, step: () => Promise<boolean>): Promise<JobEnd> {
    for (;;) {
      await nextTurn();
      if (signal.aborted) return 'stopped';
      try {
        const isLast = await step();
        this.clearProblem();
        if (isLast) return 'finished';
      } catch (error) {
        if (signal.aborted) return 'stopped';
        if (!this.#notesRetryable(error)) return 'failed';
        const waitMs = this.#waitMs;
        this.#waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
        await pause(this.#options.clock, waitMs, signal);
      }
    }
  }

  /** Logs a problem when it is new. Returns whether another try may help. */
  #notesRetryable(error: unknown): boolean {
    const { name, failureCode, path, logger } = this.#options;
    const explained = explainGalleryError(error, path);
    const problem = isRollcallError(explained)
      ? explained
      : failure(failureCode, { reason: messageOf(explained) }, { cause: explained });
    if (this.#problem?.code !== problem.code) {
      if (problem.retryable) logger.warn(`${name} waits`, { error: problem });
      else logger.error(`${name} failed`, { error: problem });
    }
    this.#problem = problem;
    this.#isWaiting = problem.retryable;
    return problem.retryable;
  }
}

/** Sleeps. An abort ends the sleep and is no error. */
export async function pause(clock: Clock, waitMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(clock, waitMs, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** The state of an unfinished job, in a row of the table `job`. */
export class SavedJob<Job> {
  readonly #name: string;
  readonly #description: string;

  /** @param description names the job in errors: "its key rotation" */
  constructor(name: string, description: string) {
    this.#name = name;
    this.#description = description;
  }

  /** Undefined if there is no unfinished job. @throws `gallery-damaged` */
  read({ db }: OpenDatabase): Job | undefined {
    const state = db
      .prepare<[string], string>('SELECT state FROM job WHERE name = ?')
      .pluck()
      .get(this.#name);
    if (state === undefined) return undefined;
    try {
      return JSON.parse(state) as Job;
    } catch (error) {
      throw error instanceof SyntaxError
        ? galleryDamaged(`the saved state of ${this.#description} was altered`)
        : error;
    }
  }

  /** Call it in the transaction that makes the state true. */
  write({ db }: OpenDatabase, job: Job): void {
    const insert = db.prepare('INSERT OR REPLACE INTO job (name, state) VALUES (?, ?)');
    insert.run(this.#name, JSON.stringify(job));
  }

  delete({ db }: OpenDatabase): void {
    db.prepare('DELETE FROM job WHERE name = ?').run(this.#name);
  }
}
