import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takenFinding } from '../../daemon/cli/mqtt.js';
import type { HeldBack } from '../../daemon/contract/held-back.js';
import { eventKinds } from '../../daemon/kernel/events/event-type.js';

type Status = Parameters<typeof takenFinding>[0];

const messageOf = (broker: Partial<Status['broker']>, outbox: Partial<Status['outbox']> = {}): string =>
  takenFinding({
    broker: { state: 'connected', ...broker },
    outbox: { waiting: 0, acknowledgement: 'broker', ...outbox },
  }).message;

test('rollcall mqtt check names the kinds of event that the broker took, and those that were not tried', () => {
  const [first, ...others] = eventKinds;
  const taken = 'Since the daemon started, the broker has acknowledged events of these kinds:';
  assert.equal(
    messageOf({}),
    `The broker has acknowledged no event since the daemon started. Not known yet: ${eventKinds.join(', ')}.`,
  );
  assert.equal(messageOf({ takenKinds: others }), `${taken} ${others.join(', ')}. Not known yet: ${first}.`);
  assert.equal(messageOf({ takenKinds: [...eventKinds] }), `${taken} ${eventKinds.join(', ')}.`);
  const held: HeldBack = {
    ...{ cause: 'topic-refused', kind: first, sequence: 12, since: '2026-03-02T08:00:00Z' },
    ...{ message: 'the broker refuses it', remedy: 'allow it' },
  };
  assert.equal(
    messageOf({ takenKinds: others, mqttVersion: '3.1.1' }, { heldBack: [held] }),
    `${taken} ${others.join(', ')}. With MQTT 3.1.1 it may still have dropped them.`,
    'a kind that is held back was tried',
  );
});
