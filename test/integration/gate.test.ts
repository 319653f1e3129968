import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { echo, openTestGate, type TestGate, type TestGateOptions } from '../support/gate.js';
import { makeCertificate, withoutOpenssl } from '../support/test-certificate.js';
import { until } from '../support/until.js';

const open = (options: Partial<TestGateOptions> = {}): Promise<TestGate> =>
  openTestGate({ core: echo, ...options });

/** To the address of the gate, so that a caller may choose its own. */
const byAddress = { host: '127.0.0.1', servername: 'localhost' };

/** A connection without HTTP. */
async function dial(gate: TestGate, options: object = {}): Promise<TLSSocket> {
  const socket = connectTls({ port: gate.port, ca: gate.certificate, servername: 'localhost', ...options });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

async function openSession(gate: TestGate): Promise<ClientHttp2Session> {
  const session = connectHttp2(`https://localhost:${gate.port}`, { ca: gate.certificate });
  session.on('error', () => undefined);
  await once(session, 'remoteSettings');
  return session;
}

/** Asks over HTTP/2 and reads the whole answer. */
async function askOver(session: ClientHttp2Session, headers: OutgoingHttpHeaders) {
  const stream = session.request(headers);
  const status = await statusOf(stream);
  return { status, bytes: await buffer(stream) };
}

async function statusOf(stream: ClientHttp2Stream): Promise<number> {
  const [headers] = (await once(stream, 'response')) as [Record<string, string | number>];
  return Number(headers[':status']);
}

/** What a caller reads before the gate ends the connection. */
async function endOf(socket: Socket): Promise<string> {
  let said = '';
  socket.on('data', (part: Buffer) => {
    said += part.toString('latin1');
  });
  await new Promise((resolve) => socket.once('close', resolve));
  return said;
}

/** A frame of HTTP/2 by hand (RFC 9113). */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.set([type, flags], 3);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** With empty settings. */
const preface = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  frame(4, 0, 0, Buffer.alloc(0)),
]);

/** The headers of a GET for localhost (RFC 7541): indexed method and scheme, literal path and authority. */
function getHeaders(path: string): Buffer {
  const literal = (name: number, text: string) =>
    Buffer.concat([Buffer.from([name, text.length]), Buffer.from(text)]);
  return Buffer.concat([
    Buffer.from([0x82]),
    literal(0x04, path),
    Buffer.from([0x87]),
    literal(0x01, 'localhost'),
  ]);
}

const reached = (bytes: Buffer) =>
  JSON.parse(bytes.toString()) as {
    headers: Record<string, string>;
    body: string;
    method: string;
    url: string;
  };

