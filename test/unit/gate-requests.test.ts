import assert from 'node:assert/strict';
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { AccessLog } from '../../daemon/gate/access-log.js';
import { crossOriginHeaders, headersForCaller, securityHeaders } from '../../daemon/gate/answer-headers.js';
import { acceptedEncoding, encodedHeaders, encodingFor } from '../../daemon/gate/compression.js';
import { collectBody } from '../../daemon/gate/core-link.js';
import {
  headersForCore,
  isRefusal,
  judgeRequest,
  type RequestHead,
} from '../../daemon/gate/request-rules.js';
import { readSite, Site } from '../../daemon/gate/site.js';
import { networkOf } from '../../daemon/host/network-of.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const settings = { hosts: ['box.example', 'localhost'], origins: ['https://console.example'] };

function judge(changed: Partial<RequestHead> = {}) {
  const headers = { host: 'box.example:8443', ...changed.headers };
  const rawHeaders =
    changed.rawHeaders ?? Object.entries(headers).flatMap(([name, value]) => [name, String(value)]);
  const head = { method: 'GET', target: '/api/v1/events', localAddress: '192.0.2.1', ...changed };
  return judgeRequest({ ...head, headers, rawHeaders }, settings);
}

function statusOf(changed: Partial<RequestHead>): number {
  const judged = judge(changed);
  return isRefusal(judged) ? judged.status : 200;
}

test('a body that pauses is given up after the idle time, before the time that a slow one has', async () => {
  const outcomeAfter = (pauseMs: number): Promise<string> => {
    const clock = new VirtualClock();
    const source = new PassThrough();
    const outcome = collectBody(source, clock, 5_000).then(
      ({ isWhole }) => `whole: ${isWhole}`,
      ({ code }) => String(code),
    );
    clock.advanceBy(pauseMs);
    source.end('x');
    return outcome;
  };
  assert.equal(await outcomeAfter(4_999), 'whole: true');
  assert.equal(await outcomeAfter(5_000), 'body-late');
});

test('a body that arrives slowly is given up once 30 seconds and its share of time are over', async () => {
  const outcomeOf = async (bytesEachSecond: number, seconds: number): Promise<string> => {
    const clock = new VirtualClock();
    const source = new PassThrough();
    const collected = collectBody(source, clock, 15_000).then(
      ({ isWhole }) => `whole: ${isWhole}`,
      ({ code }) => String(code),
    );
    for (let second = 0; second < seconds; second += 1) {
      clock.advanceBy(1_000);
      source.write(Buffer.alloc(bytesEachSecond));
      await nextTurn();
    }
    source.end();
    return collected;
  };
  assert.equal(await outcomeOf(1, 29), 'whole: true');
  assert.equal(await outcomeOf(1, 31), 'body-late');
  // 8 bytes a millisecond would be fast enough; at 800 bytes a second, each second earns a tenth of one.
  assert.equal(await outcomeOf(800, 33), 'whole: true');
  assert.equal(await outcomeOf(800, 34), 'body-late');
});

test('a body over 32 KiB is collected only at its beginning, and a smaller one whole', async () => {
  const collect = async (bytes: number) => {
    const source = new PassThrough();
    source.end(Buffer.alloc(bytes));
    const { collected, isWhole } = await collectBody(source, new VirtualClock(), 1_000);
    return [collected.length > 0, isWhole];
  };
  assert.deepEqual(await collect(32 * 1024), [true, true]);
  assert.deepEqual(await collect(32 * 1024 + 1), [true, false]);
});

