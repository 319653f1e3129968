import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type Http2ServerRequest, type Http2ServerResponse, constants as http2 } from 'node:http2';
import type { Socket } from 'node:net';
import { PassThrough, Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { brotliDecompressSync, constants, gunzipSync } from 'node:zlib';
import { gateLimits, gateSettings } from '../../daemon/contract/gate-settings.js';
import { AccessLog } from '../../daemon/gate/access-log.js';
import { compressed, compressor } from '../../daemon/gate/compression.js';
import { Connections } from '../../daemon/gate/connections.js';
import { CoreLink, sendAnswer } from '../../daemon/gate/core-link.js';
import { handleUpgrade, openWebSockets } from '../../daemon/gate/live/live-request.js';
import { handle } from '../../daemon/gate/request-handling.js';
import { Site } from '../../daemon/gate/site.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

const decoders = { br: brotliDecompressSync, gzip: gunzipSync } as const;
/** What a caller can read of an answer that has only begun. */
const begun = {
  br: (bytes: Buffer) => brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH }),
  gzip: (bytes: Buffer) => gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }),
} as const;

describe('the sending of an answer', () => {
  const readIdleMs = 30_000;
  /** A caller who has read only what `take` was called for. */
  function slowCaller() {
    const waiting: (() => void)[] = [];
    const target = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) => void waiting.push(done),
    });
    return { target, take: () => waiting.shift()?.() };
  }

  test('ends whole when the caller has read all of it', async () => {
    const target = new PassThrough();
    const all = buffer(target);
    const parts = Readable.from([Buffer.from('one '), 'no bytes', Buffer.from('two')]);
    const sent = await sendAnswer(parts, target, { clock: new VirtualClock(), readIdleMs });
    assert.deepEqual(sent, { bytes: 7, end: 'whole' });
    assert.equal((await all).toString(), 'one two');
  });

  for (const [what, parts] of [
    ['a part', 2],
    ['the last part', 1],
  ] as const) {
    test(`is given up when the caller takes longer than allowed for ${what}`, async () => {
      const clock = new VirtualClock();
      const { target, take } = slowCaller();
      let isOver = false;
      const source = Readable.from(Array.from({ length: parts }, () => Buffer.alloc(8)));
      const sending = sendAnswer(source, target, { clock, readIdleMs }).finally(() => {
        isOver = true;
      });
      for (let part = 1; part < parts; part += 1) {
        await nextTurn();
        clock.advanceBy(readIdleMs - 1);
        take();
      }
      await nextTurn();
      clock.advanceBy(readIdleMs - 1);
      await nextTurn();
      assert.equal(isOver, false);
      clock.advanceBy(1);
      assert.deepEqual(await sending, { bytes: 8 * parts, end: 'caller-slow' });
    });
  }

  test('leaves no listener behind for each part that the caller took slowly', async () => {
    const { target, take } = slowCaller();
    const source = Readable.from(Array.from({ length: 4 }, () => Buffer.alloc(8)));
    const sending = sendAnswer(source, target, { clock: new VirtualClock(), readIdleMs });
    const listeners: number[] = [];
    for (let part = 0; part < 4; part += 1) {
      await nextTurn();
      listeners.push(target.listenerCount('drain') + target.listenerCount('close'));
      take();
    }
    await sending;
    assert.deepEqual(new Set(listeners.slice(0, -1)).size, 1, String(listeners));
  });

  test('ends at once when the caller leaves while a part is waiting, and at the end of the answer', async () => {
    for (const [parts, end] of [
      [2, 'caller-gone'],
      [0, 'whole'],
    ] as const) {
      const target = new Writable({ highWaterMark: 1, write: () => undefined, final: () => undefined });
      const source = Readable.from(Array.from({ length: parts }, () => Buffer.alloc(8)));
      const sending = sendAnswer(source, target, { clock: new VirtualClock(), readIdleMs });
      await nextTurn();
      target.destroy();
      assert.equal((await sending).end, end);
    }
  });

  test('tells a caller who left from a core that did', async () => {
    const clock = new VirtualClock();
    const left = new PassThrough();
    left.destroy();
    const source = Readable.from([Buffer.alloc(8)]);
    assert.deepEqual(await sendAnswer(source, left, { clock, readIdleMs }), { bytes: 0, end: 'caller-gone' });
    assert.equal((await sendAnswer(Readable.from([]), left, { clock, readIdleMs })).end, 'caller-gone');

    const failing = (target: Writable, isCallerGone: boolean): AsyncIterable<unknown> => ({
      async *[Symbol.asyncIterator]() {
        yield Buffer.alloc(8);
        if (isCallerGone) target.destroy();
        throw new Error('aborted');
      },
    });
    for (const [isCallerGone, end] of [
      [false, 'core-gone'],
      [true, 'caller-gone'],
    ] as const) {
      const target = new PassThrough();
      target.resume();
      const sent = await sendAnswer(failing(target, isCallerGone), target, { clock, readIdleMs });
      assert.deepEqual(sent, { bytes: 8, end });
    }
  });
});