describe('the gate', { skip: withoutOpenssl }, () => {
  test('passes a request to the core and its answer back, over HTTP/1.1 and HTTP/2', async () => {
    await using gate = await open();
    const asked = await gate.ask({
      method: 'POST',
      path: '/api/v1/echo?a=1',
      headers: {
        ...{ authorization: 'Bearer token', 'x-rollcall-address': '::1', 'content-type': 'text/plain' },
        'if-match': '"3-abc"',
      },
      body: 'hello',
    });
    assert.equal(asked.status, 200);
    const first = reached(asked.bytes);
    assert.equal(first.body, 'hello');
    assert.equal(first.url, '/api/v1/echo?a=1');
    assert.equal(first.headers['authorization'], 'Bearer token');
    assert.equal(first.headers['if-match'], '"3-abc"');
    assert.equal(asked.headers['etag'], '"4-def"');
    assert.equal(first.headers['x-rollcall-address'], '127.0.0.1');
    assert.equal(first.headers['x-request-id'], asked.headers['x-request-id']);
    assert.equal(asked.headers['x-rollcall-secret'] ?? asked.headers['x-powered-by'], undefined);
    assert.match(String(asked.headers['strict-transport-security']), /max-age=\d+/);

    const session = connectHttp2(`https://localhost:${gate.port}`, { ca: gate.certificate });
    const stream = session.request({
      ':path': '/api/v1/echo',
      ':method': 'POST',
      'x-rollcall-origin': 'same',
    });
    stream.end('over http/2');
    const [headers] = (await once(stream, 'response')) as [Record<string, string | number>];
    const second = reached(await buffer(stream));
    session.close();
    assert.equal(headers[':status'], 200);
    assert.equal(second.body, 'over http/2');
    assert.equal(second.headers['x-rollcall-origin'], 'none');
  });

  test('streams large bodies both ways, without keeping them', async () => {
    let asked = 0;
    const core: RequestListener = (request, response) => {
      asked += 1;
      request.pipe(response);
    };
    await using gate = await open({ core });
    const body = Buffer.alloc(24 * 1024 * 1024, 'x');
    const { bytes } = await gate.ask({ method: 'POST', body });
    assert.equal(bytes.equals(body), true);
    // The core closes the connection on these, and its answer would be lost.
    for (const method of ['GET', 'HEAD']) {
      // The answer, or a connection that the gate closed before it read the whole body.
      const headers = { 'content-length': body.length };
      const { status } = await gate.ask({ method, headers, body }).catch(() => ({ status: 413 }));
      assert.deepEqual([status, asked], [413, 1], method);
    }
  });

  test('passes the beginning of an answer on before its end', async () => {
    let end: () => void = () => undefined;
    const core: RequestListener = (_request, response) => {
      response.setHeader('content-type', 'application/jsonl');
      response.write('{"item":1}\n');
      end = () => response.end('{"done":true}\n');
    };
    await using gate = await open({ core });
    const headers = { 'accept-encoding': 'gzip' };
    const asking = httpsRequest({
      host: 'localhost',
      port: gate.port,
      ca: gate.certificate,
      path: '/api/v1/x',
      headers,
    });
    asking.end();
    const [response] = (await once(asking, 'response')) as [import('node:http').IncomingMessage];
    const [first] = (await once(response, 'data')) as [Buffer];
    assert.ok(first.length > 0);
    const rest = buffer(response);
    end();
    assert.equal(gunzipSync(Buffer.concat([first, await rest])).toString(), '{"item":1}\n{"done":true}\n');
  });

  test('compresses an answer over 1 KiB and no answer with a login', async () => {
    const core: RequestListener = (_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ text: 'again and '.repeat(1000) }));
    };
    await using gate = await open({ core });
    const headers = { 'accept-encoding': 'br' };
    const read = await gate.ask({ headers });
    assert.equal(read.headers['content-encoding'], 'br');
    assert.match(brotliDecompressSync(read.bytes).toString(), /again and again/);
    const login = await gate.ask({ method: 'POST', path: '/api/v1/auth/login', headers, body: '{}' });
    assert.equal(login.headers['content-encoding'], undefined);
  });

  test('tells the core when a caller goes away', async () => {
    let aborted = false;
    let isReached = false;
    const core: RequestListener = (_request, response) => {
      isReached = true;
      response.once('close', () => {
        aborted = true;
      });
    };
    await using gate = await open({ core });
    const socket = await dial(gate);
    socket.write('GET /api/v1/long HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until('the core to be asked', () => isReached);
    socket.destroy();
    await until('the core to notice', () => aborted);
    await until('the log', () => gate.log.some(({ note }) => note === 'caller-gone'));
    assert.equal(gate.log.find(({ note }) => note === 'caller-gone')?.['status'], 499);
  });

  test('cuts an answer that the core did not finish, so that the caller notices', async () => {
    const core: RequestListener = (_request, response) => {
      response.write('half');
      setImmediate(() => response.destroy());
    };
    await using gate = await open({ core });
    await assert.rejects(gate.ask({}), /aborted|socket hang up|ECONNRESET/);
    const session = await openSession(gate);
    await assert.rejects(askOver(session, { ':path': '/api/v1/x' }));
    assert.equal((await askOver(session, { ':path': '/' })).status, 200, 'its other requests go on');
    session.destroy();
  });

  test('lets go of the core after an answer without a body, over HTTP/1.1 and HTTP/2', async () => {
    const sockets = new Set<Socket>();
    const core: RequestListener = (request, response) => {
      sockets.add(request.socket);
      response.statusCode = Number(request.url?.slice(-3));
      response.end(request.method === 'HEAD' || response.statusCode !== 200 ? undefined : 'body');
    };
    await using gate = await open({ core });
    const session = await openSession(gate);
    const asked = [
      ['HEAD', 200, 0],
      ['GET', 204, 0],
      ['GET', 304, 0],
      ['GET', 200, 4],
    ] as const;
    for (const [method, status, length] of [...asked, ...asked]) {
      const path = `/api/v1/${status}`;
      const first = await gate.ask({ method, path });
      const second = await askOver(session, { ':method': method, ':path': path });
      for (const answer of [first, second])
        assert.deepEqual([answer.status, answer.bytes.length], [status, length], method);
    }
    await until('the lines', () => gate.log.length === 4 * asked.length);
    for (const { status, bytes, note, protocol } of gate.log)
      assert.deepEqual([bytes, note], [status === 200 ? bytes : 0, undefined], `${status} over ${protocol}`);
    // One that was just used may not be free yet when the next request comes.
    assert.ok(sockets.size < 2 * asked.length, `${sockets.size} connections to the core`);
    session.destroy();
  });

  test('leaves no connection behind when it ends', async () => {
    const sockets = new Set<Socket>();
    const core: RequestListener = (request, response) => {
      sockets.add(request.socket);
      response.end('{}');
    };
    await using gate = await open({ core });
    const idle = await dial(gate);
    idle.write('GET /api/v1/x HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(idle, 'data');
    const silent = connectTcp(gate.port, '127.0.0.1');
    await once(silent, 'connect');
    const ends = Promise.all([idle, silent].map(endOf));
    await gate.server[Symbol.asyncDispose]();
    await ends;
    await until('the core to be left', () => [...sockets].every(({ destroyed }) => destroyed));
    assert.equal(sockets.size, 1);
    await assert.rejects(dial(gate), { code: 'ECONNREFUSED' });
  });

  test('says that the core is away, and serves again when it is back', async () => {
    let isAway = true;
    const core: RequestListener = (request, response) => {
      if (isAway) request.socket.destroy();
      else response.end('{}');
    };
    await using gate = await open({ core });
    const away = await gate.ask({});
    assert.equal(away.status, 503);
    assert.match(away.bytes.toString(), /"code":"core-unreachable"/);
    isAway = false;
    assert.equal((await gate.ask({})).status, 200);
  });

  test('logs each request without query, headers or body', async () => {
    await using gate = await open();
    const headers = { authorization: 'Bearer s3cret-header', cookie: 's=s3cret-cookie' };
    await gate.ask({ method: 'POST', path: '/api/v1/echo?token=s3cret-query', headers, body: 's3cret-body' });
    await until('the line', () => gate.log.length > 0);
    const [line] = gate.log;
    assert.equal(line?.['path'], '/api/v1/echo');
    assert.equal(line?.['status'], 200);
    assert.equal(line?.['address'], '127.0.0.1');
    assert.doesNotMatch(JSON.stringify(gate.log), /s3cret/);
  });

  test('sends a large file whole, compressed or not', async () => {
    const text = 'again and '.repeat(20_000);
    await using gate = await open({ files: { '/large.txt': text } });
    const plain = await gate.ask({ path: '/large.txt' });
    assert.equal(plain.bytes.toString(), text);
    for (const [encoding, decode] of [
      ['br', brotliDecompressSync],
      ['gzip', gunzipSync],
    ] as const) {
      const asked = await gate.ask({ path: '/large.txt', headers: { 'accept-encoding': encoding } });
      assert.equal(asked.headers['content-encoding'], encoding);
      assert.equal(decode(asked.bytes).toString(), text);
    }
    await until('the lines', () => gate.log.length === 3);
    assert.deepEqual(
      gate.log.map(({ note }) => note),
      [undefined, undefined, undefined],
    );
  });

  test('serves the console with a strict policy, at the address of each of its pages, and no other file', async () => {
    await using gate = await open({ files: { '/docs/index.html': '<!doctype html>', '/assets/a-1.js': '' } });
    const page = await gate.ask({ path: '/' });
    assert.equal(page.status, 200);
    assert.match(String(page.headers['content-security-policy']), /default-src 'none'/);
    const again = await gate.ask({ path: '/', headers: { 'if-none-match': String(page.headers.etag) } });
    assert.equal(again.status, 304);
    assert.equal((await gate.ask({ path: '/docs' })).status, 200);
    const browser = { accept: 'text/html,application/xhtml+xml' };
    const opened = await gate.ask({ path: '/people/p-1', headers: browser });
    assert.equal(opened.headers['content-security-policy'], page.headers['content-security-policy']);
    assert.equal(opened.headers['cache-control'], 'no-cache', 'a new version is seen at once');
    assert.equal((await gate.ask({ path: '/people/p-1' })).status, 404, 'programs learn that it is no page');
    assert.equal((await gate.ask({ path: '/assets/b-2.js', headers: browser })).status, 404);
    const asset = await gate.ask({ path: '/assets/a-1.js' });
    assert.match(String(asset.headers['cache-control']), /immutable/);
    assert.equal((await gate.ask({ path: '/gate.sock' })).status, 404);
    assert.equal((await gate.ask({ path: '/', method: 'POST', body: 'x' })).status, 405);
  });

  test('answers HEAD and an unchanged resource without a body', async () => {
    const core: RequestListener = (request, response) => {
      response.statusCode = request.headers['if-none-match'] === undefined ? 200 : 304;
      response.setHeader('content-length', 4);
      response.end(request.method === 'HEAD' || response.statusCode === 304 ? undefined : 'body');
    };
    await using gate = await open({ core });
    for (const [path, status, length] of [
      ['/', 200, '37'],
      ['/api/v1/x', 200, '4'],
      ['/none', 404, undefined],
    ] as const) {
      const asked = await gate.ask({ method: 'HEAD', path });
      assert.deepEqual([asked.status, asked.bytes.length], [status, 0], path);
      if (length !== undefined) assert.equal(asked.headers['content-length'], length);
    }
    assert.equal((await gate.ask({ headers: { 'if-none-match': '"1"' } })).status, 304);
    const { etag } = (await gate.ask({ path: '/' })).headers;
    const unchanged = await gate.ask({ path: '/', headers: { 'if-none-match': String(etag) } });
    assert.equal(unchanged.headers['x-content-type-options'], 'nosniff');
    await until('the lines', () => gate.log.length === 6);
    assert.deepEqual(
      gate.log.map(({ status, bytes }) => `${status} ${bytes}`),
      ['200 0', '200 0', '404 0', '304 0', '200 37', '304 0'],
    );
  });

  test('says why it refuses, in the form that the caller asks for', async () => {
    await using gate = await open();
    const headers = { accept: 'application/problem+json' };
    const posted = await gate.ask({ method: 'POST', path: '/', headers, body: 'x' });
    assert.equal(posted.headers['content-type'], 'application/problem+json');
    assert.equal(posted.headers.allow, 'GET, HEAD');
    assert.equal(posted.headers['cache-control'], 'no-store');
    const details = JSON.parse(posted.bytes.toString());
    assert.deepEqual(
      [details.status, details.code, details.kind, details.requestId],
      [405, 'method-not-allowed', 'input', posted.headers['x-request-id']],
    );
    const absent = await gate.ask({ path: '/none' });
    assert.equal(absent.headers['content-type'], 'application/json');
    assert.equal(absent.headers['retry-after'], undefined, 'it will not come by waiting');
    assert.equal(JSON.parse(absent.bytes.toString()).error.code, 'no-such-page');
    await until('the lines', () => gate.log.length === 2);
    assert.deepEqual(
      gate.log.map(({ note }) => note),
      ['method-not-allowed', 'no-such-page'],
    );
  });

  test('goes on with a connection after it has refused a request that was read to its end', async () => {
    await using gate = await open({ core: (request) => request.socket.destroy() });
    const kept = await dial(gate);
    for (let count = 0; count < 2; count += 1) {
      kept.write('GET /api/v1/x HTTP/1.1\r\nHost: localhost\r\n\r\n');
      assert.match(String((await once(kept, 'data'))[0]), /^HTTP\/1\.1 503/);
    }
    kept.destroy();
    const session = await openSession(gate);
    const posting = session.request({ ':path': '/', ':method': 'POST' });
    posting.write('the beginning of a body');
    assert.equal(await statusOf(posting), 405);
    posting.on('error', () => undefined).destroy();
    assert.equal((await askOver(session, { ':path': '/' })).status, 200);
    session.destroy();
  });

  test('lets pages of listed origins read answers, and no others', async () => {
    await using gate = await open({ origins: ['https://console.example'] });
    const headers = { origin: 'https://console.example', 'access-control-request-method': 'POST' };
    const preflight = await gate.ask({ method: 'OPTIONS', headers });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers['access-control-allow-origin'], 'https://console.example');
    assert.equal(preflight.headers['access-control-allow-credentials'], undefined);
    const other = await gate.ask({
      method: 'OPTIONS',
      headers: { ...headers, origin: 'https://evil.example' },
    });
    assert.equal(other.status, 403);
    assert.equal(other.headers['access-control-allow-origin'], undefined);
    assert.match(String(preflight.headers['access-control-allow-headers']), /authorization.*idempotency-key/);
    for (const path of ['/api/v1/x', '/']) {
      const listed = await gate.ask({ path, headers: { origin: 'https://console.example' } });
      assert.equal(listed.headers['access-control-allow-origin'], 'https://console.example', path);
      assert.equal(listed.headers['access-control-allow-credentials'], undefined);
      assert.match(String(listed.headers['vary']), /origin/i);
      const foreign = await gate.ask({ path, headers: { origin: 'https://evil.example' } });
      assert.equal(foreign.status, 403, path);
      assert.equal(foreign.headers['access-control-allow-origin'], undefined);
      const near = await gate.ask({ path, headers: { origin: 'https://console.example.evil.example' } });
      assert.equal(near.status, 403, path);
      const plain = await gate.ask({ path });
      assert.equal(plain.headers['access-control-allow-origin'], undefined, 'no answer is for all pages');
    }
    // Its page must learn why, and that waiting helps.
    const refused = await gate.ask({ path: '/none', headers: { origin: 'https://console.example' } });
    assert.equal(refused.status, 404);
    assert.equal(refused.headers['access-control-allow-origin'], 'https://console.example');
  });

  test('takes a new certificate without an interruption', async () => {
    await using gate = await open();
    const before = await dial(gate);
    const { certificate, key } = makeCertificate('localhost');
    gate.server.replaceCertificate(Buffer.from(certificate + key));
    const after = await dial(gate, { ca: certificate });
    assert.notEqual(before.getPeerCertificate().fingerprint256, after.getPeerCertificate().fingerprint256);
    before.write('GET /api/v1/x HTTP/1.1\r\nHost: localhost\r\n\r\n');
    assert.match(String((await once(before, 'data'))[0]), /^HTTP\/1\.1 200/);
    before.destroy();
    after.destroy();
  });
});

