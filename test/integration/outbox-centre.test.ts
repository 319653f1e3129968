import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { subscribeToEvents } from '../support/event-subscriber.js';
import { assortedFacts, attendanceFact, unknownFact } from '../support/facts.js';
import { heardConditions } from '../support/heard-conditions.js';
import { startMosquitto, withoutMosquitto, writableOnly } from '../support/mosquitto.js';
import { openOutboxRecords, waitingSequences } from '../support/outbox-records.js';
import { startTestPublisher, temporaryFolder } from '../support/published-box.js';
import { openTcpGate } from '../support/tcp-gate.js';
import { until } from '../support/until.js';

/** Records whose publisher waits for confirmations of a centre. */
const forCentre = (records: RecordStores): RecordStores => ({
  ...records,
  outbox: { ...records.outbox, ...records.outbox.forCentre },
});

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

describe('acknowledgement by a centre', () => {
  test('rows that a broker took stay until the centre has confirmed them', async () => {
    using folder = temporaryFolder();
    await using records = openOutboxRecords(folder.path, systemClock);
    for (const fact of assortedFacts(5)) records.record(fact);
    const { forCentre: outbox, centre } = records.outbox;
    outbox.begin();
    outbox.acknowledge([1, 2, 3, 4]);
    assert.equal(records.outbox.depth(), 5);
    assert.deepEqual(waitingSequences(outbox), [5], 'not again over this connection');
    assert.equal(records.outbox.deliveryOf(2), 'kept-for-centre');
    assert.equal(centre.confirmUpTo(2, []), 2);
    assert.equal(centre.confirmed(), 2);
    assert.equal(records.outbox.deliveryOf(2), 'delivered');
    outbox.begin();
    assert.deepEqual(waitingSequences(outbox), [3, 4, 5], 'the broker may have lost them');
  });

  test('never goes beyond the last sent event, and never goes back', async () => {
    using folder = temporaryFolder();
    await using records = openOutboxRecords(folder.path, systemClock);
    for (const fact of assortedFacts(6)) records.record(fact);
    const { forCentre: outbox, centre } = records.outbox;
    outbox.begin();
    outbox.acknowledge([1, 3]);
    assert.equal(centre.confirmUpTo(1000, []), 2);
    assert.equal(centre.confirmed(), 3);
    assert.equal(centre.confirmUpTo(1, []), 0);
    assert.equal(centre.confirmed(), 3);
    assert.deepEqual(waitingSequences(outbox), [2, 4, 5, 6], 'what was not sent is not confirmed');
    assert.equal(centre.confirmUpTo(1000, [4, 5]), 2, 'the centre was faster than the broker');
    assert.equal(centre.confirmed(), 5);
    assert.deepEqual(waitingSequences(outbox), [2, 6]);
  });

  test('requested events come again once, in order, as far as they exist', async () => {
    using folder = temporaryFolder();
    await using records = openOutboxRecords(folder.path, systemClock);
    for (const fact of assortedFacts(9)) records.record(fact);
    records.outbox.acknowledge([1, 2, 3, 4, 5, 6]);
    const unknowns = records.retention.ageing('unknown').begin(Number.MAX_SAFE_INTEGER);
    assert.equal(unknowns(10).count, 2, 'those not in the outbox');
    const range = { first: 1, last: 8 };
    assert.deepEqual(records.outbox.missing(range, 10), {
      count: 2,
      ranges: [
        { first: 2, last: 2 },
        { first: 5, last: 5 },
      ],
    });
    const nowMs = systemClock.wallMs();
    assert.deepEqual(records.outbox.putBack(range, { nowMs, limit: 3 }), { count: 3, through: 4 });
    const rest = { first: 5, last: 8 };
    assert.deepEqual(records.outbox.putBack(rest, { nowMs, limit: 10 }), { count: 1, through: 8 });
    assert.deepEqual(
      records.outbox
        .pending(0, 10, [])
        .map(({ sequence, isAgain }) => `${sequence}${isAgain ? ' again' : ''}`),
      ['1 again', '3 again', '4 again', '6 again', '7', '8', '9'],
    );
    assert.deepEqual(records.outbox.missing({ first: 8, last: 8 }, 10), { count: 0, ranges: [] });
  });

  test('events that the centre confirmed and lost are sent again, and kept until it confirms them again', async () => {
    using folder = temporaryFolder();
    await using records = openOutboxRecords(folder.path, systemClock);
    for (const fact of assortedFacts(3)) records.record(fact);
    const { forCentre: outbox, centre } = records.outbox;
    outbox.begin();
    outbox.acknowledge([1, 2, 3]);
    centre.confirmUpTo(2, []);
    records.outbox.putBack({ first: 1, last: 3 }, { nowMs: systemClock.wallMs(), limit: 10 });
    assert.deepEqual(waitingSequences(outbox), [1, 2, 3], 'that which was kept, too');
    outbox.acknowledge([1, 2, 3]);
    assert.equal(records.outbox.depth(), 3);
    assert.equal(centre.confirmUpTo(3, []), 3);
  });
});

