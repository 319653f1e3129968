import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type StateMessage, stateSchema } from '../../daemon/contract/events/state-schema.js';
import { clearFormerState } from '../../daemon/core/delivery/retained-documents.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { startAedes } from '../support/aedes-broker.js';
import { type EventSubscriber, subscribeToEvents } from '../support/event-subscriber.js';
import { assortedFacts } from '../support/facts.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import {
  box,
  openTestRecords,
  startTestPublisher,
  stateTopic,
  temporaryFolder,
} from '../support/published-box.js';
import { openTcpGate } from '../support/tcp-gate.js';
import { until } from '../support/until.js';

const brokers = [
  { name: 'mosquitto, MQTT 5', start: () => startMosquitto(), skip: withoutMosquitto, mqttVersion: '5' },
  { name: 'aedes, MQTT 3.1.1', start: () => startAedes(), skip: false, mqttVersion: '3.1.1' },
] as const;

function statesSeenBy(subscriber: EventSubscriber): readonly StateMessage[] {
  return subscriber.messages
    .filter(({ topic }) => topic === stateTopic)
    .map(({ payload }) => stateSchema.parse(JSON.parse(payload.toString('utf8'))));
}

for (const { name, start, skip, mqttVersion } of brokers) {
  describe(`state and events on ${name}`, { skip }, () => {
    test('is online after the connection and offline at the end, with numbers that grow over restarts', async () => {
      await using broker = await start();
      await using subscriber = await subscribeToEvents(broker.url);
      using folder = temporaryFolder();
      for (const round of [1, 2]) {
        await using records = openTestRecords(join(folder.path, 'records.db'));
        await using publisher = startTestPublisher({ url: broker.url, records });
        await subscriber.until(() => statesSeenBy(subscriber).length === 2 * round - 1);
        assert.equal(publisher.status().mqttVersion, mqttVersion);
      }
      await subscriber.until(() => statesSeenBy(subscriber).length === 4);
      const states = statesSeenBy(subscriber);
      assert.deepEqual(
        states.map(({ state, reason }) => `${state} ${reason}`),
        ['online connected', 'offline stopped', 'online connected', 'offline stopped'],
      );
      const order = states.map(({ sequence }) => sequence);
      assert.deepEqual(
        order,
        [...new Set(order)].sort((a, b) => a - b),
      );
    });

    test('is offline when the connection breaks, and online again afterwards', async () => {
      await using broker = await start();
      await using gate = await openTcpGate(Number(new URL(broker.url).port));
      await using subscriber = await subscribeToEvents(broker.url);
      using folder = temporaryFolder();
      await using records = openTestRecords(join(folder.path, 'records.db'));
      await using _publisher = startTestPublisher({ url: `mqtt://127.0.0.1:${gate.port}`, records });
      await subscriber.until(() => statesSeenBy(subscriber).length === 1);
      gate.cut();
      await subscriber.until(() => statesSeenBy(subscriber).length === 3);
      const [first, lost, again] = statesSeenBy(subscriber);
      assert.equal(lost?.reason, 'connection-lost');
      assert.equal(again?.state, 'online');
      assert.ok(first && lost && again && first.sequence < lost.sequence && lost.sequence < again.sequence);
    });

    test('shows the opening of the gallery while the box is online, before the last will', async () => {
      await using broker = await start();
      await using gate = await openTcpGate(Number(new URL(broker.url).port));
      await using subscriber = await subscribeToEvents(broker.url);
      using folder = temporaryFolder();
      await using records = openTestRecords(join(folder.path, 'records.db'));
      let gallery: StateMessage['gallery'] = 'sealed';
      let tell = (): void => undefined;
      const state = {
        current: () => ({ gallery, conditions: [] }),
        passages: () => ({ count: 0, byOutcome: {} }),
        onChanged: (listener: () => void) => {
          tell = listener;
          return () => undefined;
        },
      };
      await using _publisher = startTestPublisher({
        url: `mqtt://127.0.0.1:${gate.port}`,
        records,
        state,
      });
      await subscriber.until(() => statesSeenBy(subscriber).length === 1);
      gallery = 'open';
      tell();
      await subscriber.until(() => statesSeenBy(subscriber).length === 2);
      gate.cut();
      await subscriber.until(() => statesSeenBy(subscriber).length >= 3);
      const [first, changed, lost] = statesSeenBy(subscriber);
      assert.deepEqual([first?.gallery, changed?.gallery], ['sealed', 'open']);
      assert.deepEqual([changed?.state, changed?.reason], ['online', 'changed']);
      assert.ok(
        first && changed && lost && first.sequence < changed.sequence && changed.sequence < lost.sequence,
      );
    });

    test('is retained; events never are', async () => {
      await using broker = await start();
      await using subscriber = await subscribeToEvents(broker.url);
      using folder = temporaryFolder();
      await using records = openTestRecords(join(folder.path, 'records.db'));
      await using _publisher = startTestPublisher({ url: broker.url, records });
      for (const fact of assortedFacts(9)) records.record(fact);
      await subscriber.until(() => subscriber.eventIds.length === 9);
      assert.ok(
        subscriber.messages.every(({ isRetained }) => !isRetained),
        'all were live',
      );

      await using late = await subscribeToEvents(broker.url);
      records.record(assortedFacts(1)[0] ?? assert.fail());
      await late.until(() => late.eventIds.length === 1);
      assert.deepEqual(
        late.messages.filter(({ isRetained }) => isRetained).map(({ topic }) => topic),
        [stateTopic],
      );
      assert.deepEqual(late.sequences, [10], 'nothing from before');
    });

    test('events that are recorded while connected arrive in order and leave an empty outbox', async () => {
      await using broker = await start();
      await using subscriber = await subscribeToEvents(broker.url);
      using folder = temporaryFolder();
      await using records = openTestRecords(join(folder.path, 'records.db'));
      {
        await using _publisher = startTestPublisher({ url: broker.url, records });
        for (const fact of assortedFacts(300)) records.record(fact);
        await subscriber.until(() => subscriber.eventIds.length === 300);
      }
      assert.deepEqual(
        subscriber.eventIds,
        records.list({ limit: 1000 }).map(({ id }) => id),
      );
      assert.equal(subscriber.repeatCount, 0);
      assert.equal(records.outbox.depth(), 0);
      const topics = new Set(subscriber.messages.map(({ topic }) => topic));
      assert.deepEqual(
        [...topics].sort(),
        ['attack', 'attendance', 'unknown']
          .map((kind) => `rollcall/site/box/event/${kind}`)
          .concat(stateTopic),
      );
    });
  });
}

