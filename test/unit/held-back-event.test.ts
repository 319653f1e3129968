import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeHeldBack, type HeldBackEvent } from '../../daemon/core/delivery/held-back-event.js';

const remedyOf = (cause: HeldBackEvent['cause'], sizeBytes?: number): string =>
  describeHeldBack({ cause, kind: 'attack', ...(sizeBytes !== undefined && { sizeBytes }) }).remedy;

test('an event on which the broker hangs up is blamed on its size only where it is large', () => {
  assert.match(remedyOf('ends-connection', 1_000_000), /^The event is probably too large/);
  for (const sizeBytes of [undefined, 2_000]) {
    assert.match(remedyOf('ends-connection', sizeBytes), /^The broker probably does not allow/);
  }
  assert.equal(remedyOf('topic-refused', 1_000_000), remedyOf('topic-refused'), 'the broker gave the reason');
});
