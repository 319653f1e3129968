import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, sleep } from '../../base/clock.js';
import { isRollcallError, messageOf, operational, type RollcallError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { PersonId } from '../../domain/ids.js';
import type { GalleryFile } from '../gallery-file.js';
import { explainGalleryError } from '../gallery-file.js';
import type { KeyRing } from '../keys/key-ring.js';
import { deleteReEmbedJob, type ReEmbedJob } from './re-embed-job.js';
import type { ReEmbedProgress, ReEmbedState } from './re-embed-progress.js';
import { ReEmbedRows } from './re-embed-rows.js';
import {
  type OpenEmbedder,
  type PhotographEmbedder,
  type ReEmbedStepParts,
  reEmbedPhotograph,
} from './re-embed-step.js';

/** How often it is looked whether somebody was enrolled, once everything is done. */
const LOOK_EVERY_MS = 1_000;
/** Waits between tries where something is in the way: doubling, to at most the second. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

export interface ReEmbedParts {
  readonly file: GalleryFile;
  readonly ring: KeyRing;
  readonly openEmbedder: OpenEmbedder;
  readonly report: ReEmbedStepParts['report'];
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Counts {
  made: number;
  refused: number;
  total: number;
}

/** A move to another recogniser under way. Disposing it stops it where it is; it goes on when the gallery is next opened. */
export class ReEmbedRun implements AsyncDisposable {
  /** Resolves when it stopped, failed or was cancelled. Never rejects. */
  readonly ended: Promise<void>;
  readonly #parts: ReEmbedParts;
  readonly #rows: ReEmbedRows;
  readonly #abort = new AbortController();
  #job: ReEmbedJob;
  #state: ReEmbedState = 'working';
  #problem: RollcallError | undefined;
  #counts: Counts = { made: 0, refused: 0, total: 0 };
  #missing: readonly PersonId[] = [];
  #embedder: PhotographEmbedder | undefined;

  /** Begins in the next turn of the event loop. `embedder` is taken over. */
  constructor(parts: ReEmbedParts, job: ReEmbedJob, embedder?: PhotographEmbedder) {
    this.#parts = parts;
    this.#job = job;
    this.#embedder = embedder;
    this.#rows = new ReEmbedRows(parts.file.database);
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
      problem: this.#problem,
    };
  }

  get job(): ReEmbedJob {
    return this.#job;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(operational('re-embed-stopped', 'the move to another recogniser was stopped'));
    await this.ended;
  }

  async #run(): Promise<void> {
    let waitMs = FIRST_WAIT_MS;
    const { signal } = this.#abort;
    for (;;) {
      await nextTurn();
      if (signal.aborted) break;
      try {
        if (this.#job.phase === 'cancelling') {
          if (this.#cancelSome()) continue;
          this.#state = 'cancelled';
          break;
        }
        const seen = this.#rows.newestAuditEntry();
        await this.#pass();
        waitMs = FIRST_WAIT_MS;
        await this.#rest(seen);
      } catch (error) {
        if (signal.aborted || !this.#isInTheWay(error)) break;
        await this.#closeEmbedder();
        await this.#pause(waitMs);
        waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
      }
    }
    await this.#closeEmbedder();
    if (this.#state !== 'failed' && this.#state !== 'cancelled') this.#state = 'stopped';
  }

  /** Goes through all photographs once, and then through the persons for those without a template. */
  async #pass(): Promise<void> {
    const due = await this.#count();
    for (const id of due) {
      this.#throwIfAborted();
      this.#embedder ??= await this.#parts.openEmbedder(this.#job.recogniserName, this.#abort.signal);
      const { file, ring, report } = this.#parts;
      const outcome = await reEmbedPhotograph({ database: file.database, ring, report }, this.#embedder, id);
      if (outcome === 'gone') this.#counts.total -= 1;
      else this.#counts[outcome] += 1;
      this.#problem = undefined;
      this.#state = 'working';
      await nextTurn();
    }
    this.#missing = await this.#findMissing();
  }

  /** The ids of photographs that are due. */
  async #count(): Promise<readonly string[]> {
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
      this.#throwIfAborted();
    }
    this.#counts = counts;
    return due;
  }

  async #findMissing(): Promise<readonly PersonId[]> {
    const found: PersonId[] = [];
    for (let previousId = ''; ; ) {
      const { missing, lastId } = this.#rows.missingAfter(previousId, this.#job);
      found.push(...missing);
      if (lastId === undefined) return found;
      previousId = lastId;
      await nextTurn();
      this.#throwIfAborted();
    }
  }

  /** Until somebody was enrolled, changed or erased since the audit entry `seen`. The recogniser's process ends meanwhile. */
  async #rest(seen: number): Promise<void> {
    if (this.#rows.newestAuditEntry() !== seen) return;
    await this.#closeEmbedder();
    this.#problem = undefined;
    const isComplete = this.#missing.length === 0 || this.#job.acceptsMissing;
    this.#state = isComplete ? 'ready' : 'incomplete';
    const { from, to } = this.#job;
    const { logger } = this.#parts;
    if (isComplete) logger.info('the move to another recogniser is ready', { from, to });
    else logger.warn('no template could be made of some persons', { to, missing: this.#missing.length });
    while (!this.#abort.signal.aborted && this.#rows.newestAuditEntry() === seen) {
      await this.#pause(LOOK_EVERY_MS);
    }
  }

  /** One batch of what was made for the move; false where nothing is left and the move is forgotten. */
  #cancelSome(): boolean {
    this.#state = 'cancelling';
    const { file } = this.#parts;
    const { database, audit } = file;
    const { from, to, by } = this.#job;
    return database.transaction(() => {
      if (this.#rows.deleteOthers(from)) return true;
      deleteReEmbedJob(database);
      audit.append({ by, action: 'gallery.reembed-cancelled', details: { from, to } });
      return false;
    });
  }

  /** Whether trying again may help; says so, once for each reason. */
  #isInTheWay(error: unknown): boolean {
    const { file, logger } = this.#parts;
    const explained = explainGalleryError(error, file.database.path);
    const problem = isRollcallError(explained)
      ? explained
      : operational('re-embed-failed', `the move to another recogniser failed: ${messageOf(explained)}`, {
          cause: explained,
          remedy: 'Restart the daemon; the move goes on where it was.',
        });
    const isRetryable = problem.retryable;
    if (this.#problem?.code !== problem.code) {
      if (isRetryable) logger.warn('the move to another recogniser waits', { error: problem });
      else logger.error('the move to another recogniser failed', { error: problem });
    }
    this.#problem = problem;
    this.#state = isRetryable ? 'waiting' : 'failed';
    return isRetryable;
  }

  async #closeEmbedder(): Promise<void> {
    const embedder = this.#embedder;
    this.#embedder = undefined;
    await embedder?.[Symbol.asyncDispose]();
  }

  #throwIfAborted(): void {
    this.#abort.signal.throwIfAborted();
  }

  async #pause(waitMs: number): Promise<void> {
    const { signal } = this.#abort;
    try {
      await sleep(this.#parts.clock, waitMs, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