test('with MQTT 5 every message has its content type', {
  skip: withoutMosquitto,
}, async () => {
  await using broker = await startMosquitto();
  await using subscriber = await subscribeToEvents(broker.url, { protocolVersion: 5 });
  using folder = temporaryFolder();
  await using records = openTestRecords(join(folder.path, 'records.db'));
  await using _publisher = startTestPublisher({ url: broker.url, records });
  for (const fact of assortedFacts(3)) records.record(fact);
  await subscriber.until(() => subscriber.eventIds.length === 3);
  for (const { topic, contentType } of subscriber.messages) {
    const isEvent = topic.includes('/event/');
    assert.equal(contentType, isEvent ? 'application/cloudevents+json; charset=utf-8' : 'application/json');
  }
});

test('a box with a new name clears its retained state under the former name', {
  skip: withoutMosquitto,
}, async () => {
  await using broker = await startMosquitto();
  using folder = temporaryFolder();
  const nextBox = { ...box, boxId: 'next' };
  const nextTopic = topicsOf('rollcall', nextBox).state;
  for (const from of [box, nextBox]) {
    await using subscriber = await subscribeToEvents(broker.url);
    await using records = openTestRecords(join(folder.path, 'records.db'), from);
    const about = { memory: records.retained, clock: systemClock, logger: silentLogger };
    const connectionTasks = [clearFormerState(topicsOf('rollcall', from).state, about)];
    await using _publisher = startTestPublisher({ url: broker.url, records, from, connectionTasks });
    // The box forgets the topic after the answer of the broker, which no message shows.
    if (from === box) await until('the topic to be known', () => records.retained.of('state').size === 1);
    else await subscriber.until(() => subscriber.messages.some(({ payload }) => payload.length === 0));
  }
  await using late = await subscribeToEvents(broker.url);
  await late.until(() => late.messages.length > 0);
  assert.deepEqual(
    late.messages.map(({ topic, isRetained }) => [topic, isRetained]),
    [[nextTopic, true]],
  );
});
