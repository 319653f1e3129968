import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { CatchUpTurns } from '../../daemon/vision/ingest/catch-up-turns.js';

test('turns to catch up go in the order in which they were asked for, as many at a time as allowed', () => {
  const turns = new CatchUpTurns(2, new VirtualClock());
  const [a, b, c, d] = [{}, {}, {}, {}];
  const taken = (): readonly boolean[] => [d, c, b, a].map((who) => turns.take(who));
  assert.deepEqual(
    [a, b, c, d].map((who) => turns.take(who)),
    [true, true, false, false],
  );
  turns.leave(a);
  assert.equal(turns.take(d), false, 'c came first');
  assert.equal(turns.take(c), true);
  turns.leave(c);
  assert.deepEqual(taken(), [true, false, true, false], 'a asks anew, behind d, and c behind b and d');
});

test('one that no longer waits holds up nobody', () => {
  const turns = new CatchUpTurns(1, new VirtualClock());
  const [a, b, c] = [{}, {}, {}];
  for (const who of [a, b, c]) turns.take(who);
  turns.leave(b);
  turns.leave(b);
  turns.leave(a);
  assert.equal(turns.take(c), true);
});

test('one whose camera sends nothing holds up nobody, and keeps its place', () => {
  const clock = new VirtualClock();
  const turns = new CatchUpTurns(1, clock);
  const [a, silent, c, d] = [{}, {}, {}, {}];
  for (const who of [a, silent, c, d]) turns.take(who);
  clock.advanceTo(999);
  turns.leave(a);
  assert.equal(turns.take(c), false);
  clock.advanceTo(1000);
  assert.equal(turns.take(c), true);
  assert.equal(turns.take(silent), false, 'c catches up');
  turns.leave(c);
  assert.deepEqual([turns.take(d), turns.take(silent)], [false, true]);
});
