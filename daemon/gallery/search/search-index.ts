import type { Candidate, Embedding } from '../../domain/identification/match.js';
import type { PersonId } from '../../domain/ids.js';

/**
 * The similarity of a person with several templates: that of the nearest template, or the mean over all.
 */
export type PersonRule = 'nearest' | 'mean';

export interface SearchOptions {
  /** Most persons to return. */
  readonly count: number;
  /** Default `nearest`. */
  readonly rule?: PersonRule;
}

/**
 * All templates of one recogniser in memory, with exact search. Changes take effect immediately: a search that is under way never
 * returns a person who was removed before its end.
 */
export interface SearchIndex extends AsyncDisposable {
  readonly personCount: number;
  readonly templateCount: number;
  /** Adds copies of templates (unit vectors) to a person, who may be new. */
  add(personId: PersonId, templates: readonly Embedding[]): void;
  /** Removes a person and wipes their templates. False if there were none. */
  remove(personId: PersonId): boolean;
  /** The persons most similar to `probe` (a unit vector), closest first. */
  nearest(probe: Embedding, options: SearchOptions): Promise<readonly Candidate[]>;
}
