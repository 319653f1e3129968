import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { nearestPersons } from '../../daemon/core/gallery/search/best-persons.js';
import { searchExhausted, TemplateSlabs } from '../../daemon/core/gallery/search/template-slabs.js';
import { TemplateTable } from '../../daemon/core/gallery/search/template-table.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import type { Embedding } from '../../daemon/kernel/identification/match.js';
import { personId } from '../../daemon/kernel/ids.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { WasmMemory } from '../../daemon/kernel/wasm-memory.js';

// Values are whole multiples of this, so that every product and sum below is exact however it is added up: what is found can be
// compared to the last bit, ties included.
const GRID = 2 ** -11;

interface Enrolled {
  readonly owner: number;
  readonly template: Embedding;
}

const dot = (a: Embedding, b: Embedding): number =>
  a.reduce((sum, value, axis) => sum + value * (b[axis] ?? 0), 0);

/** What should be found, the slow and obvious way. */
function expected(enrolled: readonly Enrolled[], probe: Embedding, count: number) {
  const byPerson = new Map<number, number[]>();
  for (const { owner, template } of enrolled)
    byPerson.set(owner, [...(byPerson.get(owner) ?? []), dot(template, probe)]);
  return [...byPerson]
    .map(([owner, all]) => ({ personId: `p-${owner}`, similarity: Math.fround(Math.max(...all)), owner }))
    .sort((a, b) => b.similarity - a.similarity || a.owner - b.owner)
    .slice(0, count)
    .map(({ personId: id, similarity }) => ({ personId: id, similarity }));
}

function found(table: TemplateTable, probe: Embedding, count: number) {
  return nearestPersons(table, probe, count).map(({ number, similarity }) => ({
    personId: table.idOf(number),
    similarity,
  }));
}

/**
 * Fills the table with persons in the order of their numbers and further templates in any order, calls `use`, and empties the
 * table for the next case.
 */
function withEnrolled(table: TemplateTable, enrolled: readonly Enrolled[], use: () => void): void {
  const owners = [...new Set(enrolled.map(({ owner }) => owner))].sort((a, b) => a - b);
  const firstOf = new Map(enrolled.toReversed().map((row) => [row.owner, row]));
  const rest = enrolled.filter((row) => firstOf.get(row.owner) !== row);
  for (const row of [...owners.map((owner) => firstOf.get(owner)), ...rest]) {
    assert.ok(row);
    table.add(personId(`p-${row.owner}`), [row.template]);
  }
  try {
    use();
  } finally {
    for (const owner of owners.toReversed()) table.remove(personId(`p-${owner}`));
  }
}

const widths = [1, 3, 8, 13, 33, 128] as const;
const tables = new Map(widths.map((width) => [width, new TemplateTable(new TemplateSlabs(width))]));

const scene = fc.record({
  width: fc.constantFrom(...widths),
  seed: fc.nat(),
  /** In grid steps: a few are far below what 4 bits can tell apart, so that nearly all lie within its bound. */
  spread: fc.constantFrom(0, 1, 2, 8, 16, 64, 1024),
  rows: fc.integer({ min: 1, max: 60 }),
  persons: fc.integer({ min: 1, max: 25 }),
  count: fc.integer({ min: 1, max: 6 }),
  zeros: fc.constantFrom(0, 0, 0.2, 1),
});

/** Templates around one base; some of them zero, many equal. */
function cluster(drawn: typeof scene extends fc.Arbitrary<infer T> ? T : never) {
  const { width, seed, spread, rows, persons, zeros } = drawn;
  const random = seededRandom(seed);
  const steps = (most: number): number => Math.round((random.unit() * 2 - 1) * most);
  const vector = (of: () => number): Embedding => Float32Array.from({ length: width }, of);
  const base = vector(() => steps(1024) * GRID);
  const near = (): Embedding => base.map((value) => value + steps(spread) * GRID);
  const enrolled = Array.from({ length: rows }, () => ({
    owner: Math.floor(random.unit() * persons),
    template: random.unit() < zeros ? new Float32Array(width) : near(),
  }));
  return { enrolled, probe: random.unit() < 0.5 ? near() : vector(() => steps(1024) * GRID) };
}

