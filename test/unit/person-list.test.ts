import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import { PersonDirectory } from '../../daemon/core/gallery/persons/person-directory.js';
import type { PersonEntry } from '../../daemon/core/gallery/persons/person-entry.js';
import { type PersonFilter, pageOfPersons } from '../../daemon/core/persons/person-list.js';
import { personId } from '../../daemon/kernel/ids.js';
import type { PersonProfile } from '../../daemon/kernel/persons/person-profile.js';

const entry = (index: number, profile: PersonProfile | undefined): PersonEntry => ({
  id: personId(`p-${String(index).padStart(6, '0')}`),
  ...{ state: 'active', profile, revision: 1 },
  ...{ enrolledAtMs: index, changedAtMs: index, templateCount: 1, photographCount: 1, evidenceCount: 0 },
});

type Listed = Parameters<typeof pageOfPersons>[0];

/** A gallery of these persons, with the directory of the real one. */
function galleryOf(
  profiles: readonly (PersonProfile | undefined)[],
): Listed & { readonly opened: () => number } {
  const all = profiles.map((profile, index) => entry(index, profile));
  const directory = new PersonDirectory();
  for (const { id, enrolledAtMs, profile } of all)
    directory.note({ id, enrolledAtMs, state: 'active' }, profile);
  let opened = 0;
  const open: Gallery['personsOf'] = async (ids) => {
    opened += ids.length;
    return all.filter(({ id }) => ids.includes(id)).sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));
  };
  return {
    pagePersons: async ({ after, limit }) => {
      const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after.id) + 1;
      return all.slice(from, from + limit);
    },
    countPersons: () => all.length,
    findPersons: async (wanted) => directory.find(wanted),
    personsOf: open,
    opened: () => opened,
  };
}

const today = '2026-03-02';
const filter = { limit: 1000, removed: 'excluded' } as const;

