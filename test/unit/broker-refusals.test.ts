import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BrokerRefusals } from '../../daemon/core/delivery/broker-refusals.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { heardConditions } from '../support/heard-conditions.js';

const epochMs = Date.UTC(2026, 2, 2);

function open() {
  const clock = new VirtualClock(epochMs);
  const conditions = heardConditions();
  return { clock, reports: conditions.heard, kinds: new BrokerRefusals(conditions, clock) };
}

const refusal = { sequence: 7, reason: 'Not authorized', retryInMs: 60_000 };

test('each refusal is reported, and each end of a refusal once', () => {
  const { reports, kinds } = open();
  kinds.refused('attendance', refusal);
  kinds.refused('camera', refusal);
  for (let count = 0; count < 3; count += 1) kinds.taken('unknown');
  kinds.taken('camera');
  assert.deepEqual(reports, [
    'change topic-refused {"kind":"attendance"} +attendance',
    'change topic-refused {"kind":"camera"} +camera',
    'change topic-refused {"kind":"unknown"} -unknown',
    'change topic-refused {"kind":"camera"} -camera',
  ]);
});

test('a refusal of events about the box causes no event', () => {
  const { reports, kinds } = open();
  kinds.refused('box', refusal);
  assert.deepEqual(reports, []);
});

test('ends a condition of an earlier run when a connection is steady, except for what is refused', () => {
  const { reports, kinds } = open();
  kinds.lasted();
  assert.deepEqual(reports, ['end topic-refused']);
  kinds.refused('command');
  kinds.lasted();
  assert.match(reports.at(-1) ?? '', /^change topic-refused \{\} -attendance/);
  assert.doesNotMatch(reports.at(-1) ?? '', /-command/);
});

test('shows since when a kind is held back, over all attempts, and when it is tried again', () => {
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