describe('the compression of an answer', () => {
  const text = 'again and '.repeat(500);

  for (const encoding of ['br', 'gzip'] as const) {
    test(`gives back the text as ${encoding}`, async () => {
      const whole = await compressed(Buffer.from(text), encoding);
      assert.equal(decoders[encoding](whole).toString(), text);
      const stream = compressor(encoding, 'application/json');
      stream.end(text);
      assert.equal(decoders[encoding](await buffer(stream)).toString(), text);
    });

    for (const type of ['application/jsonl', 'application/x-ndjson; charset=utf-8']) {
      test(`sends each line of ${type} at once as ${encoding}`, async () => {
        const stream = compressor(encoding, type);
        await new Promise((resolve) => stream.write('{"item":1}\n', resolve));
        assert.equal(begun[encoding](stream.read() as Buffer).toString(), '{"item":1}\n');
        stream.destroy();
      });
    }
  }

  test('keeps 256 KiB of a text in mind as br, so that an answer costs little memory', async () => {
    const stream = compressor('br', 'application/json');
    stream.end(text);
    // A window of 2^18 bytes (RFC 7932, section 9.1).
    for (const [first = 0] of [await buffer(stream), await compressed(Buffer.from(text), 'br')])
      assert.equal(first & 0b1111, 0b0011);
  });
});

