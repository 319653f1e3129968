import type { Actor } from '../../../kernel/actor.js';
import { SerialQueue } from '../../../kernel/serial-queue.js';
import { failure, refusal } from '../../../words/errors.js';
import { galleryDamaged, readRecogniser } from '../keys/key-slots.js';
import { forgetRefused, type ReEmbedJob, type ReEmbedProgress, reEmbedJob } from './re-embed-job.js';
import { type ReEmbedContext, ReEmbedRun } from './re-embed-run.js';

export interface ReEmbedOrder {
  /** The name of the new recogniser in the configuration. */
  readonly recogniserName: string;
  readonly acceptsMissing: boolean;
  readonly by: Actor;
}

/**
 * The moves of an open gallery to another recogniser, one at a time. Dispose it before the gallery: that stops a running move,
 * which continues when the gallery is next opened.
 */
export class ReEmbeddings implements AsyncDisposable {
  readonly #context: ReEmbedContext;
  #latest: ReEmbedRun | undefined;
  readonly #turns = new SerialQueue();
  #isDisposed = false;

  /** Continues an interrupted move. @throws `gallery-damaged` */
  constructor(context: ReEmbedContext) {
    this.#context = context;
    const job = reEmbedJob.read(context.file.database);
    if (job !== undefined) this.#latest = new ReEmbedRun(context, job);
  }

  /** The progress of the latest move since the gallery was opened. */
  get progress(): ReEmbedProgress | undefined {
    return this.#latest?.progress;
  }

  /**
   * Starts a move, or restarts the present one: then refused photographs are tried again, and `acceptsMissing` is replaced.
   * After an error nothing has changed.
   * @throws `re-embed-same`, `re-embed-running`, and the errors of `openEmbedder`
   */
  start(order: ReEmbedOrder): Promise<ReEmbedProgress> {
    return this.#inTurn(() => this.#start(order));
  }

  /** Deletes the new templates in the background. @throws `no-re-embedding` */
  cancel(by: Actor): Promise<ReEmbedProgress> {
    return this.#inTurn(async () => {
      const { database } = this.#context.file;
      const job = reEmbedJob.read(database);
      if (job === undefined) {
        throw refusal('no-re-embedding');
      }
      await this.#latest?.[Symbol.asyncDispose]();
      const cancelling: ReEmbedJob = { ...job, by: storedActor(by), phase: 'cancelling' };
      database.transaction(() => reEmbedJob.write(database, cancelling));
      this.#latest = new ReEmbedRun(this.#context, cancelling);
      return this.#latest.progress;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await this.#turns.settled();
    await this.#latest?.[Symbol.asyncDispose]();
  }

  async #start({ recogniserName, acceptsMissing, by: given }: ReEmbedOrder): Promise<ReEmbedProgress> {
    const by = storedActor(given);
    const { file, openEmbedder, clock } = this.#context;
    const { database, audit } = file;
    const from = readRecogniser(database);
    if (from === undefined) throw galleryDamaged('the row that describes it is missing');
    const before = reEmbedJob.read(database);
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
        reEmbedJob.write(database, job);
        forgetRefused(database);
        audit.append({ by, action: 'gallery.reembed-started', details: { from, to, acceptsMissing } });
      });
      this.#latest = new ReEmbedRun(this.#context, job, embedder);
      return this.#latest.progress;
    } finally {
      const job = reEmbedJob.read(database);
      if (this.#latest === undefined && job !== undefined) this.#latest = new ReEmbedRun(this.#context, job);
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.run(() => {
      if (this.#isDisposed) throw failure('gallery-closed');
      return work();
    });
  }
}

function runningAlready({ to, phase }: ReEmbedJob) {
  return phase === 'working'
    ? refusal('re-embed-running', { to })
    : refusal('re-embed-running:cancelling', { to });
}

function sameRecogniser(name: string) {
  return refusal('re-embed-same', { name });
}

/** What a job stores of an actor, who may come with more about the caller. */
function storedActor({ actor, origin }: Actor): Actor {
  return { actor, origin };
}
