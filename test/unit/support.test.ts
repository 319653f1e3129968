import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  chooseAlone,
  isAdrift,
  missedAgain,
  missedAlone,
  type Support,
  supported,
} from '../../daemon/kernel/tracks/support.js';

/** After so many misses of the whole picture, each of `weight`, and no look at the face alone. */
function missed(times: number, weight = 1): Support {
  return Array.from({ length: times }).reduce<Support>((support) => missedAgain(support, weight), supported);
}

describe('the confirmation of a mesh by the detector', () => {
  test('a face is looked at alone from the fourth miss on, and once for every miss', () => {
    assert.equal(chooseAlone([missed(3)]), undefined);
    assert.equal(chooseAlone([missed(4)]), 0);
    const asked = missedAlone(missed(4));
    assert.equal(chooseAlone([asked]), undefined);
    assert.equal(
      chooseAlone([missedAgain(asked, 0)]),
      undefined,
      'a quick look says nothing about a far face',
    );
    assert.equal(chooseAlone([missedAgain(asked, 1)]), 0);
  });

  test('the face that was missed most often comes first, the others after it', () => {
    let supports = [missed(4), missed(6), supported, missed(6), missed(5)];
    const order: number[] = [];
    for (let chosen = chooseAlone(supports); chosen !== undefined; chosen = chooseAlone(supports)) {
      const index = chosen;
      order.push(index);
      supports = supports.map((support, n) => (n === index ? missedAlone(support) : support));
    }
    assert.deepEqual(order, [1, 3, 4, 0]);
    assert.equal(chooseAlone([]), undefined);
  });

  test('a mesh counts as lost from the eighth miss on, after its face was looked at alone', () => {
    assert.equal(isAdrift(missed(20)), false, 'not asked about alone');
    assert.equal(isAdrift(missedAlone(missed(7))), false);
    assert.equal(isAdrift(missedAlone(missed(8))), true);
    assert.equal(
      isAdrift(missedAgain(missedAlone(missed(3, 2.5)), 2.5)),
      true,
      'four full looks at a far face',
    );
    assert.equal(isAdrift(supported), false);
  });
});