/** All pages of a list, one after another. */
async function pagesOf(
  gallery: Listed,
  asked: Omit<PersonFilter, 'removed'>,
): Promise<readonly PersonEntry[]> {
  const listed: PersonEntry[] = [];
  const totals = new Set<number | undefined>();
  let cursor: string | undefined;
  do {
    const page = await pageOfPersons(gallery, { ...filter, ...asked, cursor }, today);
    totals.add(page.total);
    listed.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  assert.deepEqual([...totals], [listed.length]);
  return listed;
}

describe('a list of persons', () => {
  test('has removed persons only where they are asked for, in every order and with a search', async () => {
    for (const [removed, expected] of [
      ['excluded', ['active']],
      ['included', ['active', 'removed']],
      ['only', ['removed']],
    ] as const) {
      for (const asked of [{ sort: 'name' }, { sort: 'oldest' }, { sort: 'newest', text: 'a' }] as const) {
        const states: (readonly string[])[] = [];
        const gallery: Listed = {
          ...galleryOf([{ name: 'Ada' }]),
          pagePersons: async (page) => {
            states.push(page.states);
            return [];
          },
          countPersons: (counted) => {
            states.push(counted);
            return 0;
          },
          findPersons: async (wanted) => {
            states.push(wanted.states);
            return { persons: [], count: 0, last: undefined };
          },
        };
        await pageOfPersons(gallery, { limit: 10, removed, ...asked }, today);
        assert.ok(states.length > 0);
        for (const each of states) assert.deepEqual([...each].sort(), expected, `${removed} ${asked.sort}`);
      }
    }
  });

  test('by name is whole and in order, in pages of any size', async () => {
    const name = fc.option(fc.string({ minLength: 1, maxLength: 4 }), { nil: undefined });
    const sizes = fc.integer({ min: 1, max: 20 });
    await fc.assert(
      fc.asyncProperty(fc.array(name, { maxLength: 60 }), sizes, async (names, limit) => {
        const gallery = galleryOf(names.map((each) => (each === undefined ? undefined : { name: each })));
        const listed = await pagesOf(gallery, { sort: 'name', limit });
        assert.equal(new Set(listed.map(({ id }) => id)).size, names.length);
        const keys = listed.map(({ profile }) => (profile?.name ?? '').trim().toLowerCase());
        assert.deepEqual(keys, [...keys].sort());
      }),
    );
  });

  test('by name goes on behind the same name when persons before it come and go', async () => {
    const names = ['Ada', 'Ben', 'Cleo', 'Dora', 'Emil'];
    const asked = { ...filter, sort: 'name', limit: 2 } as const;
    const whole = galleryOf(names.map((name) => ({ name })));
    const { items, nextCursor } = await pageOfPersons(whole, asked, today);
    assert.deepEqual(
      items.map(({ profile }) => profile?.name),
      ['Ada', 'Ben'],
    );
    // Ben, the last one of the page, has gone; Abel and Berta have come.
    const changed = galleryOf(
      [undefined, undefined, ...names.slice(2), 'Abel', 'Berta', 'Ada'].map((name) => ({ name: name ?? '' })),
    );
    const next = await pageOfPersons(changed, { ...asked, cursor: nextCursor }, today);
    assert.deepEqual(
      next.items.map(({ profile }) => profile?.name),
      ['Berta', 'Cleo'],
    );
    await assert.rejects(pageOfPersons(whole, { ...asked, cursor: '2' }, today), /cursor/);
  });

  test('by name is whole where names begin alike for longer than a cursor can say', async () => {
    const company = 'ООО '.padEnd(100, 'я');
    const gallery = galleryOf([3, 1, 2, 5, 4].map((number) => ({ name: `${company} ${number}` })));
    const listed = await pagesOf(gallery, { sort: 'name', limit: 1 });
    assert.equal(new Set(listed.map(({ id }) => id)).size, 5);
  });

  test('by name goes on when the profiles of a page do not open any more, or are gone', async () => {
    const names = ['Ada', 'Ben', 'Cleo', 'Dora', 'Emil'].map((name) => ({ name }));
    const whole = galleryOf(names);
    const damaged: Listed = {
      ...whole,
      personsOf: async (ids) => (await whole.personsOf(ids)).map((each) => ({ ...each, profile: undefined })),
    };
    assert.equal((await pagesOf(damaged, { sort: 'name', limit: 2 })).length, 5);

    const gone: Listed = { ...whole, personsOf: async () => [] };
    const page = await pageOfPersons(gone, { ...filter, sort: 'name', limit: 2 }, today);
    const next = await pageOfPersons(
      whole,
      { ...filter, sort: 'name', limit: 2, cursor: page.nextCursor },
      today,
    );
    assert.deepEqual(
      next.items.map(({ profile }) => profile?.name),
      ['Cleo', 'Dora'],
    );
  });

  test('opens the profiles of its page alone', async () => {
    const gallery = galleryOf(
      Array.from({ length: 3000 }, (_, index) => ({ name: `${(index * 7919) % 3000}`, groups: ['team'] })),
    );
    for (const asked of [
      { sort: 'name' },
      { sort: 'newest', group: 'team' },
      { sort: 'oldest', text: '7' },
    ] as const) {
      const before = gallery.opened();
      const { items, nextCursor } = await pageOfPersons(gallery, { ...filter, ...asked, limit: 20 }, today);
      assert.equal(items.length, 20);
      assert.notEqual(nextCursor, undefined);
      assert.equal(gallery.opened() - before, 20);
    }
  });

  test('finds a text in names and custom fields, and one in the values of a single field', async () => {
    const gallery = galleryOf([
      { name: 'Ada', fields: { badge: '17', department: 'Verkäufe Süd' } },
      { name: 'Badge', fields: { department: 'Lager' } },
      { name: 'Cem', fields: { note_2: 'verkauft' } },
      undefined,
    ]);
    const namesOf = async (asked: Partial<PersonFilter>): Promise<readonly (string | undefined)[]> =>
      (await pagesOf(gallery, { limit: 1, sort: 'name', ...asked })).map(({ profile }) => profile?.name);
    assert.deepEqual(await namesOf({ text: 'VERKAU' }), ['Ada', 'Cem']);
    // The ID of a field is no text of a person.
    assert.deepEqual(await namesOf({ text: 'badge' }), ['Badge']);
    assert.deepEqual(await namesOf({ field: 'department=a' }), ['Ada', 'Badge']);
    assert.deepEqual(await namesOf({ field: 'department=a', text: 'verk', sort: 'oldest' }), ['Ada']);
    assert.deepEqual(await namesOf({ field: 'nowhere=a' }), []);
  });

  test('finds a person by the custom fields of now', () => {
    const directory = new PersonDirectory();
    const ada = { id: personId('p-1'), enrolledAtMs: 1, state: 'active' } as const;
    const find = (text: string): number =>
      directory.find({ order: 'name', states: ['active'], field: { id: 'badge', text } }).count;
    directory.note(ada, { name: 'Ada', fields: { badge: '17' } });
    assert.deepEqual([find('17'), find('18')], [1, 0]);
    directory.note(ada, { name: 'Ada', fields: { badge: '18' } });
    assert.deepEqual([find('17'), find('18')], [0, 1]);
    directory.note(ada, { name: 'Ada' });
    assert.equal(find('18'), 0);
    directory.note(ada, { name: 'Ada', fields: { badge: '18' } });
    directory.forget(ada.id);
    assert.equal(find('18'), 0);
  });

  test('by group, mark, validity and consent has only the persons who are like that, page by page', async () => {
    const given = { basis: 'consent', dateIso: '2026-01-05', reference: 'form 7' } as const;
    const gallery = galleryOf([
      { name: 'person 0', groups: ['team'], validUntil: '2026-03-01', consent: given },
      { name: 'person 1', groups: ['team', 'visitors'], validUntil: today },
      { name: 'person 2', validFrom: '2026-03-03', watch: { mark: 'watch', reason: 'parcel' } },
      { name: 'person 3', validUntil: '2026-03-01', watch: { mark: 'barred', reason: 'order' } },
      { name: 'person 4', consent: { ...given, withdrawnIso: '2026-02-01' } },
      undefined,
    ]);
    const indexesOf = async (asked: Partial<PersonFilter>): Promise<readonly number[]> => {
      const wanted = { ...filter, sort: 'oldest', ...asked } as const;
      const whole = await pagesOf(gallery, wanted);
      assert.deepEqual(await pagesOf(gallery, { ...wanted, limit: 1 }), whole);
      const backwards = await pagesOf(gallery, { ...wanted, sort: 'newest', limit: 1 });
      assert.deepEqual([...backwards].reverse(), whole);
      return whole.map(({ enrolledAtMs }) => enrolledAtMs);
    };
    assert.deepEqual(await indexesOf({ group: 'team' }), [0, 1]);
    assert.deepEqual(await indexesOf({ group: 'team', validity: 'expired' }), [0]);
    assert.deepEqual(await indexesOf({ validity: 'expired' }), [0, 3]);
    assert.deepEqual(await indexesOf({ validity: 'not-yet-valid' }), [2]);
    assert.deepEqual(await indexesOf({ validity: 'valid' }), [1, 4]);
    assert.deepEqual(await indexesOf({ watch: 'any' }), [2, 3]);
    assert.deepEqual(await indexesOf({ watch: 'barred' }), [3]);
    assert.deepEqual(await indexesOf({ text: 'PERSON 3', watch: 'watch' }), []);
    assert.deepEqual(await indexesOf({ consent: 'recorded' }), [0]);
    assert.deepEqual(await indexesOf({ consent: 'withdrawn' }), [4]);
    assert.deepEqual(await indexesOf({ consent: 'none', text: 'person' }), [1, 2, 3]);
  });
});