describe('the two-step search', () => {
  test('finds what a plain loop finds, to the last bit, also with near and exact ties', () => {
    fc.assert(
      fc.property(scene, (drawn) => {
        const { enrolled, probe } = cluster(drawn);
        const table = tables.get(drawn.width);
        assert.ok(table);
        withEnrolled(table, enrolled, () => {
          assert.deepEqual(found(table, probe, drawn.count), expected(enrolled, probe, drawn.count));
        });
      }),
      { numRuns: 1000 },
    );
  });

  for (const width of [128, 512, 1024]) {
    test(`finds among thousands of ${width} values what a plain loop finds`, () => {
      const random = seededRandom(width);
      const vector = (): Embedding =>
        Float32Array.from({ length: width }, () => Math.round((random.unit() * 2 - 1) * 1024) * GRID);
      const probe = vector();
      const enrolled = Array.from({ length: 1500 }, (_, row) => ({
        owner: Math.floor(row / 5),
        // One in three lies around the probe, a step or so from others.
        template:
          row % 3 === 0 ? probe.map((value) => value + Math.round(random.unit() * 6 - 3) * GRID) : vector(),
      }));
      const table = new TemplateTable(new TemplateSlabs(width));
      withEnrolled(table, enrolled, () => {
        for (const count of [1, 2, 20, 600, 1000])
          assert.deepEqual(found(table, probe, count), expected(enrolled, probe, count));
      });
    });
  }

  test('keeps every similarity under its bound, whatever the values', () => {
    const value = fc.oneof(
      fc.float({ noNaN: true, noDefaultInfinity: true, min: -1, max: 1 }),
      fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e13), max: Math.fround(1e13) }),
      fc.float({ noNaN: true, min: Math.fround(-1e-13), max: Math.fround(1e-13) }),
      fc.constant(0),
    );
    const vector = fc.float32Array({ minLength: 13, maxLength: 13, noNaN: true, noDefaultInfinity: true });
    const any = fc.oneof(fc.array(value, { minLength: 13, maxLength: 13 }), vector);
    const slabs = new TemplateSlabs(13);
    slabs.makeRoom(4);
    fc.assert(
      fc.property(fc.array(any, { minLength: 4, maxLength: 4 }), any, (templates, values) => {
        for (const [row, template] of templates.entries()) slabs.write(row, Float32Array.from(template));
        const probe = Float32Array.from(values);
        const quantised = slabs.takeProbe(probe);
        for (const [row, bound] of slabs.bounds(0, 4, quantised, 0).most.entries()) {
          const similarity = Math.fround(slabs.similarity(row, probe));
          // A bound that is not a number excludes nothing.
          assert.ok(!(bound < similarity), `${bound} is below ${similarity}`);
        }
      }),
      { numRuns: 5000 },
    );
  });

  test('lists the groups of four rows that may reach the floor, and no others', () => {
    const slabs = new TemplateSlabs(128);
    slabs.makeRoom(600);
    const random = seededRandom(7);
    const vector = (): Embedding => Float32Array.from({ length: 128 }, () => random.unit() - 0.5);
    for (let row = 0; row < 600; row += 1) slabs.write(row, vector());
    const probe = slabs.takeProbe(vector());
    for (const [firstRow, count] of [
      [0, 512],
      [512, 88],
    ] as const) {
      for (const rank of [0, 3, 40, count - 1]) {
        const all = Array.from(slabs.bounds(firstRow, count, probe, 0).most);
        const floor = all.toSorted((a, b) => b - a)[rank] ?? 0;
        const wanted = all.flatMap((bound, row) => (bound < floor ? [] : [row - (row % 4)]));
        assert.deepEqual([...slabs.bounds(firstRow, count, probe, floor).groups], [...new Set(wanted)]);
      }
    }
  });

  test('finds what a plain loop finds whatever was removed, among templates of extreme values', () => {
    const extreme = fc.constantFrom(0, 2 ** -12, -(2 ** -12), 0.5, -0.5, 1, -1, 2 ** 11, -(2 ** 11));
    const vector = fc
      .array(extreme, { minLength: 13, maxLength: 13 })
      .map((values) => Float32Array.from(values));
    const rows = fc.array(fc.record({ owner: fc.nat({ max: 8 }), template: vector }), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(
        rows,
        vector,
        fc.array(fc.nat({ max: 8 })),
        fc.integer({ min: 1, max: 40 }),
        (all, probe, gone, count) => {
          const table = new TemplateTable(new TemplateSlabs(13));
          for (const { owner, template } of all) table.add(personId(`p-${owner}`), [template]);
          for (const owner of gone) table.remove(personId(`p-${owner}`));
          const left = all.filter(({ owner }) => !gone.includes(owner));
          // Equal similarities follow the order of entry, which removals change: only the similarities are compared.
          const similarities = (of: readonly { readonly similarity: number }[]) =>
            of.map(({ similarity }) => similarity + 0);
          assert.deepEqual(
            similarities(found(table, probe, count)),
            similarities(expected(left, probe, count)),
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  test('no sum of products is too large for its 32 bits, even where all values are the greatest', () => {
    for (const width of [128, 512, 1024, 4096]) {
      const table = new TemplateTable(new TemplateSlabs(width));
      const [ones, opposites] = [new Float32Array(width).fill(0.5), new Float32Array(width).fill(-0.5)];
      table.add(personId('p-0'), [opposites]);
      table.add(personId('p-1'), [ones]);
      assert.deepEqual(found(table, ones, 1), [{ personId: 'p-1', similarity: width / 4 }]);
      assert.deepEqual(found(table, opposites, 1), [{ personId: 'p-0', similarity: width / 4 }]);
    }
  });

  test('a template with NaN is never found, and hides no person', () => {
    const table = new TemplateTable(new TemplateSlabs(3));
    table.add(personId('p-0'), [Float32Array.of(1, Number.NaN, 0)]);
    table.add(personId('p-1'), [Float32Array.of(0, 1, 0)]);
    table.add(personId('p-2'), [Float32Array.of(1, 0, 0)]);
    const probe = Float32Array.of(1, 0.5, 0);
    assert.deepEqual(found(table, probe, 3), [
      { personId: 'p-2', similarity: 1 },
      { personId: 'p-1', similarity: 0.5 },
    ]);
    assert.deepEqual(found(table, Float32Array.of(Number.NaN, 0, 0), 2), []);
  });
});

describe('the memory of the search', () => {
  const isZero = (memory: WasmMemory): boolean =>
    Buffer.alloc(memory.buffer.byteLength).equals(Buffer.from(memory.buffer));

  test('holds nothing of any person after all were removed in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 9 }), { maxLength: 40 }), fc.nat(), (owners, seed) => {
        const memory = new WasmMemory(searchExhausted);
        const table = new TemplateTable(new TemplateSlabs(13, memory));
        const random = seededRandom(seed);
        const vector = (): Embedding => Float32Array.from({ length: 13 }, () => random.unit() - 0.5);
        for (const owner of owners) table.add(personId(`p-${owner}`), [vector()]);
        nearestPersons(table, vector(), 2);
        assert.equal(isZero(memory), owners.length === 0);
        for (const owner of new Set(owners)) assert.ok(table.remove(personId(`p-${owner}`)));
        assert.ok(isZero(memory));
      }),
      { numRuns: 60 },
    );
  });

  test('does not change when there is no space for more', () => {
    const table = new TemplateTable(new TemplateSlabs(128, new WasmMemory(searchExhausted, 30)));
    const unit = (axis: number): Embedding => new Float32Array(128).fill(1, axis, axis + 1);
    table.add(personId('p-0'), [unit(0)]);
    table.add(personId('p-1'), [unit(1)]);
    // Room for one slab more, and not for two.
    const tooMany = Array.from({ length: 1100 }, () => unit(2));
    assert.throws(
      () => table.add(personId('p-2'), tooMany),
      (error) => isRollcallError(error, 'search-memory-exhausted'),
    );
    assert.equal(table.rowCount, 2);
    assert.equal(table.personCount, 2);
    assert.deepEqual(found(table, unit(1), 1), [{ personId: 'p-1', similarity: 1 }]);
    table.add(personId('p-3'), [unit(3)]);
    assert.deepEqual(found(table, unit(3), 1), [{ personId: 'p-3', similarity: 1 }]);
  });

  test('is overwritten by a wipe, also after every growth', () => {
    const memory = new WasmMemory(searchExhausted);
    const table = new TemplateTable(new TemplateSlabs(128, memory));
    for (let row = 0; row < 2000; row += 1)
      table.add(personId(`p-${row}`), [new Float32Array(128).fill(row + 1)]);
    assert.ok(memory.buffer.byteLength > 2000 * 128 * 4.5);
    table.wipe();
    assert.ok(isZero(memory));
    assert.equal(table.rowCount, 0);
  });
});
