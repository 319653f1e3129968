import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StagedImports } from '../../daemon/core/gallery/persons/staged-imports.js';

/** Imports over a database without rows, and the indexes whose templates were wiped. */
function imports() {
  const wiped: string[] = [];
  const made: string[] = [];
  const noRows = { pluck: () => ({ all: () => [] }) };
  const staged = new StagedImports({
    database: { db: { prepare: () => noRows }, transaction: (work: () => unknown) => work() } as never,
    rows: { personsOfImport: () => [] } as never,
    newIndex: () => {
      const name = `index ${made.length + 1}`;
      made.push(name);
      return { [Symbol.asyncDispose]: async () => void wiped.push(name) } as never;
    },
  });
  return { staged, wiped };
}

describe('an unfinished import', () => {
  test('wipes its templates when it is abandoned, ended, or the gallery closes, and those of no other', async () => {
    const { staged, wiped } = imports();
    const [first, second, third] = [1, 2, 3].map(() => staged.begin({} as never));
    staged.abandon(first);
    assert.deepEqual(wiped, ['index 1']);
    await staged.end(second ?? '');
    assert.deepEqual(wiped, ['index 1', 'index 2']);
    assert.throws(() => staged.assertUnderWay(first ?? ''), { code: 'no-such-import' });
    staged.assertUnderWay(third ?? '');
    await staged[Symbol.asyncDispose]();
    assert.deepEqual(wiped, ['index 1', 'index 2', 'index 3']);
  });
});
