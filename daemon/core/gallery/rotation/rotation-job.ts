import type { Actor } from '../../../kernel/actor.js';
import type { RollcallError } from '../../../kernel/errors.js';
import type { RotationState } from '../../../kernel/gallery/gallery-job.js';
import { SavedJob } from '../background-job.js';

/**
 * `wrap`: the new key-encryption key wraps the existing data keys. `deep`: every field also gets a new data key, so that a
 * data key that leaked earlier no longer opens the file.
 */
export type RotationDepth = 'wrap' | 'deep';

export interface RotationProgress {
  readonly depth: RotationDepth;
  readonly fromKeyId: string;
  readonly toKeyId: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly state: RotationState;
  /** Data keys under the old key when the rotation began. */
  readonly total: number;
  /** Of these, the ones that were rotated or erased since. */
  readonly done: number;
  /** Data keys that did not unwrap, or (`deep`) that cover a field which did not open. */
  readonly damaged: number;
  /** Why it waits or has failed. */
  readonly problem: RollcallError | undefined;
}

/** A rotation as the database stores it. */
export interface RotationJob {
  readonly depth: RotationDepth;
  /** Ids of key-encryption keys. */
  readonly from: string;
  readonly to: string;
  readonly startedAtMs: number;
  /** The actor who started the rotation. */
  readonly by: Actor;
  /** Data keys under the old key when the rotation began. */
  readonly total: number;
  readonly damaged: number;
  /** `forgetting`: the old key is out of use, but the write-ahead log may still hold data under it. */
  readonly phase: 'working' | 'forgetting';
}

export const rotationJob = new SavedJob<RotationJob>('rotation', 'its key rotation');
