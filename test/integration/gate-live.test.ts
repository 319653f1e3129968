import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { liveFolderName } from '../../daemon/contract/gate-settings.js';
import { encodeLiveMessage } from '../../daemon/vision/live/live-framing.js';
import { openTestGate, type TestGate, type TestGateOptions } from '../support/gate.js';
import { withoutOpenssl } from '../support/test-certificate.js';
import { until } from '../support/until.js';

const path = '/api/v1/cameras/door/live';
const videoPath = '/api/v1/cameras/door/video';
const about = {
  cameraId: 'door',
  capturedAt: '2026-11-23T09:14:02.118Z',
  ...{ sequence: 0, widthPx: 8, heightPx: 8, faces: [] },
};
const picture = encodeLiveMessage(about, Buffer.alloc(100, 7));
const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
const ticketLine = line({ item: { socket: 'live-0123456789abcdefghjkmnpqrs.sock', ticket: 'the-ticket' } });

/** A core that gives the way to the pictures, and goes on as the test wants. */
interface Parts {
  readonly gate: TestGate;
  /** The answer of the core to the newest request. */
  readonly core: () => ServerResponse;
  /** The newest connection to the vision process. */
  readonly vision: () => Promise<Socket>;
  /** What the gate said to the vision process. */
  readonly said: readonly string[];
  open(options?: {
    readonly to?: string;
    readonly autoPong?: boolean;
    readonly protocols?: readonly string[];
  }): WebSocket;
}

async function withParts(
  begin: (request: IncomingMessage, response: ServerResponse) => void,
  work: (parts: Parts) => Promise<void>,
  limits: TestGateOptions['limits'] = {},
): Promise<void> {
  let answer: ServerResponse | undefined;
  await using gate = await openTestGate({
    limits,
    core: (request, response) => {
      answer = response;
      begin(request, response);
    },
  });
  let connected: Socket | undefined;
  const said: string[] = [];
  const server: Server = createServer((socket) => {
    connected = socket.on('error', () => undefined).on('data', (data) => void said.push(data.toString()));
  });
  await mkdir(join(gate.folder, liveFolderName));
  server.listen(join(gate.folder, liveFolderName, 'live-0123456789abcdefghjkmnpqrs.sock'));
  await once(server, 'listening');
  try {
    await work({
      gate,
      core: () => answer ?? assert.fail('the core was not asked'),
      async vision() {
        await until('the gate at the vision process', () => connected !== undefined);
        return connected ?? assert.fail();
      },
      said,
      open({ to = path, autoPong = true, protocols = [] } = {}) {
        const { port, certificate: ca } = gate;
        const viewer = new WebSocket(`wss://localhost:${port}${to}`, [...protocols], { ca, autoPong });
        return viewer.on('error', () => undefined);
      },
    });
  } finally {
    connected?.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

const shows = (_request: IncomingMessage, response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'application/jsonl' }).write(ticketLine);
};

const endOf = async (socket: WebSocket): Promise<string> => {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  return `${code} ${reason.toString()}`;
};

const refusalOf = async (socket: WebSocket): Promise<readonly [number | undefined, string]> => {
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  assert.ok(response.headers['x-request-id']);
  return [response.statusCode, await text(response)];
};

/** However it ends: `once` would fail at a reset. */
const closeOf = (socket: Socket): Promise<unknown> => new Promise((resolve) => socket.once('close', resolve));

const stillAnswers = async (gate: TestGate): Promise<void> =>
  assert.equal((await gate.ask({ path: '/nothing' })).status, 404);

/** Asks for a WebSocket without a library. */
async function askByHand({ port, certificate: ca }: TestGate, to = path): Promise<TLSSocket> {
  const socket = connectTls({ port, host: 'localhost', ca, ALPNProtocols: ['http/1.1'] });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  const head = `GET ${to} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`;
  socket.write(`${head}${key}\r\n`);
  return socket;
}

/** One that does what a viewer should not. */
async function openByHand(gate: TestGate): Promise<TLSSocket> {
  const socket = await askByHand(gate);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 101 [\s\S]*\r\nX-Request-Id: /);
  assert.match(answer.toString(), /\r\nstrict-transport-security: max-age=/);
  return socket;
}

