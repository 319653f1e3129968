import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { subscribeToEvents } from '../support/event-subscriber.js';
import { assortedFacts, attendanceFact } from '../support/facts.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import {
  memoryLog,
  openTestRecords,
  startTestPublisher,
  stateTopic,
  temporaryFolder,
} from '../support/published-box.js';
import { openTcpGate } from '../support/tcp-gate.js';

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

describe('outages of a real broker', { skip: withoutMosquitto }, () => {
  test('events recorded while the broker is absent arrive in order when it returns, and none is lost', async () => {
    await using broker = await startMosquitto();
    await using gate = await openTcpGate(broker.port);
    await broker.kill();
    gate.close();
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    const log = memoryLog();
    await using publisher = startTestPublisher({
      url: `mqtt://127.0.0.1:${gate.port}`,
      records,
      logger: log.logger,
    });
    for (const fact of assortedFacts(50)) records.record(fact);
    const outage = await log.line(({ level }) => level === 'warn');
    assert.equal(outage['code'], 'broker-refused');
    assert.match(String(outage['remedy']), /mqtt\.url/);

    await broker.start();
    await using subscriber = await subscribeToEvents(broker.url);
    await gate.open();
    await subscriber.until(() => subscriber.eventIds.length === 50);
    assert.deepEqual(subscriber.sequences, upTo(50));
    assert.deepEqual(
      subscriber.eventIds,
      records.list({ limit: 100 }).map(({ id }) => id),
    );
    await log.line(({ message }) => message === 'connected to the broker again');
    assert.equal(log.lines.filter(({ code }) => code === 'broker-refused').length, 1, 'logged once');
    assert.equal(publisher.status().connection, 'connected');
  });

  test('a broker that is killed while the outbox drains loses nothing', async () => {
    await using broker = await startMosquitto();
    await using gate = await openTcpGate(broker.port);
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    for (const fact of assortedFacts(1000)) records.record(fact);
    await using _publisher = startTestPublisher({ url: `mqtt://127.0.0.1:${gate.port}`, records });
    await subscriber.until(() => subscriber.eventIds.length >= 100);
    assert.ok(records.outbox.depth() > 0, 'in the middle');

    gate.close();
    await broker.kill();
    for (const fact of assortedFacts(100)) records.record(fact);
    const again = subscriber.resubscribed();
    await broker.start();
    await again;
    await gate.open();
    await subscriber.until(() => subscriber.eventIds.length === 1100);
    assert.deepEqual(subscriber.sequences, upTo(1100));
  });

  test('a network cut between message and acknowledgement causes no duplicate for a subscriber that deduplicates', async () => {
    await using broker = await startMosquitto();
    await using gate = await openTcpGate(broker.port);
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    for (const fact of assortedFacts(300)) records.record(fact);
    await using _publisher = startTestPublisher({ url: `mqtt://127.0.0.1:${gate.port}`, records });
    for (const arrived of [50, 100, 150, 200, 250]) {
      await subscriber.until(() => subscriber.eventIds.length >= arrived);
      gate.cut();
    }
    await subscriber.until(() => subscriber.eventIds.length === 300);
    assert.deepEqual(subscriber.sequences, upTo(300));
  });

  test('a frozen broker is noticed by its silence, and waiting events arrive after the thaw', async () => {
    await using broker = await startMosquitto();
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    const log = memoryLog();
    const timings = { ackTimeoutMs: 500 };
    await using _publisher = startTestPublisher({ url: broker.url, records, logger: log.logger, timings });
    records.record(attendanceFact());
    await subscriber.until(() => subscriber.eventIds.length === 1);

    broker.freeze();
    for (const fact of assortedFacts(60)) records.record(fact);
    const silence = await log.line(({ code }) => code === 'broker-silent');
    assert.match(String(silence['remedy']), /frozen/);
    broker.thaw();
    await subscriber.until(() => subscriber.eventIds.length === 61);
    assert.deepEqual(subscriber.sequences, upTo(61));
  });

  test('a frozen broker is noticed also when there is nothing to send', async () => {
    await using broker = await startMosquitto();
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    const log = memoryLog();
    await using _publisher = startTestPublisher({
      url: broker.url,
      records,
      logger: log.logger,
      timings: { keepaliveS: 1 },
    });
    await log.line(({ message }) => message === 'connected to the broker');
    broker.freeze();
    await log.line(({ code }) => code === 'broker-silent');
    broker.thaw();
    await log.line(({ message }) => message === 'connected to the broker again');
  });

  test('the shutdown does not wait for a frozen or absent broker, and unsent events stay', async () => {
    await using broker = await startMosquitto();
    for (const disturb of [broker.freeze, broker.kill]) {
      using folder = temporaryFolder();
      await using records = openTestRecords(join(folder.path, 'records.db'));
      const log = memoryLog();
      const publisher = startTestPublisher({
        url: broker.url,
        records,
        logger: log.logger,
        timings: { farewellMs: 100, ackTimeoutMs: 60_000 },
      });
      await log.line(({ message }) => message === 'connected to the broker');
      await disturb();
      records.record(attendanceFact());
      await publisher[Symbol.asyncDispose]();
      assert.equal(publisher.status().connection, 'ended');
      assert.equal(records.outbox.depth(), 1);
      broker.thaw();
    }
  });

  test('the state of the box at a killed broker is corrected when the broker returns', async () => {
    await using broker = await startMosquitto();
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    const log = memoryLog();
    await using _publisher = startTestPublisher({ url: broker.url, records, logger: log.logger });
    await log.line(({ message }) => message === 'connected to the broker');
    await broker.kill();
    await log.line(({ message }) => message.startsWith('the broker cannot be used'));
    await broker.start();
    await log.line(({ message }) => message === 'connected to the broker again');
    await using late = await subscribeToEvents(broker.url);
    await late.until(() => late.messages.some(({ topic }) => topic === stateTopic));
    const [state] = late.messages;
    assert.equal(state?.isRetained, true);
    assert.match(String(state?.payload), /"state":"online"/);
  });
});
