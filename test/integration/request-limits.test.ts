import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { describe, test } from 'node:test';
import { z } from 'zod';
import type { Caller } from '../../daemon/contract/caller.js';
import { type OperationDeclaration, operation, type RateClass } from '../../daemon/contract/operation.js';
import { localBounds } from '../../daemon/core/api/admission.js';
import { openCountsFile } from '../../daemon/core/api/counts-file.js';
import { mostKeys, type RateFigures, RateLimits } from '../../daemon/core/api/rate-limits.js';
import { InFlight } from '../../daemon/core/api/requests-in-flight.js';
import { networkOf } from '../../daemon/host/network-of.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { networkCaller, startOperationsServer } from '../support/operations-server.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const figures: RateFigures = {
  ...{ default: 6, login: 2, enrolment: 2, guidance: 3, recognition: 3, detection: 3 },
  ...{ pictures: 6, days: 6, heavy: 2, stream: 5, addresses: 2 },
};

function limits(path?: string, own: RateFigures = figures): RateLimits {
  const file = path === undefined ? undefined : openCountsFile(path, silentLogger);
  return new RateLimits({ figures: () => own, file, clock: systemClock, logger: silentLogger });
}

function declared(rate: RateClass, more: Partial<OperationDeclaration> = {}): OperationDeclaration {
  return operation({
    ...{ method: 'POST', path: `/${rate}`, summary: 'Do it.', errors: [], scope: 'self', rate },
    answer: { kind: 'json', schema: z.strictObject({}) },
    ...more,
  });
}

const operations = {
  'a.usual': declared('default'),
  'a.login': declared('login', { scope: 'public' }),
  'a.enrol': declared('enrolment'),
};
const handlers = { 'a.usual': () => ({}), 'a.login': () => ({}), 'a.enrol': () => ({}) };

