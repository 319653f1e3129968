import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { pageOfPersons } from '../../daemon/app/gallery/person-list.js';
import { personId } from '../../daemon/domain/ids.js';
import type { PersonTerms } from '../../daemon/domain/persons/person-standing.js';
import type { Gallery, PersonEntry } from '../../daemon/gallery/gallery.js';

const entry = (index: number, name: string | undefined): PersonEntry => ({
  id: personId(`p-${String(index).padStart(6, '0')}`),
  ...{ state: 'active', profile: name === undefined ? undefined : { name }, revision: 1 },
  ...{ enrolledAtMs: index, changedAtMs: index, templateCount: 1, photographCount: 1, evidenceCount: 0 },
});

/** A gallery that gives these entries in slices. */
function galleryOf(
  all: readonly PersonEntry[],
): Pick<Gallery, 'pagePersons' | 'countPersons' | 'personsNamed'> {
  return {
    pagePersons: async ({ after, limit }) => {
      const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after.id) + 1;
      return all.slice(from, from + limit);
    },
    countPersons: () => all.length,
    personsNamed: async () => [],
  };
}

const today = '2026-03-02';
const filter = { limit: 1000, removed: 'excluded' } as const;

describe('a list of persons by name', () => {
  test('is whole and in order, in pages of any size', async () => {
    const name = fc.option(fc.string({ maxLength: 4 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(
        fc.array(name, { maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        async (names, limit) => {
          const gallery = galleryOf(names.map((each, index) => entry(index, each)));
          const listed: PersonEntry[] = [];
          let cursor: string | undefined;
          do {
            const page = await pageOfPersons(gallery, { ...filter, limit, sort: 'name', cursor }, today);
            assert.equal(page.total, names.length);
            listed.push(...page.items);
            cursor = page.nextCursor;
          } while (cursor !== undefined);
          assert.equal(new Set(listed.map(({ id }) => id)).size, names.length);
          const keys = listed.map(({ profile }) =>
            (profile?.name ?? '').normalize('NFC').trim().toLowerCase(),
          );
          assert.deepEqual(keys, [...keys].sort());
        },
      ),
    );
  });

  test('of tens of thousands lets the event loop turn while it is sorted', async () => {
    const many = Array.from({ length: 30_000 }, (_, index) => entry(index, `${(index * 7919) % 30_000}`));
    let turns = 0;
    let isOver = false;
    const turn = (): void => {
      turns += 1;
      if (!isOver) setImmediate(turn);
    };
    setImmediate(turn);
    const { items } = await pageOfPersons(galleryOf(many), { ...filter, sort: 'name', limit: 30_000 }, today);
    isOver = true;
    const names = items.map(({ profile }) => profile?.name ?? '');
    assert.deepEqual(names, [...names].sort());
    assert.equal(items.length, 30_000);
    assert.ok(turns >= 8, `it turned ${turns} times`);
  });
});

test('a list by group, mark and validity has only the persons who are like that, page by page', async () => {
  const terms: readonly PersonTerms[] = [
    { groups: ['team'], validUntil: '2026-03-01' },
    { groups: ['team', 'visitors'], validUntil: today },
    { groups: ['visitors'], validFrom: '2026-03-03', watch: { mark: 'watch', reason: 'parcel' } },
    { validUntil: '2026-03-01', watch: { mark: 'barred', reason: 'order of the court' } },
    {},
  ];
  const gallery = galleryOf(terms.map((each, index) => withTerms(entry(index, `person ${index}`), each)));
  const indexesOf = async (
    asked: Partial<Parameters<typeof pageOfPersons>[1]>,
  ): Promise<readonly number[]> => {
    const wanted = { ...filter, sort: 'oldest', ...asked } as const;
    const whole = await pageOfPersons(gallery, wanted, today);
    const first = await pageOfPersons(gallery, { ...wanted, limit: 1 }, today);
    const rest = await pageOfPersons(gallery, { ...wanted, cursor: first.nextCursor }, today);
    const paged = first.nextCursor === undefined ? first.items : [...first.items, ...rest.items];
    assert.deepEqual(paged, whole.items);
    assert.equal(whole.total, undefined);
    return whole.items.map(({ enrolledAtMs }) => enrolledAtMs);
  };
  assert.deepEqual(await indexesOf({ group: 'team' }), [0, 1]);
  assert.deepEqual(await indexesOf({ group: 'team', validity: 'expired' }), [0]);
  assert.deepEqual(await indexesOf({ validity: 'expired' }), [0, 3]);
  assert.deepEqual(await indexesOf({ validity: 'not-yet-valid' }), [2]);
  assert.deepEqual(await indexesOf({ validity: 'valid' }), [1, 4]);
  assert.deepEqual(await indexesOf({ watch: 'any' }), [2, 3]);
  assert.deepEqual(await indexesOf({ watch: 'barred' }), [3]);
  assert.deepEqual(await indexesOf({ text: 'PERSON 3', watch: 'watch' }), []);
});

const withTerms = (person: PersonEntry, terms: PersonTerms): PersonEntry => ({
  ...person,
  profile: { name: 'nameless', ...person.profile, ...terms },
});