describe('a request at the gate', () => {
  test('passes with a path in plain form and a host of this box', () => {
    const judged = judge({ target: '/api/v1/persons/a%2Fb?limit=3' });
    assert.deepEqual(judged, {
      path: '/api/v1/persons/a%2Fb',
      target: '/api/v1/persons/a%2Fb?limit=3',
      authority: 'box.example:8443',
      origin: 'none',
    });
  });

  for (const [what, host, status] of [
    ['a listed name', 'LOCALHOST', 200],
    ['a listed name with the dot of the root', 'box.example.', 200],
    ['the address of this machine on the connection', '192.0.2.1:8443', 200],
    ['another address', '192.0.2.2', 421],
    ['a name that another web page has bound to this address', 'evil.example', 421],
    ['a name with a user', 'user@box.example', 400],
    ['an empty name', '', 400],
  ] as const) {
    test(`for ${what} gets ${status}`, () => assert.equal(statusOf({ headers: { host } }), status));
  }

  test('is for this box at its address, in the notation of IPv6 and where IPv4 comes over IPv6', () => {
    for (const [host, localAddress, status] of [
      ['[2001:db8::1]:8443', '2001:DB8::1', 200],
      ['[2001:db8::2]:8443', '2001:db8::1', 421],
      ['192.0.2.1', '::ffff:192.0.2.1', 200],
      ['box.example:99999', '192.0.2.1', 200],
      ['box.example:100000', '192.0.2.1', 400],
      ['192.0.2.1', undefined, 421],
      ['.', undefined, 421],
    ] as const)
      assert.equal(statusOf({ headers: { host }, localAddress }), status, host);
  });

  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    test(`with the method ${method} passes`, () => assert.equal(statusOf({ method }), 200));
  }

  test('with one host passes, also where it is named twice as HTTP/2 allows, or is the value of a header', () => {
    assert.equal(statusOf({ headers: { ':authority': 'box.example', host: 'box.example' } }), 200);
    assert.equal(statusOf({ rawHeaders: ['Host', 'box.example', 'x-a', 'host', 'x-b', 'host'] }), 200);
  });

  test('with two hosts is refused', () => {
    assert.equal(statusOf({ rawHeaders: ['Host', 'box.example', 'host', 'evil.example'] }), 400);
    assert.equal(statusOf({ headers: { ':authority': 'box.example', host: 'evil.example' } }), 400);
  });

  for (const target of [
    ...[
      '/api/v1/../../etc/passwd',
      '/api/v1/%2e%2E/secret',
      '/./x',
      '//evil.example/',
      '/a\\..\\b',
      '/a%5c..',
    ],
    ...['https://box.example/api/v1/events', '*', '', '/a%00', '/a%0d%0aX:1', '/%zz', '/a b', '/ä'],
    ...['/api/v1/cameras/door/%6cive', '/api/v1/%41uth/session', '/api/v1/a%2Db', '/api/v1/a%5Fb%37'],
  ]) {
    test(`to ${JSON.stringify(target)} is refused`, () => assert.equal(statusOf({ target }), 400));
  }

  test('never passes with a segment that leads upwards, whatever it looks like', () => {
    const piece = fc.constantFrom('.', '..', '%2e', '%2E', '/', '%2f', 'a', '\\', '?', '%', '%00', '//', '#');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const judged = judge({ target: `/${pieces.join('')}` });
        if (isRefusal(judged)) return;
        const url = new URL(judged.target, 'https://box.example');
        assert.equal(url.pathname, judged.path);
      }),
    );
  });

  for (const [origin, status, verdict] of [
    ['https://box.example:8443', 200, 'same'],
    ['HTTPS://Box.Example:8443', 200, 'same'],
    ['https://console.example', 200, 'listed'],
    ['https://box.example', 403, undefined],
    ['http://box.example:8443', 403, undefined],
    ['https://console.example.evil', 403, undefined],
    ['null', 403, undefined],
  ] as const) {
    test(`of a page from ${origin} gets ${status}`, () => {
      const judged = judge({ headers: { origin } });
      assert.equal(isRefusal(judged) ? judged.status : 200, status);
      if (!isRefusal(judged)) assert.equal(judged.origin, verdict);
    });
  }

  test('with several values of a header that has one is refused, or has none', () => {
    assert.equal(statusOf({ headers: { origin: ['https://box.example:8443'] } }), 403);
    const about = { requestId: 'id', address: '192.0.2.9', origin: 'none' } as const;
    assert.equal('accept' in headersForCore({ accept: ['a', 'b'] }, about), false);
  });

  test('with headers over 16 KiB, a long address or an unknown method is refused', () => {
    assert.equal(statusOf({ headers: { a: 'x'.repeat(16 * 1024) } }), 431);
    // With the four bytes that stand between and behind name and value.
    assert.equal(statusOf({ rawHeaders: ['a', 'x'.repeat(16 * 1024 - 5)] }), 200);
    assert.equal(statusOf({ rawHeaders: ['a', 'x'.repeat(16 * 1024 - 4)] }), 431);
    assert.equal(statusOf({ target: `/${'x'.repeat(4095)}` }), 200);
    assert.equal(statusOf({ target: `/${'x'.repeat(4096)}` }), 414);
    const refused = judge({ method: 'TRACE' });
    assert.deepEqual(isRefusal(refused) && [refused.status, refused.allow], [
      405,
      'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
    ]);
    assert.equal(statusOf({ method: 'CONNECT' }), 405);
  });

  test('reaches the core without headers that only the gate makes', () => {
    const forged = {
      ...{
        'x-rollcall-address': '127.0.0.1',
        'x-rollcall-origin': 'same',
        'x-request-id': 'mine',
        host: 'evil',
      },
      ...{
        connection: 'upgrade',
        upgrade: 'websocket',
        'x-forwarded-for': '::1',
        'transfer-encoding': 'chunked',
      },
      ...{ authorization: 'Bearer t', cookie: 'a=b', 'user-agent': 'x'.repeat(400), 'content-length': '1e3' },
    };
    assert.deepEqual(headersForCore(forged, { requestId: 'id', address: '192.0.2.9', origin: 'none' }), {
      ...{ authorization: 'Bearer t', cookie: 'a=b', 'user-agent': 'x'.repeat(256), host: 'core' },
      ...{ 'x-request-id': 'id', 'x-rollcall-address': '192.0.2.9', 'x-rollcall-origin': 'none' },
    });
  });
});

