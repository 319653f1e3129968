import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { assortedFacts } from '../support/facts.js';
import { listenOnLoopback } from '../support/listening.js';
import { packetTypes, splitPackets } from '../support/packet-gate.js';
import { memoryLog, openTestRecords, startTestPublisher, temporaryFolder } from '../support/published-box.js';
import { until } from '../support/until.js';

const accepted = Buffer.from([packetTypes.connack << 4, 3, 0, 0, 0]);
const quotaExceeded = 0x97;

/** The packet identifier and the event, of a PUBLISH at QoS 1 of MQTT 5 (section 3.3). */
function readPublish(bytes: Buffer): { readonly id: Buffer; readonly sequence: number | undefined } {
  const headerEnd = bytes.findIndex((byte, at) => at > 0 && byte < 0x80) + 1;
  const idAt = headerEnd + 2 + bytes.readUInt16BE(headerEnd);
  const found = /"sequence":"(\d+)"/.exec(bytes.toString('utf8'));
  return { id: bytes.subarray(idAt, idAt + 2), sequence: found === null ? undefined : Number(found[1]) };
}

/**
 * A broker of MQTT 5 that has room for events only while `hasRoom` is true; the real brokers of the tests have no such
 * quota. A connection keeps the value with which it began, so it refuses all events or none.
 */
async function startNarrowBroker() {
  const sockets = new Set<Socket>();
  const taken: number[] = [];
  const broker = { hasRoom: false, refusals: 0 };
  const server = createServer((socket) => {
    sockets.add(socket);
    let waiting: Buffer = Buffer.alloc(0);
    const { hasRoom } = broker;
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      const { packets, rest } = splitPackets(Buffer.concat([waiting, chunk]));
      waiting = rest;
      for (const bytes of packets) answer(socket, bytes, hasRoom);
    });
  });
  const answer = (socket: Socket, bytes: Buffer, hasRoom: boolean): void => {
    const type = (bytes[0] ?? 0) >> 4;
    if (type === packetTypes.connect) socket.write(accepted);
    if (type === packetTypes.pingreq) socket.write(Buffer.from([0xd0, 0]));
    if (type !== packetTypes.publish) return;
    const { id, sequence } = readPublish(bytes);
    const isRefused = sequence !== undefined && !hasRoom;
    if (isRefused) broker.refusals += 1;
    else if (sequence !== undefined) taken.push(sequence);
    const reason = isRefused ? quotaExceeded : 0;
    socket.write(Buffer.concat([Buffer.from([packetTypes.puback << 4, 4]), id, Buffer.from([reason, 0])]));
  };
  const port = await listenOnLoopback(server);
  return Object.assign(broker, {
    url: `mqtt://127.0.0.1:${port}`,
    taken: taken as readonly number[],
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
}

test('the box reports a broker without room (quota exceeded) with a remedy, tries again, and keeps all events in order', {}, async () => {
  using broker = await startNarrowBroker();
  using folder = temporaryFolder();
  await using records = openTestRecords(join(folder.path, 'records.db'));
  for (const fact of assortedFacts(30)) records.record(fact);
  const log = memoryLog();
  await using publisher = startTestPublisher({ url: broker.url, records, logger: log.logger });
  const line = await log.line(({ code }) => code === 'broker-publish-refused');
  assert.match(String(line['reason']), /quota exceeded/i);
  assert.match(String(line['remedy']), /space on the broker/);
  assert.deepEqual(publisher.status().heldKinds, [], 'no kind of event is held back');
  await until('another attempt', () => broker.refusals > 64);
  assert.equal(records.outbox.depth(), 30);

  broker.hasRoom = true;
  await until('the outbox to drain', () => records.outbox.depth() === 0);
  const firsts = [...new Set(broker.taken)];
  assert.deepEqual(
    firsts,
    Array.from({ length: 30 }, (_, index) => index + 1),
  );
});
