import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { ConnectionTask } from '../../daemon/core/delivery/connection-task.js';
import type { ReplyNotice } from '../../daemon/kernel/events/notice.js';
import { startAedes } from '../support/aedes-broker.js';
import { type ReceivedMessage, subscribeToEvents } from '../support/event-subscriber.js';
import { assortedFacts, attendanceFact, unknownFact } from '../support/facts.js';
import { heardConditions } from '../support/heard-conditions.js';
import { listenOnLoopback } from '../support/listening.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { packetTypes, splitPackets } from '../support/packet-gate.js';
import {
  type LogLine,
  memoryLog,
  openTestRecords,
  startTestPublisher,
  stateTopic,
  type TestPublisherOptions,
  temporaryFolder,
} from '../support/published-box.js';
import { makeCertificate, withoutOpenssl } from '../support/test-certificate.js';
import { until } from '../support/until.js';

const password = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Returns the log line about a broker that cannot be used. Two facts wait meanwhile and must still wait afterwards. */
async function refusal(options: Omit<TestPublisherOptions, 'records'>): Promise<LogLine> {
  using folder = temporaryFolder();
  await using records = openTestRecords(join(folder.path, 'records.db'));
  for (const fact of assortedFacts(2)) records.record(fact);
  const log = memoryLog();
  await using publisher = startTestPublisher({ ...options, records, logger: log.logger });
  const line = await log.line(({ message }) => message.startsWith('the broker cannot be used'));
  assert.equal(publisher.status().problem?.code, line['code']);
  assert.equal(records.outbox.depth(), 2);
  return line;
}

/** A server that is not an MQTT broker. */
async function withServer<T>(onConnection: (socket: Socket) => void, use: (port: number) => Promise<T>) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    onConnection(socket);
  });
  const port = await listenOnLoopback(server);
  try {
    return await use(port);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

/** Longer than any other event here, and than the limit of the brokers in these tests. */
const longReply: ReplyNotice = {
  kind: 'reply',
  commandId: 'f6e6927f-1027-4d39-be35-51dd28540ba7',
  command: 'list-persons',
  outcome: 'done',
  result: { sealed: 'A'.repeat(5000) },
  occurredAtMs: 0,
};

describe('a broker with access rules or limits', { skip: withoutMosquitto }, () => {
  test('reports a wrong password as such, and accepts the right one', async () => {
    await using broker = await startMosquitto({ users: { box: 'right' } });
    const credential = { user: 'box', password: password('opensesame') };
    const line = await refusal({ url: broker.url, credential });
    assert.equal(line['code'], 'broker-not-authorised');
    assert.equal(line.level, 'error', 'a person must act');
    assert.match(String(line['remedy']), /credential/);
    assert.ok(!JSON.stringify(line).includes('opensesame'), 'the password is not logged');

    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    const subscriber = await subscribeToEvents(broker.url, { username: 'box', password: 'right' });
    await using _subscriber = subscriber;
    records.record(attendanceFact());
    await using _publisher = startTestPublisher({
      url: broker.url,
      records,
      credential: { user: 'box', password: password('right') },
    });
    await subscriber.until(() => subscriber.eventIds.length === 1);
  });

  test('delays an event that is larger than it takes, while others are delivered', async () => {
    await using broker = await startMosquitto({ lines: ['max_packet_size 4000'] });
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    const log = memoryLog();
    await using publisher = startTestPublisher({ url: broker.url, records, logger: log.logger });
    records.record(longReply);
    records.record(attendanceFact());
    records.record(attendanceFact());
    await subscriber.until(() => subscriber.eventIds.length === 2);
    assert.deepEqual(subscriber.sequences, [2, 3]);
    const line = await log.line(({ level }) => level === 'error');
    assert.equal(line['kind'], 'reply');
    assert.match(String(line['remedy']), /max_packet_size/);
    assert.equal(publisher.status().connection, 'connected');
    assert.equal(records.outbox.pending(0, 10, [])[0]?.sequence, 1, 'kept, not dropped');
  });

  test('of MQTT 3.1.1 that hangs up on an event: the event is skipped and tried again, and no other client is blamed', async () => {
    await using broker = await startAedes({ largestBytes: 4000 });
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    const log = memoryLog();
    const timings = { retry: { baseMs: 20, capMs: 20, sustainedMs: 60_000 }, heldRetryMs: 500 };
    await using _publisher = startTestPublisher({ url: broker.url, records, logger: log.logger, timings });
    records.record(attendanceFact());
    records.record(longReply);
    records.record(attendanceFact());
    records.record(attendanceFact());
    await subscriber.until(() => new Set(subscriber.sequences).size === 3);
    assert.deepEqual([...new Set(subscriber.sequences)], [1, 3, 4]);
    const isPassedOver = ({ message }: LogLine) => message.startsWith('the broker ends the connection');
    const line = await log.line(isPassedOver);
    assert.equal(line['sequence'], 2);
    assert.ok(Number(line['sizeBytes']) > 5000);
    assert.match(String(line['remedy']), /max_packet_size/);
    await log.line((each) => isPassedOver(each) && each['retryInS'] === 1);
    records.record(attendanceFact());
    await subscriber.until(() => subscriber.sequences.includes(5));
    await until('one event that is left', () => records.outbox.depth() === 1);
    assert.equal(records.outbox.pending(0, 10, [])[0]?.sequence, 2, 'kept, not dropped');
    const others = log.lines.filter(({ message }) => message.startsWith('another client'));
    assert.deepEqual(others, []);
  });
});

/** A broker of MQTT 5 that ends the connection, with the reason "not authorised", on messages to the topic. */
function goodbyeOn(topic: string, seen: string[]): (socket: Socket) => void {
  return (socket) => {
    let waiting: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      const { packets, rest } = splitPackets(Buffer.concat([waiting, chunk]));
      waiting = rest;
      for (const packet of packets) {
        const type = (packet[0] ?? 0) >> 4;
        if (type === packetTypes.connect) socket.write(Uint8Array.of(0x20, 3, 0, 0, 0));
        if (type === packetTypes.pingreq) socket.write(Uint8Array.of(0xd0, 0));
        if (type !== packetTypes.publish) continue;
        // The remaining length has two bytes for all messages of this test.
        const end = 5 + packet.readUInt16BE(3);
        const name = packet.toString('utf8', 5, end);
        if (name === topic) {
          socket.end(Uint8Array.of(0xe0, 2, 0x87, 0));
          return;
        }
        seen.push(name);
        socket.write(Uint8Array.of(0x40, 2, packet[end] ?? 0, packet[end + 1] ?? 0));
      }
    });
  };
}

