import type { Actor } from '../../../kernel/actor.js';
import type { Embedding } from '../../../kernel/identification/match.js';
import type { PassageId, PersonId, RecogniserId, StrangerId } from '../../../kernel/ids.js';
import type { Appearance, StrangerState } from '../../../kernel/strangers/stranger.js';
import type { StrangerBook } from '../../../kernel/strangers/stranger-book.js';
import type { StrangerFate } from './stranger-codec.js';

/** A stranger as operations show them. Times are wall clock, milliseconds since the epoch. */
export interface StrangerEntry {
  readonly id: StrangerId;
  readonly state: StrangerState;
  readonly visits: number;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** The remembered passages, oldest first. */
  readonly appearances: readonly Appearance[];
  /** The passages whose views are compared with. */
  readonly comparedPassages: readonly PassageId[];
}

/** A stranger with the similarity of a face, -1..1. */
export interface SimilarStranger {
  readonly strangerId: StrangerId;
  readonly similarity: number;
}

/** How long a stranger who was discarded or assigned can be restored: as long as a mistake is fresh. */
export const restorableMs = 15 * 60_000;

/** A stranger who was discarded or assigned: no longer recognised, and restorable until `forgottenAtMs`. */
export interface StrangerAside {
  readonly entry: StrangerEntry;
  /** Undefined if the row does not open; then the stranger cannot be restored. */
  readonly fate: StrangerFate | undefined;
  readonly forgottenAtMs: number;
}

/**
 * The strangers whom the gallery keeps: sealed on disk, each under a data key of their own, and in memory for exact search. Every
 * change by an operation is one transaction with its audit entry.
 */
export interface GalleryStrangers extends StrangerBook {
  /** The latest seen first. */
  list(): readonly StrangerEntry[];
  /** Those who were seen since this time (wall clock, milliseconds since the epoch), and those with one of these ids. In no order. */
  seenSince(sinceMs: number, ids: ReadonlySet<StrangerId>): readonly StrangerEntry[];
  show(id: StrangerId): StrangerEntry | undefined;
  /** The strangers most similar to any of these faces, closest first. */
  nearest(
    faces: readonly Embedding[],
    options: { readonly count: number; readonly recogniser: RecogniserId },
  ): readonly SimilarStranger[];
  /** Other strangers who may be the same person, closest first: a face of one reaches `threshold` with the other. */
  similarTo(id: StrangerId, threshold: number, count: number): readonly SimilarStranger[];
  /** Joins strangers under the id of the one who was seen first. Undefined if one is not known. */
  merge(ids: readonly StrangerId[], by: Actor): StrangerEntry | undefined;
  /** Makes a new stranger of some passages. `nothing-left`: one of the two would have no view to compare with. */
  split(
    id: StrangerId,
    passages: readonly PassageId[],
    by: Actor,
  ): StrangerEntry | 'no-such-stranger' | 'nothing-left';
  /** From now on the stranger causes no events, or events again. False if there is no such stranger. */
  setIgnored(id: StrangerId, isIgnored: boolean, by: Actor): boolean;
  /** From now on the stranger is not recognised, and can be restored for `restorableMs`. False if there is no such stranger. */
  setAside(id: StrangerId, fate: StrangerFate, by: Actor): boolean;
  /** The strangers who are set aside, or those who are forgotten at a wanted time; the last one first. */
  aside(isWanted?: (forgottenAtMs: number) => boolean): readonly StrangerAside[];
  asideOf(id: StrangerId): StrangerAside | undefined;
  /** Recognises a stranger again who was set aside. Undefined if there is none, or the row does not open. */
  restore(id: StrangerId, by: Actor): StrangerEntry | undefined;
  /** Deletes a stranger who is set aside for good. `by`: an operator who does not want to wait. False if there is none. */
  forget(id: StrangerId, by?: Actor): boolean;
  /** A person was erased, with the strangers who were assigned to them: open passages name neither. */
  forgetPerson(id: PersonId): void;
  /** Retention has deleted these strangers from the file: forgets them in memory, too. */
  unload(ids: readonly StrangerId[]): void;
}
