import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../daemon/base/virtual-clock.js';
import { RefusedKinds } from '../../daemon/publish/refused-kinds.js';
import { heardConditions } from '../support/heard-conditions.js';

const epochMs = Date.UTC(2026, 2, 2);

function open() {
  const clock = new VirtualClock(epochMs);
  const conditions = heardConditions();
  return { clock, said: conditions.heard, kinds: new RefusedKinds(conditions, clock) };
}

const refusal = { sequence: 7, reason: 'Not authorized', retryInMs: 60_000 };

test('each that is refused is told, and each that flows again once', () => {
  const { said, kinds } = open();
  kinds.refused('attendance', refusal);
  kinds.refused('camera', refusal);
  for (let count = 0; count < 3; count += 1) kinds.taken('unknown');
  kinds.taken('camera');
  assert.deepEqual(said, [
    'change topic-refused {"kind":"attendance"} +attendance',
    'change topic-refused {"kind":"camera"} +camera',
    'change topic-refused {"kind":"unknown"} -unknown',
    'change topic-refused {"kind":"camera"} -camera',
  ]);
});

test('makes no event of it that events about the box are refused', () => {
  const { said, kinds } = open();
  kinds.refused('box', refusal);
  assert.deepEqual(said, []);
});

test('ends what an earlier run of the daemon said, once a connection has lasted, but for what is refused', () => {
  const { said, kinds } = open();
  kinds.lasted();
  assert.deepEqual(said, ['end topic-refused']);
  kinds.refused('command');
  kinds.lasted();
  assert.match(said.at(-1) ?? '', /^change topic-refused \{\} -attendance/);
  assert.doesNotMatch(said.at(-1) ?? '', /-command/);
});

test('knows since when a kind of event is held back, over every try, and when it is tried again', () => {
  const { clock, kinds } = open();
  kinds.refused('command');
  kinds.refused('attendance', refusal);
  clock.advanceBy(60_000);
  kinds.refused('attendance', refusal);
  const { sequence, reason } = refusal;
  assert.deepEqual(kinds.heldBack(), [
    {
      ...{ kind: 'attendance', cause: 'topic-refused', sequence, reason },
      ...{ sinceMs: epochMs, untilMs: epochMs + 120_000 },
    },
  ]);
  kinds.taken('attendance');
  assert.deepEqual(kinds.heldBack(), []);
});
