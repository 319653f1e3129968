import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { type EventSubscriber, subscribeToEvents } from '../support/event-subscriber.js';
import { attendanceFact } from '../support/facts.js';
import { JumpingClock } from '../support/jumping-clock.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { openOutboxRecords, outboxEpochMs } from '../support/outbox-records.js';
import { startTestPublisher, temporaryFolder } from '../support/published-box.js';
import { ShiftedClock } from '../support/shifted-clock.js';
import { openTcpGate, type TcpGate } from '../support/tcp-gate.js';

const hourMs = 3_600_000;

interface Arrived {
  readonly sequence: number;
  readonly isHistorical: boolean;
}

const eventsOf = (messages: readonly { readonly topic: string; readonly payload: Buffer }[]): Arrived[] =>
  messages
    .filter(({ topic }) => topic.includes('/event/'))
    .map(({ payload }) => JSON.parse(payload.toString('utf8')) as Record<string, unknown>)
    .map((event) => ({ sequence: Number(event['sequence']), isHistorical: event['historical'] === true }));

interface Outage {
  readonly records: RecordStores;
  readonly clock: ShiftedClock;
  readonly subscriber: EventSubscriber;
  /** Between the box and the broker; closed. */
  readonly gate: TcpGate;
}

async function duringOutage(work: (outage: Outage) => Promise<void>): Promise<void> {
  await using broker = await startMosquitto();
  await using gate = await openTcpGate(broker.port);
  gate.close();
  await using subscriber = await subscribeToEvents(broker.url);
  using folder = temporaryFolder();
  const clock = new ShiftedClock();
  await using records = openOutboxRecords(folder.path, clock);
  await using _publisher = startTestPublisher({ url: `mqtt://127.0.0.1:${gate.port}`, records, clock });
  await work({ records, clock, subscriber, gate });
}

describe('late events', { skip: withoutMosquitto }, () => {
  test('after an outage of 24 hours waiting events are historical and in order, and new ones are not historical', () =>
    duringOutage(async ({ records, clock, subscriber, gate }) => {
      for (let hour = 0; hour < 24; hour += 1) {
        records.record(attendanceFact());
        clock.pass(hourMs);
      }
      records.record(attendanceFact());
      await gate.open();
      await subscriber.until(() => subscriber.eventIds.length === 25);
      records.record(attendanceFact());
      await subscriber.until(() => subscriber.eventIds.length === 26);
      assert.deepEqual(
        eventsOf(subscriber.messages),
        Array.from({ length: 26 }, (_, index) => ({ sequence: index + 1, isHistorical: index < 24 })),
      );
    }));

  test('a jump of the wall clock changes neither the order nor which events are late', () =>
    duringOutage(async ({ records, clock, subscriber, gate }) => {
      records.record(attendanceFact());
      clock.pass(2 * hourMs);
      for (const byMs of [48 * hourMs, -500 * hourMs, 20 * hourMs, -1, 0]) {
        clock.jump(byMs);
        records.record(attendanceFact());
      }
      clock.jump(-hourMs);
      await gate.open();
      await subscriber.until(() => subscriber.eventIds.length === 6);
      assert.deepEqual(
        eventsOf(subscriber.messages),
        Array.from({ length: 6 }, (_, index) => ({ sequence: index + 1, isHistorical: index === 0 })),
      );
    }));
});

test('the age of an event of another process follows the wall clock, and is unknown after the clock was set back', async () => {
  using folder = temporaryFolder();
  const clock = new JumpingClock(outboxEpochMs);
  const ages = async (jumpMs: number): Promise<readonly number[]> => {
    clock.jump(jumpMs);
    await using records = openOutboxRecords(folder.path, clock);
    return records.outbox.pending(0, 10, []).map(({ ageMs }) => ageMs);
  };
  {
    await using records = openOutboxRecords(folder.path, clock);
    records.record(attendanceFact());
  }
  clock.advanceBy(5000);
  assert.deepEqual(await ages(0), [5000]);
  assert.deepEqual(await ages(hourMs), [5000 + hourMs]);
  assert.deepEqual(await ages(-2 * hourMs), [Number.POSITIVE_INFINITY]);
});

test('ages of events of this process are right over any number of clock jumps', async () => {
  using folder = temporaryFolder();
  const clock = new JumpingClock(outboxEpochMs);
  await using records = openOutboxRecords(folder.path, clock);
  const random = seededRandom(5);
  const recordedMs: number[] = [];
  for (let count = 0; count < 60; count += 1) {
    clock.jump(Math.floor((random.unit() - 0.5) * 1000 * hourMs));
    clock.advanceBy(Math.floor(random.unit() * hourMs));
    records.record(attendanceFact());
    recordedMs.push(clock.monotonicMs());
  }
  const rows = records.outbox.pending(0, 100, []);
  assert.equal(rows.length, 60);
  for (const [index, { ageMs, sequence }] of rows.entries()) {
    assert.equal(sequence, index + 1);
    // A jump below a second is none.
    assert.ok(Math.abs(ageMs - (clock.monotonicMs() - (recordedMs[index] ?? 0))) < 1000);
  }
});
