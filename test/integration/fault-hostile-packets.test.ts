import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import mqtt from 'mqtt';
import { brokerAddress } from '../../daemon/core/delivery/broker/broker-address.js';
import { checkBroker } from '../../daemon/core/delivery/broker/broker-check.js';
import { type BrokerConnection, connectBroker } from '../../daemon/core/delivery/broker/broker-connection.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { present } from '../../daemon/kernel/present.js';
import { listenOnLoopback } from '../support/listening.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { packetTypes, splitPackets } from '../support/packet-gate.js';
import {
  box,
  memoryLog,
  openTestRecords,
  startTestPublisher,
  temporaryFolder,
} from '../support/published-box.js';
import { makeCertificate, withoutOpenssl } from '../support/test-certificate.js';
import { until } from '../support/until.js';
import { startWebSocketBridge } from '../support/web-socket-bridge.js';

const accepted = Buffer.from([0x20, 3, 0, 0, 0]);
/** The header of a message of 256 MiB, without its content. */
const enormous = Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]);

interface HostileServer extends Disposable {
  readonly port: number;
  /** The received CONNECT packets. */
  readonly connects: readonly Buffer[];
}

const serverOf =
  (connects: Buffer[], words: Buffer) =>
  (socket: Socket): void => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      for (const bytes of splitPackets(chunk).packets) {
        if ((bytes[0] ?? 0) >> 4 !== packetTypes.connect) continue;
        connects.push(bytes);
        socket.write(Buffer.concat([accepted, words]));
      }
    });
  };

/** Accepts every client and then sends `words`; the client must hang up. */
async function startHostileServer(
  words: Buffer,
  tls?: { readonly certificate: string; readonly key: string },
): Promise<HostileServer> {
  const connects: Buffer[] = [];
  const serve = serverOf(connects, words);
  const server =
    tls === undefined ? createServer(serve) : createTlsServer({ cert: tls.certificate, key: tls.key }, serve);
  const port = await listenOnLoopback(server, tls === undefined ? '127.0.0.1' : 'localhost');
  return { port, connects, [Symbol.dispose]: () => void server.close() };
}

