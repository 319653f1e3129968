import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { subscribeToEvents } from '../support/event-subscriber.js';
import { assortedFacts, attendanceFact } from '../support/facts.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { openPacketGate, type Passage, packetTypes, splitPackets } from '../support/packet-gate.js';
import { memoryLog, openTestRecords, startTestPublisher, temporaryFolder } from '../support/published-box.js';
import { until } from '../support/until.js';

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

describe('a network that breaks around an acknowledgement', {
  skip: withoutMosquitto,
}, () => {
  for (const passage of ['cut before', 'cut within', 'cut after'] as const) {
    test(`${passage} the PUBACK: the box repeats events without acknowledgement with the same id, in order`, async () => {
      await using broker = await startMosquitto();
      await using gate = await openPacketGate(broker.port);
      await using subscriber = await subscribeToEvents(broker.url);
      using folder = temporaryFolder();
      await using records = openTestRecords(join(folder.path, 'records.db'));
      const log = memoryLog();
      let pubacks = 0;
      // The first acknowledges that the box is online; the others are those of events.
      gate.judge = ({ type, from }): Passage => {
        if (type !== packetTypes.puback || from !== 'broker') return 'pass';
        pubacks += 1;
        return pubacks === 3 ? passage : 'pass';
      };
      await using publisher = startTestPublisher({ url: gate.url, records, logger: log.logger });
      for (const fact of assortedFacts(30)) records.record(fact);
      const lost = await log.line(({ code }) => code === 'broker-connection-lost');
      assert.match(String(lost['remedy']), /reconnects automatically/);
      await subscriber.until(() => subscriber.eventIds.length === 30);
      await log.line(({ message }) => message === 'connected to the broker again');
      assert.deepEqual(
        subscriber.eventIds,
        records.list({ limit: 100 }).map(({ id }) => id),
      );
      assert.deepEqual(subscriber.sequences, upTo(30));
      assert.ok(subscriber.repeatCount > 0, 'events in flight were sent again');
      assert.equal(publisher.status().problem, undefined);
    });
  }

  test('after a lost acknowledgement: the box repeats that event first', async () => {
    await using broker = await startMosquitto();
    await using gate = await openPacketGate(broker.port);
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    let pubacks = 0;
    // The first acknowledges that the box is online.
    gate.judge = ({ type, from }): Passage => {
      if (type === packetTypes.puback && from === 'broker') pubacks += 1;
      return type === packetTypes.puback && pubacks === 2 ? 'cut within' : 'pass';
    };
    const { id } = records.record(attendanceFact());
    await using _publisher = startTestPublisher({ url: gate.url, records });
    await subscriber.until(() => subscriber.repeatCount === 1);
    const ids = subscriber.messages
      .filter(({ topic }) => topic.includes('/event/'))
      .map(({ payload }) => JSON.parse(payload.toString('utf8')).id);
    assert.deepEqual(ids, [id, id]);
  });

  test('in the middle of a PUBLISH: the broker gets it whole afterwards', async () => {
    await using broker = await startMosquitto();
    await using gate = await openPacketGate(broker.port);
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    for (const fact of assortedFacts(20)) records.record(fact);
    let publishes = 0;
    gate.judge = ({ type, from }) => {
      if (type !== packetTypes.publish || from !== 'client') return 'pass';
      publishes += 1;
      return publishes === 9 ? 'cut within' : 'pass';
    };
    await using _publisher = startTestPublisher({ url: gate.url, records });
    await subscriber.until(() => subscriber.eventIds.length === 20);
    assert.deepEqual(subscriber.sequences, upTo(20));
  });
});

describe('a slow broker', { skip: withoutMosquitto }, () => {
  test('makes the box wait as long as it answers, without reconnection or repetition, and the order stays', async () => {
    const clock = new VirtualClock(Date.now());
    await using broker = await startMosquitto();
    await using gate = await openPacketGate(broker.port);
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    for (const fact of assortedFacts(60)) records.record(fact);
    const log = memoryLog();
    let greatestInFlight = 0;
    /** The first acknowledges that the box is online. */
    let acknowledgedEvents = -1;
    // All acknowledgements together take twenty times as long as the box waits for one.
    const timings = { ackTimeoutMs: 3000 };
    gate.judge = async ({ type, from }): Promise<Passage> => {
      if (type !== packetTypes.puback || from !== 'broker') return 'pass';
      greatestInFlight = Math.max(greatestInFlight, publisher.status().inFlightCount);
      await until(
        'the box to read the acknowledgement before',
        () => publisher.status().publishedCount >= Math.min(acknowledgedEvents, 60),
      );
      acknowledgedEvents += 1;
      clock.advanceBy(1000);
      return 'pass';
    };
    await using publisher = startTestPublisher({
      url: gate.url,
      records,
      logger: log.logger,
      timings,
      clock,
    });
    await log.line(({ message }) => message === 'connected to the broker');
    await until('the outbox to drain', () => {
      clock.advanceBy(1);
      return records.outbox.depth() === 0;
    });
    assert.deepEqual(subscriber.sequences, upTo(60));
    assert.equal(subscriber.repeatCount, 0);
    assert.ok(greatestInFlight <= 64, `${greatestInFlight} in flight`);
    assert.deepEqual(
      log.lines.filter(({ level }) => level !== 'info'),
      [],
    );
  });
});

test('the packet gate finds the end of each packet, whatever the chunks are', () => {
  const [ping, puback] = [Buffer.from([0xc0, 0]), Buffer.from([0x40, 2, 0, 7])];
  const long = Buffer.concat([Buffer.from([0x30, 0xc8, 0x01]), Buffer.alloc(200, 7)]);
  const whole = Buffer.concat([ping, long, puback]);
  for (let cut = 0; cut <= whole.length; cut += 1) {
    const first = splitPackets(whole.subarray(0, cut));
    const second = splitPackets(Buffer.concat([first.rest, whole.subarray(cut)]));
    assert.deepEqual([...first.packets, ...second.packets], [ping, long, puback]);
    assert.equal(second.rest.length, 0);
  }
});
