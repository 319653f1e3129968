import type { Page } from '../../contract/operation.js';
import { personId } from '../../kernel/ids.js';
import type { ConsentState } from '../../kernel/persons/consent.js';
import { fieldQuery } from '../../kernel/persons/custom-fields.js';
import type { PersonOrder, RemovedPersonsListed } from '../../kernel/persons/person-listing.js';
import { type Validity, validityOn, type WatchMark } from '../../kernel/persons/person-standing.js';
import { refusal } from '../../words/errors.js';
import type { Gallery } from '../gallery/gallery.js';
import type { PlaceInNames } from '../gallery/persons/name-index.js';
import type { ListedPerson, ListedTerms, PersonsWanted } from '../gallery/persons/person-directory.js';
import type { PersonEntry } from '../gallery/persons/person-entry.js';
import type { PersonsPage } from '../gallery/persons/person-rows.js';

/** Which persons to list. */
export interface PersonFilter {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly removed: RemovedPersonsListed;
  /** Part of a name or of the value of a custom field, or a whole external id. */
  readonly text?: string | undefined;
  /** `ID=TEXT` */
  readonly field?: string | undefined;
  readonly group?: string | undefined;
  readonly watch?: WatchMark | 'any' | undefined;
  readonly validity?: Validity | undefined;
  readonly consent?: ConsentState | undefined;
  readonly sort: PersonOrder;
}

type Entries = Page<PersonEntry>;
type ListedGallery = Pick<Gallery, 'pagePersons' | 'countPersons' | 'findPersons' | 'personsOf'>;

const statesOf = {
  excluded: ['active'],
  included: ['active', 'removed'],
  only: ['removed'],
} as const satisfies Record<PersonFilter['removed'], PersonsPage['states']>;

/**
 * One page of persons. A list continues behind the place of the last person of the page before, so that changes between two pages
 * neither hide nor repeat others. Only the profiles of the page are opened.
 * `todayIso`: today at the site. @throws `bad-request` for a cursor that no page gave
 */
export async function pageOfPersons(
  gallery: ListedGallery,
  filter: PersonFilter,
  todayIso: string,
): Promise<Entries> {
  const { sort, removed, text, limit } = filter;
  const isMatch = matcherOf(filter, todayIso);
  const field = filter.field === undefined ? undefined : fieldQuery(filter.field);
  if (sort !== 'name' && text === undefined && field === undefined && isMatch === undefined)
    return await pageOfAll(gallery, filter, sort);
  const wanted = { order: sort, states: statesOf[removed], text, field, isMatch };
  if (sort === 'name') return await pageByName(gallery, filter, wanted);
  const { persons, count } = await gallery.findPersons(wanted);
  const start = placeOfPage(persons, filter);
  const page = persons.slice(start, start + limit);
  const last = page.at(-1);
  return {
    items: await gallery.personsOf(page.map(({ id }) => id)),
    ...(last !== undefined && start + limit < persons.length && { nextCursor: cursorAfter(last) }),
    total: count,
  };
}

async function pageByName(
  gallery: ListedGallery,
  { cursor, limit }: PersonFilter,
  wanted: PersonsWanted,
): Promise<Entries> {
  const after = cursor === undefined ? undefined : nameOf(cursor);
  const { persons, count, last } = await gallery.findPersons({ ...wanted, after, limit });
  return {
    items: await gallery.personsOf(persons.map(({ id }) => id)),
    ...(last && { nextCursor: `${Buffer.from(last.name).toString('base64url')}.${last.id}` }),
    total: count,
  };
}

/** A page of all persons by enrolment: the database has this order. */
async function pageOfAll(
  gallery: ListedGallery,
  { cursor, limit, removed }: PersonFilter,
  order: PersonsPage['order'],
): Promise<Entries> {
  const states = statesOf[removed];
  const after = cursor === undefined ? undefined : personOf(cursor);
  // One more than the page holds shows whether another page follows.
  const found = await gallery.pagePersons({ order, states, after, limit: limit + 1 });
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return {
    items,
    ...(last !== undefined && found.length > limit && { nextCursor: cursorAfter(last) }),
    total: gallery.countPersons(states),
  };
}

/** Undefined if the filter asks for nothing that the terms of a person tell. */
function matcherOf(
  { group, watch, validity, consent }: PersonFilter,
  todayIso: string,
): ((terms: ListedTerms) => boolean) | undefined {
  if ([group, watch, validity, consent].every((asked) => asked === undefined)) return undefined;
  return (terms) =>
    (group === undefined || terms.groups?.includes(group) === true) &&
    (watch === undefined || (watch === 'any' ? terms.mark !== undefined : terms.mark === watch)) &&
    (validity === undefined || validityOn(terms, todayIso) === validity) &&
    (consent === undefined || terms.consent === consent);
}

type Enrolled = Pick<ListedPerson, 'id' | 'enrolledAtMs'>;

/** Where the page begins among these persons. The last person of the page before may be gone. */
function placeOfPage(found: readonly ListedPerson[], { sort, cursor }: PersonFilter): number {
  if (cursor === undefined) return 0;
  const after = personOf(cursor);
  const isAfter = (a: Enrolled, b: Enrolled): boolean =>
    a.enrolledAtMs === b.enrolledAtMs ? a.id > b.id : a.enrolledAtMs > b.enrolledAtMs;
  const place = found.findIndex((each) => (sort === 'oldest' ? isAfter(each, after) : isAfter(after, each)));
  return place < 0 ? found.length : place;
}

const cursorAfter = ({ id, enrolledAtMs }: Enrolled): string => `${enrolledAtMs}.${id}`;

function personOf(cursor: string): Enrolled {
  const found = /^(\d{1,15})\.(p-[0-9a-z]{1,40})$/.exec(cursor);
  if (found === null) throw badCursor();
  return { enrolledAtMs: Number(found[1]), id: personId(found[2] ?? '') };
}

/** Of a list by name. Whoever gets such a cursor has read the name. */
function nameOf(cursor: string): PlaceInNames {
  const found = /^([\w-]{0,192})\.(p-[0-9a-z]{1,40})$/.exec(cursor);
  if (found === null) throw badCursor();
  return { name: Buffer.from(found[1] ?? '', 'base64url'), id: personId(found[2] ?? '') };
}

function badCursor() {
  return refusal('bad-request:person-cursor');
}