describe('the request that the core gets', () => {
  test('has every header that the core reads', () => {
    const headers = Object.fromEntries(
      [
        ...['accept', 'accept-language', 'authorization', 'cookie', 'content-type', 'if-match'],
        ...['if-none-match', 'if-modified-since', 'range', 'if-range', 'idempotency-key', 'last-event-id'],
        ...['origin', 'user-agent'],
      ].map((name) => [name, 'x']),
    );
    const about = { requestId: 'id', address: '192.0.2.9', origin: 'none' } as const;
    const got = headersForCore({ ...headers, 'content-length': '12' }, about);
    for (const name of Object.keys(headers)) assert.equal(got[name], 'x', name);
    assert.equal(got['content-length'], '12');
  });
});

describe('the files of the gate', () => {
  test('are those of its folder and the description of the API; links lead nowhere', async () => {
    await using directory = await temporaryDirectory();
    const [folder, openApi] = [join(directory.path, 'site'), join(directory.path, 'openapi.yaml')];
    await mkdir(join(folder, 'assets'), { recursive: true });
    await writeFile(join(folder, 'index.html'), 'page');
    await writeFile(join(folder, 'assets', 'main.js'), 'code');
    await writeFile(openApi, 'openapi: 3.1.0');
    await symlink(openApi, join(folder, 'link.yaml'));
    await symlink(directory.path, join(folder, 'out'));
    const site = await readSite(folder, openApi);
    const read = (path: string) => site.find(path)?.bytes.toString();
    assert.deepEqual(['/', '/assets/main.js', '/openapi.yaml'].map(read), ['page', 'code', 'openapi: 3.1.0']);
    assert.deepEqual(['/link.yaml', '/out/openapi.yaml', '/assets'].map(read), [
      undefined,
      undefined,
      undefined,
    ]);
    const none = await readSite(join(directory.path, 'none'), join(directory.path, 'none.yaml'));
    assert.deepEqual(
      ['/', '/openapi.yaml'].map((path) => none.find(path)),
      [undefined, undefined],
    );
  });
});

