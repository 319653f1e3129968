import type { RollcallError } from '../../base/errors.js';
import type { PersonId, RecogniserId } from '../../domain/ids.js';

/**
 * - `working`: photographs are being embedded.
 * - `ready`: everybody has a template; the gallery moves when the new recogniser is configured and the daemon restarts.
 * - `incomplete`: everything was tried, and `missing` names those of whom there is no template.
 * - `waiting`: something is in the way, and it tries again.
 * - `cancelling`: what was made is being deleted; `cancelled`: that has ended.
 * - `stopped` and `failed`: it goes on when the gallery is next opened.
 */
export type ReEmbedState =
  | 'working'
  | 'ready'
  | 'incomplete'
  | 'waiting'
  | 'cancelling'
  | 'cancelled'
  | 'stopped'
  | 'failed';

export interface ReEmbedProgress {
  readonly from: RecogniserId;
  readonly to: RecogniserId;
  /** What `to` is called in the configuration. */
  readonly recogniserName: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly state: ReEmbedState;
  readonly acceptsMissing: boolean;
  /** Photographs: all of them, those with a template, and those that the new recogniser makes none of. */
  readonly total: number;
  readonly made: number;
  readonly refused: number;
  /** Persons who would not be recognised after the move; known once everything was tried. */
  readonly missing: readonly PersonId[];
  /** Why it waits or failed. */
  readonly problem: RollcallError | undefined;
}