describe('a gate with live pictures', { skip: withoutOpenssl }, () => {
  test('shows the ticket, passes pictures on as they are, and tells the core when the viewer leaves', () =>
    withParts(shows, async ({ gate, core, vision, said, open }) => {
      const viewer = open();
      await vision();
      await until('the ticket', () => said.join('') === 'the-ticket\n');
      (await vision()).write(Buffer.concat([picture, picture]));
      const got: Buffer[] = [];
      viewer.on('message', (message: Buffer, isBinary) => {
        assert.equal(isBinary, true);
        got.push(message);
      });
      await until('both pictures', () => got.length === 2);
      for (const message of got) assert.ok(message.equals(picture.subarray(4)));
      const left = Promise.all([once(core(), 'close'), closeOf(await vision())]);
      viewer.close(1000);
      await left;
      await until('the log', () => gate.log.some(({ status, bytes }) => status === 101 && Number(bytes) > 0));
    }));

  test('ends when the core says so, with its reason', () =>
    withParts(shows, async ({ core, vision, open }) => {
      const viewer = open();
      const left = closeOf(await vision());
      core().end(line({ error: { code: 'forbidden', message: 'no more', kind: 'input' } }));
      assert.equal(await endOf(viewer), '1008 forbidden');
      await left;
      for (const [last, end] of [
        [{ error: { code: 'unauthenticated' } }, '1008 unauthenticated'],
        [{ error: { code: 'camera-unknown' } }, '1012 camera-unknown'],
        [{ done: true }, '1012 done'],
      ] as const) {
        const other = open();
        await once(other, 'open');
        core().end(line(last));
        assert.equal(await endOf(other), end);
      }
    }));

  test('speaks the protocol of live pictures where a viewer offers it, and compresses nothing', () =>
    withParts(shows, async ({ open }) => {
      const viewer = open({ protocols: ['rollcall.token.abc', 'rollcall.live'] });
      await once(viewer, 'open');
      assert.deepEqual([viewer.protocol, viewer.extensions], ['rollcall.live', '']);
      viewer.terminate();
      const other = open({ protocols: ['rollcall.token.abc'] });
      const [error] = (await once(other, 'error')) as [Error];
      assert.match(error.message, /no subprotocol/);
    }));

  test('listens to no viewer, and reads no more than 1 KiB of what one says', () =>
    withParts(shows, async ({ open }) => {
      const endAfter = async (bytes: number): Promise<string> => {
        const viewer = open();
        await once(viewer, 'open');
        viewer.send(Buffer.alloc(bytes));
        return endOf(viewer);
      };
      assert.equal(await endAfter(1024), '1003 only-listening');
      assert.notEqual(await endAfter(1025), '1003 only-listening');
    }));

  test('ends the connection after a refusal', () =>
    withParts(shows, async ({ gate }) => {
      const answer = await text(await askByHand(gate, '/api/v1/cameras/door'));
      assert.match(answer, /^HTTP\/1\.1 400 [\s\S]*\r\nconnection: close\r\n[\s\S]*"code":"bad-request"/);
    }));

  test('ends when core or vision process are gone', () =>
    withParts(shows, async ({ gate, core, vision, open }) => {
      const viewer = open();
      await vision();
      core().write('{"error":{"co');
      core().destroy();
      assert.equal(await endOf(viewer), '1012 core-unreachable');
      const other = open();
      await once(other, 'open');
      (await vision()).destroy();
      assert.equal(await endOf(other), '1012 vision-unavailable');
      await stillAnswers(gate);
    }));

  test('gives the place of a viewer who left to the next one', () =>
    withParts(
      shows,
      async ({ gate, core, open }) => {
        for (let number = 1; number <= 3; number += 1) {
          const viewer = open();
          await once(viewer, 'open');
          const left = once(core(), 'close');
          viewer.close(1000);
          await left;
          await until('the place', () => gate.log.filter(({ status }) => status === 101).length === number);
        }
        const refused = gate.log.filter(({ status }) => status === 503);
        assert.deepEqual(refused, []);
        const viewer = open();
        await once(viewer, 'open');
        assert.equal((await refusalOf(open()))[0], 503, 'the place is taken');
        viewer.terminate();
      },
      { requestsAtOnce: 1 },
    ));

  test('ends when the vision process sends something else than pictures', () =>
    withParts(shows, async ({ gate, vision, open }) => {
      const viewer = open();
      const left = closeOf(await vision());
      (await vision()).write(Buffer.alloc(100_000, 255));
      assert.equal(await endOf(viewer), '1011 vision-misbehaving');
      await left;
      await stillAnswers(gate);
    }));

  test('passes a refusal of the core on, and refuses where it gets no way to the pictures', async () => {
    const problem = line({ success: false, error: { code: 'forbidden' } });
    await withParts(
      (_request, response) => response.writeHead(403, { 'content-type': 'application/json' }).end(problem),
      async ({ gate, open }) => {
        assert.deepEqual(await refusalOf(open()), [403, problem]);
        // Without a WebSocket, a page learns why the core refuses.
        assert.equal((await gate.ask({ path })).status, 403);
        assert.equal((await gate.ask({ path, method: 'HEAD' })).status, 400);
      },
    );
    await withParts(shows, async ({ gate, core, open }) => {
      const [status, body] = await refusalOf(open({ to: '/api/v1/cameras/door' }));
      assert.deepEqual([status, /"kind":"input","code":"bad-request"/.test(body)], [400, true]);
      const answered = await gate.ask({ path });
      assert.equal(answered.status, 400);
      assert.doesNotMatch(JSON.stringify(answered), /the-ticket/);
      await until('the core to be left', () => core().destroyed);
    });
    for (const said of [
      undefined,
      line({ item: { socket: '../../other.sock', ticket: 'x' } }),
      line({ item: { socket: 'live-0123456789abcdefghjkmnpqrt.sock', ticket: 'of a process that ended' } }),
      line({ item: { socket: 'live-9.sock', ticket: 'x' } }),
      line({ done: true }),
      'no JSON\n',
      '',
    ]) {
      await withParts(
        (request, response) => (said === undefined ? request.destroy() : response.end(said)),
        async ({ open }) => {
          const [status, body] = await refusalOf(open());
          const isTold = /"kind":"operational","code":"core-unreachable"/.test(body);
          assert.deepEqual([status, isTold], [503, true], said);
        },
      );
    }
  });

  test('holds no pictures for a viewer that answers pings without reading', () =>
    withParts(shows, async ({ gate, core, vision }) => {
      const socket = await openByHand(gate);
      socket.pause();
      const pictures = await vision();
      const large = encodeLiveMessage(about, Buffer.alloc(500_000, 7));
      const pictureCount = 150;
      // Every number that a ping can have: a later one counts for those before.
      const pongs = Buffer.concat(
        Array.from({ length: pictureCount }, (_, index) => {
          const number = Buffer.from(String(index + 1));
          return Buffer.concat([Buffer.from([0x8a, 0x80 | number.length, 0, 0, 0, 0]), number]);
        }),
      );
      for (let sent = 0; sent < pictureCount; sent += 1) {
        socket.write(pongs);
        if (!pictures.write(large)) await once(pictures, 'drain');
      }
      const left = once(core(), 'close');
      socket.destroy();
      await left;
      await until('the log', () => gate.log.some(({ status }) => status === 101));
      const bytes = gate.log.find(({ status }) => status === 101)?.['bytes'];
      // What does not fit into the buffers of the connection stays at the vision process.
      assert.ok(Number(bytes) < (pictureCount / 2) * large.length, `${bytes} of ${pictureCount} pictures`);
    }));

  test('passes video on, and ends a viewer of it that is slow, because no part can be left out', () =>
    withParts(shows, async ({ gate, vision, open }) => {
      const viewer = open({ to: videoPath, autoPong: false });
      const got: Buffer[] = [];
      viewer.on('message', (message: Buffer) => void got.push(message));
      const mediaType = 'video/mp4; codecs="avc1.42C01E"';
      const start = encodeLiveMessage({ cameraId: 'door', mediaType }, Buffer.alloc(700, 1));
      const part = encodeLiveMessage({ cameraId: 'door' }, Buffer.alloc(9_000, 2));
      const source = await vision();
      source.write(Buffer.concat([start, part]));
      await until('the beginning', () => got.length === 2);
      assert.ok(got[0]?.equals(start.subarray(4)) && got[1]?.equals(part.subarray(4)));
      const left = closeOf(source);
      source.write(Buffer.concat(Array.from({ length: 100 }, () => part)));
      assert.equal(await endOf(viewer), '1013 caller-slow');
      await left;
      assert.ok(got.length < 100, `${got.length} messages`);
      await stillAnswers(gate);
    }));

  test('takes no picture for a part of a video, and no video for a picture', async () => {
    const part = encodeLiveMessage({ cameraId: 'door' }, Buffer.alloc(100));
    for (const [to, message] of [
      [videoPath, picture],
      [path, part],
    ] as const) {
      await withParts(shows, async ({ vision, open }) => {
        const viewer = open({ to });
        (await vision()).write(message);
        assert.equal(await endOf(viewer), '1011 vision-misbehaving');
      });
    }
  });

  test('outlives viewers that break the protocol', () =>
    withParts(shows, async ({ gate, core }) => {
      const socket = await openByHand(gate);
      const left = once(core(), 'close');
      // A frame without a mask, with reserved bits and an invented kind.
      socket.write(Buffer.alloc(5_000, 0xff));
      await Promise.all([left, closeOf(socket.resume())]);
      await stillAnswers(gate);
    }));
});
