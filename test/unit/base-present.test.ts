import assert from 'node:assert/strict';
import { test } from 'node:test';
import { present } from '../../daemon/kernel/present.js';

interface Target {
  readonly id: string;
  readonly name?: string;
  readonly count?: number | null;
}

test('leaves out undefined alone: null, zero, false and empty text stay', () => {
  const values = { a: undefined, b: null, c: 0, d: false, e: '' };
  assert.deepEqual(present(values), { b: null, c: 0, d: false, e: '' });
  assert.equal('a' in values, true, 'the argument is not changed');
});

test('the result fits a type with optional properties', () => {
  const target = (name: string | undefined, count: number | null | undefined): Target => ({
    id: 'x',
    ...present({ name, count }),
  });
  assert.deepEqual(target(undefined, undefined), { id: 'x' });
  assert.deepEqual(target('Ada', null), { id: 'x', name: 'Ada', count: null });
});

test('the result keeps the type of each property', () => {
  const name = 'Ada' as string | undefined;
  const result = present({ id: 'x', name });
  const id: string = result.id;
  // @ts-expect-error The name may be missing.
  const given: string = result.name;
  assert.deepEqual([id, given], ['x', 'Ada']);
});