/** Answers as a WebSocket and sends `bytes`, which may be invalid frames. */
async function startHostileWebSocket(bytes: Buffer): Promise<Disposable & { readonly port: number }> {
  const server = createHttpServer();
  server.on('upgrade', (request, socket) => {
    socket.on('error', () => socket.destroy());
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n`,
    );
    socket.write(bytes);
  });
  const port = await listenOnLoopback(server);
  return { port, [Symbol.dispose]: () => void server.close() };
}

interface Manner {
  readonly version?: 5 | 4;
  readonly ca?: string;
  readonly take?: (payload: Uint8Array) => void;
  readonly startsAnew?: boolean;
}

/** Connects like the daemon, with an inbox for commands. */
function connect(url: string, { version = 5, ca, take, startsAnew = false }: Manner = {}) {
  return connectBroker({
    ...{ address: brokerAddress(url), clientId: 'rollcall-site-box', version, startsAnew },
    ...present({ ca: ca === undefined ? undefined : new TextEncoder().encode(ca) }),
    inbox: { take: async (_topic, payload) => take?.(payload) },
    ...{ connectTimeoutMs: 20_000, keepaliveS: 60, signal: new AbortController().signal },
  });
}

/** The code of the error that ends a connection, before or after the box was accepted. */
async function endOf(connecting: Promise<BrokerConnection>): Promise<string> {
  const { code } = await connecting.then(
    ({ closed }) => closed,
    (error: { readonly code: string }) => error,
  );
  return code;
}

describe('a packet that is larger than a box accepts', {
  skip: withoutMosquitto || withoutOpenssl,
}, () => {
  for (const version of [5, 4] as const) {
    test(`ends the connection before it is read, over MQTT ${version}`, async () => {
      using server = await startHostileServer(enormous);
      assert.equal(
        await endOf(connect(`mqtt://127.0.0.1:${server.port}`, { version })),
        'broker-packet-too-large',
      );
    });
  }

  test('has the same effect over TLS and over WebSocket with TLS', async () => {
    const tls = makeCertificate('localhost');
    using server = await startHostileServer(enormous, tls);
    const secured = connect(`mqtts://localhost:${server.port}`, { ca: tls.certificate });
    assert.equal(await endOf(secured), 'broker-packet-too-large');
    using plain = await startHostileServer(enormous);
    using bridge = await startWebSocketBridge('/mqtt', plain.port, tls);
    const web = connect(`wss://localhost:${bridge.port}/mqtt`, { ca: tls.certificate });
    assert.equal(await endOf(web), 'broker-packet-too-large');
  });

  test('the box does not buffer WebSocket frames that announce a larger size or break the rules', async () => {
    const frame = (control: number, length: number): Buffer => {
      const head = Buffer.from([control, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
      head.writeBigUInt64BE(BigInt(length), 2);
      return head;
    };
    const half = 20 * 1024 * 1024;
    for (const [bytes, code] of [
      [frame(0x82, 2 * half), 'broker-packet-too-large'],
      [Buffer.concat([frame(0x02, half), Buffer.alloc(half), frame(0x80, half)]), 'broker-packet-too-large'],
      [Buffer.from([0x8f, 0]), 'broker-protocol'],
    ] as const) {
      using server = await startHostileWebSocket(bytes);
      assert.equal(await endOf(connect(`ws://127.0.0.1:${server.port}/mqtt`)), code);
    }
  });

  test('the box waits as usual, logs the reason once, and begins a new session', async () => {
    using server = await startHostileServer(enormous);
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    const log = memoryLog();
    const inbox = { take: async () => undefined };
    const url = `mqtt://127.0.0.1:${server.port}`;
    await using publisher = startTestPublisher({ url, records, logger: log.logger, inbox });
    await until('some connections', () => server.connects.length >= 4);
    await until('the reason', () => publisher.status().problem?.code === 'broker-packet-too-large');
    // After the name and version of the protocol (MQTT 5 section 3.1.2.3): bit 1 is Clean Start.
    const starts = server.connects.map((bytes) => bytes.subarray(bytes.indexOf('MQTT') + 5)[0] ?? 0);
    assert.deepEqual(
      starts.slice(0, 4).map((flags) => (flags & 2) !== 0),
      [false, true, true, true],
    );
    const logged = log.lines.filter(({ code }) => code === 'broker-packet-too-large');
    assert.equal(logged.length, 1);
    assert.match(String(logged[0]?.['remedy']), /max_packet_size/);

    const access = { address: brokerAddress(url), clientId: 'box' };
    const steps = [];
    const about = { access, topics: topicsOf('rollcall', box), clock: systemClock, timeoutMs: 20_000 };
    for await (const step of checkBroker(about)) steps.push(step);
    assert.equal(steps.at(-1)?.code, 'broker-packet-too-large');
  });

  test('is dropped with the session of an old broker that keeps it; the largest enrolment is received', async () => {
    await using broker = await startMosquitto();
    const topic = 'rollcall/site/box/command/enrol-person';
    const stranger = await mqtt.connectAsync(broker.url);
    const taken: number[] = [];
    const take = (payload: Uint8Array): void => void taken.push(payload.length);
    const open = (startsAnew = false) => connect(broker.url, { version: 4, take, startsAnew });
    const enrolment = Buffer.alloc(16 * 1024 * 1024, 'x');
    {
      const connection = await open();
      await connection.subscribe(topic, () => undefined);
      await stranger.publishAsync(topic, enrolment, { qos: 1 });
      await until('the enrolment', () => taken.length === 1);
      await connection.end();
    }
    await stranger.publishAsync(topic, Buffer.alloc(18 * 1024 * 1024), { qos: 1 });
    assert.equal(await endOf(open()), 'broker-packet-too-large');
    const anew = await open(true);
    await anew.end();
    const again = await open();
    await again.subscribe(topic, () => undefined);
    await stranger.publishAsync(topic, 'small', { qos: 1 });
    await until('what came after', () => taken.length === 2);
    assert.deepEqual(taken, [enrolment.length, 5]);
    await again.end();
    await stranger.endAsync();
  });
});

test('a second acceptance ends the connection, with several messages on their way', async (t) => {
  let published = 0;
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      for (const bytes of splitPackets(chunk).packets) {
        const type = (bytes[0] ?? 0) >> 4;
        if (type === packetTypes.publish) published += 1;
        if (type === packetTypes.connect || published === 3) socket.write(accepted);
      }
    });
  });
  const port = await listenOnLoopback(server);
  t.after(() => server.close());
  const connection = await connect(`mqtt://127.0.0.1:${port}`, { startsAnew: true });
  const sent = ['one', 'two', 'three'].map((word) =>
    connection.publish('rollcall/site/box/event/attendance', Buffer.from(word), { isRetained: false }),
  );
  const ends = await Promise.allSettled(sent);
  const { code } = await connection.closed;
  for (const end of ends) assert.equal(end.status === 'rejected' && end.reason.code, code);
});
