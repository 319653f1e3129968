import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { operational } from '../../daemon/base/errors.js';
import { silentLogger } from '../../daemon/base/logger.js';
import { ContestWatch } from '../../daemon/publish/contest-watch.js';
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
  describe(`two boxes with one client id at ${name}`, { skip, timeout: 60_000 }, () => {
    test('are noticed, with a remedy, and the end of it when one of them goes', async () => {
      await using broker = await start();
      using folder = temporaryFolder();
      await using records = openTestRecords(join(folder.path, 'records.db'));
      await using others = openTestRecords(join(folder.path, 'others.db'));
      const log = memoryLog();
      const conditions = heardConditions();
      const said = conditions.heard;
      const timings = { retry: { baseMs: 60, capMs: 60, sustainedMs: 60_000 }, steadyAfterMs: 500 };
      const own = { url: broker.url, records, logger: log.logger, timings, conditions };
      await using publisher = startTestPublisher(own);
      const other = startTestPublisher({ url: broker.url, records: others, timings });
      const line = await log.line(({ message }) => message.startsWith('another client'));
      assert.equal(line.level, 'error');
      assert.match(String(line['remedy']), /mqtt\.clientId/);
      await until('the beginning', () => said.some((each) => each.startsWith('begin')));
      assert.equal(publisher.status().problem?.remedy, line['remedy']);
      await other[Symbol.asyncDispose]();
      await until(
        'the end',
        () => said.at(-1) === 'end topic-refused' && publisher.status().problem === undefined,
      );
      assert.ok(said.includes('end client-id-contested'));
      records.record(attendanceFact());
      await until('an empty outbox', () => records.outbox.depth() === 0);
    });
  });
}

test('a broker that names the reason (MQTT 5, 0x8E) is believed at once', async () => {
  // CONNACK, and as soon as the box says that it is online DISCONNECT with the reason "session taken over".
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => {
      socket.write(Uint8Array.of(0x20, 3, 0, 0, 0));
      socket.once('data', () => socket.end(Uint8Array.of(0xe0, 2, 0x8e, 0)));
    });
  });
  const port = await listenOnLoopback(server);
  using folder = temporaryFolder();
  await using records = openTestRecords(join(folder.path, 'records.db'));
  const conditions = heardConditions();
  const said = conditions.heard;
  const url = `mqtt://127.0.0.1:${port}`;
  const publisher = startTestPublisher({ url, records, conditions });
  await until('the beginning', () => said.length > 0);
  assert.equal(said[0], contested(true));
  await publisher[Symbol.asyncDispose]();
  server.close();
});

describe('ContestWatch', () => {
  const lost = operational('broker-connection-lost', 'lost');
  const unrelated = { isOurs: false, isExplained: false };
  const watch = () => {
    const conditions = heardConditions();
    const said = conditions.heard;
    return { said, watch: new ContestWatch({ broker: 'b', clientId, conditions, logger: silentLogger }) };
  };

  test('takes no broker for contested that is away, slow or restarted', () => {
    const { said, watch: contest } = watch();
    const refused = operational('broker-refused', 'refused');
    for (let round = 0; round < 10; round += 1) {
      for (const livedMs of [100, 100, 60_000, 100, 100, 100]) contest.ended(lost, livedMs, unrelated);
      contest.ended(refused, undefined, unrelated);
      contest.ended(lost, undefined, unrelated);
    }
    assert.deepEqual(said, []);
    assert.equal(contest.problem, undefined);
  });

  test('takes no box for contested on whose messages the broker hangs up, between other short lives too', () => {
    const { said, watch: contest } = watch();
    for (let round = 0; round < 10; round += 1) {
      contest.ended(lost, 100, unrelated);
      for (let count = 0; count < 4; count += 1)
        contest.ended(lost, 100, { isOurs: true, isExplained: count === 3 });
    }
    assert.deepEqual(said, []);
  });

  test('tells four short lives in a row, until one connection lasts', () => {
    const { said, watch: contest } = watch();
    for (let count = 0; count < 4; count += 1) contest.ended(lost, 3000, unrelated);
    assert.deepEqual(said, [contested(false)]);
    assert.equal(contest.problem?.code, 'broker-client-id-taken');
    assert.match(contest.problem?.message ?? '', /perhaps another client/);
    contest.ended(operational('broker-client-id-taken', 'taken'), 3000, unrelated);
    assert.doesNotMatch(contest.problem?.message ?? '', /perhaps/);
    contest.lasted();
    assert.equal(contest.problem, undefined);
    assert.deepEqual(said, [contested(false), contested(true), 'end client-id-contested']);
  });
});
