import { rmSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../base/clock.js';
import { sleep } from '../../base/clock.js';
import { isRollcallError, messageOf, operational, type RollcallError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { olderCopiesOf } from '../../host/sqlite-migrations.js';
import { explainGalleryError, type GalleryFile } from '../gallery-file.js';
import type { KeyProvider, KeyProviderKind } from '../keys/key-provider.js';
import type { KeyRing } from '../keys/key-ring.js';
import { deleteKeySlot, readKeySlots } from '../keys/key-slots.js';
import { emptyWriteAheadLog } from '../write-ahead-log.js';
import { deleteRotationJob, type RotationJob, writeRotationJob } from './rotation-job.js';
import type { RotationProgress, RotationState } from './rotation-progress.js';
import { RotationRows } from './rotation-rows.js';
import { deepStep, type RotationStepParts, wrapStep } from './rotation-steps.js';

/** Waits between tries where something is in the way: doubling, to at most this. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

export interface RotationParts {
  readonly file: GalleryFile;
  readonly ring: KeyRing;
  readonly providers: Readonly<Record<KeyProviderKind, KeyProvider>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A rotation under way. Disposing it stops it where it is; it goes on when the gallery is next opened. */
export interface Rotation extends AsyncDisposable {
  readonly progress: RotationProgress;
  /** Resolves when the rotation ended, in whatever way: `state` is `finished`, `stopped` or `failed`. Never rejects. */
  readonly ended: Promise<RotationProgress>;
}

/** Does what the job says in small steps, with turns of the event loop between. */
export class RotationRun implements Rotation {
  readonly ended: Promise<RotationProgress>;
  readonly #parts: RotationParts;
  readonly #steps: RotationStepParts;
  readonly #abort = new AbortController();
  #job: RotationJob;
  #state: RotationState = 'running';
  #problem: RollcallError | undefined;
  #remaining: number;

  /** Begins in the next turn of the event loop. `job` is what the database says. */
  constructor(parts: RotationParts, job: RotationJob) {
    const { file, ring } = parts;
    const rows = new RotationRows(file.database);
    this.#parts = parts;
    this.#job = job;
    this.#remaining = rows.countUnder(job.from);
    this.#steps = { database: file.database, ring, rows, report: (row) => this.#report(row) };
    this.ended = this.#run();
  }

  get progress(): RotationProgress {
    const { depth, from, to, startedAtMs, total, damaged } = this.#job;
    const done = Math.max(total - this.#remaining, 0);
    const about = { depth, fromKeyId: from, toKeyId: to, startedAtMs };
    return { ...about, state: this.#state, total, done, damaged, problem: this.#problem };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(operational('rotation-stopped', 'the rotation was stopped; it goes on later'));
    await this.ended;
  }

  async #run(): Promise<RotationProgress> {
    let waitMs = FIRST_WAIT_MS;
    do {
      await nextTurn();
      if (this.#abort.signal.aborted) {
        this.#state = 'stopped';
        break;
      }
      try {
        await this.#step();
        if (this.#state === 'waiting') this.#state = 'running';
        this.#problem = undefined;
        waitMs = FIRST_WAIT_MS;
      } catch (error) {
        if (!this.#isInTheWay(error)) break;
        await this.#wait(waitMs);
        waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
      }
    } while (this.#state !== 'finished');
    return this.progress;
  }

  /** One transaction, or the end. */
  async #step(): Promise<void> {
    if (this.#job.phase === 'forgetting') return this.#forget();
    const isDeep = this.#job.depth === 'deep';
    const next = isDeep
      ? await deepStep(this.#steps, this.#job, this.#abort.signal)
      : wrapStep(this.#steps, this.#job);
    this.#job = next ?? this.#retireOldKey();
    this.#remaining = this.#steps.rows.countUnder(this.#job.from);
  }

  /** From here on the old key opens nothing in the database any more. */
  #retireOldKey(): RotationJob {
    const { file, ring } = this.#parts;
    const { depth, from, to, by, total, damaged } = this.#job;
    const job: RotationJob = { ...this.#job, phase: 'forgetting' };
    file.database.transaction(() => {
      deleteKeySlot(file.database, from);
      writeRotationJob(file.database, job);
      const details = { depth, from, total, damaged };
      file.audit.append({ by, action: 'key.rotation-finished', subject: to, details });
    });
    ring.endRotation();
    return job;
  }

  /** Takes what the old key opened out of the write-ahead log, too. */
  async #forget(): Promise<void> {
    const { file, logger } = this.#parts;
    for (const copy of olderCopiesOf(file.database.path)) rmSync(copy, { force: true });
    if (!emptyWriteAheadLog(file.database)) throw logInUse();
    file.database.transaction(() => deleteRotationJob(file.database));
    const { depth, from, to, total, damaged } = this.#job;
    logger.info('key rotation finished', { depth, from, to, total, damaged });
    // Before it is told that this has ended: whoever waits for that looks after the key's file next.
    await settleKey(this.#parts);
    this.#state = 'finished';
  }

  /** Whether trying again may help; says so, once for each reason. */
  #isInTheWay(error: unknown): boolean {
    const { file, logger } = this.#parts;
    const explained = explainGalleryError(error, file.database.path);
    const problem = isRollcallError(explained)
      ? explained
      : operational('rotation-failed', `the key rotation failed: ${messageOf(explained)}`, {
          cause: explained,
          remedy: 'Restart the daemon; the rotation goes on where it was.',
        });
    const isRetryable = problem.retryable;
    if (this.#problem?.code !== problem.code) {
      if (isRetryable) logger.warn('key rotation waits', { error: problem });
      else logger.error('key rotation failed', { error: problem });
    }
    this.#problem = problem;
    this.#state = isRetryable ? 'waiting' : 'failed';
    return isRetryable;
  }

  async #wait(waitMs: number): Promise<void> {
    const { signal } = this.#abort;
    try {
      await sleep(this.#parts.clock, waitMs, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #report(row: { readonly table: string; readonly rowId: string }): void {
    const { file, logger } = this.#parts;
    logger.error('gallery row is damaged; its bytes were kept as they are', row);
    const { table, rowId } = row;
    const details = { table, reason: 'does-not-open' };
    file.audit.append({ by: this.#job.by, action: 'gallery.row-quarantined', subject: rowId, details });
  }
}

function logInUse(): RollcallError {
  return operational('log-in-use', 'the write-ahead log still holds what the old key opened', {
    remedy: 'close every other program that reads the gallery file',
    retryable: true,
  });
}

/** Tells the provider of the only key in force that it is that. A failure costs nothing but the tidying. */
export async function settleKey({ file, providers, logger }: RotationParts): Promise<void> {
  const [slot, ...others] = readKeySlots(file.database);
  if (slot === undefined || others.length > 0) return;
  try {
    await providers[slot.provider].settle(slot.keyId);
  } catch (error) {
    logger.warn('the old key could not be put away', { error });
  }
}
