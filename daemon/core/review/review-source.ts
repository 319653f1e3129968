import type { Caller } from '../../contract/caller.js';
import type { ReviewItem } from '../../contract/review.js';
import type { Scope } from '../../contract/scopes.js';
import type { CameraId, PersonId } from '../../kernel/ids.js';
import type { ReviewKind } from '../../kernel/review/review-kind.js';
import type { NameOf } from '../passages/shown-passage.js';

/** Who reads the queue, and what of it they want. */
export interface ReviewReader {
  readonly caller: Pick<Caller, 'actor' | 'scopes' | 'cameras'>;
  /** Absent: all. */
  readonly cameraIds: readonly CameraId[] | undefined;
  /** Undefined for callers without `names:read`. */
  readonly nameOf: NameOf;
  /** The best stored photo of an enrolled person, for callers who may see it. */
  readonly photographOf: (id: PersonId) => string | undefined;
  /** What is set aside for the caller. */
  readonly aside: ReadonlySet<string>;
  /** Wall clock, milliseconds since the epoch. */
  readonly nowMs: number;
}

/** An item with the place behind which a reader continues. `item` undefined: it cannot be opened. */
export interface PlacedItem {
  readonly item: ReviewItem | undefined;
  readonly place: string;
}

/** Items of one kind. */
export interface ReviewSource {
  readonly kind: ReviewKind;
  /** All of these are needed to answer an item. Whoever lacks one does not see it. */
  readonly scopes: readonly Scope[];
  /** True for what concerns all cameras: callers who are limited to some cannot answer it. */
  readonly isOfAllCameras: boolean;
  /** At most `limit`, behind the place `after` of an earlier one. @throws `bad-request` for what is no place */
  list(reader: ReviewReader, limit: number, after: string | undefined): readonly PlacedItem[];
  count(reader: ReviewReader): number;
  /** When the newest item came, whatever became of it: wall clock, milliseconds since the epoch. Undefined if nobody knows. */
  newestMs(reader: ReviewReader): number | undefined;
  /**
   * Whether this is an item that the reader may answer, also one that is set aside. `passage`: the number of the passage that it
   * is.
   */
  find(id: string, reader: ReviewReader): { readonly passage?: number } | undefined;
}

/** An item of a source that can name all its items at once. */
export interface FewItem {
  readonly id: string;
  /** The greatest comes first; a whole number, not negative. */
  readonly rank: number;
  /** When it came, wall clock, milliseconds since the epoch. Absent if nobody knows. */
  readonly atMs?: number;
  readonly item: () => ReviewItem | undefined;
}

/** Of the greatest whole number. */
const rankDigits = 16;

/** What a source does that can name all its items, set aside or not. */
export function fewItems(
  all: (reader: ReviewReader) => readonly FewItem[],
): Pick<ReviewSource, 'list' | 'count' | 'newestMs' | 'find'> {
  const waiting = (reader: ReviewReader) => all(reader).filter(({ id }) => !reader.aside.has(id));
  return {
    list: (reader, limit, after) =>
      waiting(reader)
        .map(({ id, rank, item }) => ({ place: `${String(rank).padStart(rankDigits, '0')}.${id}`, item }))
        .filter(({ place }) => after === undefined || place < after)
        .sort((one, other) => (one.place < other.place ? 1 : -1))
        .slice(0, limit)
        .map(({ place, item }) => ({ place, item: item() })),
    count: (reader) => waiting(reader).length,
    newestMs(reader) {
      const times = all(reader).flatMap(({ atMs }) => atMs ?? []);
      return times.length === 0 ? undefined : Math.max(...times);
    },
    find: (id, reader) => (all(reader).some((each) => each.id === id) ? {} : undefined),
  };
}
