import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OpenDatabase } from '../../../host/sqlite.js';
import type { Actor } from '../../../kernel/actor.js';
import type { Clock } from '../../../kernel/clock.js';
import type { Embedding } from '../../../kernel/identification/match.js';
import type { PassageId, PersonId, RecogniserId, StrangerId } from '../../../kernel/ids.js';
import { knownOf, OpenAppearances } from '../../../kernel/strangers/open-appearances.js';
import {
  isLikely,
  likenessTo,
  merged,
  type Stranger,
  seenBetween,
  split,
} from '../../../kernel/strangers/stranger.js';
import type {
  KnownStranger,
  PassageOwner,
  StrangerBook,
  StrangerSight,
} from '../../../kernel/strangers/stranger-book.js';
import { StrangerIndex } from '../../../kernel/strangers/stranger-index.js';
import type { AuditLog } from '../../audit/audit-log.js';
import type { KeyRing } from '../keys/key-ring.js';
import { newStrangerId } from '../row-id.js';
import type { QuarantinedRow } from '../verify/quarantine.js';
import type { StrangerFate } from './stranger-codec.js';
import { StrangerRows } from './stranger-rows.js';
import {
  entryOf,
  type StrangerAside,
  type StrangerEntry,
  StrangersAside,
  wipeViews,
} from './strangers-aside.js';

/** A stranger with the similarity of a face, -1..1. */
export interface SimilarStranger {
  readonly strangerId: StrangerId;
  readonly similarity: number;
}

/**
 * Strangers who are kept at the same time: a few days of a busy street. At most eight views of 2 KiB each are in memory, and a
 * passage is compared with all of them. A vision process that was taken over could otherwise fill memory and disk.
 */
export const mostStrangers = 10_000;

export interface GalleryStrangersOptions {
  readonly database: OpenDatabase;
  readonly ring: KeyRing;
  readonly recogniser: RecogniserId;
  /** Number of values of an embedding. */
  readonly dimensions: number;
  readonly audit: AuditLog;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly quarantine: (row: QuarantinedRow) => void;
  /** By default `mostStrangers`. */
  readonly most?: number;
}

/**
 * The strangers whom the gallery keeps: sealed on disk, each under a data key of their own, and in memory for exact search. Every
 * change by an operation is one transaction with its audit entry.
 */
export class GalleryStrangers implements StrangerBook, Disposable {
  readonly #database: OpenDatabase;
  readonly #audit: AuditLog;
  readonly #mostStrangers: number;
  readonly #rows: StrangerRows;
  readonly #aside: StrangersAside;
  readonly #index = new StrangerIndex();
  readonly #open = new OpenAppearances(this.#index, newStrangerId);

  private constructor(options: GalleryStrangersOptions) {
    this.#database = options.database;
    this.#audit = options.audit;
    this.#mostStrangers = options.most ?? mostStrangers;
    this.#rows = new StrangerRows(options);
    this.#aside = new StrangersAside({ ...options, rows: this.#rows });
  }

  /**
   * Loads all strangers. Deletes those of another recogniser, because their views can no longer be compared and strangers have no
   * photographs to embed again. Quarantines rows that do not open.
   */
  static async load(options: GalleryStrangersOptions): Promise<GalleryStrangers> {
    const strangers = new GalleryStrangers(options);
    try {
      await strangers.#load(options);
      return strangers;
    } catch (error) {
      strangers[Symbol.dispose]();
      throw error;
    }
  }

  get count(): number {
    return this.#index.size;
  }

