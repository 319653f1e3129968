import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PhoneLink } from '../../daemon/core/enrolments/phone-link.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

const minuteMs = 60_000;

function made() {
  const clock = new VirtualClock();
  return { clock, startMs: clock.monotonicMs(), ...PhoneLink.make(clock) };
}

function opened() {
  const all = made();
  all.clock.advanceBy(minuteMs);
  const key = all.link.open();
  assert.ok(key !== undefined);
  return { ...all, key };
}

describe('a link for a phone', () => {
  test('waits ten minutes for its phone, and is known by its secret alone', () => {
    const { clock, startMs, link, secret } = made();
    assert.deepEqual(link.show(), {
      ...{ state: 'waiting', expiresAtMs: startMs + 10 * minuteMs },
      ...{ openedAtMs: undefined, lastSeenAtMs: undefined, refused: 0 },
    });
    assert.ok(link.isOf(secret));
    assert.ok(!link.isOf(made().secret) && !link.isOf('no secret'));
    clock.advanceBy(10 * minuteMs - 1);
    assert.equal(link.show().state, 'waiting');
    clock.advanceBy(1);
    assert.equal(link.show().state, 'ended');
    assert.equal(link.open(), undefined);
    assert.equal(link.show().refused, 1);
  });

  test('has seen its phone when it was opened and at every use', () => {
    const { clock, startMs, link, key } = opened();
    const openedAtMs = startMs + minuteMs;
    assert.deepEqual(link.show(), {
      ...{ state: 'opened', expiresAtMs: openedAtMs + 30 * minuteMs },
      ...{ openedAtMs, lastSeenAtMs: openedAtMs, refused: 0 },
    });
    clock.advanceBy(minuteMs);
    assert.ok(link.admits(key));
    assert.equal(link.show().lastSeenAtMs, openedAtMs + minuteMs);
  });

  test('opens once, and counts who comes too late', () => {
    const { link, key } = opened();
    assert.equal(link.open(), undefined);
    assert.equal(link.open(), undefined);
    assert.equal(link.show().refused, 2);
    assert.ok(link.admits(key), 'the phone that came first goes on');
  });

  test('admits no other key, and does not take it for its phone', () => {
    const { clock, link } = opened();
    const { lastSeenAtMs } = link.show();
    clock.advanceBy(minuteMs);
    assert.ok(!link.admits(opened().key) && !link.admits('no key'));
    assert.equal(link.show().lastSeenAtMs, lastSeenAtMs);
    assert.ok(!made().link.admits(opened().key), 'a link that nobody opened has no key');
  });

  test('ends for its phone half an hour after it was opened, or when it is cut', () => {
    const late = opened();
    late.clock.advanceBy(30 * minuteMs - 1);
    assert.ok(late.link.admits(late.key));
    late.clock.advanceBy(1);
    assert.ok(!late.link.admits(late.key));
    assert.equal(late.link.show().state, 'ended');

    const cut = opened();
    cut.link.cut();
    assert.ok(!cut.link.admits(cut.key));
    assert.equal(cut.link.show().state, 'ended');
  });
});