describe('rates', () => {
  test('are counted for each account and class, and told in the answers', async () => {
    await using rates = limits();
    await using server = await startOperationsServer({ operations, handlers, rates });
    const first = await server.ask('POST', '/enrolment', { as: 'anna' });
    assert.deepEqual(
      [first.status, first.headers['ratelimit-limit'], first.headers['ratelimit-remaining']],
      [200, '2', '1'],
    );
    assert.equal(first.headers['x-ratelimit-remaining'], '1');
    assert.match(String(first.headers['ratelimit-reset']), /^\d+$/);
    await server.ask('POST', '/enrolment', { as: 'anna' });
    const third = await server.ask('POST', '/enrolment', { as: 'anna' });
    assert.deepEqual([third.status, third.code], [429, 'rate-limited']);
    assert.equal(third.headers['ratelimit-remaining'], '0');
    assert.ok(Number(third.headers['retry-after']) >= 1 && Number(third.headers['retry-after']) <= 60);
    assert.equal((await server.ask('POST', '/default', { as: 'anna' })).status, 200, 'another class');
    assert.equal((await server.ask('POST', '/enrolment', { as: 'ben' })).status, 200, 'another account');
  });

  test('are told in answers with an error, too', async () => {
    await using rates = limits();
    const bounds = { ...localBounds, ofClass: { enrolment: 0 } };
    await using server = await startOperationsServer({ operations, handlers, rates, bounds });
    const answers = [
      await server.ask('POST', '/default', { as: 'anna', body: 'a body' }),
      await server.ask('POST', '/default'),
      await server.ask('POST', '/enrolment', { as: 'anna' }),
    ];
    assert.deepEqual(
      answers.map(({ status, headers }) => [status, headers['ratelimit-remaining']]),
      [
        [400, '5'],
        [401, '5'],
        [503, '1'],
      ],
    );
  });

  test('are counted by address where no account is known, and for logins that are not valid', async () => {
    await using rates = limits();
    await using server = await startOperationsServer({ operations, handlers, rates });
    const statuses: number[] = [];
    for (let index = 0; index < 3; index += 1) statuses.push((await server.ask('POST', '/login')).status);
    assert.deepEqual(statuses, [200, 200, 429]);
    const refused: number[] = [];
    for (let index = 0; index < 7; index += 1) refused.push((await server.ask('POST', '/default')).status);
    assert.deepEqual(refused, [401, 401, 401, 401, 401, 401, 429]);
    assert.equal((await server.ask('POST', '/default', { as: 'anna' })).status, 200, 'a colleague behind it');
  });

  test('count requests of an account without rights, and hitting a limit is noted for the audit log', async () => {
    await using rates = limits();
    const noted: string[] = [];
    await using server = await startOperationsServer({
      operations: {
        'a.guarded': declared('default', { scope: 'users:write' }),
        'a.enrol': declared('enrolment'),
      },
      handlers: { 'a.guarded': () => ({}), 'a.enrol': () => ({}) },
      rates,
      callerOf: (name) => ({ ...networkCaller(name), scopes: new Set(['events:read']) }),
      onRefused: (id, { actor }, { code }) => noted.push(`${id} ${actor} ${code}`),
    });
    const codes: unknown[] = [];
    for (let index = 0; index < 7; index += 1) {
      codes.push((await server.ask('POST', '/default', { as: 'ben' })).code);
    }
    assert.deepEqual(codes, [...Array<string>(6).fill('forbidden'), 'rate-limited']);
    noted.length = 0;
    for (let index = 0; index < 3; index += 1) await server.ask('POST', '/enrolment', { as: 'ben' });
    assert.deepEqual(noted, ['a.enrol user:ben rate-limited']);
  });

  test('bound all accounts of an address together', async () => {
    await using rates = limits();
    let refusals = 0;
    for (let index = 0; index < 11; index += 1) {
      await rates.count('enrolment', networkCaller(`n${index}`)).catch(() => (refusals += 1));
    }
    assert.equal(refusals, 1, 'the eleventh: five times two');
  });

  test('do not apply to callers on the box', async () => {
    await using rates = limits();
    const callerOf = (name: string) => ({ ...networkCaller(name), isLimited: false });
    await using server = await startOperationsServer({ operations, handlers, rates, callerOf });
    for (let index = 0; index < 5; index += 1) {
      assert.equal((await server.ask('POST', '/enrolment', { as: 'root' })).status, 200);
    }
  });

  test('survive a restart, and a damaged file does not stop the box', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'limits.db');
    {
      await using rates = limits(path);
      await rates.count('enrolment', networkCaller('anna'));
      await rates.count('enrolment', networkCaller('anna'));
    }
    {
      await using rates = limits(path);
      await assert.rejects(rates.count('enrolment', networkCaller('anna')), { code: 'rate-limited' });
    }
    writeFileSync(path, Buffer.alloc(8192, 7));
    await using rates = limits(path);
    await rates.count('enrolment', networkCaller('anna'));
  });

  test('are not read from the log of a damaged file', async () => {
    await using directory = await temporaryDirectory();
    const [path, copy] = [join(directory.path, 'limits.db'), join(directory.path, 'copy.db')];
    const count = { counter: 'login', key: 'anna', points: 2, expiresAtMs: 10 };
    const file = openCountsFile(path, silentLogger);
    await file?.save([count], 0);
    file?.close();
    const again = openCountsFile(path, silentLogger);
    assert.deepEqual(again?.load(9), [count]);
    assert.deepEqual(again?.load(10), [], 'its window has ended');
    await again?.save([{ ...count, key: 'bea' }], 0);
    copyFileSync(`${path}-wal`, `${copy}-wal`);
    again?.close();
    writeFileSync(copy, Buffer.alloc(8192, 7));
    assert.deepEqual(openCountsFile(copy, silentLogger)?.load(0), []);
  });

  test('take bounded memory and disk, and never hold the event loop, under many more addresses than it counts', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'limits.db');
    await using rates = limits(path);
    const delay = monitorEventLoopDelay({ resolution: 5 });
    const before = process.memoryUsage().heapUsed;
    delay.enable();
    for (let index = 0; index < 6 * mostKeys; index += 1) {
      const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
      await rates.count('login', { ...networkCaller('x'), userId: undefined, scopes: new Set(), address });
      if (index % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (index % mostKeys === 0) await rates.save();
    }
    await rates.save();
    delay.disable();
    const grownMiB = (process.memoryUsage().heapUsed - before) / 1024 / 1024;
    const diskMiB = (statSync(path).size + statSync(`${path}-wal`).size) / 1024 / 1024;
    console.log(
      `${6 * mostKeys} addresses: heap +${grownMiB.toFixed(1)} MiB, disk ${diskMiB.toFixed(1)} MiB, longest hold of the loop ${(delay.max / 1e6).toFixed(0)} ms`,
    );
    assert.ok(grownMiB < 150, `${grownMiB} MiB`);
    assert.ok(diskMiB < 30, `${diskMiB} MiB`);
    const rows = openCountsFile(path, silentLogger)?.load(0).length ?? 0;
    assert.ok(rows > 0 && rows <= 7 * mostKeys, `${rows} rows`);
  });

  test('count an IPv6 network as one caller', () => {
    assert.equal(networkOf('192.0.2.7'), '192.0.2.7');
    assert.equal(networkOf('::ffff:192.0.2.7'), '192.0.2.7');
    assert.equal(networkOf('2001:db8:0:1::7'), '2001:db8:0:1::/64');
    assert.equal(networkOf('2001:0DB8:0000:0001:ffff:1:2:3'), '2001:db8:0:1::/64');
    for (const zone of ['eth0', 'eth0.100', 'br-lan', 'wlan_1', '7', ''])
      assert.equal(networkOf(`fe80::1%${zone}`), 'fe80:0:0:0::/64', zone);
    assert.equal(networkOf('no address%eth0'), 'no address%eth0');
    assert.equal(networkOf('::1'), '0:0:0:0::/64');
    assert.equal(networkOf('64:ff9b::192.0.2.7'), '64:ff9b:0:0::/64');
  });
});