describe('the files of the gate together', () => {
  for (const [what, bytes, isServed] of [
    ['of 64 MiB are all served', 64 * 2 ** 20, true],
    ['do not fill the memory where something larger lies in their folder', 64 * 2 ** 20 + 1, false],
  ] as const) {
    test(what, async () => {
      await using directory = await temporaryDirectory();
      const file = join(directory.path, 'large.js');
      await writeFile(file, '');
      await truncate(file, bytes);
      const site = await readSite(directory.path, join(directory.path, 'none.yaml'));
      assert.equal(site.find('/large.js') !== undefined, isServed);
    });
  }
});

describe('an answer of the gate', () => {
  test('leaves behind what concerns only the connection to the core, or names a program', () => {
    const connectionOnly = [
      ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-connection', 'te', 'trailer'],
      ...['transfer-encoding', 'upgrade', 'server', 'x-powered-by', 'date', 'alt-svc', 'x-rollcall-any'],
    ];
    const fromCore = Object.fromEntries([...connectionOnly, 'allow', 'etag'].map((name) => [name, 'x']));
    const kept = Object.keys(headersForCaller({ ...fromCore, 'set-cookie': ['a=1', 'b=2'] }));
    assert.deepEqual(kept.filter((name) => !(name in securityHeaders('data'))).sort(), [
      'allow',
      'cache-control',
      'etag',
      'set-cookie',
    ]);
    assert.equal(headersForCaller({ 'cache-control': 'no-transform' })['cache-control'], 'no-transform');
    assert.equal(
      'etag' in headersForCaller({ etag: undefined }),
      false,
      'a header that the core did not send',
    );
  });

  test('has the headers that protect a browser, whatever the core sends', () => {
    const forged = Object.fromEntries(Object.keys(securityHeaders('page')).map((name) => [name, 'forged']));
    const data = headersForCaller({ ...forged, 'content-type': 'application/json' });
    for (const [name, value] of Object.entries({
      ...{ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer' },
      ...{ 'cross-origin-opener-policy': 'same-origin', 'cross-origin-resource-policy': 'same-origin' },
      ...{ 'strict-transport-security': 'max-age=31536000' },
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
      'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    })) {
      assert.equal(data[name], value, name);
    }
    const page = headersForCaller({ 'content-type': 'text/html; charset=utf-8' });
    assert.match(String(page['permissions-policy']), /^camera=\(self\), /);
    assert.match(String(page['content-security-policy']), /script-src 'self'/);
  });

  test('is for pages of a listed origin only, and names that origin', () => {
    const origin = 'https://console.example';
    assert.deepEqual(crossOriginHeaders('none', origin), {});
    assert.deepEqual(crossOriginHeaders('same', origin), {});
    assert.deepEqual(crossOriginHeaders('listed', undefined), {});
    const headers = crossOriginHeaders('listed', origin);
    assert.equal(headers['access-control-allow-origin'], origin);
    assert.equal(headers['vary'], 'origin, accept-language', 'nothing between keeps it for another page');
    assert.equal(headers['cross-origin-resource-policy'], 'cross-origin');
    assert.match(String(headers['access-control-expose-headers']), /(^|, )retry-after,.*(^|, )x-request-id$/);
  });

  test('that is compressed has no length, and says what it depends on beside what it said', () => {
    const headers = { 'content-length': '5000', etag: '"1"', vary: 'origin' };
    assert.deepEqual(encodedHeaders(headers, 'gzip'), {
      ...{ etag: '"1"', 'content-encoding': 'gzip', vary: 'origin, accept-encoding' },
    });
    assert.equal(encodedHeaders({}, 'br')['vary'], 'accept-encoding');
  });

  test('protects the browser, is kept by nobody between, and hides the core', () => {
    const headers = headersForCaller({
      'content-type': 'application/json',
      server: 'x',
      'x-rollcall-a': '1',
      etag: '"1"',
    });
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['etag'], '"1"');
    assert.equal('server' in headers || 'x-rollcall-a' in headers, false);
  });

  test('allows a page no code or style that stands in the page, and no frame around it', () => {
    const policy = String(securityHeaders('page')['content-security-policy']);
    assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval|\*/);
    assert.deepEqual(policy.split('; '), [
      ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "font-src 'self'"],
      ...["connect-src 'self'", "img-src 'self' data: blob:", "media-src 'self' blob:"],
      ...["worker-src 'self'", "manifest-src 'self'", "form-action 'self'", "base-uri 'none'"],
      "frame-ancestors 'none'",
    ]);
  });

  test('is compressed only where it is large, read, and holds no secret', () => {
    const asked = { method: 'GET', path: '/api/v1/events', accept: 'gzip, br' };
    const headers = { 'content-type': 'application/json', 'content-length': '5000' };
    const encode = (request: object, changed: object = {}, status = 200) =>
      encodingFor({ ...asked, ...request }, { status, headers: { ...headers, ...changed } });
    assert.equal(encode({}), 'br');
    assert.equal(encode({ accept: 'gzip;q=1, br;q=0' }), 'gzip');
    assert.equal(encode({ accept: undefined }), undefined);
    assert.equal(encode({ method: 'POST', path: '/api/v1/auth/login' }), undefined);
    assert.equal(encode({ method: 'POST' }), undefined);
    assert.equal(encode({ path: '/api/v1/auth/me' }), undefined);
    assert.equal(encode({}, { 'content-length': '1023' }), undefined);
    assert.equal(encode({}, { 'content-length': '1024' }), 'br');
    assert.equal(encode({}, { 'content-length': undefined }), 'br', 'it may be large');
    assert.equal(encode({}, { 'cache-control': 'no-transform' }), undefined);
    assert.equal(encode({}, { 'content-encoding': 'gzip' }), undefined);
    assert.equal(encode({ accept: 'br;q=0, gzip;q=0' }), undefined);
    assert.equal(encode({}, { 'content-type': 'image/jpeg' }), undefined);
    assert.equal(encode({}, { 'content-type': 'text/event-stream' }), undefined);
    assert.equal(encode({}, { 'set-cookie': ['s=1'] }), undefined);
    assert.equal(encode({}, {}, 206), undefined);
  });

  test('has the encoding of a header in any case, and no part of an endless one is read', () => {
    assert.equal(acceptedEncoding('deflate, GZIP ;q=0.5'), 'gzip');
    assert.equal(acceptedEncoding('gzip; level=1; Q=0'), undefined);
    const others = (count: number): string => 'x,'.repeat(count);
    assert.deepEqual(
      [acceptedEncoding(`${others(19)}br`), acceptedEncoding(`${others(20)}br`)],
      ['br', undefined],
    );
  });

  test('has an encoding that the caller named', () => {
    fc.assert(
      fc.property(fc.string(), (accept) => {
        const encoding = acceptedEncoding(accept);
        assert.ok(encoding === undefined || accept.toLowerCase().includes(encoding));
      }),
    );
  });
});

