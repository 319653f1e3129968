import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { NameIndex } from '../../daemon/core/gallery/persons/name-index.js';
import { type PersonId, personId } from '../../daemon/kernel/ids.js';
import { simplifiedName } from '../../daemon/kernel/persons/simplified-name.js';

const ids = Array.from({ length: 8 }, (_, index) => personId(`p-${index}`));
const letters = fc.string({ unit: fc.constantFrom('a', 'B', 'é', 'e\u0301', 'ß', '語', '😀', ' ', '-') });
const step = fc.record({
  id: fc.constantFrom(...ids),
  name: fc.option(letters, { nil: undefined }),
});

describe('the index of names', () => {
  test('finds what looking through all names finds, whatever came and went', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), letters, (steps, wanted) => {
        using index = new NameIndex();
        const names = new Map<PersonId, string>();
        for (const { id, name } of steps) {
          if (name === undefined) {
            index.forget(id);
            names.delete(id);
          } else {
            index.note(id, name);
            names.set(id, name);
          }
        }
        const text = simplifiedName(wanted);
        const expected = ids.filter(
          (id) => text !== '' && simplifiedName(names.get(id) ?? '').includes(text) && names.has(id),
        );
        assert.deepEqual([...index.find(wanted)].sort(), expected);
        for (const id of ids) assert.equal(index.nameOf(id), names.get(id));
      }),
    );
  });

  test('takes letters with and without marks for the same, also in their order', () => {
    using index = new NameIndex();
    for (const name of ['Zoe', 'Özlem', 'Omar', 'ostrava', 'Łukasz', 'जया']) index.note(personId(name), name);
    assert.deepEqual(index.find('ozl'), [personId('Özlem')]);
    assert.deepEqual(index.find('ÖZL'), [personId('Özlem')]);
    // Marks of other scripts are letters.
    assert.deepEqual(index.find('जय'), [personId('जया')]);
    assert.deepEqual(index.find('जयी'), []);
    assert.deepEqual(
      ['Zoe', 'Özlem', 'Omar', 'ostrava'].sort((a, b) => index.compare(personId(a), personId(b))),
      ['Omar', 'ostrava', 'Özlem', 'Zoe'],
    );
  });

  test('keeps all names when it grows, and finds none when it was cleared', () => {
    using index = new NameIndex();
    for (let round = 0; round < 3; round += 1) {
      for (let number = 0; number < 5000; number += 1) {
        index.note(personId(`p-${number}`), `Person number ${number}, round ${round}`);
      }
    }
    assert.deepEqual(index.find('NUMBER 4711,'), [personId('p-4711')]);
    assert.equal(index.find('round 2').length, 5000);
    assert.deepEqual(index.find('round 1'), []);
    assert.deepEqual(index.find('\0'), []);
    index.clear();
    assert.deepEqual(index.find('round 2'), []);
  });
});
