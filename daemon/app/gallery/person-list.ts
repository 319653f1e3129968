import { setImmediate as nextTurn } from 'node:timers/promises';
import { badInput } from '../../base/errors.js';
import { present } from '../../base/present.js';
import type { Page } from '../../contract/operation.js';
import { type PersonId, personId } from '../../domain/ids.js';
import { type Validity, validityOn, type WatchMark } from '../../domain/persons/person-standing.js';
import type { Gallery, PersonEntry } from '../../gallery/gallery.js';
import { simplified } from '../../gallery/persons/name-index.js';
import type { PersonsPage } from '../../gallery/persons/person-rows.js';

/** Which persons to list. */
export interface PersonFilter {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly removed: 'excluded' | 'included' | 'only';
  /** Part of a name, or a whole external id. */
  readonly text?: string | undefined;
  readonly group?: string | undefined;
  readonly watch?: WatchMark | 'any' | undefined;
  readonly validity?: Validity | undefined;
  readonly sort: 'oldest' | 'newest' | 'name';
}

type Entries = Page<PersonEntry>;
type PagedGallery = Pick<Gallery, 'pagePersons' | 'countPersons' | 'personsNamed'>;

const statesOf = {
  excluded: ['active'],
  included: ['active', 'removed'],
  only: ['removed'],
} as const satisfies Record<PersonFilter['removed'], PersonsPage['states']>;

/** Persons read at a time where the profiles decide whether they are listed. */
const readAtATime = 1000;
/** The most persons found by a text whose rows are asked for by their ids. Of more, a page is soon full without that. */
const mostAmong = 5000;

/**
 * One page of persons. A list by enrolment continues after the last person of the page before, so that changes between two pages
 * neither hide nor repeat persons. A list by name continues at a place in the list.
 * `todayIso`: today at the site. @throws `bad-request` for a cursor that no page gave
 */
export async function pageOfPersons(
  gallery: PagedGallery,
  filter: PersonFilter,
  todayIso: string,
): Promise<Entries> {
  const { sort, removed } = filter;
  const states = statesOf[removed];
  const isMatch = matcherOf(filter, todayIso);
  if (sort === 'name') return await pageByName(await matching(gallery, filter, isMatch), filter);
  const after = filter.cursor === undefined ? undefined : personOf(filter.cursor);
  const which = { order: sort, states, after } as const;
  // One more than the page holds shows whether another page follows.
  const found =
    isMatch === undefined
      ? await gallery.pagePersons({ ...which, limit: filter.limit + 1 })
      : await matching(gallery, filter, isMatch, { ...which, limit: filter.limit + 1 });
  const items = found.slice(0, filter.limit);
  const last = items.at(-1);
  const hasMore = found.length > items.length && last !== undefined;
  return {
    items,
    ...present({
      nextCursor: hasMore ? `${last.enrolledAtMs}.${last.id}` : undefined,
      total: isMatch === undefined ? gallery.countPersons(states) : undefined,
    }),
  };
}

/** All persons that the filter lets through, or the first `limit` of them. */
async function matching(
  gallery: PagedGallery,
  { removed, text }: PersonFilter,
  isMatch: Matcher | undefined,
  { order, states, after, limit }: PersonsPage = {
    ...{ order: 'oldest', states: statesOf[removed], limit: Number.POSITIVE_INFINITY },
  },
): Promise<readonly PersonEntry[]> {
  const among = await idsOf(gallery, text);
  const found: PersonEntry[] = [];
  let last = after;
  for (;;) {
    const wanted = among === undefined ? readAtATime : Math.min(readAtATime, limit - found.length);
    const read = await gallery.pagePersons({ order, states, after: last, limit: wanted, among });
    // A profile may have changed since the names were searched.
    for (const entry of read) {
      if (isMatch?.(entry) === false) continue;
      found.push(entry);
      if (found.length >= limit) return found;
    }
    last = read.at(-1);
    if (read.length < wanted) return found;
  }
}