describe('the site', () => {
  test('has nothing but its files', () => {
    const files = { '/docs/index.html': 'docs', '/index.html': 'console' };
    const site = new Site(new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])));
    const page = site.find('/docs');
    assert.equal(page?.encoded('br'), page?.encoded('br'), 'it is compressed once');
    assert.equal(site.find('/docs')?.bytes.toString(), 'docs');
    assert.equal(site.find('/docs/')?.bytes.toString(), 'docs');
    assert.equal(site.find('/')?.bytes.toString(), 'console');
    for (const path of ['/docs/x', '/constructor', '/__proto__', '/etc/passwd']) {
      assert.equal(site.find(path), undefined);
      assert.equal(site.find(path, 'text/html')?.bytes.toString(), 'console', 'a page of the console');
    }
    assert.equal(site.find('/assets/absent.js', 'text/html'), undefined);
  });
});

describe('a file of the site', () => {
  test('has the type that its name says, and one that no browser runs where it says none', () => {
    const types = {
      ...{ '/a.css': 'text/css; charset=utf-8', '/a.html': 'text/html; charset=utf-8' },
      ...{ '/a.js': 'text/javascript; charset=utf-8', '/a.json': 'application/json; charset=utf-8' },
      ...{ '/a.txt': 'text/plain; charset=utf-8', '/a.yaml': 'application/yaml; charset=utf-8' },
      ...{
        '/a.svg': 'image/svg+xml',
        '/a.png': 'image/png',
        '/a.jpg': 'image/jpeg',
        '/a.ico': 'image/x-icon',
      },
      ...{ '/a.woff2': 'font/woff2', '/a.webmanifest': 'application/manifest+json' },
      ...{ '/a.exe': 'application/octet-stream', '/a': 'application/octet-stream' },
    };
    const site = new Site(new Map(Object.keys(types).map((path) => [path, Buffer.from(path)])));
    for (const [path, type] of Object.entries(types)) assert.equal(site.find(path)?.mediaType, type, path);
    const etags = new Set(Object.keys(types).map((path) => site.find(path)?.etag));
    assert.equal(etags.size, Object.keys(types).length, 'the tag changes with the content');
  });
});

