import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import mqtt from 'mqtt';
import { RetainedDocuments, repeatEveryMs } from '../../daemon/core/delivery/retained-documents.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import type { Timer } from '../../daemon/kernel/clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { subscribeToEvents } from '../support/event-subscriber.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { box, openTestRecords, startTestPublisher, temporaryFolder } from '../support/published-box.js';
import { until } from '../support/until.js';

const topics = topicsOf('rollcall', box);
const documents = [topics.keys, topics.cameraState('gate')];
const retained = [topics.state, ...documents];

/** Counts the waits for the next repetition, so that the clock advances only when no message is on its way. */
class WaitingClock extends VirtualClock {
  waiting = 0;

  override after(delayMs: number, callback: () => void): Timer {
    if (delayMs !== repeatEveryMs) return super.after(delayMs, callback);
    this.waiting += 1;
    return super.after(delayMs, () => {
      this.waiting -= 1;
      callback();
    });
  }
}

/** What a new subscriber finds: the message of each topic. */
async function foundAt(url: string): Promise<readonly string[]> {
  await using late = await subscribeToEvents(url);
  await late.until(() => late.messages.length === retained.length);
  return retained.map((topic) => String(late.messages.find((message) => message.topic === topic)?.payload));
}

describe('a retained message that another client overwrote', {
  skip: withoutMosquitto,
}, () => {
  test('is restored by the next repetition over the same connection', async () => {
    await using broker = await startMosquitto();
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    const clock = new WaitingClock(Date.now());
    const connectionTasks = documents.map(
      (topic) =>
        new RetainedDocuments({
          owner: topic,
          what: 'a document of the test',
          wanted: () => [{ topic, content: topic, messages: async () => [`{"said":"${topic}"}`] }],
          onChanged: () => () => undefined,
          isLeading: topic === topics.keys,
          memory: records.retained,
          clock,
          logger: silentLogger,
        }),
    );
    await using _publisher = startTestPublisher({ url: broker.url, records, connectionTasks, clock });
    const isQuiet = () => clock.waiting === retained.length;
    await until('all messages to be published', isQuiet);
    const published = await foundAt(broker.url);
    const stranger = await mqtt.connectAsync(broker.url);
    for (const topic of retained) await stranger.publishAsync(topic, 'garbage{', { qos: 1, retain: true });
    await stranger.endAsync();
    clock.advanceBy(repeatEveryMs - 1);
    assert.deepEqual(
      await foundAt(broker.url),
      retained.map(() => 'garbage{'),
    );
    clock.advanceBy(1);
    await until('all messages to be published again', isQuiet);
    assert.deepEqual(await foundAt(broker.url), published);
  });
});