describe('a request', () => {
  const settings = gateSettings.parse({
    ...{ address: '127.0.0.1', port: 0, minimumTls: '1.3', hosts: ['localhost'] },
    origins: ['https://app.example'],
    ...{ logLevel: 'info', limits: {} },
  });

  interface Asked {
    readonly protocol: '1.1' | '2.0';
    readonly isGone: boolean;
    readonly isWhole: boolean;
    readonly isLeaving: boolean;
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
  }

  /**
   * A request at a gate that has no core. `find` looks for a file. `isGone`: the caller has ended the connection of HTTP/1.1 or the
   * stream of HTTP/2. `isWhole`: the gate has read the body. `isLeaving`: the caller goes away at the first part of the answer.
   */
  async function asked(
    find: Site['find'],
    {
      protocol = '1.1',
      isGone = false,
      isWhole = true,
      isLeaving = false,
      method = 'GET',
      url = '/page?secret',
      headers = {},
    }: Partial<Asked> = {},
  ) {
    const clock = new VirtualClock();
    const lines: (object | undefined)[] = [];
    const connections = new Connections(clock, { ...gateLimits.parse({}), connections: 1 });
    const socketOf = (port: number) =>
      Object.assign(new EventEmitter(), {
        ...{ remoteAddress: '192.0.2.7', remotePort: port, destroyed: isGone && protocol === '1.1' },
        destroy: () => undefined,
      }) as unknown as Socket;
    const socket = socketOf(1);
    connections.admit(socket);
    let endings = 0;
    let sent: Readonly<Record<string, unknown>> = {};
    const body: Buffer[] = [];
    let endedWith: number | undefined;
    function keep(this: Writable, chunk: Buffer, _encoding: string, done: () => void): void {
      body.push(chunk);
      if (isLeaving) Writable.prototype.destroy.call(this);
      done();
    }
    const stream = Object.assign(new Writable({ write: keep }), {
      destroyed: isGone,
      close: (code: number) => {
        endedWith = code;
      },
    });
    const response = Object.assign(new Writable({ write: keep }), {
      stream,
      destroy: () => {
        endings += 1;
      },
      writeHead: (status: number, given: object) => {
        sent = { status, ...given };
      },
    });
    const everyHeader = { host: 'localhost', ...headers };
    const request = Object.assign(new EventEmitter(), {
      ...{ socket, method, url, headers: everyHeader, rawHeaders: Object.entries(everyHeader).flat() },
      ...{ httpVersionMajor: Number.parseInt(protocol, 10), httpVersion: protocol },
      ...{ complete: isWhole, stream },
    });
    const given = [request, response] as unknown as [Http2ServerRequest, Http2ServerResponse];
    const log = new AccessLog(clock, { ...silentLogger, info: (_text, fields) => void lines.push(fields) });
    const site = { find } as unknown as Site;
    using core = new CoreLink('/nowhere');
    await handle(...given, { settings, connections, core, site, log, clock });
    const next = socketOf(2);
    connections.admit(next);
    const isFree = connections.of(next) !== undefined;
    return { lines, endings, endedWith, sent, isFree, body: Buffer.concat(body) };
  }

  const logged = { method: 'GET', path: '/page', bytes: 0, ms: 0, address: '192.0.2.7', protocol: '1.1' };

  test('whose answer fails in the gate ends without one, is logged, and gives its place back', async () => {
    const { lines, endings, isFree } = await asked(() => {
      throw new Error('a fault of the gate');
    });
    const [{ requestId: _, ...line } = { requestId: '' }] = lines as { requestId: string }[];
    assert.deepEqual(line, { ...logged, status: 500, note: 'failed' });
    assert.deepEqual([endings, isFree], [1, true]);
  });

  test('whose caller left before it was looked at is not answered', async () => {
    for (const protocol of ['1.1', '2.0'] as const) {
      const { lines, isFree } = await asked(() => assert.fail('it is answered'), { protocol, isGone: true });
      const [{ requestId: _, ...line } = { requestId: '' }] = lines as { requestId: string }[];
      assert.deepEqual(line, { ...logged, protocol, status: 499, note: 'caller-gone' });
      assert.equal(isFree, true);
    }
  });

  test('that is refused before its body has come ends its connection, which only HTTP/1.1 can say', async () => {
    for (const [protocol, isWhole, connection] of [
      ['1.1', true, undefined],
      ['1.1', false, 'close'],
      ['2.0', true, undefined],
      ['2.0', false, undefined],
    ] as const) {
      const { sent } = await asked(() => undefined, { protocol, isWhole });
      assert.equal(sent['connection'], connection, `${protocol} ${isWhole}`);
    }
  });

  const text = 'A page of the box. '.repeat(400);
  const site = new Site(new Map(['/page', '/assets/a-1.js'].map((path) => [path, Buffer.from(text)])));
  const ofSite: Site['find'] = (path, accept) => site.find(path, accept);

  test('for a file says how long a browser may keep it, and protects the browser', async () => {
    const page = await asked(ofSite);
    assert.equal(page.body.toString(), text);
    const { status, etag, ...sent } = page.sent;
    assert.deepEqual(
      [status, sent['cache-control'], sent['content-length'], sent['x-content-type-options']],
      [200, 'no-cache', String(text.length), 'nosniff'],
    );
    assert.equal(sent['access-control-allow-origin'], undefined);
    const asset = await asked(ofSite, { url: '/assets/a-1.js' });
    assert.match(String(asset.sent['cache-control']), /^public, max-age=\d{8}, immutable$/);
    assert.equal(asset.sent['etag'], etag, 'of the same content');
    assert.deepEqual(
      [page, asset].map(({ lines: [line] }) => new Map(Object.entries(line ?? {})).get('bytes')),
      [text.length, text.length],
    );
  });

  test('for a file that the caller has is answered without it', async () => {
    const { sent } = await asked(ofSite);
    const headers = { 'if-none-match': String(sent['etag']) };
    const again = await asked(ofSite, { headers });
    assert.deepEqual([again.sent['status'], again.body.length], [304, 0]);
    assert.deepEqual([again.sent['etag'], again.sent['cache-control']], [sent['etag'], 'no-cache']);
    const changed = await asked(ofSite, { headers: { 'if-none-match': '"other"' } });
    assert.deepEqual([changed.sent['status'], changed.body.length], [200, text.length]);
  });

  test('for a file is answered in an encoding that the caller reads, and by HEAD without the file', async () => {
    for (const encoding of ['br', 'gzip'] as const) {
      const { sent, body } = await asked(ofSite, {
        url: '/assets/a-1.js',
        headers: { 'accept-encoding': encoding },
      });
      assert.deepEqual([sent['content-encoding'], sent['content-length']], [encoding, undefined]);
      assert.equal(decoders[encoding](body).toString(), text);
    }
    const head = await asked(ofSite, { method: 'HEAD' });
    assert.deepEqual(
      [head.sent['status'], head.sent['content-length'], head.body.length],
      [200, String(text.length), 0],
    );
  });

  test('for a file is answered to a page of a listed origin, and refused to one of another', async () => {
    const listed = await asked(ofSite, { headers: { origin: 'https://app.example' } });
    assert.deepEqual(
      [listed.sent['status'], listed.sent['access-control-allow-origin']],
      [200, 'https://app.example'],
    );
    const other = await asked(ofSite, { headers: { origin: 'https://other.example' } });
    assert.deepEqual(
      [other.sent['status'], other.sent['access-control-allow-origin'], other.body.includes('A page')],
      [403, undefined, false],
    );
  });

  test('whose caller leaves during the answer ends in a way that cannot pass for a whole answer', async () => {
    const large = new Site(new Map([['/page', Buffer.alloc(100_000, 'x')]]));
    for (const [protocol, endings, code] of [
      ['1.1', 1, undefined],
      ['2.0', 0, http2.NGHTTP2_INTERNAL_ERROR],
    ] as const) {
      const asking = { protocol, isLeaving: true };
      const { lines, body, ...ended } = await asked((path) => large.find(path), asking);
      assert.deepEqual([ended.endings, ended.endedWith, ended.isFree], [endings, code, true], protocol);
      const [{ note, bytes } = { note: '', bytes: 0 }] = lines as { note: string; bytes: number }[];
      assert.deepEqual([note, bytes], ['caller-gone', body.length]);
    }
  });

  test('for what is no file, or to change one, is refused with what to do', async () => {
    const missing = await asked(ofSite, { url: '/other' });
    assert.deepEqual([missing.sent['status'], missing.sent['cache-control']], [404, 'no-store']);
    assert.match(missing.body.toString(), /"no-such-page".*\/api\/v1/);
    const put = await asked(ofSite, { method: 'PUT' });
    assert.deepEqual([put.sent['status'], put.sent['allow']], [405, 'GET, HEAD']);
    const head = await asked(ofSite, { url: '/other', method: 'HEAD' });
    assert.deepEqual([head.sent['status'], head.body.length], [404, 0]);
    assert.notEqual(head.sent['content-length'], '0', 'it is that of the answer to GET');
  });

  test('of a browser about what a page may send is answered for a listed origin', async () => {
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'PUT' };
    const { sent, body } = await asked(ofSite, { method: 'OPTIONS', url: '/api/v1/status', headers });
    assert.deepEqual(
      [sent['status'], sent['access-control-allow-origin'], body.length],
      [204, 'https://app.example', 0],
    );
    assert.match(String(sent['access-control-allow-methods']), /PUT/);
  });

  test('to a core that is away says so, and when to ask again', async () => {
    const { sent, body, lines } = await asked(ofSite, { url: '/api/v1/status' });
    assert.deepEqual([sent['status'], sent['retry-after']], [503, '1']);
    assert.match(body.toString(), /"core-unreachable"/);
    assert.equal(lines.length, 1);
  });

  /** A request for a WebSocket at a gate that has one place, and fails when it looks at the request. */
  async function upgraded({ isPlaceFree }: { readonly isPlaceFree: boolean }) {
    const clock = new VirtualClock();
    const lines: { requestId: string }[] = [];
    const info = (_text: string, fields?: object): void => void lines.push(fields as { requestId: string });
    const limits = { ...gateLimits.parse({}), requestsAtOnce: 1, requestsHeld: 1 };
    const connections = new Connections(clock, limits);
    const socket = Object.assign(new PassThrough(), { remoteAddress: '192.0.2.7', remotePort: 1 });
    connections.admit(socket as unknown as Socket);
    const connection = connections.of(socket);
    assert.ok(connection !== undefined);
    const giveBack = isPlaceFree ? undefined : connections.takePlace(connection);
    const request = { method: 'GET', url: '/live?secret', headers: { host: 'localhost' }, rawHeaders: [] };
    const broken = new Proxy({}, { get: () => assert.fail('a fault of the gate') });
    await handleUpgrade(
      ...([request, socket, Buffer.alloc(0)] as unknown as [IncomingMessage, Socket, Buffer]),
      {
        ...{ settings: broken as typeof settings, connections, clock, folder: '/nowhere' },
        ...{ core: new CoreLink('/nowhere'), webSockets: openWebSockets() },
        log: new AccessLog(clock, { ...silentLogger, info }),
      },
    );
    giveBack?.();
    const [{ requestId: _, ...line } = { requestId: '' }] = lines;
    assert.ok(connections.hold(connection) !== undefined && connections.takePlace(connection) !== undefined);
    assert.equal(connection.open, 0);
    return { line, socket };
  }

  test('for a WebSocket that fails in the gate ends its connection, is logged, and gives its places back', async () => {
    const { line, socket } = await upgraded({ isPlaceFree: true });
    assert.deepEqual(line, { ...logged, path: '/live', status: 500, note: 'failed' });
    assert.equal(socket.destroyed, true);
  });

  test('for a WebSocket is not looked at where all places are taken', async () => {
    const { line } = await upgraded({ isPlaceFree: false });
    assert.deepEqual({ ...line, bytes: 0 }, { ...logged, path: '/live', status: 503, note: 'busy' });
  });
});
