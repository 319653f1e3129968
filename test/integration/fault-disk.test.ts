import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { subscribeToEvents } from '../support/event-subscriber.js';
import { assortedFacts, attendanceFact } from '../support/facts.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { openOutboxRecords } from '../support/outbox-records.js';
import { memoryLog, openTestRecords, startTestPublisher, temporaryFolder } from '../support/published-box.js';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.js';
import { openTcpGate } from '../support/tcp-gate.js';
import { until } from '../support/until.js';

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

/** Mounts a small disk; skips the test with the reason if none can be mounted. */
function diskOf(t: TestContext): SmallDisk | undefined {
  const disk = mountSmallDisk(8);
  if (!('skip' in disk)) return disk;
  t.skip(disk.skip);
  return undefined;
}

/** Records events until one fails; returns the error. */
function recordUntilFull(records: RecordStores): unknown {
  for (;;) {
    try {
      records.record(attendanceFact());
    } catch (error) {
      return error;
    }
  }
}

describe('a full disk', { skip: withoutMosquitto }, () => {
  test('of the box: the box reports it, and publishes recorded events once there is room, in order and without a gap', async (t) => {
    using disk = diskOf(t);
    if (disk === undefined) return;
    await using broker = await startMosquitto();
    await using gate = await openTcpGate(broker.port);
    await using subscriber = await subscribeToEvents(broker.url);
    await using records = openTestRecords(join(disk.path, 'records.db'));
    const log = memoryLog();
    const url = `mqtt://127.0.0.1:${gate.port}`;
    await using publisher = startTestPublisher({ url, records, logger: log.logger });
    for (const fact of assortedFacts(50)) records.record(fact);
    await subscriber.until(() => subscriber.eventIds.length === 50);

    disk.fill();
    gate.close();
    gate.cut();
    const refusal = recordUntilFull(records);
    assert.ok(isRollcallError(refusal, 'disk-full'), String(refusal));
    assert.match(refusal.remedy ?? '', /space/);
    const before = records.list({ limit: 1 })[0]?.sequence ?? 0;
    await gate.open();
    const said = await log.line(({ code }) => code === 'disk-full');
    assert.match(String(said['remedy']), /space/);
    assert.equal(publisher.status().problem?.code, 'disk-full');
    assert.throws(() => records.record(attendanceFact()), /full/);

    disk.free();
    for (const fact of assortedFacts(10)) records.record(fact);
    const all = before + 10;
    await subscriber.until(() => subscriber.eventIds.length === all);
    assert.deepEqual(subscriber.sequences, upTo(all));
    assert.deepEqual(
      subscriber.eventIds,
      records.list({ limit: 100_000 }).map(({ id }) => id),
    );
    await until('the outbox to drain', () => records.outbox.depth() === 0);
    assert.equal(publisher.status().problem, undefined);
  });

  test('of the broker, which acknowledges nevertheless: a centre that confirms gets everything after the broker restarts', async (t) => {
    using disk = diskOf(t);
    if (disk === undefined) return;
    await using broker = await startMosquitto({
      lines: [
        'persistence true',
        `persistence_location ${disk.path}/`,
        'autosave_on_changes true',
        'autosave_interval 1',
      ],
    });
    const session = { clean: false, clientId: 'centre' };
    {
      await using _first = await subscribeToEvents(broker.url, session);
    }
    using folder = temporaryFolder();
    await using records = openOutboxRecords(folder.path, systemClock);
    await using gate = await openTcpGate(broker.port);
    disk.fill();
    for (const fact of assortedFacts(40)) records.record(fact);
    const outbox = { ...records.outbox, ...records.outbox.forCentre };
    await using _publisher = startTestPublisher({
      url: `mqtt://127.0.0.1:${gate.port}`,
      records: { ...records, outbox },
    });
    await until('the broker to take all of it', () => records.outbox.keptForCentreCount() === 40);
    gate.close();
    await broker.kill();
    // The broker does not start with a stored state that the full disk has truncated.
    rmSync(join(disk.path, 'mosquitto.db'), { force: true });
    await broker.start();
    await using centre = await subscribeToEvents(broker.url, session);
    assert.deepEqual(centre.sequences, [], 'the broker has forgotten what it had acknowledged');
    await gate.open();
    await centre.until(() => centre.eventIds.length === 40);
    assert.deepEqual(centre.sequences, upTo(40));
    assert.equal(records.outbox.centre.confirmUpTo(40, []), 40);
    assert.equal(records.outbox.depth(), 0);
  });
});