describe('a broker that hangs up on a topic', () => {
  const quick = { retry: { baseMs: 20, capMs: 100, sustainedMs: 60_000 } };

  test('delays that kind, gets the others, and is not taken for another client; later all arrive in order', async () => {
    let isAllowed = false;
    const hangsUpOn = (topic: string) => !isAllowed && /\/(unknown|attack|keys)$/.test(topic);
    await using broker = await startAedes({ hangsUpOn });
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    const conditions = heardConditions();
    const timings = { ...quick, heldRetryMs: 3000 };
    const facts = assortedFacts(30);
    for (const fact of facts) records.record(fact);
    const sequencesOf = (kind: string) => facts.flatMap((fact, at) => (fact.kind === kind ? [at + 1] : []));
    const connectionTasks: ConnectionTask[] = [
      {
        whenOnline: (connection) =>
          void connection
            .publish('rollcall/site/box/keys', new Uint8Array(9), { isRetained: true })
            .catch(() => undefined),
      },
    ];
    await using publisher = startTestPublisher({
      url: broker.url,
      records,
      conditions,
      timings,
      connectionTasks,
    });
    const arrived = () => subscriber.sequences;
    await subscriber.until(() => arrived().length === 10);
    assert.deepEqual(arrived(), sequencesOf('attendance'));
    const heldKinds = () => publisher.status().heldBack.filter(({ cause }) => cause === 'topic-refused');
    await until('both kinds to be held back', () => heldKinds().length === 2);
    assert.deepEqual(
      publisher.status().heldBack.map(({ cause, kind, sequence }) => [cause, kind, sequence]),
      [
        ['topic-refused', 'attack', 3],
        ['topic-refused', 'unknown', 2],
      ],
    );
    assert.match(publisher.status().heldBack[0]?.reason ?? '', /does not allow this box/);
    const changes = conditions.heard.filter((each) => each.includes('+'));
    for (const kind of ['unknown', 'attack'])
      assert.ok(
        changes.some((each) => each.endsWith(`+${kind}`)),
        `${changes}`,
      );
    assert.ok(!conditions.heard.some((each) => each.startsWith('begin client-id-contested')));
    isAllowed = true;
    await until('an empty outbox', () => records.outbox.depth() === 0);
    for (const kind of ['attendance', 'unknown', 'attack'])
      assert.deepEqual(
        arrived().filter((sequence) => facts[sequence - 1]?.kind === kind),
        sequencesOf(kind),
      );
  });

  test('and gives the reason (MQTT 5) delays that kind immediately', async () => {
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    for (const fact of [unknownFact(), attendanceFact(), attendanceFact()]) records.record(fact);
    const log = memoryLog();
    const seen: string[] = [];
    await withServer(goodbyeOn('rollcall/site/box/event/unknown', seen), async (port) => {
      const url = `mqtt://127.0.0.1:${port}`;
      await using publisher = startTestPublisher({ url, records, logger: log.logger, timings: quick });
      await until('the others to have left', () => records.outbox.depth() === 1);
      assert.equal(publisher.status().mqttVersion, '5');
      const [held] = publisher.status().heldBack;
      assert.deepEqual([held?.cause, held?.kind], ['topic-refused', 'unknown']);
      const line = await log.line(({ message }) => message.startsWith('the broker cannot be used'));
      assert.equal(line['code'], 'broker-not-authorised');
      assert.match(String(line['remedy']), /access rules/, 'it is not about the password');
    });
  });

  test('of the state of the box delays no event, and gets the state once it is allowed', async () => {
    let isAllowed = false;
    await using broker = await startAedes({ hangsUpOn: (topic) => !isAllowed && topic.endsWith('/state') });
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    for (const fact of assortedFacts(6)) records.record(fact);
    await using subscriber = await subscribeToEvents(broker.url);
    const timings = { ...quick, heldRetryMs: 1000 };
    await using _publisher = startTestPublisher({ url: broker.url, records, timings });
    await until('an empty outbox', () => records.outbox.depth() === 0);
    isAllowed = true;
    const isOnline = ({ topic, payload }: ReceivedMessage): boolean =>
      topic === stateTopic && payload.includes('"online"');
    await subscriber.until(() => subscriber.messages.some(isOnline));
  });
});

