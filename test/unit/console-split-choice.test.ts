import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canChoose, canSplit } from '../../daemon/console/pages/strangers/split-choice.js';

const history = [
  { passage: 'a', isCompared: true },
  { passage: 'b', isCompared: false },
  { passage: 'c', isCompared: true },
];
const chosen = (...passages: string[]) => new Set(passages);

describe('the passages that are split from an unknown person', () => {
  test('leave a passage for comparison to both parts', () => {
    assert.equal(canSplit(history, chosen('a')), true);
    assert.equal(canSplit(history, chosen('a', 'b')), true);
    for (const refused of [chosen(), chosen('b'), chosen('a', 'c'), chosen('a', 'b', 'c')]) {
      assert.equal(canSplit(history, refused), false, [...refused].join());
    }
  });

  test('can be chosen only where the box would not refuse the split', () => {
    const choosable = (...before: string[]) =>
      history.map(({ passage }) => canChoose(history, chosen(...before), passage));
    assert.deepEqual(choosable(), [true, false, true], 'one that is only shown needs another one first');
    assert.deepEqual(choosable('a'), [true, true, false], 'one has to stay');
    assert.deepEqual(choosable('b', 'a'), [true, true, false], 'each choice can be taken back');
  });
});
