import type { OpenDatabase } from '../../host/sqlite.js';
import type { PassageId, PersonId, StrangerId } from '../../kernel/ids.js';
import type { Passage } from '../../kernel/passages/passage.js';
import { encodeContent, type PassageRow, passageOf, sealedIn } from './passage-content.js';
import {
  type PassageCount,
  type PassageQuery,
  type PassageRows,
  passageRowsOf,
  type TaggedPerson,
} from './passage-rows.js';
import type { PassageSeal } from './passage-seal.js';

/** A passage as it is stored. */
export interface StoredPassage {
  /** Ascends in the order of the first rows, with gaps: also a replaced row uses up a number. The cursor of lists. */
  readonly number: number;
  readonly id: PassageId;
  /** Undefined if the content does not open: its key was deleted, or the row was altered. */
  readonly passage: Passage | undefined;
}

type Listener = (passage: StoredPassage) => void;

/**
 * The passages in records.db. Persons and measurements are sealed; camera, times, outcome and reason are readable. A passage is
 * written in the transaction of its events.
 */
export class PassageJournal {
  readonly #database: OpenDatabase;
  readonly #rows: PassageRows;
  readonly #seal: PassageSeal;
  readonly #listeners = new Set<Listener>();

  constructor(database: OpenDatabase, seal: PassageSeal) {
    this.#database = database;
    this.#rows = passageRowsOf(database);
    this.#seal = seal;
  }

  /** Adds the passage, or replaces what was written of it; in the transaction of the caller, if there is one. */
  put(given: Passage): void {
    const { startedAtMs, lastSeenMs } = given;
    const passage = {
      ...given,
      startedAtMs: Math.floor(startedAtMs),
      lastSeenMs: Math.floor(lastSeenMs),
    };
    const row = this.#sealed(passage);
    // Within the transaction of an event, the passage is on the disk with it. Alone, it needs no wait for the disk.
    const number = this.#database.unsyncedTransaction(() => this.#rows.write(row, this.#personsOf(passage)));
    if (this.#listeners.size > 0) {
      queueMicrotask(() => this.#notify({ number, id: passage.id, passage }, row));
    }
  }

  list(query: PassageQuery): readonly StoredPassage[] {
    const { personId } = query;
    const tags = personId === undefined ? undefined : this.#seal.tagsOf(personId);
    return this.#database.read(() => this.#rows.list(query, tags)).map((row) => this.#opened(row));
  }

  find(id: PassageId): StoredPassage | undefined {
    const row = this.#database.read(() => this.#rows.find(id));
    return row && this.#opened(row);
  }

  /** Passages whose id begins like this, at most `limit`. */
  beginningWith(beginning: string, limit: number): readonly StoredPassage[] {
    const rows = this.#database.read(() => this.#rows.beginningWith(beginning, limit));
    return rows.map((row) => this.#opened(row));
  }

  /** Ended passages that began in this time, by camera, quarter of an hour, outcome and reason. */
  counts(sinceMs: number, beforeMs: number): readonly PassageCount[] {
    return this.#database.read(() => this.#rows.counts(sinceMs, beforeMs));
  }

  /**
   * The least and the greatest number of the passages that began in this time; undefined without any. A list between them looks at no
   * older passages.
   */
  numbersBetween(
    sinceMs: number,
    beforeMs: number,
  ): { readonly first: number; readonly last: number } | undefined {
    return this.#database.read(() => this.#rows.numbersBetween(sinceMs, beforeMs));
  }

  /** When a face was last seen before this time; undefined if never. Readable without a key. */
  lastSeenMs(beforeMs: number): number | undefined {
    return this.#database.read(() => this.#rows.lastSeenMs(beforeMs));
  }

  /** The numbers of the passages in sight, and the greatest number of all; 0 without any. Readable without a key. */
  inSight(): { readonly numbers: readonly number[]; readonly newest: number } {
    return this.#database.read(() => this.#rows.inSight());
  }

  /** Ends the passages that were in sight when the daemon stopped. Returns how many. */
  endOpen(): number {
    if (!this.#database.read(() => this.#rows.hasOpen())) return 0;
    return this.#database.transaction(() => this.#rows.endOpen());
  }

  /**
   * Removes an erased person: their own passages, the clips that may show them, and their name among the nearest of others. Returns how
   * many passages.
   */
  forgetPerson(personId: PersonId): number {
    return this.#database.transaction(() => {
      let count = 0;
      for (const tag of this.#seal.tagsOf(personId)) {
        for (const row of this.#rows.ofPerson(tag, true)) {
          this.#rows.removeClipsShowing(row);
          this.#rows.remove(row.number);
          count += 1;
        }
        for (const row of this.#rows.ofPerson(tag, false)) {
          this.#withoutMention(row, personId);
          count += 1;
        }
      }
      return count;
    });
  }

  /** Removes a stranger from the passages, which stay. */
  forgetStranger(id: StrangerId): void {
    this.#database.transaction(() => this.#rows.removeStranger(id));
  }

  /** Deletes the clips that may show a stranger. Their pictures are elsewhere. */
  removeStrangerClips(id: StrangerId): void {
    this.#database.transaction(() => {
      for (const row of this.#rows.ofStranger(id)) this.#rows.removeClipsShowing(row);
    });
  }

