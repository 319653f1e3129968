import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../../kernel/clock.js';
import type { JobEnd, ReEmbedState } from '../../../kernel/gallery/gallery-job.js';
import type { PersonId } from '../../../kernel/ids.js';
import type { Logger } from '../../../kernel/logger.js';
import { failure } from '../../../words/errors.js';
import { BackgroundJob, pause, RetriedSteps } from '../background-job.js';
import type { GalleryFile } from '../gallery-file.js';
import type { KeyRing } from '../keys/key-ring.js';
import { deleteReEmbedJob, type ReEmbedJob, type ReEmbedProgress } from './re-embed-job.js';
import { ReEmbedRows } from './re-embed-rows.js';
import {
  type OpenEmbedder,
  type PhotographEmbedder,
  type ReEmbedStepContext,
  reEmbedPhotograph,
} from './re-embed-step.js';

/** Interval between checks for new photographs after all are done. */
const CHECK_EVERY_MS = 1_000;

export interface ReEmbedContext {
  readonly file: GalleryFile;
  readonly ring: KeyRing;
  readonly openEmbedder: OpenEmbedder;
  readonly report: ReEmbedStepContext['report'];
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Counts {
  made: number;
  refused: number;
  total: number;
}

/** A move to another recogniser under way. Disposal stops it; it continues when the gallery is next opened. */
export class ReEmbedRun implements AsyncDisposable {
  /** Resolves when the move was stopped or cancelled or has failed. Never rejects. */
  readonly ended: Promise<void>;
  readonly #context: ReEmbedContext;
  readonly #rows: ReEmbedRows;
  readonly #background = new BackgroundJob(failure('re-embed-stopped'));
  readonly #retried: RetriedSteps;
  #job: ReEmbedJob;
  /** What the move does while nothing is in its way. */
  #phase: 'working' | 'ready' | 'incomplete' | 'cancelling' = 'working';
  #outcome: JobEnd | undefined;
  #counts: Counts = { made: 0, refused: 0, total: 0 };
  #missing: readonly PersonId[] = [];
  #embedder: PhotographEmbedder | undefined;

  /** Begins in the next turn of the event loop. Takes ownership of `embedder`. */
  constructor(context: ReEmbedContext, job: ReEmbedJob, embedder?: PhotographEmbedder) {
    const { file, clock, logger } = context;
    this.#context = context;
    this.#job = job;
    this.#embedder = embedder;
    this.#rows = new ReEmbedRows(file.database);
    this.#retried = new RetriedSteps({
      name: 'move to another recogniser',
      failureCode: 're-embed-failed',
      path: file.database.path,
      clock,
      logger,
    });
    this.ended = this.#run();
  }

  get progress(): ReEmbedProgress {
    const { from, to, recogniserName, startedAtMs, acceptsMissing } = this.#job;
    const about = { from, to, recogniserName, startedAtMs, acceptsMissing };
    return {
      ...about,
      ...this.#counts,
      state: this.#state,
      missing: this.#missing,
      problem: this.#retried.problem,
    };
  }

  get job(): ReEmbedJob {
    return this.#job;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#background[Symbol.asyncDispose]();
    await this.ended;
  }

  get #state(): ReEmbedState {
    if (this.#outcome === 'finished') return 'cancelled';
    return this.#outcome ?? (this.#retried.isWaiting ? 'waiting' : this.#phase);
  }

  async #run(): Promise<void> {
    this.#outcome = await this.#background.run(async (signal) => {
      const outcome = await this.#retried.run(signal, () => this.#step(signal));
      await this.#closeEmbedder();
      return outcome;
    });
  }

  /** Embeds every due photograph, then waits for a change of the gallery. True when a cancelled move has been undone. */
  async #step(signal: AbortSignal): Promise<boolean> {
    if (this.#job.phase === 'cancelling') return !this.#cancelSome();
    try {
      const seen = this.#rows.newestAuditEntry();
      await this.#embedDue(signal);
      await this.#waitForChange(seen, signal);
      return false;
    } catch (error) {
      await this.#closeEmbedder();
      throw error;
    }
  }

  /** Embeds every due photograph, then finds the persons without a new template. */
  async #embedDue(signal: AbortSignal): Promise<void> {
    const due = await this.#countPhotographs(signal);
    for (const id of due) {
      signal.throwIfAborted();
      this.#embedder ??= await this.#context.openEmbedder(this.#job.recogniserName, signal);
      const { file, ring, report } = this.#context;
      const outcome = await reEmbedPhotograph({ database: file.database, ring, report }, this.#embedder, id);
      if (outcome === 'gone') this.#counts.total -= 1;
      else this.#counts[outcome] += 1;
      this.#retried.clearProblem();
      this.#phase = 'working';
      await nextTurn();
    }
    this.#missing = await this.#findMissing(signal);
  }

  /** Updates the counts. Returns the ids of the photographs that are due. */
  async #countPhotographs(signal: AbortSignal): Promise<readonly string[]> {
    const due: string[] = [];
    const counts: Counts = { made: 0, refused: 0, total: 0 };
    for (let previousId = ''; ; ) {
      const slice = this.#rows.photographsAfter(previousId, this.#job.to);
      for (const { id, state } of slice) {
        counts.total += 1;
        if (state === 'due') due.push(id);
        else counts[state] += 1;
      }
      const last = slice.at(-1);
      if (last === undefined) break;
      previousId = last.id;
      await nextTurn();
      signal.throwIfAborted();
    }
    this.#counts = counts;
    return due;
  }

  async #findMissing(signal: AbortSignal): Promise<readonly PersonId[]> {
    const found: PersonId[] = [];
    for (let previousId = ''; ; ) {
      const { missing, lastId } = this.#rows.missingAfter(previousId, this.#job);
      found.push(...missing);
      if (lastId === undefined) return found;
      previousId = lastId;
      await nextTurn();
      signal.throwIfAborted();
    }
  }

  /** Waits until a person was enrolled, changed or erased after the audit entry `seen`. Ends the recogniser's process before. */
  async #waitForChange(seen: number, signal: AbortSignal): Promise<void> {
    if (this.#rows.newestAuditEntry() !== seen) return;
    await this.#closeEmbedder();
    this.#retried.clearProblem();
    const isComplete = this.#missing.length === 0 || this.#job.acceptsMissing;
    this.#phase = isComplete ? 'ready' : 'incomplete';
    const { from, to } = this.#job;
    const { clock, logger } = this.#context;
    if (isComplete) logger.info('the move to another recogniser is ready', { from, to });
    else
      logger.warn('some persons have no template of the new recogniser', {
        to,
        missing: this.#missing.length,
      });
    while (!signal.aborted && this.#rows.newestAuditEntry() === seen) {
      await pause(clock, CHECK_EVERY_MS, signal);
    }
  }

  /** Deletes a batch of new templates. False when none was left and the job is deleted. */
  #cancelSome(): boolean {
    this.#phase = 'cancelling';
    const { file } = this.#context;
    const { database, audit } = file;
    const { from, to, by } = this.#job;
    return database.transaction(() => {
      if (this.#rows.deleteOthers(from)) return true;
      deleteReEmbedJob(database);
      audit.append({ by, action: 'gallery.reembed-cancelled', details: { from, to } });
      return false;
    });
  }

  /** An embedder that cannot be closed must not end the move in its place. */
  async #closeEmbedder(): Promise<void> {
    const embedder = this.#embedder;
    this.#embedder = undefined;
    try {
      await embedder?.[Symbol.asyncDispose]();
    } catch (error) {
      this.#context.logger.error('the process of the new recogniser could not be ended', { error });
    }
  }
}
