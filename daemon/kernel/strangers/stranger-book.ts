import type { SeenStranger } from '../events/event.js';
import type { CameraId, PassageId, PersonId, RecogniserId, StrangerId } from '../ids.js';
import type { WeighedView } from './stranger.js';

/** What a passage has shown so far of a face that matches no enrolled person. */
export interface StrangerSight {
  readonly passageId: PassageId;
  readonly cameraId: CameraId;
  readonly recogniser: RecogniserId;
  /** Wall clock, milliseconds since the epoch. */
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** The best views; at least one. The book copies what it keeps. */
  readonly views: readonly WeighedView[];
  /** Similarity from which two faces count as one person. */
  readonly threshold: number;
}

/** What the book knows of the stranger of a passage. */
export interface KnownStranger {
  /** Absent if strangers are told apart only during the cooldown. */
  readonly stranger?: SeenStranger;
  /** No events are wanted about this stranger. */
  readonly isIgnored: boolean;
  /** The last event about this stranger at the same camera, of an earlier passage; wall clock, milliseconds since the epoch. */
  readonly lastRecordedMs?: number;
}

/** Whose an open passage is by now. */
export interface PassageOwner {
  /** Absent: the stranger was forgotten. */
  readonly strangerId?: StrangerId;
  /** An operator said that this person is the stranger. */
  readonly assignedTo?: PersonId;
}

/** Tells strangers apart, over cameras and time. */
export interface StrangerBook {
  /** Number of strangers whose embeddings are in memory. */
  readonly count: number;
  /** The stranger of a passage: a known one, or a new one. Further sights of the passage stay with the same stranger. */
  see(sight: StrangerSight): KnownStranger;
  /** An operator may have merged, split or forgotten the stranger of an open passage. Undefined if the book does not know the passage. */
  ownerOf(passageId: PassageId): PassageOwner | undefined;
  /** The event about the stranger of this passage was recorded. */
  noteRecorded(passageId: PassageId, atMs: number): void;
  /** The passage shows an enrolled person after all: forgets it, and a stranger whom only this passage showed. */
  withdraw(passageId: PassageId): void;
  /** The passage has ended. */
  end(passageId: PassageId): void;
}
