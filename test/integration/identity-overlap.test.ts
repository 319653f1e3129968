import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { OverlapClock } from '../../daemon/core/identity/former-key-overlap.js';
import { IdentityKeys } from '../../daemon/core/identity/identity-keys.js';
import type { OwnSecretPlaces } from '../../daemon/host/own-secret.js';
import { dayMs, overlapMs } from '../support/identity-fixture.js';
import { JumpingClock } from '../support/jumping-clock.js';
import { openTestRecords } from '../support/published-box.js';
import { withSecretPlaces } from '../support/secret-places.js';

const hourMs = 3_600_000;

/** A box that runs under `clock` until it is killed. It checks its keys at its start and once an hour. */
async function openLife(places: OwnSecretPlaces, clock: JumpingClock) {
  const keys = await IdentityKeys.open({ places, clock, overlapMs });
  const records = openTestRecords(join(places.dataDir, 'records.db'));
  const overlaps = new OverlapClock({ keys, records, clock });
  const look = async (): Promise<void> => {
    await keys.announced();
    await keys.forgetFormer(overlaps.count());
  };
  await look();
  return {
    keys,
    formerCount: () => keys.state.former.length,
    async rotate() {
      await keys.rotate(overlapMs);
      await keys.settle();
      await look();
    },
    /** Lets so much time pass. */
    async live(durationMs: number) {
      for (let goneMs = 0; goneMs < durationMs; goneMs += hourMs) {
        clock.advanceBy(hourMs);
        await look();
      }
    },
    async [Symbol.asyncDispose]() {
      await records[Symbol.asyncDispose]();
      keys[Symbol.dispose]();
    },
  };
}

describe('the overlap of a former key', () => {
  for (const jumpDays of [15, 30, 3650, -3650]) {
    test(`ends after its time although the clock is wrong by ${jumpDays} days for two days`, () =>
      withSecretPlaces(async (places) => {
        const clock = new JumpingClock(Date.UTC(2026, 2, 1));
        await using box = await openLife(places, clock);
        await box.rotate();
        clock.jump(jumpDays * dayMs);
        await box.live(2 * dayMs);
        assert.equal(box.formerCount(), 1);
        await box.rotate();
        assert.equal(box.formerCount(), 2, 'a rotation meanwhile drops none');
        clock.jump(-jumpDays * dayMs);
        await box.live(12 * dayMs - hourMs);
        assert.equal(box.formerCount(), 2);
        await box.live(hourMs);
        assert.equal(box.formerCount(), 1);
        await box.live(2 * dayMs);
        assert.equal(box.formerCount(), 0);
      }));
  }

  test('does not end through starts under a clock that is far ahead: one day counts of the time switched off', () =>
    withSecretPlaces(async (places) => {
      const clock = new JumpingClock(Date.UTC(2026, 2, 1));
      {
        await using first = await openLife(places, clock);
        await first.rotate();
      }
      clock.jump(400 * dayMs);
      for (let start = 0; start < 5; start += 1) {
        await using life = await openLife(places, clock);
        assert.equal(life.formerCount(), 1);
      }
      clock.jump(-400 * dayMs);
      await using last = await openLife(places, clock);
      await last.live(13 * dayMs - hourMs);
      assert.equal(last.formerCount(), 1);
      await last.live(hourMs);
      assert.equal(last.formerCount(), 0);
    }));

  test('continues while the box is off for a night', () =>
    withSecretPlaces(async (places) => {
      const clock = new JumpingClock(Date.UTC(2026, 2, 1));
      {
        await using first = await openLife(places, clock);
        await first.rotate();
      }
      for (let night = 0; night < 14; night += 1) {
        {
          await using life = await openLife(places, clock);
          assert.equal(life.formerCount(), 1);
          await life.live(12 * hourMs);
        }
        clock.advanceBy(12 * hourMs);
      }
      await using last = await openLife(places, clock);
      assert.equal(last.formerCount(), 0);
    }));
});
