import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { tunePassphraseCost } from '../../daemon/gallery/keys/passphrase-cost.js';
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

  test('takes no more than a quarter of the memory that is free', async () => {
    assert.equal((await tunePassphraseCost(1023 * mib, machine(1))).memoryBytes, 128 * mib);
    assert.equal((await tunePassphraseCost(511 * mib, machine(1))).memoryBytes, 64 * mib);
  });

  test('takes less memory rather than fewer passes on a slow machine', async () => {
    assert.deepEqual(await tunePassphraseCost(8192 * mib, machine(0.4)), {
      passes: 3,
      memoryBytes: 128 * mib,
    });
  });

  test('is never below three passes over 64 MiB, nor above what is read back', async () => {
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