describe('what is in work', () => {
  const bounds = {
    ...localBounds,
    ...{ requests: 4, requestsOfCaller: 3, bodyBytes: 3000, streamsOfCaller: 2, ofClass: { enrolment: 1 } },
  };
  const waiting = {
    'a.usual': declared('default'),
    'a.enrol': declared('enrolment'),
    'a.body': declared('recognition', {
      input: z.strictObject({ note: z.string().max(2000).optional() }),
      documentBytes: 2000,
    }),
    'a.stream': declared('stream', {
      ...{ method: 'GET', path: '/stream/{camera}', camera: 'camera' },
      input: z.strictObject({ camera: z.string().max(10) }),
      answer: { kind: 'lines', item: z.strictObject({}) },
    }),
  };

  /** Serves operations whose handlers wait until the test ends them. */
  async function startWaiting() {
    const ended: string[] = [];
    let release = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      release = resolve;
    });
    let entered = 0;
    const changes = new EventTarget();
    const wait = async (_: unknown, call: { readonly signal: AbortSignal }) => {
      entered += 1;
      changes.dispatchEvent(new Event('change'));
      call.signal.addEventListener('abort', () => {
        ended.push('aborted');
        changes.dispatchEvent(new Event('change'));
      });
      await Promise.race([opened, once(call.signal, 'abort')]);
      return {};
    };
    const stream = async function* (_: unknown, call: { readonly signal: AbortSignal }) {
      await wait(_, call);
      yield {};
    };
    const server = await startOperationsServer({
      operations: waiting,
      handlers: { 'a.usual': wait, 'a.enrol': wait, 'a.body': wait, 'a.stream': stream },
      bounds,
    });
    const until = async (holds: () => boolean): Promise<void> => {
      while (!holds()) await once(changes, 'change');
    };
    return { server, ended, release, entered: (count: number) => until(() => entered >= count), until };
  }

  test('is bounded in all, for each caller and for each class; what has ended makes room', async () => {
    const { server, release, entered } = await startWaiting();
    await using _ = server;
    const first = ['a', 'b', 'c'].map(() => server.ask('POST', '/default', { as: 'anna' }));
    await entered(3);
    const fourth = await server.ask('POST', '/default', { as: 'anna' });
    assert.deepEqual([fourth.status, fourth.code, fourth.headers['retry-after']], [503, 'busy', '2']);
    const ben = server.ask('POST', '/enrolment', { as: 'ben' });
    await entered(4);
    assert.match((await server.ask('POST', '/default', { as: 'cleo' })).body, /works on too many requests/);
    release();
    for (const { status } of await Promise.all([...first, ben])) assert.equal(status, 200);
    assert.equal((await server.ask('POST', '/default', { as: 'anna' })).status, 200);
  });

  test('is counted for each API key, and by the network of an address without a login', () => {
    const inFlight = new InFlight(() => ({ ...localBounds, requestsOfCaller: 1 }));
    const enter = (actor: string, address: string) =>
      inFlight.enter({
        declaration: declared('default'),
        caller: { ...networkCaller('x'), userId: undefined, actor, address },
        ...{ bodyBytes: 0, path: {} },
      });
    enter('api-key:one', '192.0.2.1');
    enter('api-key:two', '192.0.2.1');
    assert.throws(() => enter('api-key:one', '192.0.2.2'), /too many requests in work/);
    enter('anonymous', '2001:db8::1');
    assert.throws(() => enter('anonymous', '2001:db8::2'), /too many requests in work/);
    enter('anonymous', '2001:db8:0:1::1');
  });

  test('of one class has places for callers with a login that others cannot take', () => {
    const inFlight = new InFlight(() => ({ ...localBounds, ofClass: { guidance: 1 } }));
    const enter = (caller: Partial<Caller>) =>
      inFlight.enter({
        declaration: declared('guidance'),
        caller: { ...networkCaller('x'), ...caller },
        ...{ bodyBytes: 0, path: {} },
      });
    enter({ actor: 'anonymous', address: '192.0.2.1' });
    assert.throws(() => enter({ actor: 'anonymous', address: '192.0.2.2' }), /too much work of this kind/);
    enter({ actor: 'user:anna' });
    assert.throws(() => enter({ actor: 'user:ben' }), /too much work of this kind/);
  });

  test('is bounded by the memory of bodies before they are read', async () => {
    const { server, release, entered } = await startWaiting();
    await using _ = server;
    const body = JSON.stringify({ note: 'x'.repeat(1900) });
    const headers = { 'content-type': 'application/json' };
    const first = server.ask('POST', '/recognition', { as: 'anna', headers, body });
    await entered(1);
    const second = await server.ask('POST', '/recognition', { as: 'ben', headers, body });
    assert.match(second.body, /"code":"busy".*hold too much memory/);
    // Without a length, the limit of the operation counts.
    const chunked = request({
      host: '127.0.0.1',
      port: server.port,
      method: 'POST',
      path: '/api/v1/recognition',
      headers: { ...headers, authorization: 'cleo' },
    });
    chunked.on('error', () => undefined);
    chunked.write('{');
    const [{ statusCode }] = await once(chunked, 'response');
    assert.equal(statusCode, 503);
    chunked.destroy();
    release();
    assert.equal((await first).status, 200);
  });

  test('has one stream of a camera for a caller, and ends with the connection', async () => {
    const { server, ended, entered, until } = await startWaiting();
    await using _ = server;
    const open = (camera: string) => {
      const asking = request({
        host: '127.0.0.1',
        port: server.port,
        path: `/api/v1/stream/${camera}`,
        headers: { authorization: 'anna' },
      });
      asking.on('error', () => undefined).end();
      return asking;
    };
    const first = open('door');
    await entered(1);
    assert.match((await server.ask('GET', '/stream/door', { as: 'anna' })).body, /read this stream already/);
    open('gate');
    await entered(2);
    assert.match((await server.ask('GET', '/stream/yard', { as: 'anna' })).body, /too many streams/);
    first.destroy();
    await until(() => ended.length === 1);
    // The place is free again when the connection has gone.
    open('door');
    await entered(3);
  });
});
