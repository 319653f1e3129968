import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { tunePassphraseCost } from '../../daemon/core/gallery/keys/passphrase-cost.js';
import type { PassphraseCost } from '../../daemon/host/sodium.js';

const mib = 1024 * 1024;

/** A machine that works through so many MiB a millisecond. */
const machine =
  (mibPerMs: number) =>
  async ({ passes, memoryBytes }: PassphraseCost): Promise<number> =>
    (passes * memoryBytes) / mib / mibPerMs;

describe('the cost of a passphrase', () => {
  test('is about a second of 256 MiB on an ordinary machine', async () => {
    assert.deepEqual(await tunePassphraseCost(8192 * mib, machine(1)), { passes: 4, memoryBytes: 256 * mib });
    assert.deepEqual(await tunePassphraseCost(8192 * mib, machine(2)), { passes: 8, memoryBytes: 256 * mib });
  });

  test('takes at most a quarter of the free memory', async () => {
    assert.equal((await tunePassphraseCost(1023 * mib, machine(1))).memoryBytes, 128 * mib);
    assert.equal((await tunePassphraseCost(511 * mib, machine(1))).memoryBytes, 64 * mib);
  });

  test('takes less memory rather than fewer passes on a slow machine', async () => {
    assert.deepEqual(await tunePassphraseCost(8192 * mib, machine(0.4)), {
      passes: 3,
      memoryBytes: 128 * mib,
    });
  });

  const table: readonly (readonly [
    what: string,
    tookMs: readonly number[],
    mibFree: number,
    cost: readonly number[],
  ])[] = [
    ['all the memory if a quarter of the free memory is just enough', [750], 1_024, [256, 4]],
    ['less memory if it is not', [750], 1_023.9, [128, 4]],
    ['three passes at the slowest accepted speed', [1_500], 8_192, [256, 3]],
    ['less memory if three passes are slower', [1_501, 1_501, 750], 8_192, [128, 4]],
    ['the least memory if every size is too slow', [1_501], 8_192, [64, 3]],
    ['the choice by the faster of two measurements', [9_999, 1_000], 8_192, [256, 3]],
    ['the choice by the faster of two measurements, in any order', [600, 9_999], 8_192, [256, 5]],
    ['passes rounded to a whole number', [666], 8_192, [256, 5]],
    ['at most the number of passes that reading accepts', [1], 8_192, [256, 32]],
    ['the same for a machine that needs no time', [0], 8_192, [256, 32]],
  ];
  for (const [what, tookMs, mibFree, [memoryMib = 0, passes]] of table) {
    test(`is ${what}`, async () => {
      const measured: PassphraseCost[] = [];
      const measure = async (cost: PassphraseCost): Promise<number> => {
        measured.push(cost);
        return tookMs[Math.min(measured.length, tookMs.length) - 1] ?? 0;
      };
      const cost = await tunePassphraseCost(mibFree * mib, measure);
      assert.deepEqual(cost, { memoryBytes: memoryMib * mib, passes });
      assert.ok(measured.every((each) => each.passes === 3));
    });
  }

  test('is never below three passes over 64 MiB, nor above the limits of reading', async () => {
    const speeds = fc.double({ min: 0.001, max: 1000, noNaN: true });
    await fc.assert(
      fc.asyncProperty(speeds, fc.nat(65_536), async (mibPerMs, availableMib) => {
        const { passes, memoryBytes } = await tunePassphraseCost(availableMib * mib, machine(mibPerMs));
        assert.ok(Number.isInteger(passes) && passes >= 3 && passes <= 32);
        assert.ok(memoryBytes >= 64 * mib && memoryBytes <= 256 * mib);
      }),
    );
  });
});
