import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { describe, test } from 'node:test';
import { brokerError, problemOf } from '../../daemon/core/delivery/broker/broker-errors.js';
import {
  guardPackets,
  largestPacketBytes,
  type PacketBreach,
  PacketHeaders,
} from '../../daemon/core/delivery/broker/broker-packets.js';
import { seededRandom } from '../../daemon/kernel/random.js';

/** MQTT 5 section 1.5.5. */
function lengthOf(length: number): Buffer {
  const bytes: number[] = [];
  let rest = length;
  do {
    bytes.push((rest % 128) | (rest >= 128 ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.from(bytes);
}

const packet = (control: number, body: Buffer): Buffer =>
  Buffer.concat([Buffer.from([control]), lengthOf(body.length), body]);

function message(options: { qos?: number; topic?: string; properties?: number; payload?: number } = {}) {
  const { qos = 1, topic = 'rollcall/site/box/command/x', properties = 0, payload = 10 } = options;
  const name = Buffer.from(topic);
  const parts = [
    Buffer.from([name.length >> 8, name.length & 0xff]),
    name,
    Buffer.alloc(qos === 0 ? 0 : 2, 1),
    lengthOf(properties),
    // Bytes that would be a header if they were read as one.
    Buffer.alloc(properties + payload, 0xff),
  ];
  return packet(0x30 | (qos << 1), Buffer.concat(parts));
}

const goodTalk = Buffer.concat([
  packet(0x20, Buffer.from([0, 0, 0])),
  packet(0x90, Buffer.from([0, 1, 0, 1])),
  message({ qos: 0, topic: '' }),
  message({ properties: 16_384, payload: 200_000 }),
  packet(0xd0, Buffer.alloc(0)),
  message({ qos: 2, payload: 0 }),
  packet(0x62, Buffer.from([1, 1])),
  // Too short for its fields, which the parser handles.
  packet(0x32, Buffer.from([0])),
  packet(0x30, Buffer.from([0, 9, 1])),
  packet(0x30, Buffer.from([0, 1, 1])),
  packet(0x40, Buffer.from([0, 1])),
  packet(0xe0, Buffer.from([0])),
]);

const whole = (bytes: Buffer, hasProperties = true): PacketBreach | undefined =>
  new PacketHeaders({ hasProperties }).take(bytes);

describe('headers of packets', () => {
  test('every packet of a broker passes, wherever the stream is cut', () => {
    const random = seededRandom(3);
    for (let round = 0; round < 300; round += 1) {
      const headers = new PacketHeaders({ hasProperties: true });
      const largest = 1 + Math.floor(random.unit() ** 4 * 60_000);
      for (let at = 0; at < goodTalk.length; ) {
        const length = 1 + Math.floor(random.unit() * largest);
        const fine = length < 200 && at > 300 ? 5000 : length;
        assert.equal(headers.take(goodTalk.subarray(at, at + fine)), undefined);
        at += fine;
      }
      // After all packets, the next byte begins a packet.
      assert.equal(headers.take(Buffer.from([0x10]))?.problem, 'protocol');
    }
  });

  for (const [what, bytes, problem] of [
    ['256 MiB', Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]), 'packetTooLarge'],
    [
      'one byte too many',
      Buffer.concat([Buffer.from([0x32]), lengthOf(largestPacketBytes + 1)]),
      'packetTooLarge',
    ],
    ['an answer of 17 KiB', Buffer.concat([Buffer.from([0x20]), lengthOf(17_000)]), 'packetTooLarge'],
    ['64 KiB of properties', message({ properties: 65_536 }).subarray(0, 60), 'packetTooLarge'],
    ['a length of five bytes', Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 1]), 'protocol'],
    ['properties of endless length', packet(0x30, Buffer.from([0, 0, 255, 255, 255, 255])), 'protocol'],
    ['a packet of clients', Buffer.from([0xc0]), 'protocol'],
    ['answers to QoS 2, which the box does not use', Buffer.from([0x50]), 'protocol'],
    ['very many packets in one message', Buffer.alloc(70_000, Buffer.from([0xd0, 0])), 'protocol'],
  ] as const) {
    test(`${what}: refused, also byte by byte`, () => {
      assert.equal(whole(bytes)?.problem, problem);
      assert.equal(whole(Buffer.concat([goodTalk, bytes]))?.problem, problem);
      if (bytes.length > 1000) return;
      const headers = new PacketHeaders({ hasProperties: true });
      let breach: PacketBreach | undefined;
      for (const byte of bytes) breach ??= headers.take(Buffer.from([byte]));
      assert.equal(breach?.problem, problem);
    });
  }

  test('the largest packet passes; MQTT 3.1.1 has no properties', () => {
    const header = Buffer.concat([Buffer.from([0x32]), lengthOf(largestPacketBytes)]);
    assert.equal(whole(header), undefined);
    assert.equal(whole(message({ properties: 65_536 }), false), undefined);
  });

  test('a packet in many small pieces is refused long before it is complete', () => {
    const headers = new PacketHeaders({ hasProperties: false });
    assert.equal(headers.take(Buffer.concat([Buffer.from([0x30]), lengthOf(1_000_000)])), undefined);
    let taken = 0;
    while (headers.take(Buffer.alloc(1)) === undefined) taken += 1;
    assert.ok(taken > 4000 && taken < 5000, `${taken} pieces`);
  });

  test('the first packet may come in as many pieces as any other', () => {
    const piecesOf = (before: Buffer): number => {
      const headers = new PacketHeaders({ hasProperties: false });
      assert.equal(headers.take(before), undefined);
      let taken = 0;
      for (const byte of Buffer.concat([Buffer.from([0x30]), lengthOf(1_000_000), Buffer.alloc(5000)])) {
        if (headers.take(Buffer.from([byte])) !== undefined) break;
        taken += 1;
      }
      return taken;
    };
    assert.equal(piecesOf(Buffer.alloc(0)) + 1, piecesOf(packet(0xd0, Buffer.alloc(0))));
  });
});

test('no byte of or after an invalid packet is read; earlier packets are read without a copy', () => {
  const breaches: PacketBreach[] = [];
  const stream = new Duplex({ read: () => undefined });
  guardPackets(stream, { hasProperties: true, onBreach: (breach) => breaches.push(breach) });
  stream.push(goodTalk);
  stream.push(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f, 1, 2, 3]));
  stream.push(goodTalk);
  assert.equal(stream.read(), goodTalk);
  assert.equal(stream.read(), null);
  assert.equal(breaches.length, 1);
  const error = brokerError(problemOf(breaches[0], 'lost'), 'mqtt://broker:1883', breaches[0]);
  assert.equal(error.code, 'broker-packet-too-large');
  assert.match(error.remedy ?? '', /max_packet_size/);
  assert.match(String(error.details['reason']), /268435455 bytes/);
});
