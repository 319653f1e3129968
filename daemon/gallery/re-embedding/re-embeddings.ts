import type { Actor } from '../../audit/actor.js';
import { badInput, operational } from '../../base/errors.js';
import { InTurn } from '../../base/in-turn.js';
import { galleryDamaged, readRecogniser } from '../keys/key-slots.js';
import { forgetRefused, type ReEmbedJob, readReEmbedJob, writeReEmbedJob } from './re-embed-job.js';
import type { ReEmbedProgress } from './re-embed-progress.js';
import { type ReEmbedParts, ReEmbedRun } from './re-embed-run.js';

export interface ReEmbedOrder {
  /** What the new recogniser is called in the configuration. */
  readonly recogniserName: string;
  readonly acceptsMissing: boolean;
  readonly by: Actor;
}

/**
 * Moves of an open gallery to another recogniser, one at a time. To be disposed before the gallery: that stops the one that
 * runs, which goes on when the gallery is next opened.
 */
export class ReEmbeddings implements AsyncDisposable {
  readonly #parts: ReEmbedParts;
  #latest: ReEmbedRun | undefined;
  readonly #turns = new InTurn();
  #isDisposed = false;

  /** Goes on with a move that had not ended. @throws `gallery-damaged` */
  constructor(parts: ReEmbedParts) {
    this.#parts = parts;
    const job = readReEmbedJob(parts.file.database);
    if (job !== undefined) this.#latest = new ReEmbedRun(parts, job);
  }

  /** Of the move that runs, or of the latest one since the gallery was opened. */
  get progress(): ReEmbedProgress | undefined {
    return this.#latest?.progress;
  }

  /**
   * Begins a move, or goes on with one that was begun: then whatever was refused is tried again, and `acceptsMissing` is taken
   * over. Nothing has changed where this throws.
   * @throws `re-embed-same`, `re-embed-running`, and what keeps the recogniser from being opened
   */
  start(order: ReEmbedOrder): Promise<ReEmbedProgress> {
    return this.#inTurn(() => this.#start(order));
  }

  /** Deletes what was made for the move, in the background. @throws `no-re-embedding` */
  cancel(by: Actor): Promise<ReEmbedProgress> {
    return this.#inTurn(async () => {
      const { database } = this.#parts.file;
      const job = readReEmbedJob(database);
      if (job === undefined) {
        throw badInput('no-re-embedding', 'the gallery is not on its way to another recogniser', {
          remedy: 'Nothing needs to be cancelled.',
        });
      }
      await this.#latest?.[Symbol.asyncDispose]();
      const cancelling: ReEmbedJob = { ...job, by, phase: 'cancelling' };
      database.transaction(() => writeReEmbedJob(database, cancelling));
      this.#latest = new ReEmbedRun(this.#parts, cancelling);
      return this.#latest.progress;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await this.#turns.settled();
    await this.#latest?.[Symbol.asyncDispose]();
  }

  async #start({ recogniserName, acceptsMissing, by }: ReEmbedOrder): Promise<ReEmbedProgress> {
    const { file, openEmbedder, clock } = this.#parts;
    const { database, audit } = file;
    const from = readRecogniser(database);
    if (from === undefined) throw galleryDamaged('its own row is missing');
    const before = readReEmbedJob(database);
    if (before !== undefined && (before.recogniserName !== recogniserName || before.phase !== 'working')) {
      throw runningAlready(before);
    }
    await this.#latest?.[Symbol.asyncDispose]();
    this.#latest = undefined;
    try {
      const embedder = await openEmbedder(recogniserName);
      const { recogniser: to } = embedder;
      if (to === from) {
        await embedder[Symbol.asyncDispose]();
        throw sameRecogniser(recogniserName);
      }
      const startedAtMs = before?.startedAtMs ?? clock.wallMs();
      const job: ReEmbedJob = { from, to, recogniserName, startedAtMs, by, acceptsMissing, phase: 'working' };
      database.transaction(() => {
        writeReEmbedJob(database, job);
        forgetRefused(database);
        audit.append({ by, action: 'gallery.reembed-started', details: { from, to, acceptsMissing } });
      });
      this.#latest = new ReEmbedRun(this.#parts, job, embedder);
      return this.#latest.progress;
    } finally {
      const job = readReEmbedJob(database);
      if (this.#latest === undefined && job !== undefined) this.#latest = new ReEmbedRun(this.#parts, job);
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.run(() => {
      if (this.#isDisposed) throw operational('gallery-closed', 'the gallery was closed');
      return work();
    });
  }
}

function runningAlready({ to, phase }: ReEmbedJob) {
  const message =
    phase === 'working'
      ? `the gallery is on its way to the recogniser ${to}`
      : `the move to the recogniser ${to} is being cancelled`;
  return badInput('re-embed-running', message, {
    remedy:
      'wait, or run `rollcall gallery re-embed --cancel` first; `rollcall gallery status` shows how far it is',
  });
}

function sameRecogniser(name: string) {
  return badInput('re-embed-same', `the templates of the gallery are made with ${name} already`, {
    remedy: 'name the recogniser that the gallery is to be moved to',
  });
}