describe('callers of an IPv6 network', () => {
  test('count as one, as the network belongs to one owner', () => {
    assert.equal(networkOf('2001:db8:1:2:aaaa::1'), networkOf('2001:0db8:1:2::9'));
    assert.equal(networkOf('2001:db8::1'), '2001:db8:0:0::/64');
    assert.notEqual(networkOf('2001:db8:1:3::1'), networkOf('2001:db8:1:2::1'));
    assert.equal(networkOf('192.0.2.7'), '192.0.2.7');
  });
});

describe('the log of the gate', () => {
  test('leaves lines out under a flood, and says how many', () => {
    const clock = new VirtualClock();
    const lines: { readonly text: string; readonly fields: object | undefined }[] = [];
    const write = (text: string, fields?: object): void => void lines.push({ text, fields });
    const log = new AccessLog(clock, { ...silentLogger, info: write, warn: write });
    const entry = {
      ...{ requestId: 'r', method: 'GET', path: `/${'x'.repeat(300)}`, status: 200, bytes: 1, ms: 1.6 },
      ...{ address: '192.0.2.7', protocol: '2.0' },
    };
    for (let count = 0; count < 510; count += 1) log.write(entry);
    assert.equal(lines.length, 500);
    assert.deepEqual(lines[0]?.fields, { ...entry, path: entry.path.slice(0, 200), ms: 2 });
    clock.advanceBy(10);
    log.write({ ...entry, note: 'caller-gone' });
    assert.deepEqual(lines[500]?.fields, { omitted: 10 });
    assert.match(JSON.stringify(lines[501]), /"note":"caller-gone"/);
    clock.advanceBy(10);
    log.write(entry);
    assert.equal(lines.length, 503, 'it says so once');
    log.write(entry);
    clock.advanceBy(10);
    log.write(entry);
    assert.deepEqual(lines[503]?.fields, { omitted: 1 });
    const before = lines.length;
    clock.advanceBy(80);
    for (let count = 0; count < 20; count += 1) log.write(entry);
    assert.equal(lines.length - before, 8, 'one each 10 ms');
  });
});
