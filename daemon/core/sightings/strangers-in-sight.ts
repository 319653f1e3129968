import type { Clock } from '../../kernel/clock.js';
import { isRollcallError } from '../../kernel/errors.js';
import type { UnknownFact } from '../../kernel/events/event.js';
import type { PassageId } from '../../kernel/ids.js';
import type { Passage } from '../../kernel/passages/passage.js';
import { present } from '../../kernel/present.js';
import type { PassageOwner, StrangerBook, StrangerSight } from '../../kernel/strangers/stranger-book.js';
import type { TrackKnowledge } from '../../kernel/tracks/track-decision.js';
import type { FaceViews } from './face-views.js';
import { RecentStrangers } from './recent-strangers.js';

export interface StrangersInSightOptions {
  /** The book that keeps strangers. Undefined: they are told apart during the cooldown only. */
  readonly book: () => StrangerBook | undefined;
  readonly cooldownS: () => number;
  readonly clock: Clock;
}

/** A fact about a stranger, with what the book knows of them. */
export interface ToldStranger {
  readonly fact: UnknownFact;
  readonly isIgnored: boolean;
  /** The last event about the stranger at this camera, wall clock, milliseconds since the epoch. */
  readonly lastRecordedMs: number | undefined;
}

/** The strangers of open tracks. A track stays with the book in which it was first seen, also if the configuration changes. */
export class StrangersInSight implements Disposable {
  readonly #book: () => StrangerBook | undefined;
  readonly #recent: RecentStrangers;
  /** The open passages of strangers, and whether the book that keeps strangers has them. */
  readonly #isKept = new Map<PassageId, boolean>();

  constructor({ book, ...recent }: StrangersInSightOptions) {
    this.#book = book;
    this.#recent = new RecentStrangers(recent);
  }

  /** Number of strangers whose embeddings are in memory for the cooldown only. */
  get count(): number {
    return this.#recent.count;
  }

  /** The stranger of a fact that is about to be recorded. Throws if the book cannot write. */
  tell(fact: UnknownFact, known: TrackKnowledge, seen: SightOptions): ToldStranger {
    const isKept = this.#isKept.get(fact.passageId) ?? this.#book() !== undefined;
    const book = this.#bookFor(isKept) ?? this.#recent;
    const { stranger, isIgnored, lastRecordedMs } = book.see(sightOf(known, seen));
    this.#isKept.set(fact.passageId, isKept);
    return { fact: stranger === undefined ? fact : { ...fact, stranger }, isIgnored, lastRecordedMs };
  }

  /** Adds what a later sighting of the stranger shows. */
  update(known: TrackKnowledge, seen: SightOptions): void {
    this.#tryWith(known.passageId, (book) => void book.see(sightOf(known, seen)));
  }

  /** The passage with its present owner: since its fact, an operator may have merged, split or forgotten the stranger. */
  withOwner(passage: Passage): Passage {
    const { stranger, ...rest } = passage;
    let owner: PassageOwner | undefined;
    if (stranger !== undefined)
      this.#tryWith(passage.id, (book) => {
        owner = book.ownerOf(passage.id);
      });
    if (stranger === undefined || owner === undefined) return passage;
    const { strangerId: id, assignedTo } = owner;
    return { ...rest, ...present({ stranger: id && { ...stranger, id }, assignedTo }) };
  }

  /** The fact about the stranger of this passage was recorded. */
  noteRecorded({ passageId, occurredAtMs }: UnknownFact): void {
    this.#tryWith(passageId, (book) => book.noteRecorded(passageId, occurredAtMs));
  }

  /** The passage shows no stranger after all: an enrolled person, or a picture of a person. */
  withdraw(passageId: PassageId): void {
    // What failed is tried again with the next sighting: an enrolled person must not stay a stranger.
    if (this.#tryWith(passageId, (book) => book.withdraw(passageId))) this.#isKept.delete(passageId);
  }

  end(passageId: PassageId): void {
    this.#tryWith(passageId, (book) => book.end(passageId));
    this.#isKept.delete(passageId);
  }

  [Symbol.dispose](): void {
    this.#recent[Symbol.dispose]();
  }

  /**
   * What the book cannot write now is lost: the last views of a passage, or the beginning of a cooldown. That does less harm than to
   * hold up sightings, or to record a fact twice. False if it could not be written.
   */
  #tryWith(passageId: PassageId, work: (book: StrangerBook) => void): boolean {
    const isKept = this.#isKept.get(passageId);
    if (isKept === undefined) return true;
    try {
      const book = this.#bookFor(isKept);
      if (book !== undefined) work(book);
      return true;
    } catch (error) {
      if (!isRollcallError(error) || error.kind === 'defect') throw error;
      return false;
    }
  }

  /** Asked each time, because a restore may replace the gallery with its book. */
  #bookFor(isKept: boolean): StrangerBook | undefined {
    return isKept ? this.#book() : this.#recent;
  }
}

/** What the decider knows of a track beyond its sighting. */
export interface SightOptions {
  readonly startedAtMs: number;
  readonly views: FaceViews;
  readonly threshold: number;
}

function sightOf(
  { passageId, sighting, wallMsOf }: TrackKnowledge,
  { startedAtMs, views, threshold }: SightOptions,
): StrangerSight {
  const { cameraId, recogniser, lastSeenMs } = sighting;
  return {
    ...{ passageId, cameraId, recogniser, views, threshold },
    firstSeenMs: startedAtMs,
    lastSeenMs: wallMsOf(lastSeenMs),
  };
}
