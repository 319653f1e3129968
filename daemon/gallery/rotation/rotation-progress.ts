import type { RollcallError } from '../../base/errors.js';

/**
 * `wrap`: the data keys are wrapped by the new key-encryption key. `deep`: every field is sealed anew under a new data key,
 * too, so that a data key that leaked before is of no use for the file as it is after.
 */
export type RotationDepth = 'wrap' | 'deep';

/** `waiting`: something is in the way and it tries again. `stopped` and `failed`: it goes on when the gallery is next opened. */
export type RotationState = 'running' | 'waiting' | 'finished' | 'stopped' | 'failed';

export interface RotationProgress {
  readonly depth: RotationDepth;
  readonly fromKeyId: string;
  readonly toKeyId: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly state: RotationState;
  /** Data keys under the old key when the rotation began. */
  readonly total: number;
  /** Those of them that are not under it any more: rotated, or erased meanwhile. */
  readonly done: number;
  /** Data keys that did not unwrap, or (`deep`) under which something did not open. */
  readonly damaged: number;
  /** Why it waits or failed. */
  readonly problem: RollcallError | undefined;
}