  see(sight: StrangerSight): KnownStranger {
    if (this.#open.hasLeft(sight.passageId)) return { isIgnored: false };
    const { stranger, isFirstSight } = this.#open.sighted(sight);
    // Further views stay in memory until the passage ends: a row for each would wear out the disk.
    if (isFirstSight) {
      if (this.#index.get(stranger.id) === undefined) this.#makeRoom();
      this.#database.transaction(() => this.#rows.put(stranger));
    }
    this.#open.bind(sight.passageId, stranger.id);
    return knownOf(this.#index.put(stranger), sight);
  }

  ownerOf(passageId: PassageId): PassageOwner | undefined {
    return this.#open.ownerOf(passageId);
  }

  noteRecorded(passageId: PassageId, atMs: number): void {
    const stranger = this.#open.recorded(passageId, atMs);
    if (stranger === undefined) return;
    this.#database.transaction(() => this.#rows.put(stranger));
    this.#index.put(stranger);
  }

  withdraw(passageId: PassageId): void {
    const rest = this.#open.withdrawn(passageId);
    if (rest?.appearances.length === 0 || rest?.views.length === 0) this.#delete(rest.id);
    else if (rest !== undefined) {
      this.#database.transaction(() => this.#rows.put(rest));
      this.#index.put(rest);
    }
    this.#open.release(passageId);
  }

  end(passageId: PassageId): void {
    const stranger = this.#open.release(passageId);
    if (stranger !== undefined) this.#database.transaction(() => this.#rows.put(stranger));
  }

  /** The latest seen first. */
  list(): readonly StrangerEntry[] {
    return [...this.#index.values()].map(entryOf).sort((a, b) => b.lastSeenMs - a.lastSeenMs);
  }

  /** Those who were seen since this time (wall clock, milliseconds since the epoch), and those with one of these ids. In no order. */
  seenSince(sinceMs: number, ids: ReadonlySet<StrangerId>): readonly StrangerEntry[] {
    const wasSeen = ({ id, appearances }: Stranger): boolean =>
      ids.has(id) || appearances.some(({ lastSeenMs }) => lastSeenMs >= sinceMs);
    return [...this.#index.values()].filter(wasSeen).map(entryOf);
  }

  show(id: StrangerId): StrangerEntry | undefined {
    const stranger = this.#index.get(id);
    return stranger && entryOf(stranger);
  }

  /** The strangers most similar to any of these faces, closest first. */
  nearest(
    faces: readonly Embedding[],
    options: { readonly count: number; readonly recogniser: RecogniserId },
  ): readonly SimilarStranger[] {
    return this.#index.nearest(faces, options).map(({ stranger, likeness }) => ({
      strangerId: stranger.id,
      similarity: likeness,
    }));
  }

  /** Other strangers who may be the same person, closest first: a face of one reaches `threshold` with the other. */
  similarTo(id: StrangerId, threshold: number, count: number): readonly SimilarStranger[] {
    const own = this.#index.get(id)?.views ?? [];
    const found: SimilarStranger[] = [];
    for (const { id: other, views } of this.#index.values()) {
      if (other === id) continue;
      // Most strangers are far away: they cost one or two comparisons.
      const near = own.filter(({ embedding }) => isLikely(embedding, views, threshold));
      if (near.length === 0) continue;
      const similarity = Math.max(...near.map(({ embedding }) => likenessTo(embedding, views)));
      found.push({ strangerId: other, similarity });
    }
    return found.sort((a, b) => b.similarity - a.similarity).slice(0, count);
  }

  /** Joins strangers under the id of the one who was seen first. Undefined if one is not known. */
  merge(ids: readonly StrangerId[], by: Actor): StrangerEntry | undefined {
    const known = [...new Set(ids)].map((id) => this.#index.get(id)).filter((each) => each !== undefined);
    const [into, ...others] = known.sort((a, b) => firstSeenMs(a) - firstSeenMs(b));
    if (into === undefined || others.length === 0 || known.length < new Set(ids).size) return undefined;
    const all = merged(into, others);
    this.#database.transaction(() => {
      this.#rows.put(all);
      for (const { id } of others) {
        this.#rows.delete(id);
        this.#audit.append({ by, action: 'stranger.merged', subject: id, details: { into: into.id } });
      }
    });
    const kept = this.#index.put(all);
    for (const { id } of others) this.#index.remove(id);
    this.#open.rebind(
      others.map(({ id }) => id),
      into.id,
    );
    return entryOf(kept);
  }

