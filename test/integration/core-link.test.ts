import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CoreLink } from '../../daemon/gate/core-link.js';
import { operational } from '../../daemon/kernel/errors.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';

const request = () => ({
  ...{ method: 'GET', target: '/x', headers: {}, signal: new AbortController().signal },
});

/** A core behind its socket, and the link of a gate to it. */
async function linked(answer: RequestListener) {
  const directory = await temporaryDirectory();
  const path = join(directory.path, 'core.sock');
  const core = createServer({ keepAliveTimeout: 60_000 }, answer).listen(path);
  await once(core, 'listening');
  const open = new Set<Socket>();
  let connections = 0;
  core.on('connection', (socket: Socket) => {
    connections += 1;
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  const link = new CoreLink(path);
  return {
    ...{ link, open },
    connections: () => connections,
    ask: (more: Partial<Parameters<CoreLink['ask']>[0]> = {}) => link.ask({ ...request(), ...more }),
    async [Symbol.asyncDispose]() {
      link[Symbol.dispose]();
      core.closeAllConnections();
      await new Promise((resolve) => core.close(resolve));
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** A body that the gate has read in part. */
const begun = (next: () => Promise<Buffer | undefined>) => ({
  ...{ collected: Buffer.from('begun '), isWhole: false, next },
});

test('the gate keeps sixteen unused connections to the core, uses them again, and ends them with itself', async () => {
  const waiting: (() => void)[] = [];
  let areHeld = true;
  await using core = await linked((_request, response) => {
    if (areHeld) waiting.push(() => response.end('{}'));
    else response.end('{}');
  });
  const asked = Array.from({ length: 20 }, async () => text(await core.ask()));
  await until('all requests', () => waiting.length === 20);
  areHeld = false;
  for (const answer of waiting) answer();
  await Promise.all(asked);
  await until('the surplus to end', () => core.open.size === 16);
  for (let count = 0; count < 3; count += 1) await text(await core.ask());
  assert.deepEqual([core.connections(), core.open.size], [20, 16]);
  core.link[Symbol.dispose]();
  await until('the others to end', () => core.open.size === 0);
});

test('the core never takes a body, or a part of one, for a request of its own', async () => {
  const seen: string[] = [];
  await using core = await linked((incoming, response) => {
    void text(incoming)
      .catch(() => 'cut off')
      .then((body) => {
        seen.push(`${incoming.method} ${incoming.url} ${body}`);
        response.end('{}');
      });
  });
  const smuggled = 'GET /smuggled HTTP/1.1\r\nhost: core\r\n\r\n';
  for (const method of ['DELETE', 'OPTIONS', 'POST']) {
    const parts = [Buffer.from(smuggled)];
    const body = { ...begun(() => Promise.resolve(parts.shift())), collected: Buffer.from(smuggled) };
    await text(await core.ask({ method, target: '/first', body }));
    await text(await core.ask({ target: '/second' }));
    assert.deepEqual(seen.splice(0), [`${method} /first ${smuggled}${smuggled}`, 'GET /second ']);
  }
  const parts = [Buffer.from(smuggled)];
  const longer = { ...begun(() => Promise.resolve(parts.shift())), collected: Buffer.from('12345') };
  const headers = { 'content-length': '5' };
  await core.ask({ method: 'POST', target: '/longer', body: longer, headers }).then(text, () => undefined);
  await text(await core.ask({ target: '/second' }));
  assert.deepEqual(
    seen.filter((each) => each.includes('smuggled HTTP') || each.startsWith('GET /smuggled')),
    [],
  );
});

test('the core gets a body as fast as it reads it, however much of it the gate could send', async () => {
  const partBytes = 2 ** 20;
  let sent = 0;
  let received = 0;
  let mostBetween = 0;
  await using core = await linked((request, response) => {
    void (async () => {
      for await (const part of request) {
        received += (part as Buffer).length;
        mostBetween = Math.max(mostBetween, sent * partBytes - received);
        await nextTurn();
      }
      response.end(String(received));
    })();
  });
  const parts = 32;
  const next = () => {
    if (sent === parts) return Promise.resolve(undefined);
    sent += 1;
    return Promise.resolve(Buffer.alloc(partBytes));
  };
  const body = { ...begun(next), collected: Buffer.alloc(partBytes) };
  assert.equal(await text(await core.ask({ method: 'POST', body })), String((parts + 1) * partBytes));
  assert.ok(mostBetween < (parts / 4) * partBytes, `${mostBetween} bytes were on their way`);
});

test('the core gets the length of a body that is known, and no more of it than there is', async () => {
  await using core = await linked((request, response) => {
    void text(request).then((body) => {
      const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
      response.end(JSON.stringify([body, length, coding]));
    });
  });
  const reached = async (...[more]: Parameters<typeof core.ask>) =>
    JSON.parse(await text(await core.ask(more)));
  const whole = (collected: string) => ({
    ...{ collected: Buffer.from(collected), isWhole: true, next: () => assert.fail('there is no more') },
  });
  const rest = (...parts: readonly string[]) => {
    const left = parts.map((part) => Buffer.from(part));
    return begun(() => Promise.resolve(left.shift()));
  };
  assert.deepEqual(await reached(), ['', '0', null]);
  assert.deepEqual(await reached({ method: 'POST', body: whole('text') }), ['text', '4', null]);
  const wrong = { 'content-length': '9' };
  assert.deepEqual(await reached({ method: 'POST', body: whole('text'), headers: wrong }), [
    'text',
    '4',
    null,
  ]);
  const announced = { 'content-length': '12' };
  assert.deepEqual(await reached({ method: 'POST', body: rest('a', 'b', 'long'), headers: announced }), [
    ...['begun ablong', '12', null],
  ]);
  assert.deepEqual(await reached({ method: 'POST', body: rest('end') }), ['begun end', null, 'chunked']);
});

test('the core may answer before it has the whole body, and a body that comes too late ends the request', async () => {
  let isReached = false;
  let isLeft = false;
  await using core = await linked((request, response) => {
    if (request.url === '/refused') {
      response.writeHead(413).end();
      return;
    }
    isReached = true;
    request.on('error', () => {
      isLeft = true;
    });
  });
  const never = begun(() => new Promise(() => undefined));
  const answered = await core.ask({ method: 'POST', target: '/refused', body: never });
  assert.equal(answered.statusCode, 413);
  const late = begun(async () => {
    await until('the core to be reached', () => isReached);
    throw operational('body-late', 'too slow');
  });
  await assert.rejects(core.ask({ method: 'POST', body: late }), { code: 'body-late' });
  await until('the core to be left', () => isLeft);
  await assert.rejects(new CoreLink('/nowhere/core.sock').ask(request()), { code: 'core-unreachable' });
});