describe('the gate under abuse', { skip: withoutOpenssl }, () => {
  test('ends a connection that sends no whole request in time', async () => {
    await using gate = await open({ limits: { headersMs: 300 } });
    const silent = await dial(gate);
    const slow = await dial(gate);
    slow.write('GET /api/v1/x HTTP/1.1\r\nHost: localhost\r\nX: ');
    const dripping = setInterval(() => slow.write('x'), 50);
    const framed = await dial(gate, { ALPNProtocols: ['h2'] });
    framed.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    // However it ends: `once` would fail at a reset.
    const closeOf = (socket: Socket): Promise<unknown> =>
      new Promise((resolve) => socket.on('error', resolve).resume().once('close', resolve));
    const closed = Promise.all([silent, slow, framed].map(closeOf));
    await closed.finally(() => clearInterval(dripping));
  });

  test('refuses a body that stops, and its place goes to others', async () => {
    let isReached = false;
    const core: RequestListener = (_request, response) => {
      isReached = true;
      response.end('{}');
    };
    await using gate = await open({ core, limits: { bodyIdleMs: 200 } });
    const socket = await dial(gate);
    socket.write('POST /api/v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 408/);
    assert.equal(isReached, false, 'the core never heard of it');
    await once(socket.resume(), 'close');
  });

  test('ends an answer that the caller does not read', async () => {
    let isClosed = false;
    const core: RequestListener = (_request, response) => {
      response.once('close', () => {
        isClosed = true;
      });
      const fill = (): void => {
        while (response.write(Buffer.alloc(64 * 1024)));
      };
      response.on('drain', fill);
      fill();
    };
    const large = 'x'.repeat(16 * 2 ** 20);
    await using gate = await open({ core, limits: { readIdleMs: 300 }, files: { '/large.txt': large } });
    for (const path of ['/api/v1/endless', '/large.txt']) {
      const socket = await dial(gate);
      socket.pause();
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      await until('the gate to give up', () => gate.log.some((line) => line['path'] === path));
      const line = gate.log.at(-1);
      assert.deepEqual([line?.['status'], line?.['note']], [200, 'caller-slow'], path);
      // What TLS is given waits in memory until the caller reads.
      assert.ok(Number(line?.['bytes']) < large.length / 2, `${line?.['bytes']} bytes of ${path}`);
      await endOf(socket.resume());
    }
    assert.equal(isClosed, true, 'the core is released');
  });

  test('takes so many requests on one connection, and then ends it without an error', async () => {
    await using gate = await open({ limits: { requestsPerConnection: 3 } });
    const session = await openSession(gate);
    const statuses: number[] = [];
    while (!session.closed && statuses.length < 5)
      statuses.push((await askOver(session, { ':path': '/api/v1/x' })).status);
    assert.deepEqual(statuses, [200, 200, 200]);
    const socket = await dial(gate);
    const said: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      socket.write('GET /api/v1/x HTTP/1.1\r\nHost: localhost\r\n\r\n');
      said.push(String((await once(socket, 'data'))[0]));
    }
    assert.deepEqual(
      said.map((each) => /\r\nconnection: close\r\n/i.test(each)),
      [false, false, true],
    );
    socket.destroy();
  });

  test('ends what has been idle too long twice a second, and says every ten seconds how many it refused', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    await using gate = await open({ limits: { idleMs: 1, connectionsPerAddress: 1 } });
    const session = await openSession(gate);
    assert.equal((await askOver(session, { ':path': '/' })).status, 200);
    await assert.rejects(dial(gate));
    t.mock.timers.tick(499);
    await new Promise<void>((resolve, reject) =>
      session.ping((error) => (error === null ? resolve() : reject(error))),
    );
    const closed = new Promise((resolve) => session.once('close', resolve));
    t.mock.timers.tick(1);
    await closed;
    const reports = () => gate.log.filter(({ message }) => message !== 'request');
    t.mock.timers.tick(9_499);
    assert.deepEqual(reports(), []);
    t.mock.timers.tick(1);
    t.mock.timers.tick(10_000);
    assert.deepEqual(
      reports().map(({ refused, open, requests }) => [refused, open, requests]),
      [[1, 0, 0]],
    );
  });

  test('lets a page give up fifty requests at once over HTTP/2, however many it has made', async () => {
    await using gate = await open({ core: () => undefined });
    const session = await openSession(gate);
    for (let count = 0; count < 60; count += 1)
      assert.equal((await askOver(session, { ':path': '/' })).status, 200);
    for (let count = 0; count < 50; count += 1) {
      const stream = session.request({ ':path': '/api/v1/x' }).on('error', () => undefined);
      stream.close(constants.NGHTTP2_CANCEL);
      await new Promise((resolve) => stream.once('close', resolve));
    }
    assert.equal((await askOver(session, { ':path': '/' })).status, 200);
    session.destroy();
  });

  test('bounds connections, in all and from one address', async () => {
    await using gate = await open({ limits: { connectionsPerAddress: 3 } });
    const held = [await dial(gate), await dial(gate), await dial(gate)];
    await assert.rejects(gate.ask({}));
    held.pop()?.destroy();
    await until('a place', () =>
      gate.ask({}).then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
    for (const socket of held) socket.destroy();
  });

  test('serves others while 2,000 slow connections hold what they can', async () => {
    await using gate = await open({
      limits: { connections: 2_100, connectionsPerAddress: 2_100, headersMs: 60_000 },
    });
    const slow: Socket[] = [];
    for (let count = 0; count < 2_000; count += 1) {
      const socket = connectTcp(gate.port, '127.0.0.1').on('error', () => undefined);
      await once(socket, 'connect');
      // The beginning of a handshake that never goes on.
      socket.write(Buffer.from([0x16, 0x03, 0x01]));
      slow.push(socket);
    }
    assert.equal((await gate.ask({})).status, 200);
    for (const socket of slow) socket.destroy();
  });

  test('gives the place of the oldest silent or idle connection to who comes when all are taken', async () => {
    await using gate = await open({ limits: { connections: 3 } });
    const oldest = await dial(gate);
    const silent = [oldest, await dial(gate), await dial(gate)];
    const ended = once(oldest.resume(), 'close');
    assert.equal((await gate.ask({})).status, 200);
    await ended;
    assert.deepEqual(
      silent.map(({ destroyed }) => destroyed),
      [true, false, false],
    );
    for (const socket of silent) socket.destroy();
    // Those that were served once and wait are no better off.
    const served: TLSSocket[] = [];
    for (let count = 0; count < 3; count += 1) {
      const socket = await dial(gate);
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await once(socket, 'data');
      served.push(socket.resume());
    }
    assert.equal((await gate.ask({})).status, 200);
    for (const socket of served) socket.destroy();
  });

  test('serves a second address while the connections of a first are all held', async () => {
    await using gate = await open();
    const held: Socket[] = [];
    for (let count = 0; count < 200; count += 1) {
      const socket = connectTcp(gate.port, '127.0.0.1').on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(Buffer.from([0x16, 0x03, 0x01]));
      held.push(socket);
    }
    await assert.rejects(gate.ask({ ...byAddress }));
    assert.equal((await gate.ask({ ...byAddress, localAddress: '127.0.0.2' })).status, 200);
    for (const socket of held) socket.destroy();
  });

  test('holds as many half-sent bodies of one address as it may, and serves a second address', async () => {
    await using gate = await open();
    const sessions = await Promise.all(
      [0, 1, 2, 3].map(async () => {
        const session = connectHttp2(`https://localhost:${gate.port}`, { ca: gate.certificate });
        await once(
          session.on('error', () => undefined),
          'remoteSettings',
        );
        for (let count = 0; count < 32; count += 1) {
          const stream = session.request({ ':path': '/api/v1/x', ':method': 'POST' });
          stream.on('error', () => undefined).write('half');
        }
        return session;
      }),
    );
    const statusOf = async (localAddress: string): Promise<number> =>
      (await gate.ask({ localAddress, ...byAddress })).status;
    await until('the places to be taken', async () => (await statusOf('127.0.0.1')) === 503);
    assert.equal((await gate.ask({ path: '/', ...byAddress })).status, 503, 'also for files');
    assert.equal(await statusOf('127.0.0.2'), 200);
    for (const session of sessions) session.destroy();
    await until('the places to be free', async () => (await statusOf('127.0.0.1')) === 200);
  });

  test('says that headers are too large, over HTTP/1.1 and HTTP/2', async () => {
    await using gate = await open();
    const headers = { 'x-large': 'x'.repeat(20_000) };
    const asked = await gate.ask({ headers });
    assert.equal(asked.status, 431);
    assert.match(asked.bytes.toString(), /"code":"headers-too-large"/);
    const session = connectHttp2(`https://localhost:${gate.port}`, { ca: gate.certificate });
    await once(session, 'remoteSettings');
    const [answer] = (await once(session.request({ ':path': '/api/v1/x', ...headers }), 'response')) as [
      Record<string, string | number>,
    ];
    session.destroy();
    assert.equal(answer[':status'], 431);
  });

  test('bounds requests to the core at once', async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked = 0;
    const core: RequestListener = (_request, response) => {
      asked += 1;
      void released.then(() => response.end('{}'));
    };
    await using gate = await open({ core, limits: { requestsAtOncePerAddress: 2 } });
    const first = [gate.ask({}), gate.ask({})];
    await until('both to reach the core', () => asked === 2);
    const third = await gate.ask({});
    assert.equal(third.status, 503);
    assert.equal(third.headers['retry-after'], '1');
    release();
    assert.deepEqual(
      (await Promise.all(first)).map(({ status }) => status),
      [200, 200],
    );
    assert.equal((await gate.ask({})).status, 200);
  });

  test('ends a connection of HTTP/2 that gives requests up as fast as it makes them', async () => {
    let atCore = 0;
    const core: RequestListener = (_request, response) => {
      atCore += 1;
      response.once('close', () => {
        atCore -= 1;
      });
    };
    await using gate = await open({ core, limits: { streamsPerConnection: 100 } });
    // Frames by hand (RFC 9113): the client of node:http2 is not told of such an end of its connection.
    const socket = await dial(gate, { ALPNProtocols: ['h2'] });
    const closed = new Promise((resolve) => socket.resume().once('close', resolve));
    const cancel = Buffer.from([0, 0, 0, constants.NGHTTP2_CANCEL]);
    socket.write(preface);
    let stream = 1;
    while (socket.writable && stream < 10_000) {
      socket.write(
        Buffer.concat([frame(1, 5, stream, getHeaders('/api/v1/x')), frame(3, 0, stream, cancel)]),
      );
      stream += 2;
      if (stream % 40 === 1) await delay(5);
    }
    await closed;
    // Far below the limit that is built into Node, about 1,000 streams that were given up.
    assert.ok(stream < 1000, `the gate took ${stream >> 1} requests that were given up`);
    assert.equal((await gate.ask({ path: '/' })).status, 200);
    await until('the core to be left', () => atCore === 0);
  });

  test('ends a connection of HTTP/2 with the twenty-second frame that breaks the protocol', async () => {
    await using gate = await open();
    const socket = await dial(gate, { ALPNProtocols: ['h2'] });
    const closed = endOf(socket);
    // A name in capitals.
    const headers = Buffer.concat([getHeaders('/'), Buffer.from([0, 1, 0x58, 1, 0x61])]);
    socket.write(preface);
    for (let count = 0; count < 21; count += 1) socket.write(frame(1, 5, 2 * count + 1, headers));
    assert.equal((await gate.ask({ path: '/' })).status, 200);
    assert.equal(socket.destroyed, false);
    socket.write(frame(1, 5, 99, headers));
    await closed;
  });

  test('ends a connection of HTTP/2 whose caller has vanished, and keeps that of a caller who is there', async () => {
    let streams = 0;
    const core: RequestListener = (_request, response) => {
      streams += 1;
      response.once('close', () => {
        streams -= 1;
      });
      response.write('{"item":1}\n');
    };
    await using gate = await open({ core, limits: { signOfLifeMs: 1_000 } });
    const session = connectHttp2(`https://localhost:${gate.port}`, { ca: gate.certificate });
    let pings = 0;
    session
      .on('error', () => undefined)
      .on('ping', () => {
        pings += 1;
      });
    session
      .request({ ':path': '/api/v1/x' })
      .on('error', () => undefined)
      .resume();
    // Speaks the beginning of HTTP/2 by hand, asks for a stream, and answers to nothing.
    const vanished = await dial(gate, { ALPNProtocols: ['h2'] });
    const closed = new Promise((resolve) => vanished.resume().once('close', resolve));
    vanished.write(Buffer.concat([preface, frame(1, 5, 1, getHeaders('/api/v1/x'))]));
    await until('both streams', () => streams === 2);
    await closed;
    await until('the end of its stream', () => streams < 2);
    const heard = pings;
    await until('another sign of life', () => session.destroyed || pings > heard);
    assert.equal(session.destroyed, false);
    assert.equal(streams, 1);
    session.destroy();
  });

  test('refuses what is no HTTP and what two readers could read differently', async () => {
    await using gate = await open();
    for (const [text, answer] of [
      ['nonsense\r\n\r\n', /^$/],
      ['GET /api/v1/x HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400/],
      [
        'POST /api/v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        /^$/,
      ],
      ['POST /api/v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx', /^$/],
      ['GET /api/v1/x HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n', /^HTTP\/1\.1 400/],
      ['GET /api/v1/x HTTP/1.1\r\nHost: localhost\r\nX: a\nY: b\r\n\r\n', /^$/],
      [`GET /api/v1/x HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, /^$/],
    ] as const) {
      const socket = await dial(gate);
      const said = endOf(socket);
      socket.end(text);
      assert.match(await said, answer, text.slice(0, 60));
    }
  });
});
