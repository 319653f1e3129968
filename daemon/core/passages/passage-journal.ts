import type { CameraId, PassageId, PersonId, StrangerId } from '../../kernel/ids.js';
import type { PassageOutcome } from '../../kernel/passage-outcome.js';
import type { Passage } from '../../kernel/passages/passage.js';
import type { PassageReason } from '../../kernel/passages/passage-reason.js';

/** A passage as it is stored. */
export interface StoredPassage {
  /** Ascends in the order of the first rows, with gaps: also a replaced row uses up a number. The cursor of lists. */
  readonly number: number;
  readonly id: PassageId;
  /** Undefined if the content does not open: its key was deleted, or the row was altered. */
  readonly passage: Passage | undefined;
}

/** All given fields must hold. */
export interface PassageQuery {
  readonly cameraIds?: readonly CameraId[];
  /** The recognised person, or the one to whom a stranger was assigned. */
  readonly personId?: PersonId;
  readonly strangerId?: StrangerId;
  readonly outcome?: PassageOutcome;
  readonly reason?: PassageReason;
  readonly ids?: readonly PassageId[];
  /** Bounds of the start, wall clock, milliseconds since the epoch: from, and before. */
  readonly sinceMs?: number;
  readonly beforeMs?: number;
  /** Bounds of `number`, both excluded. */
  readonly afterNumber?: number;
  readonly beforeNumber?: number;
  readonly limit: number;
  /** Which end of the list the limit keeps. Default: `newest`. The answer is always in the order of numbers. */
  readonly keep?: 'newest' | 'oldest';
}

/** Number of passages with the same camera, quarter of an hour, outcome and reason. Readable without a key. */
export interface PassageCount {
  readonly cameraId: CameraId;
  /** Start of the quarter of an hour, wall clock, milliseconds since the epoch. */
  readonly quarterMs: number;
  readonly outcome: PassageOutcome;
  readonly reason: PassageReason;
  readonly count: number;
}

/**
 * The passages in records.db. Persons and measurements are sealed; camera, times, outcome and reason are readable. A passage is
 * written in the transaction of its events.
 */
export interface PassageJournal {
  /** Adds the passage, or replaces what was written of it; in the transaction of the caller, if there is one. */
  put(passage: Passage): void;
  list(query: PassageQuery): readonly StoredPassage[];
  find(id: PassageId): StoredPassage | undefined;
  /** Passages whose id begins like this, at most `limit`. */
  beginningWith(beginning: string, limit: number): readonly StoredPassage[];
  /** Ended passages that began in this time, by camera, quarter of an hour, outcome and reason. */
  counts(sinceMs: number, beforeMs: number): readonly PassageCount[];
  /** The numbers of the passages in sight, and the greatest number of all; 0 without any. Readable without a key. */
  inSight(): { readonly numbers: readonly number[]; readonly newest: number };
  /** Ends the passages that were in sight when the daemon stopped. Returns how many. */
  endOpen(): number;
  /** Removes an erased person: their own passages, and their name among the nearest of others. Returns how many passages. */
  forgetPerson(personId: PersonId): number;
  /** Removes a stranger from the passages, which stay. */
  forgetStranger(id: StrangerId): void;
  /** Gives passages of a stranger to another one: all, or those with these ids. */
  moveStranger(from: StrangerId, to: StrangerId, only?: readonly PassageId[]): void;
  /**
   * Gives the passages of a stranger to the enrolled person who the stranger is. They keep the id of the stranger until
   * `forgetStranger`, so that this can be taken back. The gallery must be open.
   */
  assignStranger(from: StrangerId, to: PersonId): void;
  /** Takes `assignStranger` back. The gallery must be open. */
  unassignStranger(id: StrangerId): void;
  /** Calls back after a passage was written and committed. Returns a function that ends this. */
  onWritten(listener: (passage: StoredPassage) => void): () => void;
}
