import type { Candidate, Embedding } from '../../domain/identification/match.js';
import type { PersonId } from '../../domain/ids.js';

/**
 * What a person's similarity to a probe is, where they have several templates: that of the nearest one, or the
 * mean over all.
 */
export type PersonRule = 'nearest' | 'mean';

export interface SearchOptions {
  /** How many persons to return at most. */
  readonly count: number;
  /** Default `nearest`. */
  readonly rule?: PersonRule;
}

/**
 * All templates of one recogniser in memory, searched exactly. Adding and removing take effect at once: a search
 * that began earlier never returns a person who was removed before it ended.
 */
export interface SearchIndex extends AsyncDisposable {
  readonly personCount: number;
  readonly templateCount: number;
  /** Adds templates (unit vectors, copied) to a person, who need not be known yet. */
  add(personId: PersonId, templates: readonly Embedding[]): void;
  /** Forgets a person and wipes their templates; false where there were none. */
  remove(personId: PersonId): boolean;
  /** The persons most similar to `probe` (a unit vector), closest first. */
  nearest(probe: Embedding, options: SearchOptions): Promise<readonly Candidate[]>;
}
