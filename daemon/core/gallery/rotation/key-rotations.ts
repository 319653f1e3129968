import { wipe } from '../../../host/sodium.js';
import type { Actor } from '../../../kernel/actor.js';
import type { KeyProviderKind } from '../../../kernel/gallery/key-provider-kind.js';
import { failure, refusal } from '../../../words/errors.js';
import { explainGalleryError } from '../gallery-file.js';
import { KeyEncryptionKey } from '../keys/key-encryption-key.js';
import type { KeyInput, KeySlotParameters } from '../keys/key-provider.js';
import {
  galleryDamaged,
  insertKeySlot,
  linkKeySlots,
  readKeySlots,
  readRecogniser,
} from '../keys/key-slots.js';
import { type RotationDepth, type RotationJob, type RotationProgress, rotationJob } from './rotation-job.js';
import { RotationRows } from './rotation-rows.js';
import { type RotationContext, RotationRun, settleKey } from './rotation-run.js';

export interface RotationOrder {
  /** The provider of the new key. */
  readonly kind: KeyProviderKind;
  readonly depth: RotationDepth;
  /** What the operator entered; the caller wipes it. */
  readonly input: KeyInput;
  readonly by: Actor;
}

/**
 * The rotations of the key of one open gallery, one at a time. Dispose this before the gallery is closed. A rotation that is
 * running then stops, and continues when the gallery is next opened.
 */
export class KeyRotations implements AsyncDisposable {
  readonly #context: RotationContext;
  #latest: RotationRun | undefined;
  #starting: Promise<RotationRun> | undefined;
  #isDisposed = false;

  private constructor(context: RotationContext, resumed: RotationRun | undefined) {
    this.#context = context;
    this.#latest = resumed;
  }

  /** Continues an interrupted rotation. @throws `gallery-damaged` */
  static async open(context: RotationContext): Promise<KeyRotations> {
    return new KeyRotations(context, await resumeRotation(context));
  }

  /** The progress of the latest rotation since the gallery was opened. */
  get progress(): RotationProgress | undefined {
    return this.#latest?.progress;
  }

  /** @throws `rotation-running`, `gallery-closed`, and what `startRotation` throws */
  async start(order: RotationOrder): Promise<RotationRun> {
    if (this.#isDisposed) throw failure('gallery-closed');
    if (this.#starting !== undefined) {
      throw refusal('rotation-running:starting');
    }
    const starting = startRotation(this.#context, order);
    this.#starting = starting;
    try {
      this.#latest = await starting;
      return this.#latest;
    } finally {
      this.#starting = undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await Promise.allSettled([this.#starting]);
    await this.#latest?.[Symbol.asyncDispose]();
  }
}

/**
 * Puts a new gallery key in force and starts to retire the old one. During the rotation, either key opens the gallery, and the
 * gallery stays in use. After an error nothing has changed.
 * @throws `rotation-running`, `key-used-before`, and the errors of `KeyProvider.create` and `OpenDatabase.transaction`
 */
async function startRotation(context: RotationContext, order: RotationOrder): Promise<RotationRun> {
  const { file, providers, ring, logger } = context;
  const { kind, depth, input } = order;
  refuseWhileRotating(context);
  const purpose = currentProvider(context) === kind ? 'rotation' : 'first';
  const { kek, parameters } = await providers[kind].create(purpose, input);
  const key = new KeyEncryptionKey(kek);
  wipe(kek);
  let job: RotationJob;
  try {
    job = file.database.transaction(() => putInForce(context, order, { key, parameters }));
  } catch (error) {
    key[Symbol.dispose]();
    throw explainGalleryError(error, file.database.path);
  }
  ring.beginRotation(key);
  logger.info('key rotation started', { depth, from: job.from, to: job.to, total: job.total });
  return new RotationRun(context, job);
}

/** Continues an interrupted rotation. If there is none, tells the key's provider that its key is the only one in force. */
async function resumeRotation(context: RotationContext): Promise<RotationRun | undefined> {
  const { file, logger } = context;
  const job = rotationJob.read(file.database);
  if (job === undefined) {
    await settleKey(context);
    return undefined;
  }
  logger.info('key rotation continues', { depth: job.depth, from: job.from, to: job.to });
  return new RotationRun(context, job);
}

/** Stores the new key, the links between both keys, and the job. Call it in a transaction. */
function putInForce(
  context: RotationContext,
  { kind: provider, depth, by }: RotationOrder,
  { key, parameters }: { readonly key: KeyEncryptionKey; readonly parameters: KeySlotParameters },
): RotationJob {
  const { file, ring, clock } = context;
  const { database, audit } = file;
  // Creating the key may have taken seconds. Another rotation may have started since.
  refuseWhileRotating(context);
  if (audit.count({ subject: key.id }) > 0 || key.id === ring.current.id) throw usedBefore(key.id);
  const recogniser = readRecogniser(database);
  if (recogniser === undefined) throw galleryDamaged('the row that describes it is missing');
  const from = ring.current.id;
  const formerProvider = currentProvider(context);
  const startedAtMs = clock.wallMs();
  insertKeySlot(database, { key, provider, parameters, recogniser, nowMs: startedAtMs });
  linkKeySlots(database, ring.current, key);
  const total = new RotationRows(database).countUnder(from);
  const job: RotationJob = {
    depth,
    from,
    to: key.id,
    startedAtMs,
    // Only what a job stores: an actor may come with more about the caller.
    by: { actor: by.actor, origin: by.origin },
    total,
    damaged: 0,
    phase: 'working',
  };
  rotationJob.write(database, job);
  const details = { depth, from, provider, total };
  audit.append({ by, action: 'key.rotation-started', subject: key.id, details });
  if (formerProvider !== provider) {
    const change = { from: formerProvider, to: provider };
    audit.append({ by, action: 'key.provider-changed', subject: key.id, details: change });
  }
  return job;
}

function currentProvider({ file }: RotationContext): KeyProviderKind {
  const slot = readKeySlots(file.database).find(({ isCurrent }) => isCurrent);
  if (slot === undefined) throw galleryDamaged('the row of its key is missing');
  return slot.provider;
}

/** @throws `rotation-running` */
function refuseWhileRotating({ file, ring }: RotationContext): void {
  if (rotationJob.read(file.database) === undefined && ring.retiring === undefined) return;
  throw refusal('rotation-running');
}

/** A retired key must not come back: it may have been retired because it leaked. */
function usedBefore(keyId: string) {
  return refusal('key-used-before', { keyId });
}
