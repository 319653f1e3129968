import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ClientIdWatch } from '../../daemon/core/delivery/client-id-watch.js';
import { operational } from '../../daemon/kernel/errors.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { startAedes } from '../support/aedes-broker.js';
import { attendanceFact } from '../support/facts.js';
import { heardConditions } from '../support/heard-conditions.js';
import { listenOnLoopback } from '../support/listening.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { memoryLog, openTestRecords, startTestPublisher, temporaryFolder } from '../support/published-box.js';
import { until } from '../support/until.js';

const clientId = 'rollcall-site-box';
const contested = (isCertain: boolean): string =>
  isCertain
    ? `change client-id-contested ${JSON.stringify({ clientId, isCertain })} +named-by-the-broker`
    : `begin client-id-contested ${JSON.stringify({ clientId, isCertain })}`;

const brokers = [
  { name: 'mosquitto', start: () => startMosquitto(), skip: withoutMosquitto },
  { name: 'aedes, MQTT 3.1.1', start: () => startAedes(), skip: false },
] as const;

for (const { name, start, skip } of brokers) {
  describe(`two boxes with one client id at ${name}`, { skip }, () => {
    test('are reported with a remedy, and so is the end when one of them leaves', async () => {
      await using broker = await start();
      using folder = temporaryFolder();
      await using records = openTestRecords(join(folder.path, 'records.db'));
      await using others = openTestRecords(join(folder.path, 'others.db'));
      const log = memoryLog();
      const conditions = heardConditions();
      const reports = conditions.heard;
      const timings = { retry: { baseMs: 60, capMs: 60, sustainedMs: 60_000 }, steadyAfterMs: 500 };
      const own = { url: broker.url, records, logger: log.logger, timings, conditions };
      await using publisher = startTestPublisher(own);
      await using other = startTestPublisher({ url: broker.url, records: others, timings });
      const line = await log.line(({ message }) => message.startsWith('another client'));
      assert.equal(line.level, 'error');
      assert.match(String(line['remedy']), /mqtt\.clientId/);
      // Mosquitto says so from 2.0.21 on; before, it only hangs up.
      await until('the beginning', () =>
        [contested(true), contested(false)].some((report) => reports.includes(report)),
      );
      assert.equal(publisher.status().problem?.remedy, line['remedy']);
      await other[Symbol.asyncDispose]();
      await until(
        'the end',
        () => reports.at(-1) === 'end topic-refused' && publisher.status().problem === undefined,
      );
      assert.ok(reports.includes('end client-id-contested'));
      records.record(attendanceFact());
      await until('an empty outbox', () => records.outbox.depth() === 0);
    });
  });
}

test('the reason 0x8E of an MQTT 5 broker is reported immediately', async () => {
  // CONNACK, and after the state `online` a DISCONNECT with the reason "session taken over".
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => {
      socket.write(Uint8Array.of(0x20, 3, 0, 0, 0));
      // Without the length of its properties, as Mosquitto sends it.
      socket.once('data', () => socket.end(Uint8Array.of(0xe0, 1, 0x8e)));
    });
  });
  const port = await listenOnLoopback(server);
  using folder = temporaryFolder();
  await using records = openTestRecords(join(folder.path, 'records.db'));
  const conditions = heardConditions();
  const reports = conditions.heard;
  const url = `mqtt://127.0.0.1:${port}`;
  await using publisher = startTestPublisher({ url, records, conditions });
  await until('the beginning', () => reports.length > 0);
  assert.equal(reports[0], contested(true));
  await publisher[Symbol.asyncDispose]();
  server.close();
});

describe('ClientIdWatch', () => {
  const lost = operational('broker-connection-lost', 'lost');
  const unrelated = { isOurs: false, isExplained: false };
  const watch = () => {
    const conditions = heardConditions();
    const reports = conditions.heard;
    return { reports, watch: new ClientIdWatch({ broker: 'b', clientId, conditions, logger: silentLogger }) };
  };

  test('ignores a broker that is away, slow or restarted', () => {
    const { reports, watch: contest } = watch();
    const refused = operational('broker-refused', 'refused');
    for (let round = 0; round < 10; round += 1) {
      for (const livedMs of [100, 100, 60_000, 100, 100, 100]) contest.ended(lost, livedMs, unrelated);
      contest.ended(refused, undefined, unrelated);
      contest.ended(lost, undefined, unrelated);
    }
    assert.deepEqual(reports, []);
    assert.equal(contest.problem, undefined);
  });

  test('ignores hang-ups on messages of the box, also between other short connections', () => {
    const { reports, watch: contest } = watch();
    for (let round = 0; round < 10; round += 1) {
      contest.ended(lost, 100, unrelated);
      for (let count = 0; count < 4; count += 1)
        contest.ended(lost, 100, { isOurs: true, isExplained: count === 3 });
    }
    assert.deepEqual(reports, []);
  });

  test('reports four short connections in a row, until one connection lasts', () => {
    const { reports, watch: contest } = watch();
    for (let count = 0; count < 4; count += 1) contest.ended(lost, 3000, unrelated);
    assert.deepEqual(reports, [contested(false)]);
    assert.equal(contest.problem?.code, 'broker-client-id-taken');
    assert.match(contest.problem?.message ?? '', /perhaps another client/);
    contest.ended(operational('broker-client-id-taken', 'taken'), 3000, unrelated);
    assert.doesNotMatch(contest.problem?.message ?? '', /perhaps/);
    contest.lasted();
    assert.equal(contest.problem, undefined);
    assert.deepEqual(reports, [contested(false), contested(true), 'end client-id-contested']);
  });
});