describe('acknowledgement by a centre over a real broker', {
  skip: withoutMosquitto,
}, () => {
  test('a broker that loses all messages causes no loss', async () => {
    await using broker = await startMosquitto();
    await using gate = await openTcpGate(broker.port);
    using folder = temporaryFolder();
    await using records = openOutboxRecords(folder.path, systemClock);
    for (const fact of assortedFacts(100)) records.record(fact);
    await using _publisher = startTestPublisher({
      url: `mqtt://127.0.0.1:${gate.port}`,
      records: forCentre(records),
    });
    // There is no subscriber: the broker takes all messages and loses them.
    await until('the broker to take all', () => records.outbox.keptForCentreCount() === 100);
    gate.close();
    await broker.kill();
    await broker.start();
    await using subscriber = await subscribeToEvents(broker.url);
    await gate.open();
    await subscriber.until(() => subscriber.eventIds.length === 100);
    assert.deepEqual(subscriber.sequences, upTo(100));
    await until('the broker to take all', () => records.outbox.keptForCentreCount() === 100);
    assert.equal(records.outbox.centre.confirmUpTo(100, []), 100);
    assert.equal(records.outbox.depth(), 0);
    assert.equal(subscriber.repeatCount, 0);
  });

  test('a kind that is held back and tried again repeats no events of other kinds', async () => {
    const acl = writableOnly('rollcall/site/box/state', 'rollcall/+/+/event/unknown');
    await using broker = await startMosquitto({ acl });
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    await using records = openOutboxRecords(folder.path, systemClock);
    records.record(attendanceFact());
    for (let count = 0; count < 20; count += 1) records.record(unknownFact());
    const conditions = heardConditions();
    await using publisher = startTestPublisher({
      url: broker.url,
      records: forCentre(records),
      timings: { heldRetryMs: 30 },
      conditions,
    });
    const refusals = () => conditions.heard.filter((line) => line.includes('+'));
    await subscriber.until(() => subscriber.eventIds.length === 20);
    await until('some tries', () => refusals().length >= 3);
    assert.deepEqual(
      new Set(refusals()),
      new Set(['change topic-refused {"kind":"attendance"} +attendance']),
    );
    assert.equal(subscriber.repeatCount, 0);
    assert.equal(publisher.status().connection, 'connected');
  });

  test('requested events are sent again between new ones, marked as historical', async () => {
    await using broker = await startMosquitto();
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    await using records = openOutboxRecords(folder.path, systemClock);
    await using publisher = startTestPublisher({ url: broker.url, records });
    for (const fact of assortedFacts(10)) records.record(fact);
    await subscriber.until(() => subscriber.eventIds.length === 10);
    await until('an empty outbox', () => records.outbox.depth() === 0);
    records.outbox.putBack({ first: 3, last: 5 }, { nowMs: systemClock.wallMs(), limit: 10 });
    publisher.rewind(3);
    await subscriber.until(() => subscriber.repeatCount === 3);
    const again = subscriber.messages.slice(-3).map(({ payload }) => JSON.parse(payload.toString('utf8')));
    assert.deepEqual(
      again.map(({ sequence, historical }) => [Number(sequence), historical]),
      [
        [3, true],
        [4, true],
        [5, true],
      ],
    );
    await until('an empty outbox', () => records.outbox.depth() === 0);
  });
});
