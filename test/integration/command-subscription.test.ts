import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { Aedes } from 'aedes';
import { commandInbox } from '../../daemon/core/commands/command-inbox.js';
import { BrokerRefusals } from '../../daemon/core/delivery/broker-refusals.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { attendanceFact } from '../support/facts.js';
import { heardConditions } from '../support/heard-conditions.js';
import { listenOnLoopback } from '../support/listening.js';
import {
  box,
  memoryLog,
  openTestRecords,
  startTestPublisher,
  temporaryFolder,
} from '../support/published-box.js';
import { until } from '../support/until.js';

/** A broker that lets no client read commands until `allow` is called; `allow` closes all connections. */
async function brokerThatDenies() {
  let isAllowed = false;
  const broker = await Aedes.createBroker({
    authorizeSubscribe: (_client, subscription, answer) =>
      answer(null, isAllowed || !subscription.topic.includes('/command/') ? subscription : null),
  });
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    broker.handle(socket);
  });
  const port = await listenOnLoopback(server);
  return {
    url: `mqtt://127.0.0.1:${port}`,
    allow() {
      isAllowed = true;
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => broker.close(resolve));
      server.close();
    },
  };
}

test('the box reports a condition if the broker does not let it read commands, and publishes events meanwhile', async () => {
  await using broker = await brokerThatDenies();
  using folder = temporaryFolder();
  await using records = openTestRecords(`${folder.path}/records.db`);
  const conditions = heardConditions();
  const said = conditions.heard;
  const refusals = new BrokerRefusals(conditions, systemClock);
  const log = memoryLog();
  const receiver = { receive: async () => undefined };
  const inbox = commandInbox({ topics: topicsOf('rollcall', box), receiver, refusals, logger: log.logger });
  await using publisher = startTestPublisher({
    url: broker.url,
    ...{ records, inbox, refusals, conditions },
    connectionTasks: [inbox],
    timings: { steadyAfterMs: 300 },
  });
  const commands = 'topic-refused {"kind":"command"}';
  const begin = `change ${commands} +command`;
  await until('the condition', () => said.includes(begin));
  records.record(attendanceFact());
  await until('an event to be taken', () => publisher.status().publishedCount === 1);
  await until('the connection to have lasted', () => said.includes('end client-id-contested'));
  // The connection may count as steady before the broker answers; then it ends a condition that never began.
  const since = said.slice(said.indexOf(begin) + 1);
  const isEnd = (line: string) => line === 'end topic-refused' || line.includes('-command');
  assert.ok(!since.some(isEnd), 'neither the event nor the steady connection ends the condition');
  assert.equal(publisher.status().areCommandsRefused, true);
  assert.ok(log.lines.some(({ message }) => message.includes('read its commands')));
  broker.allow();
  await until('its end', () => said.includes(`change ${commands} -command`));
  assert.equal(publisher.status().areCommandsRefused, false);
});