  /** Gives passages of a stranger to another one: all, or those with these ids. */
  moveStranger(from: StrangerId, to: StrangerId, only?: readonly PassageId[]): void {
    this.#database.transaction(() => this.#rows.moveStranger(from, to, only));
  }

  /**
   * Gives the passages of a stranger to the enrolled person who the stranger is. They keep the id of the stranger until
   * `forgetStranger`, so that this can be taken back. The gallery must be open.
   */
  assignStranger(from: StrangerId, to: PersonId): void {
    this.#database.transaction(() => {
      for (const row of this.#rows.ofStranger(from)) {
        const { passage } = this.#opened(row);
        if (passage === undefined) {
          // Without its content, nothing could later say whose it is.
          this.#rows.remove(row.number);
          continue;
        }
        const assigned = { ...passage, assignedTo: to };
        this.#rows.write(this.#sealed(assigned), this.#personsOf(assigned));
      }
    });
  }

  /** Takes `assignStranger` back. The gallery must be open. */
  unassignStranger(id: StrangerId): void {
    this.#database.transaction(() => {
      for (const row of this.#rows.ofStranger(id)) {
        const { passage } = this.#opened(row);
        if (passage === undefined) continue;
        const { assignedTo: _, ...own } = passage;
        this.#rows.write(this.#sealed(own), this.#personsOf(own));
      }
    });
  }

  /** Calls back after a passage was written and committed. Returns a function that ends this. */
  onWritten(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** What cannot be sealed again without the name goes as a whole: while the gallery is sealed, or if the key is gone for now. */
  #withoutMention(row: PassageRow, personId: PersonId): void {
    const passage = this.#seal.isOpen ? this.#opened(row).passage : undefined;
    if (passage === undefined) {
      this.#rows.remove(row.number);
      return;
    }
    const nearest = passage.nearest.filter((near) => near.personId !== personId);
    const left = { ...passage, nearest };
    this.#rows.write(this.#sealed(left), this.#personsOf(left));
  }

  #sealed(passage: Passage): Omit<PassageRow, 'number'> {
    const { id, cameraId, startedAtMs, lastSeenMs, end, outcome, reason, stranger } = passage;
    const { keyId, sealed } = this.#seal.seal(passage, encodeContent(passage));
    return {
      ...{ id, cameraId, startedAtMs, lastSeenMs, outcome, reason, keyId },
      endedAs: end ?? null,
      strangerId: stranger?.id ?? null,
      strangerVisit: stranger?.visit ?? null,
      content: sealed,
    };
  }

  #opened(row: PassageRow): StoredPassage {
    const { number, id } = row;
    const content = this.#seal.open(row, sealedIn(row));
    return { number, id, passage: content && passageOf(row, content) };
  }

  /** Whose passage it is, and the other persons who are near. */
  #personsOf({ personId, assignedTo, nearest }: Passage): readonly TaggedPerson[] {
    const own = personId ?? assignedTo;
    const ids = new Set([...(own === undefined ? [] : [own]), ...nearest.map((near) => near.personId)]);
    return [...ids].map((id) => ({ tag: this.#seal.tagsOf(id)[0], isOwn: id === own }));
  }

  /** Says nothing if the transaction of the caller was rolled back, or the passage was written again since. */
  #notify(stored: StoredPassage, row: Omit<PassageRow, 'number'>): void {
    if (!this.#database.read(() => this.#rows.isStored(row))) return;
    for (const listener of this.#listeners) listener(stored);
  }
}
