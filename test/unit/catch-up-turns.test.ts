import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CatchUpTurns } from '../../daemon/vision/ingest/catch-up-turns.js';

test('turns to catch up go in the order in which they were asked for, as many at a time as allowed', () => {
  const turns = new CatchUpTurns(2);
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
  const turns = new CatchUpTurns(1);
  const [a, b, c] = [{}, {}, {}];
  for (const who of [a, b, c]) turns.take(who);
  turns.leave(b);
  turns.leave(b);
  turns.leave(a);
  assert.equal(turns.take(c), true);
});
