import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SearchIndex } from '../../daemon/core/gallery/search/search-index.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import type { Candidate, Embedding } from '../../daemon/kernel/identification/match.js';
import { type PersonId, personId } from '../../daemon/kernel/ids.js';
import { unitVector } from '../support/gallery-fixture.js';

const dimensions = 8;
const dot = (a: Embedding, b: Embedding): number =>
  a.reduce((sum, value, axis) => sum + value * (b[axis] ?? 0), 0);
const closeTo = (a: number, b: number): boolean => Math.abs(a - b) < 1e-5;

type Model = Map<PersonId, Embedding[]>;

/** The similarity to the mean of the templates, as a direction. */
function toMean(templates: readonly Embedding[], probe: Embedding): number {
  const sum = Array.from(probe, (_, axis) => templates.reduce((total, each) => total + (each[axis] ?? 0), 0));
  return dot(Float32Array.from(sum), probe) / Math.hypot(...sum);
}

/** What the index should find, the slow and obvious way. */
function expected(model: Model, probe: Embedding): number[] {
  return [...model.values()]
    .map((templates) =>
      Math.max(...templates.map((template) => dot(template, probe)), toMean(templates, probe)),
    )
    .sort((a, b) => b - a);
}

function assertAgrees(found: readonly Candidate[], model: Model, probe: Embedding) {
  const wanted = expected(model, probe).slice(0, 4);
  assert.equal(found.length, wanted.length);
  for (const [rank, { personId: id, similarity }] of found.entries()) {
    assert.ok(closeTo(similarity, wanted[rank] ?? Number.NaN), `rank ${rank}`);
    const own = new Map([[id, model.get(id) ?? []]]);
    assert.ok(closeTo(similarity, expected(own, probe)[0] ?? Number.NaN), `similarity of ${id}`);
  }
}

describe('the search index', () => {
  const step = fc.record({
    person: fc.nat({ max: 11 }),
    kind: fc.constantFrom('add' as const, 'add' as const, 'remove' as const),
    seeds: fc.array(fc.nat({ max: 9999 }), { minLength: 1, maxLength: 4 }),
  });

  test('finds what a comparison with every reference and every mean finds, after any changes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(), async (steps, probeSeed) => {
        await using index = new SearchIndex(dimensions);
        const model: Model = new Map();
        for (const { person, kind, seeds } of steps) {
          const id = personId(`p-${person}`);
          if (kind === 'remove') {
            assert.equal(index.remove(id), model.delete(id));
            continue;
          }
          const templates = seeds.map((seed) => unitVector(seed, dimensions));
          index.put(id, templates);
          model.set(id, templates);
        }
        assert.equal(index.personCount, model.size);
        assert.equal(index.referenceCount, [...model.values()].flat().length);
        const probe = unitVector(probeSeed, dimensions);
        assertAgrees(await index.nearest(probe, { count: 4 }), model, probe);
      }),
      { numRuns: 60 },
    );
  });

  test('finds a template itself with similarity 1 among thousands, also after every growth', async () => {
    await using index = new SearchIndex(128);
    for (let person = 0; person < 3000; person += 1) index.put(personId(`p-${person}`), [unitVector(person)]);
    for (const person of [0, 255, 256, 2999]) {
      const [best] = await index.nearest(unitVector(person), { count: 2 });
      assert.equal(best?.personId, `p-${person}`);
      assert.ok(closeTo(best.similarity, 1));
    }
  });

  test('copies templates, so that the caller may wipe its own', async () => {
    await using index = new SearchIndex(128);
    const template = unitVector(1);
    index.put(personId('p-1'), [template]);
    template.fill(0);
    assert.ok(closeTo((await index.nearest(unitVector(1), { count: 1 }))[0]?.similarity ?? 0, 1));
  });

  test('an empty index and a count of zero find no person', async () => {
    await using index = new SearchIndex(128);
    assert.deepEqual(await index.nearest(unitVector(1), { count: 3 }), []);
    index.put(personId('p-1'), []);
    assert.equal(index.personCount, 0);
    index.put(personId('p-1'), [unitVector(1)]);
    assert.deepEqual(await index.nearest(unitVector(1), { count: 0 }), []);
  });

  test('never returns a person removed while the search ran, and finds one added', async () => {
    await using index = new SearchIndex(128);
    const add = (target: SearchIndex, person: number): void =>
      target.put(personId(`p-${person}`), [unitVector(person)]);
    for (let person = 0; person < 10; person += 1) add(index, person);
    const running = index.nearest(unitVector(3), { count: 10 });
    index.remove(personId('p-3'));
    add(index, 10);
    const found = (await running).map(({ personId: id }) => id);
    assert.equal(found.includes(personId('p-3')), false);
    assert.equal(found.length, 10);
    assert.ok(found.includes(personId('p-10')));
  });

  test('a vector of another length is refused, not compared', async () => {
    await using index = new SearchIndex(128);
    const isRefusal = (error: unknown): boolean => isRollcallError(error, 'embedding-unusable');
    assert.throws(() => index.put(personId('p-1'), [unitVector(1, 64)]), isRefusal);
    await assert.rejects(index.nearest(unitVector(1, 64), { count: 1 }), isRefusal);
  });

  test('a search that runs when the index is closed ends, and later ones are refused', async () => {
    const index = new SearchIndex(128);
    index.put(personId('p-1'), [unitVector(1)]);
    const running = index.nearest(unitVector(1), { count: 1 });
    await index[Symbol.asyncDispose]();
    assert.equal((await running)[0]?.personId, 'p-1');
    await assert.rejects(index.nearest(unitVector(1), { count: 1 }), (error) =>
      isRollcallError(error, 'gallery-closed'),
    );
    await index[Symbol.asyncDispose]();
  });
});
