import type { Candidate, Embedding } from '../../../kernel/identification/match.js';
import type { PersonId } from '../../../kernel/ids.js';

export interface SearchOptions {
  /** Most persons to return. */
  readonly count: number;
}

/**
 * The references of all persons by one recogniser in memory, with the mean of each person's (`templatesOf`), and an exact search. Changes
 * take effect immediately: a search that is under way never returns a person who was removed before its end.
 */
export interface SearchIndex extends AsyncDisposable {
  readonly personCount: number;
  /** Number of references, without the means. */
  readonly referenceCount: number;
  /** Adds a person with copies of all their references (unit vectors), in place of what was known of them. */
  put(personId: PersonId, references: readonly Embedding[]): void;
  /** Removes a person and wipes their templates. False if there were none. */
  remove(personId: PersonId): boolean;
  /** The persons most similar to `probe` (a unit vector), closest first. */
  nearest(probe: Embedding, options: SearchOptions): Promise<readonly Candidate[]>;
}
