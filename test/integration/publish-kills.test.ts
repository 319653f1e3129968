import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { seededRandom } from '../../daemon/base/random.js';
import { stateSchema } from '../../daemon/publish/contract/state-schema.js';
import { startChildPublisher } from '../support/child-publisher.js';
import { subscribeToEvents } from '../support/event-subscriber.js';
import { assortedFacts } from '../support/facts.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { openTestRecords, stateTopic, temporaryFolder } from '../support/published-box.js';

/** What the records say, asked when nobody has them open. */
async function recordedIn(path: string) {
  await using records = openTestRecords(path);
  const events = records.list({ limit: 100_000 });
  return {
    ids: events.map(({ id }) => id),
    sequences: events.map(({ sequence }) => sequence),
    depth: records.outbox.depth(),
  };
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

describe('a daemon that is killed', { skip: withoutMosquitto, timeout: 500_000 }, () => {
  test('between recording and publishing: the next one publishes what the first recorded', async () => {
    await using broker = await startMosquitto();
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    const path = join(folder.path, 'records.db');
    broker.freeze();
    await using first = startChildPublisher({ path, url: broker.url, recordCount: 10 });
    await first.until(({ recorded }) => recorded === 10);
    await first.kill();
    const before = await recordedIn(path);
    assert.equal(before.depth, 10);

    broker.thaw();
    await using _second = startChildPublisher({ path, url: broker.url, recordCount: 0 });
    await subscriber.until(() => subscriber.eventIds.length === 10);
    assert.deepEqual(subscriber.eventIds, before.ids);
  });

  test('in the middle of a drain: nothing is lost', async () => {
    await using broker = await startMosquitto();
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    const path = join(folder.path, 'records.db');
    {
      await using records = openTestRecords(path);
      for (const fact of assortedFacts(2000)) records.record(fact);
    }
    await using first = startChildPublisher({ path, url: broker.url, recordCount: 0 });
    await subscriber.until(() => subscriber.eventIds.length >= 300);
    await first.kill();
    const { depth, ids } = await recordedIn(path);
    assert.ok(depth > 0 && depth < 2000, `${depth} of 2000 were left`);

    await using _second = startChildPublisher({ path, url: broker.url, recordCount: 0 });
    await subscriber.until(() => subscriber.eventIds.length === 2000);
    assert.deepEqual(subscriber.eventIds, ids);
  });

  test('twelve times at random points: what arrived is what was recorded, in order', async (context) => {
    const random = seededRandom(20260301);
    const target = 200;
    await using broker = await startMosquitto();
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    const path = join(folder.path, 'records.db');
    for (let kills = 0; kills < 8; kills += 1) {
      await using child = startChildPublisher({ path, url: broker.url, recordCount: 9 });
      const enough = 1 + Math.floor(random.unit() * 9);
      const what = random.unit() < 0.5 ? 'recorded' : 'deleted';
      await child.until((counts) => counts[what] >= enough);
      await child.kill();
    }
    const killed = await recordedIn(path);
    assert.ok(killed.ids.length <= target);
    const missing = target - killed.ids.length;
    {
      await using _last = startChildPublisher({ path, url: broker.url, recordCount: missing });
      await subscriber.until(() => subscriber.eventIds.length === target);
    }
    const recorded = await recordedIn(path);
    assert.deepEqual(recorded.sequences, upTo(target), 'no gap');
    assert.deepEqual(subscriber.eventIds, recorded.ids);
    context.diagnostic(`${target} events, 12 kills, ${subscriber.repeatCount} sent again with the same id`);
  });

  test('is said to be offline by the broker', async () => {
    await using broker = await startMosquitto();
    await using subscriber = await subscribeToEvents(broker.url);
    const states = () =>
      subscriber.messages
        .filter(({ topic }) => topic === stateTopic)
        .map(({ payload }) => stateSchema.parse(JSON.parse(payload.toString('utf8'))).reason);
    using folder = temporaryFolder();
    const path = join(folder.path, 'records.db');
    await using child = startChildPublisher({ path, url: broker.url, recordCount: 0 });
    await subscriber.until(() => states().length === 1);
    await child.kill();
    await subscriber.until(() => states().length === 2);
    assert.deepEqual(states(), ['connected', 'connection-lost']);
  });
});