  /** Makes a new stranger of some passages. `nothing-left`: one of the two would have no view to compare with. */
  split(
    id: StrangerId,
    passages: readonly PassageId[],
    by: Actor,
  ): StrangerEntry | 'no-such-stranger' | 'nothing-left' {
    const stranger = this.#index.get(id);
    if (stranger === undefined) return 'no-such-stranger';
    const wanted = new Set(passages);
    const parts = split(stranger, wanted, newStrangerId());
    if (parts === undefined) return 'nothing-left';
    const { rest, taken } = parts;
    this.#database.transaction(() => {
      this.#rows.put(taken);
      this.#rows.put(rest);
      const details = { into: taken.id, passages: taken.appearances.length };
      this.#audit.append({ by, action: 'stranger.split', subject: id, details });
    });
    // First, because replacing the other one overwrites the embeddings that this one takes.
    const kept = this.#index.put(taken);
    this.#index.put(rest);
    this.#open.rebind([id], taken.id, wanted);
    return entryOf(kept);
  }

  /** From now on the stranger causes no events, or events again. False if there is no such stranger. */
  setIgnored(id: StrangerId, isIgnored: boolean, by: Actor): boolean {
    const stranger = this.#index.get(id);
    if (stranger === undefined) return false;
    const next: Stranger = { ...stranger, state: isIgnored ? 'ignored' : 'active' };
    this.#database.transaction(() => {
      this.#rows.put(next);
      this.#audit.append({ by, action: 'stranger.ignored', subject: id, details: { ignored: isIgnored } });
    });
    this.#index.put(next);
    return true;
  }

  /** From now on the stranger is not recognised, and can be restored for `restorableMs`. False if there is no such stranger. */
  setAside(id: StrangerId, fate: StrangerFate, by: Actor): boolean {
    const stranger = this.#index.get(id);
    if (stranger === undefined) return false;
    this.#aside.put(stranger, fate, by);
    this.#index.remove(id);
    this.#open.setAside(id, fate.change === 'assigned' ? fate.personId : undefined);
    return true;
  }

  /** The strangers who are set aside, or those who are forgotten at a wanted time; the last one first. */
  aside(isWanted: (forgottenAtMs: number) => boolean = () => true): readonly StrangerAside[] {
    return this.#aside.list(isWanted);
  }

  asideOf(id: StrangerId): StrangerAside | undefined {
    return this.#aside.find(id);
  }

  /** Recognises a stranger again who was set aside. Undefined if there is none, or the row does not open. */
  restore(id: StrangerId, by: Actor): StrangerEntry | undefined {
    const stranger = this.#aside.takeBack(id, by);
    if (stranger === undefined) return undefined;
    this.#makeRoom();
    const kept = this.#index.put(stranger);
    wipeViews(stranger);
    this.#open.restore(id);
    return entryOf(kept);
  }

  /** Permanently deletes a stranger who is set aside. `by`: an operator who does not want to wait. False if there is none. */
  forget(id: StrangerId, by?: Actor): boolean {
    if (!this.#aside.forget(id, by)) return false;
    this.#open.forget(id);
    return true;
  }

  /** A person was erased, with the strangers who were assigned to them: open passages name neither. */
  forgetPerson(id: PersonId): void {
    this.#open.forgetPerson(id);
  }

  /** Retention has deleted these strangers from the file: forgets them in memory, too. */
  unload(ids: readonly StrangerId[]): void {
    for (const id of ids) {
      this.#index.remove(id);
      this.#open.forget(id);
    }
  }

  [Symbol.dispose](): void {
    this.#index[Symbol.dispose]();
  }

  async #load({ recogniser, quarantine }: GalleryStrangersOptions): Promise<void> {
    for (let previousId = ''; ; ) {
      const rows = this.#rows.after(previousId);
      for (const { columns, open } of rows) {
        if (columns.recogniser !== recogniser) {
          this.#delete(columns.id);
          continue;
        }
        const opened = open();
        if (opened.outcome === 'open') this.#index.put(opened.stranger);
        else quarantine({ table: 'stranger', rowId: columns.id, reason: opened.reason });
      }
      const last = rows.at(-1);
      if (last === undefined) return;
      previousId = last.columns.id;
      await nextTurn();
    }
  }

  /** Beyond the limit, forgets the stranger who was not seen for the longest time; those whom an operator ignored stay longest. */
  #makeRoom(): void {
    if (this.#index.size < this.#mostStrangers) return;
    let oldest: { readonly stranger: Stranger; readonly lastMs: number } | undefined;
    for (const stranger of this.#index.values()) {
      const lastMs = seenBetween(stranger)?.lastMs ?? 0;
      const isBefore =
        oldest === undefined ||
        (stranger.state === oldest.stranger.state ? lastMs < oldest.lastMs : stranger.state === 'active');
      if (isBefore) oldest = { stranger, lastMs };
    }
    if (oldest === undefined) return;
    this.#delete(oldest.stranger.id);
    this.#open.forget(oldest.stranger.id);
  }

  #delete(id: StrangerId): void {
    this.#database.transaction(() => this.#rows.delete(id));
    this.#index.remove(id);
  }
}

const firstSeenMs = (stranger: Stranger): number => seenBetween(stranger)?.firstMs ?? 0;
