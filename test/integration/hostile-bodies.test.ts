import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { operation } from '../../daemon/contract/operation.js';
import { localBounds } from '../../daemon/core/api/admission.js';
import { type OperationsServer, startOperationsServer } from '../support/operations-server.js';
import { until } from '../support/until.js';

const mib = 1024 * 1024;

const common = { method: 'POST', errors: [], scope: 'self', rate: 'default' } as const;
const operations = {
  'a.note': operation({
    ...common,
    path: '/notes',
    summary: 'Take a note.',
    input: z.strictObject({ note: z.json().optional() }),
    answer: { kind: 'json', schema: z.strictObject({}) },
  }),
  'a.book': operation({
    ...common,
    path: '/books',
    summary: 'Take a book.',
    input: z.strictObject({ book: z.json().optional() }),
    documentBytes: 8 * mib,
    answer: { kind: 'json', schema: z.strictObject({}) },
  }),
  'a.picture': operation({
    ...common,
    path: '/pictures',
    summary: 'Take pictures.',
    files: { pictures: { minimum: 1, maximum: 20, maximumBytes: 10 * mib, description: 'Pictures.' } },
    filesBytes: 64 * mib,
    answer: { kind: 'json', schema: z.strictObject({}) },
  }),
};

interface Hostile extends OperationsServer {
  readonly reached: string[];
}

async function startHostile(bounds = localBounds): Promise<Hostile> {
  const reached: string[] = [];
  const handlers = Object.fromEntries(
    Object.keys(operations).map((id) => [
      id,
      () => {
        reached.push(id);
        return {};
      },
    ]),
  );
  return { ...(await startOperationsServer({ operations, handlers, bounds })), reached };
}

/** A connection that keeps what it was told. */
function open(port: number): { readonly socket: Socket; said(): string; readonly isClosed: () => boolean } {
  const socket = connect({ port, host: '127.0.0.1' });
  let said = '';
  let isClosed = false;
  socket.on('error', () => undefined);
  socket.on('data', (bytes: Buffer) => (said += bytes.toString('latin1')));
  socket.on('close', () => {
    isClosed = true;
  });
  return { socket, said: () => said, isClosed: () => isClosed };
}

const head = (path: string, type: string, more: string): string =>
  `POST /api/v1${path} HTTP/1.1\r\nHost: box\r\nAuthorization: anna\r\nContent-Type: ${type}\r\n${more}\r\n\r\n`;

/** Runs `work` and returns how much the memory grew at most and how long the event loop was held at most. */
async function watched(work: () => Promise<void>) {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  const before = process.memoryUsage().rss;
  let peak = before;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 5);
  delay.enable();
  try {
    await work();
  } finally {
    delay.disable();
    clearInterval(timer);
  }
  return { grownMiB: (peak - before) / mib, heldMs: delay.max / 1e6 };
}

/** Resolves when the socket takes more, or has closed. */
function writable(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}

/** Sends chunks of 1 MiB until the connection ends or 2 GiB are sent. Returns the MiB that went out. */
async function flood(
  server: Hostile,
  start: string,
): Promise<{ readonly sentMiB: number; readonly said: string }> {
  const { socket, said, isClosed } = open(server.port);
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(mib, 0x20), Buffer.from('\r\n')]);
  let sentMiB = 0;
  socket.write(start);
  while (!isClosed() && sentMiB < 2048) {
    if (!socket.write(chunk)) await writable(socket);
    sentMiB += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.destroy();
  return { sentMiB, said: said() };
}

