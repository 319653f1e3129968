import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Dealt, dealCameras } from '../../daemon/app/cameras/vision-deal.js';

/** `0:ab 1:c` for a and b with process 0, and c with process 1. */
const dealt = (text: string): readonly Dealt[] =>
  text
    .split(' ')
    .filter((part) => part !== '')
    .map((part) => ({ index: Number(part[0]), cameras: [...part.slice(2)] }));
const shown = (all: readonly Dealt[]): string =>
  all.map(({ index, cameras }) => `${index}:${cameras.join('')}`).join(' ');

describe('dealing cameras out to vision processes', () => {
  const cases = [
    ['at the start', '', 'abcd', 2, '0:ac 1:bd'],
    ['without cameras there is a process all the same', '', '', 1, '0:'],
    ['a camera more, beside those that stay', '0:a', 'ab', 1, '0:ab'],
    ['a camera more that needs a process more', '0:ab', 'abc', 2, '0:ab 1:c'],
    ['a camera less', '0:ab 1:c', 'ac', 2, '0:a 1:c'],
    ['a process less: the one with the fewest cameras goes', '0:ad 1:c', 'ad', 1, '0:ad'],
    ['of processes with as many the first stays', '0:a 1:b', 'ab', 1, '0:ab'],
    ['the order of the configuration means nothing', '0:ab 1:cd', 'dcba', 2, '0:ab 1:cd'],
    ['nobody moves to even them out', '0:abc 1:d', 'abc', 2, '0:abc 1:'],
    ['more processes on purpose take over a share', '0:abcd', 'abcd', 2, '0:ab 1:cd'],
    ['a number that is free is used again', '1:ab', 'abcde', 3, '0:ce 1:ab 2:d'],
  ] as const;
  for (const [what, before, cameras, processes, expected] of cases) {
    test(what, () => {
      assert.equal(shown(dealCameras(dealt(before), [...cameras], processes)), expected);
    });
  }

  test('every camera is with one process, whatever was before', () => {
    const cameras = fc.uniqueArray(fc.constantFrom(...'abcdefgh'), { maxLength: 8 });
    const processes = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(cameras, processes, cameras, processes, (first, few, second, many) => {
        const all = dealCameras(dealCameras([], first, few), second, many);
        assert.equal(all.length, many);
        assert.equal(new Set(all.map(({ index }) => index)).size, many);
        assert.deepEqual(all.flatMap((each) => each.cameras).sort(), [...second].sort());
      }),
    );
  });
});
