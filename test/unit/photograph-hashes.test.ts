import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { photographHashesOf } from '../../daemon/core/persons/photograph-hashes.js';
import { recordsMigrations } from '../../daemon/core/records/records-schema.js';
import { openMemoryDatabase } from '../support/memory-database.js';

describe('hashes of photographs', () => {
  test('are those of the persons who are asked for, sorted, and replaced as a whole', () => {
    const hashes = photographHashesOf(openMemoryDatabase(recordsMigrations));
    hashes.set('p-1', ['c', 'a', 'b']);
    hashes.set('p-2', ['d']);
    hashes.set('p-3', ['e']);
    assert.deepEqual(
      [...hashes.of(['p-1', 'p-3', 'p-9'])],
      [
        ['p-1', ['a', 'b', 'c']],
        ['p-3', ['e']],
      ],
    );
    hashes.set('p-1', ['f']);
    assert.deepEqual([...hashes.of(['p-1'])], [['p-1', ['f']]]);
    assert.deepEqual(hashes.personIdsAfter('', 2), ['p-1', 'p-2']);
    assert.deepEqual(hashes.personIdsAfter('p-1', 10), ['p-2', 'p-3']);
    hashes.forget([]);
    hashes.forget(['p-1', 'p-3']);
    assert.deepEqual(hashes.personIdsAfter('', 10), ['p-2']);
    hashes.forget(['p-2']);
    assert.deepEqual(hashes.personIdsAfter('', 10), []);
  });
});
