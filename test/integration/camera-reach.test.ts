import assert from 'node:assert/strict';
import { once } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import os, { networkInterfaces } from 'node:os';
import { after, describe, mock, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import type { CameraTestOutcome } from '../../daemon/contract/vision/vision-answers.js';
import { toldByCameras, toldByDevices, withoutPorts } from '../../daemon/core/cameras/address-test.js';
import { isRefused } from '../../daemon/core/cameras/own-camera-address.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { requireEndpoint } from '../../daemon/vision/ingest/camera-address.js';
import { connectCamera } from '../../daemon/vision/ingest/camera-connection.js';
import { isReachable } from '../../daemon/vision/ingest/reachable-address.js';
import { makeCertificate } from '../support/test-certificate.js';

const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const { signal } = new AbortController();

/** Connects as vision does for an address that came over the API; resolves with the code of the failure, or "connected". */
async function codeOf(url: string, extraNetworks: readonly string[] = []): Promise<string> {
  const address = { url, credential: null, transport: 'tcp', extraNetworks } as const;
  const endpoint = requireEndpoint(address);
  const found = await connectCamera({ clock: systemClock, address, endpoint, timeoutMs: 20_000, signal });
  if ('failure' in found) return found.failure.code;
  found.socket.destroy();
  return 'connected';
}

describe('an address of a camera that came over the API', () => {
  test('is never of this box, its link, or a group', () => {
    const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    assert.ok(own.length > 0);
    for (const address of [
      ...['127.0.0.1', '127.9.9.9', '0.0.0.0', '0.1.2.3', '169.254.169.254', '224.0.0.1', '255.255.255.255'],
      ...['::1', '::', '::127.0.0.1', 'fe80::1', 'fe80::1%lo', 'ff02::1'],
      ...['::ffff:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:7f00:1', '::ffff:169.254.1.1'],
      ...own.map((each) => each.address),
      ...own.filter(({ family }) => family === 'IPv4').map((each) => `::ffff:${each.address}`),
    ]) {
      assert.equal(isReachable(address, []), false, address);
    }
    for (const address of ['192.0.2.10', '198.51.100.7', '::ffff:192.0.2.10', '2001:db8::10']) {
      assert.equal(isReachable(address, []), true, address);
    }
    assert.equal(isReachable('127.0.0.1', ['127.0.0.0/8']), true);
    assert.equal(isReachable('::ffff:127.0.0.1', ['127.0.0.0/8']), true);
    assert.equal(isReachable('::1', ['127.0.0.0/8']), false);
  });

  test('is judged without a socket of AF_NETLINK, which the units of a box do not allow', () => {
    const asked = mock.method(os, 'networkInterfaces', () => assert.fail('asks over AF_NETLINK'));
    syncBuiltinESMExports();
    try {
      assert.equal(isReachable('192.0.2.10', []), true);
      assert.equal(isReachable('2001:db8::10', []), true);
    } finally {
      asked.mock.restore();
      syncBuiltinESMExports();
    }
  });

  test('is checked when the socket opens, however the address of the box is written', async () => {
    let connections = 0;
    const port = await listen(
      createServer((socket) => {
        connections += 1;
        socket.destroy();
      }),
    );
    for (const host of [
      ...['127.0.0.1', 'localhost', '127.1', '2130706433', '0x7f000001', '0177.0.0.1', '0.0.0.0', '0'],
      ...['[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]'],
    ]) {
      const code = await codeOf(`rtsp://${host}:${port}/`);
      // Where the resolver of this machine does not read a spelling as an address, it is no name either.
      assert.match(code, /^(address-refused|unknown-host)$/, host);
    }
    assert.equal(await codeOf(`rtsp://localhost:${port}/`), 'address-refused');
    assert.equal(connections, 0);
    assert.equal(await codeOf(`rtsp://127.0.0.1:${port}/`, ['127.0.0.0/8']), 'connected');
    assert.equal(await codeOf(`rtsp://localhost:${port}/`, ['127.0.0.0/8']), 'connected');
  });

  test('shows a certificate only of a server that speaks RTSP', async () => {
    const { certificate: cert, key } = makeCertificate('camera.example');
    const answering = (answer: string) =>
      createTlsServer({ cert, key }, (socket: Socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => socket.end(answer));
      });
    const web = await listen(answering('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const camera = await listen(answering('RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n'));
    assert.equal(await codeOf(`rtsps://127.0.0.1:${web}/`, ['127.0.0.0/8']), 'not-rtsp');
    assert.equal(await codeOf(`rtsps://127.0.0.1:${camera}/`, ['127.0.0.0/8']), 'certificate-unknown');
  });

  test('is free where the owner configured a camera at the same host and port, or is of the owner', () => {
    const config = configSchema.parse({
      site: { id: 'test', timeZone: 'UTC' },
      cameras: [{ id: 'door', name: 'Door', url: 'rtsp://127.0.0.1:8554/door' }],
    });
    const [door] = config.cameras;
    assert.ok(door !== undefined);
    const own = (url: string) => ({ ...door, url, isOwn: true as const });
    assert.equal(isRefused(door, config), false);
    assert.equal(isRefused(own('rtsp://127.0.0.1:8554/yard'), config), false);
    assert.equal(isRefused(own('rtsp://127.0.0.1:8555/yard'), config), true);
    assert.equal(isRefused(own('rtsp://[::ffff:127.0.0.1]:8554/yard'), config), true);
    const open = { ...config, api: { ...config.api, cameraNetworks: ['127.0.0.0/8'] } };
    assert.equal(isRefused(own('rtsp://127.0.0.1:8555/yard'), open), false);
  });
});

describe('the answer to a test of an address', () => {
  const failed = (code: string): CameraTestOutcome => ({
    ...{ outcome: 'failed', code, message: `it is ${code}`, remedy: 'none' },
    connection: { isEncrypted: false, certificate: null, login: null },
  });

  test('is the same, and comes at the same moment, for closed, silent and foreign ports', async () => {
    const clock = new VirtualClock();
    const answers: unknown[] = [];
    for (const [code, afterMs] of [
      ['refused', 100],
      ['unreachable', 7000],
      ['no-answer', 7300],
      ['not-rtsp', 200],
      ['secure-connection-failed', 300],
      ['ffmpeg-killed', 900],
      ['failed', 300],
      ['a-code-of-a-later-version', 0],
    ] as const) {
      const askedAtMs = clock.monotonicMs();
      const found = new Promise<CameraTestOutcome>((resolve) => {
        clock.after(afterMs, () => resolve(failed(code)));
      });
      let answeredAfterMs: number | undefined;
      const answer = withoutPorts(() => found, toldByCameras, { clock, signal }).then((each) => {
        answeredAfterMs = clock.monotonicMs() - askedAtMs;
        return each;
      });
      clock.advanceBy(afterMs);
      await found;
      // The answer waits for a timer that is set some turns after the test has ended.
      while (answeredAfterMs === undefined) {
        clock.advanceBy(100);
        await new Promise(setImmediate);
      }
      answers.push([await answer, answeredAfterMs]);
    }
    for (const each of answers) assert.deepEqual(each, answers[0]);
    assert.match(JSON.stringify(answers[0]), /no-camera/);
    assert.doesNotMatch(JSON.stringify(answers[0]), /connection"/);
  });

  test('tells at once what a camera said', async () => {
    const clock = new VirtualClock();
    for (const code of ['unauthorised', 'not-found', 'certificate-unknown', 'address-refused']) {
      const answer = await withoutPorts(async () => failed(code), toldByCameras, { clock, signal });
      assert.deepEqual(answer, failed(code));
    }
  });

  test('of a device tells what the device said, and hides what else may be there', async () => {
    const clock = new VirtualClock();
    const asked = (code: string) => withoutPorts(async () => failed(code), toldByDevices, { clock, signal });
    assert.deepEqual(await asked('device-locked'), failed('device-locked'));
    for (const code of ['device-unknown', 'refused', 'not-rtsp', 'unauthorised']) {
      const answer = asked(code);
      // The answer waits for a timer that is set some turns after the test has ended.
      await new Promise(setImmediate);
      clock.advanceBy(10_000);
      const told = await answer;
      assert.equal(told.outcome === 'failed' && told.code, 'no-device');
    }
  });
});
