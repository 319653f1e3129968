import { rmSync } from 'node:fs';
import { olderCopiesOf } from '../../../host/sqlite-migrations.js';
import type { Clock } from '../../../kernel/clock.js';
import type { RollcallError } from '../../../kernel/errors.js';
import type { JobEnd, RotationState } from '../../../kernel/gallery/gallery-job.js';
import type { KeyProviderKind } from '../../../kernel/gallery/key-provider-kind.js';
import type { Logger } from '../../../kernel/logger.js';
import { failure } from '../../../words/errors.js';
import { BackgroundJob, RetriedSteps } from '../background-job.js';
import type { GalleryFile } from '../gallery-file.js';
import type { KeyProvider } from '../keys/key-provider.js';
import type { KeyRing } from '../keys/key-ring.js';
import { deleteKeySlot, readKeySlots } from '../keys/key-slots.js';
import { forgetDeleted } from '../leftovers.js';
import { type RotationJob, type RotationProgress, rotationJob } from './rotation-job.js';
import { RotationRows } from './rotation-rows.js';
import { deepStep, type RotationStepContext, wrapStep } from './rotation-steps.js';

export interface RotationContext {
  readonly file: GalleryFile;
  readonly ring: KeyRing;
  readonly providers: Readonly<Record<KeyProviderKind, KeyProvider>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * A rotation under way, in small steps, with turns of the event loop between them. Disposal stops it; it continues when the gallery is
 * next opened.
 */
export class RotationRun implements AsyncDisposable {
  /** Resolves when the rotation has ended: `state` is `finished`, `stopped` or `failed`. Never rejects. */
  readonly ended: Promise<RotationProgress>;
  readonly #context: RotationContext;
  readonly #steps: RotationStepContext;
  readonly #background = new BackgroundJob(failure('rotation-stopped'));
  readonly #retried: RetriedSteps;
  #job: RotationJob;
  #outcome: JobEnd | undefined;
  #remaining: number;

  /** Begins in the next turn of the event loop. `job` is the saved state. */
  constructor(context: RotationContext, job: RotationJob) {
    const { file, ring } = context;
    const rows = new RotationRows(file.database);
    this.#context = context;
    this.#job = job;
    this.#remaining = rows.countUnder(job.from);
    this.#steps = { database: file.database, ring, rows, report: (row) => this.#report(row) };
    const { clock, logger } = context;
    const path = file.database.path;
    this.#retried = new RetriedSteps({
      name: 'key rotation',
      failureCode: 'rotation-failed',
      path,
      clock,
      logger,
    });
    this.ended = this.#run();
  }

  get progress(): RotationProgress {
    const { depth, from, to, startedAtMs, total, damaged } = this.#job;
    const done = Math.max(total - this.#remaining, 0);
    const about = { depth, fromKeyId: from, toKeyId: to, startedAtMs };
    return { ...about, state: this.#state, total, done, damaged, problem: this.#retried.problem };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#background[Symbol.asyncDispose]();
    await this.ended;
  }

  get #state(): RotationState {
    return this.#outcome ?? (this.#retried.isWaiting ? 'waiting' : 'running');
  }

  async #run(): Promise<RotationProgress> {
    this.#outcome = await this.#background.run((signal) =>
      this.#retried.run(signal, () => this.#step(signal)),
    );
    return this.progress;
  }

  /** One transaction. True after the last one. */
  async #step(signal: AbortSignal): Promise<boolean> {
    if (this.#job.phase === 'forgetting') {
      await this.#forget();
      return true;
    }
    const isDeep = this.#job.depth === 'deep';
    const next = isDeep ? await deepStep(this.#steps, this.#job, signal) : wrapStep(this.#steps, this.#job);
    this.#job = next ?? this.#retireOldKey();
    this.#remaining = this.#steps.rows.countUnder(this.#job.from);
    return false;
  }

  /** After this, the old key opens nothing in the database. */
  #retireOldKey(): RotationJob {
    const { file, ring } = this.#context;
    const { depth, from, to, by, total, damaged } = this.#job;
    const job: RotationJob = { ...this.#job, phase: 'forgetting' };
    file.database.transaction(() => {
      deleteKeySlot(file.database, from);
      rotationJob.write(file.database, job);
      const details = { depth, from, total, damaged };
      file.audit.append({ by, action: 'key.rotation-finished', subject: to, details });
    });
    ring.endRotation();
    return job;
  }

  /** Removes data under the old key from the write-ahead log and from copies of the file. */
  async #forget(): Promise<void> {
    const { file, logger } = this.#context;
    for (const copy of olderCopiesOf(file.database.path)) rmSync(copy, { force: true });
    if (!forgetDeleted(file.database)) throw logInUse();
    file.database.transaction(() => rotationJob.delete(file.database));
    const { depth, from, to, total, damaged } = this.#job;
    logger.info('key rotation finished', { depth, from, to, total, damaged });
    // Before `ended` resolves: a caller that waits for it expects the key's file in its final place.
    await settleKey(this.#context);
  }

  #report(row: { readonly table: string; readonly rowId: string }): void {
    const { file, logger } = this.#context;
    logger.error('gallery row is damaged; its bytes were kept', row);
    const { table, rowId } = row;
    const details = { table, reason: 'does-not-open' };
    file.audit.append({ by: this.#job.by, action: 'gallery.row-quarantined', subject: rowId, details });
  }
}

function logInUse(): RollcallError {
  return failure('log-in-use', {}, { retryable: true });
}

/** Tells the provider that its key is the only one in force. After a failure only the old key file stays where it is. */
export async function settleKey({ file, providers, logger }: RotationContext): Promise<void> {
  const [slot, ...others] = readKeySlots(file.database);
  if (slot === undefined || others.length > 0) return;
  try {
    await providers[slot.provider].settle(slot.keyId);
  } catch (error) {
    logger.warn('the old key file could not be replaced', { error });
  }
}
