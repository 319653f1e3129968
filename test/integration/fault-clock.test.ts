import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openRecordStores, type RecordStores } from '../../daemon/core/compose/record-stores.js';
import { encodeEvent } from '../../daemon/core/delivery/encoding.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import type { Clock } from '../../daemon/kernel/clock.js';
import { type EventSubscriber, subscribeToEvents } from '../support/event-subscriber.js';
import { assortedFacts, attendanceFact } from '../support/facts.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { box, startTestPublisher, temporaryFolder } from '../support/published-box.js';
import { ShiftedClock } from '../support/shifted-clock.js';
import { shownFact } from '../support/shown-event.js';

const hourMs = 3_600_000;
const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

function recordsWith(clock: Clock, folder: string): RecordStores {
  const path = join(folder, 'records.db');
  return openRecordStores({
    path,
    encode: (event) => encodeEvent(event, box, {}),
    clock,
    random: systemRandom,
  });
}

const shownTo = ({ messages }: EventSubscriber) =>
  messages.filter(({ topic }) => topic.includes('/event/')).map(({ payload }) => shownFact(payload));

describe('outages and clocks', { skip: withoutMosquitto }, () => {
  test('the box publishes all events after a day without a broker and a restart, unchanged and marked as historical', async () => {
    await using broker = await startMosquitto();
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    const clock = new ShiftedClock();
    const startMs = clock.wallMs();
    for (const _half of ['before the restart', 'after it']) {
      await using records = recordsWith(clock, folder.path);
      for (const fact of assortedFacts(24)) {
        records.record({ ...fact, occurredAtMs: clock.wallMs() });
        clock.pass(hourMs / 2);
      }
    }
    await using records = recordsWith(clock, folder.path);
    assert.equal(records.outbox.depth(), 48);
    const { id: newest } = records.record(attendanceFact({ occurredAtMs: clock.wallMs() }));
    await using _publisher = startTestPublisher({ url: broker.url, records, clock });
    await subscriber.until(() => subscriber.eventIds.length === 49);
    assert.deepEqual(subscriber.sequences, upTo(49));
    const shown = shownTo(subscriber);
    for (const [index, fact] of shown.slice(0, 48).entries()) {
      assert.equal(fact?.isHistorical, true, `event ${index + 1}`);
      const atMs = Date.parse(fact?.time ?? '');
      assert.ok(
        Math.abs(atMs - startMs - (index * hourMs) / 2) < 60_000,
        'the event keeps the time of the fact',
      );
      assert.ok(Math.abs(Date.parse(fact?.recordedAt ?? '') - atMs) < 1000);
    }
    assert.deepEqual([shown.at(-1)?.id, shown.at(-1)?.isHistorical], [newest, false]);
  });

  test('the box keeps the order and the times of events when the wall clock jumps back and forth', async () => {
    await using broker = await startMosquitto();
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    const clock = new ShiftedClock();
    await using records = recordsWith(clock, folder.path);
    const jumpsMs = [0, 30 * 24 * hourMs, -5 * hourMs, -10 * 365 * 24 * hourMs, hourMs, 0, -1, 1];
    await using _publisher = startTestPublisher({ url: broker.url, records, clock });
    const times: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      for (const jumpMs of jumpsMs) {
        clock.jump(jumpMs);
        const occurredAtMs = clock.wallMs();
        times.push(new Date(occurredAtMs).toISOString());
        records.record(attendanceFact({ occurredAtMs }));
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    await subscriber.until(() => subscriber.eventIds.length === times.length);
    assert.deepEqual(subscriber.sequences, upTo(times.length));
    assert.equal(new Set(subscriber.eventIds).size, times.length);
    assert.deepEqual(
      shownTo(subscriber).map((fact) => fact?.time),
      times,
    );
  });

  test('the box publishes all events in order when the clock was in the future before a restart', async () => {
    await using broker = await startMosquitto();
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    const clock = new ShiftedClock();
    clock.jump(365 * 24 * hourMs);
    {
      await using records = recordsWith(clock, folder.path);
      for (const fact of assortedFacts(5)) records.record(fact);
    }
    clock.jump(-365 * 24 * hourMs);
    await using records = recordsWith(clock, folder.path);
    for (const fact of assortedFacts(5)) records.record(fact);
    await using _publisher = startTestPublisher({ url: broker.url, records, clock });
    await subscriber.until(() => subscriber.eventIds.length === 10);
    assert.deepEqual(subscriber.sequences, upTo(10));
  });
});