describe('a body from an attacker', () => {
  for (const [what, path, type, boundMiB, mostSentMiB] of [
    ['a document', '/notes', 'application/json', 64, 32],
    ['files', '/pictures', 'multipart/form-data; boundary=b', 400, 128],
  ] as const) {
    test(`of 2 GiB without a declared length, for ${what}, is refused at the limit, and memory stays bounded`, async () => {
      await using server = await startHostile();
      let sent = 0;
      let answer = '';
      const { grownMiB, heldMs } = await watched(async () => {
        const part = what === 'files' ? '8\r\n--b\r\nCon\r\n' : '';
        const result = await flood(server, head(path, type, 'Transfer-Encoding: chunked') + part);
        [sent, answer] = [result.sentMiB, result.said];
      });
      console.log(
        `${what}: ${sent} MiB left the sender, memory +${grownMiB.toFixed(0)} MiB, loop held ${heldMs.toFixed(0)} ms at most`,
      );
      assert.match(answer, /^HTTP\/1.1 413 /);
      assert.ok(sent < mostSentMiB, `${sent} MiB were taken`);
      assert.ok(grownMiB < boundMiB, `memory grew by ${grownMiB} MiB`);
      assert.deepEqual(server.reached, []);
      assert.equal((await server.ask('POST', '/notes', { as: 'anna' })).status, 200);
    });
  }

  test('of 6 MB of nested brackets is refused before it is parsed', async () => {
    await using server = await startHostile();
    const body = `{"book":${'['.repeat(6_000_000)}`;
    const headers = { 'content-type': 'application/json' };
    const statuses: (number | string | undefined)[] = [];
    const { heldMs } = await watched(async () => {
      const { status, body: said } = await server.ask('POST', '/books', { as: 'anna', headers, body });
      statuses.push(status, /nests deeper/.exec(said)?.[0]);
    });
    console.log(`6 MB of brackets: loop held ${heldMs.toFixed(0)} ms at most`);
    assert.deepEqual(statuses, [400, 'nests deeper']);
    // An operation with the usual limit does not even read it.
    const { socket, said } = open(server.port);
    socket.write(head('/notes', 'application/json', `Content-Length: ${body.length}`));
    await until('the refusal', () => said().includes('request-too-large'));
    socket.destroy();
    assert.deepEqual(server.reached, []);
  });

  test('that ends in the middle gives its place back and reaches no handler', async () => {
    await using server = await startHostile({ ...localBounds, requests: 1 });
    for (const body of ['{"note"', '']) {
      const { socket } = open(server.port);
      socket.end(head('/notes', 'application/json', 'Content-Length: 50') + body);
      await once(socket, 'close');
    }
    await until('an answer', async () => (await server.ask('POST', '/notes', { as: 'anna' })).status === 200);
    assert.deepEqual(server.reached, ['a.note']);
  });

  test('after which garbage follows on the connection harms no other request', async () => {
    await using server = await startHostile();
    const garbage = [
      '\0\0\0\0',
      'GET / HTTP/9.9\r\n\r\n',
      'POST /api/v1/notes HTTP/1.1\r\nHost: box\r\nContent-Length: -1\r\n\r\n',
      'POST /api/v1/notes HTTP/1.1\r\nHost: box\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'POST /api/v1/notes HTTP/1.1\r\nHost: box\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      `GET /api/v1/${'x'.repeat(100_000)} HTTP/1.1\r\n\r\n`,
    ];
    for (const after of garbage) {
      const { socket, isClosed } = open(server.port);
      const good = `${head('/notes', 'application/json', 'Content-Length: 2')}{}`;
      socket.write(good + good + after);
      await until('the end of the connection', isClosed);
      socket.destroy();
    }
    assert.equal(
      server.reached.every((id) => id === 'a.note'),
      true,
    );
    assert.equal((await server.ask('POST', '/notes', { as: 'anna' })).status, 200);
  });

  test('in each of 1,000 requests at once is answered or refused as busy', async () => {
    await using server = await startHostile({ ...localBounds, requests: 100, bodyBytes: 4 * mib });
    const agent = new Agent({ keepAlive: true, maxSockets: 1000 });
    const body = JSON.stringify({ note: 'x'.repeat(60_000) });
    const ask = (): Promise<number> =>
      new Promise((resolve, reject) => {
        const asking = request(
          {
            ...{ agent, host: '127.0.0.1', port: server.port, method: 'POST', path: '/api/v1/notes' },
            headers: { authorization: 'anna', 'content-type': 'application/json' },
          },
          (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
          },
        );
        asking.on('error', reject);
        asking.end(body);
      });
    const counts = new Map<number | string, number>();
    const { grownMiB, heldMs } = await watched(async () => {
      // A sender whose body was refused may find the connection closed.
      const answers = await Promise.all(
        Array.from({ length: 1000 }, () => ask().catch(() => 'closed' as const)),
      );
      for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
    });
    console.log(
      `1,000 at once: ${JSON.stringify([...counts])}, memory +${grownMiB.toFixed(0)} MiB, loop held ${heldMs.toFixed(0)} ms at most (sender included)`,
    );
    assert.deepEqual(
      [...counts.keys()].filter((answer) => answer !== 200 && answer !== 503 && answer !== 'closed'),
      [],
    );
    assert.ok((counts.get(200) ?? 0) > 0);
    agent.destroy();
    await until('an answer', async () => (await server.ask('POST', '/notes', { as: 'anna' })).status === 200);
  });
});