/** The persons to look at; undefined: all. */
async function idsOf(
  gallery: PagedGallery,
  text: string | undefined,
): Promise<readonly PersonId[] | undefined> {
  if (text === undefined || text.trim() === '') return undefined;
  const ids = await gallery.personsNamed(text);
  return ids.length > mostAmong ? undefined : ids;
}

type Matcher = (entry: PersonEntry) => boolean;

/** Undefined if the filter asks for nothing that a profile tells. */
function matcherOf({ text, group, watch, validity }: PersonFilter, todayIso: string): Matcher | undefined {
  if ([text, group, watch, validity].every((asked) => asked === undefined)) return undefined;
  const wanted = text === undefined ? undefined : simplified(text);
  return ({ profile }) => {
    if (profile === undefined) return false;
    const isNamed =
      wanted === undefined ||
      simplified(profile.name).includes(wanted) ||
      profile.externalId === text?.trim();
    const mark = profile.watch?.mark;
    return (
      isNamed &&
      (group === undefined || profile.groups?.includes(group) === true) &&
      (watch === undefined || (watch === 'any' ? mark !== undefined : mark === watch)) &&
      (validity === undefined || validityOn(profile, todayIso) === validity)
    );
  };
}

async function pageByName(all: readonly PersonEntry[], { limit, cursor }: PersonFilter): Promise<Entries> {
  const from = cursor === undefined ? 0 : placeOf(cursor);
  const named = await sortedByName(all);
  const items = named.slice(from, from + limit).map(({ entry }) => entry);
  const next = from + items.length;
  return {
    items,
    ...present({ nextCursor: next < all.length && items.length > 0 ? String(next) : undefined }),
    total: all.length,
  };
}

interface NamedEntry {
  readonly entry: PersonEntry;
  readonly key: string;
}

/** Persons sorted between two turns of the event loop: some milliseconds of work. */
const sortedAtATime = 4000;

/** Merge sort with turns of the event loop: sorting 100,000 names at once would hold it for some 200 ms. */
async function sortedByName(all: readonly PersonEntry[]): Promise<readonly NamedEntry[]> {
  let runs: (readonly NamedEntry[])[] = [];
  for (let from = 0; from < all.length; from += sortedAtATime) {
    const run = all
      .slice(from, from + sortedAtATime)
      .map((entry) => ({ entry, key: simplified(entry.profile?.name ?? '') }));
    runs.push(run.sort(byName));
    await nextTurn();
  }
  while (runs.length > 1) {
    const merged: (readonly NamedEntry[])[] = [];
    for (let index = 0; index < runs.length; index += 2) {
      merged.push(mergedRuns(runs[index] ?? [], runs[index + 1] ?? []));
      await nextTurn();
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function mergedRuns(left: readonly NamedEntry[], right: readonly NamedEntry[]): readonly NamedEntry[] {
  const merged: NamedEntry[] = [];
  let [inLeft, inRight] = [0, 0];
  for (;;) {
    const [a, b] = [left[inLeft], right[inRight]];
    if (a === undefined) return merged.concat(right.slice(inRight));
    if (b === undefined) return merged.concat(left.slice(inLeft));
    if (byName(a, b) <= 0) {
      merged.push(a);
      inLeft += 1;
    } else {
      merged.push(b);
      inRight += 1;
    }
  }
}

function byName(a: NamedEntry, b: NamedEntry): number {
  return order(a.key, b.key) || order(a.entry.id, b.entry.id);
}

/** By code units: the same on every box, whatever its locale. */
function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function personOf(cursor: string): PersonsPage['after'] {
  const found = /^(\d{1,15})\.(p-[0-9a-z]{1,40})$/.exec(cursor);
  if (found === null) throw badCursor();
  return { enrolledAtMs: Number(found[1]), id: personId(found[2] ?? '') };
}

function placeOf(cursor: string): number {
  if (!/^\d{1,9}$/.test(cursor)) throw badCursor();
  return Number(cursor);
}

function badCursor() {
  return badInput('bad-request', 'The cursor does not belong to this list.', {
    remedy: 'Give nextCursor of the page before, with the same sort, or leave it out for the first page.',
  });
}