describe('a broker behind TLS', { skip: withoutMosquitto || withoutOpenssl }, () => {
  test('is used when the box trusts its certificate, and otherwise the log gives the reason', async () => {
    const tls = makeCertificate('localhost');
    const ca = password(tls.certificate);
    await using broker = await startMosquitto({ tls });
    const untrusted = await refusal({ url: broker.url });
    assert.equal(untrusted['code'], 'broker-tls-untrusted');
    assert.match(String(untrusted['remedy']), /caFile/);
    const plain = await refusal({ url: broker.url.replace('mqtts:', 'mqtt:') });
    assert.equal(plain['code'], 'broker-closed-early');

    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    await using subscriber = await subscribeToEvents(broker.url, { ca: Buffer.from(ca) });
    await using _publisher = startTestPublisher({ url: broker.url, records, ca });
    records.record(attendanceFact());
    await subscriber.until(() => subscriber.eventIds.length === 1);
  });

  test('is refused with a certificate for another host or an expired one', async () => {
    for (const [host, days, code] of [
      ['elsewhere.example', 1, 'broker-tls-wrong-host'],
      ['localhost', -1, 'broker-tls-expired'],
    ] as const) {
      const tls = makeCertificate(host, days);
      await using broker = await startMosquitto({ tls });
      const line = await refusal({ url: broker.url, ca: password(tls.certificate) });
      assert.equal(line['code'], code);
      assert.equal(line.level, 'error');
    }
  });
});

test('a broker that says "bad certificate" to a box without one is known to require one', async () => {
  // What NATS 2.9 answers: a fatal alert (RFC 8446, section 6.2).
  const badCertificate = Uint8Array.of(0x15, 3, 3, 0, 2, 2, 42);
  const line = await withServer(
    (socket) => socket.once('data', () => socket.write(badCertificate)),
    (port) => refusal({ url: `mqtts://127.0.0.1:${port}` }),
  );
  assert.equal(line['code'], 'broker-client-certificate-required');
});

describe('a server that is not a broker', () => {
  test('has a name that does not resolve', async () => {
    const line = await refusal({ url: 'mqtt://broker.invalid:1883' });
    assert.equal(line['code'], 'broker-name-unknown');
  });

  test('is a web server', async () => {
    const line = await withServer(
      (socket) => socket.once('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')),
      (port) => refusal({ url: `mqtt://127.0.0.1:${port}` }),
    );
    assert.equal(line['code'], 'broker-protocol');
  });

  test('accepts connections and sends nothing', async () => {
    const line = await withServer(
      () => undefined,
      (port) => refusal({ url: `mqtt://127.0.0.1:${port}`, timings: { connectTimeoutMs: 200 } }),
    );
    assert.equal(line['code'], 'broker-silent');
  });
});
