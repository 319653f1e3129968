import assert from 'node:assert/strict';
import { createSocket, Socket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { openDatagramPair } from '../../daemon/vision/ingest/datagram-pair.js';

test('datagrams are lost where they wait for the network, and to ports of the system', async (t) => {
  const pair = await openDatagramPair('127.0.0.1');
  const camera = createSocket('udp4').bind(0, '127.0.0.1');
  await once(camera, 'listening');
  const { port } = camera.address();
  const sent = t.mock.method(Socket.prototype, 'send');
  const waiting = t.mock.method(Socket.prototype, 'getSendQueueSize', () => 1024 * 1024);
  pair.send(0, port, Buffer.from('too early'));
  waiting.mock.restore();
  pair.send(0, 53, Buffer.from('a question for the resolver'));
  pair.send(1, 1023, Buffer.from('another'));
  assert.equal(sent.mock.callCount(), 0);
  const received = once(camera, 'message');
  pair.send(0, port, Buffer.from('in time'));
  assert.equal(String((await received)[0]), 'in time');
  pair.close();
  camera.close();
});
