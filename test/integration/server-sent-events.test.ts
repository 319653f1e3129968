import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request } from 'node:https';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { getRequestListener } from '@hono/node-server';
import { authOperations } from '../../daemon/contract/auth.js';
import { eventOperations } from '../../daemon/contract/events.js';
import { gateCallers } from '../../daemon/core/accounts/gate-callers.js';
import { createAdmission, localBounds } from '../../daemon/core/api/admission.js';
import { serveOperations } from '../../daemon/core/api/serve.js';
import { eventHandlers } from '../../daemon/core/events/recorded-events.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { goodPassword, openAccountsFixture } from '../support/accounts-fixture.js';
import { type EventApi, withEventApi } from '../support/event-api.js';
import { assortedFacts } from '../support/facts.js';
import { openTestGate, type TestGate } from '../support/gate.js';
import { withoutOpenssl } from '../support/test-certificate.js';
import { until } from '../support/until.js';

const path = '/api/v1/events/stream';

/** What a browser makes of a stream: events with their names, and comments. */
interface Heard {
  readonly events: { readonly id?: string; readonly event?: string; readonly data?: string }[];
  comments: number;
  isOver: boolean;
}

function hear(stream: Readable): Heard {
  const heard: Heard = { events: [], comments: 0, isOver: false };
  let rest = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const lines = block.split('\n').map((line) => line.split(/: ?(.*)/s));
      if (lines.some(([name]) => name === '')) heard.comments += 1;
      else heard.events.push(Object.fromEntries(lines));
    }
  });
  stream
    .on('error', () => undefined)
    .once('close', () => {
      heard.isOver = true;
    });
  return heard;
}

const named = ({ events }: Heard): readonly string[] => events.map(({ id, event }) => `${event} ${id}`);

/** The operations on events and logins behind a real gate, with a browser that is logged in. */
async function withBrowser(
  work: (parts: {
    api: EventApi;
    gate: TestGate;
    headers: Record<string, string>;
    logout(): Promise<number>;
  }) => Promise<void>,
): Promise<void> {
  await using accounts = await openAccountsFixture();
  await accounts.claim('anna');
  await withEventApi(async (api) => {
    const app = serveOperations({
      operations: { ...eventOperations, ...authOperations },
      handlers: { ...eventHandlers(api.events), ...accounts.accounts.handlers },
      ...gateCallers({ authenticate: (given) => accounts.accounts.authenticate(given) }),
      ...{ isLocal: false, nowMs: () => accounts.clock.wallMs(), logger: silentLogger, rightsEveryMs: 20 },
      admission: createAdmission(() => localBounds, undefined),
    });
    await using gate = await openTestGate({ core: getRequestListener(app.fetch) });
    const origin = `https://localhost:${gate.port}`;
    const post = (to: string, headers: Record<string, string>, body?: object) =>
      gate.ask({
        ...{ method: 'POST', path: `/api/v1${to}`, headers: { origin, ...headers } },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const login = await post(
      '/auth/login',
      { 'content-type': 'application/json' },
      { userName: 'anna', password: goodPassword, kind: 'session' },
    );
    const cookie = login.headers['set-cookie']?.[0]?.split(';', 1)[0] ?? '';
    const headers = { cookie, accept: 'text/event-stream', 'accept-encoding': 'gzip, br' };
    await work({
      ...{ api, gate, headers },
      logout: async () => (await post('/auth/logout', { cookie })).status,
    });
  });
}

async function get(gate: TestGate, headers: Record<string, string>, query = ''): Promise<IncomingMessage> {
  const asking = request({
    ...{ host: 'localhost', port: gate.port, ca: gate.certificate, agent: false },
    ...{ path: path + query, headers },
  });
  asking.on('error', () => undefined).end();
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  return response;
}

test('a browser follows events through the gate, and continues after a cut until its session ends', {
  skip: withoutOpenssl,
}, async () => {
  await withBrowser(async ({ api, gate, headers, logout }) => {
    const record = (count: number): void => {
      for (const fact of assortedFacts(count)) api.records.record(fact);
    };
    record(2);
    const response = await get(gate, headers, '?after=0');
    assert.equal(response.headers['content-type'], 'text/event-stream; charset=utf-8');
    assert.equal(response.headers['content-encoding'], undefined);
    const first = hear(response);
    await until('the recorded events', () => first.events.length === 3);
    assert.deepEqual(named(first), ['event 1', 'event 2', 'up-to-date 2']);
    assert.match(first.events[0]?.data ?? '', /^\{"kind":"event","event":\{"specversion":"1\.0",.*\}$/);
    const before = first.comments;
    await until('signs of life', () => first.comments > before + 1);
    record(1);
    await until('a new event', () => named(first).at(-1) === 'event 3');
    response.destroy();
    await until('the end of the subscription', () => api.listenerCount() === 0);

    record(2);
    const session = connectHttp2(`https://localhost:${gate.port}`, { ca: gate.certificate });
    const resumed = { ...headers, 'last-event-id': first.events.at(-1)?.id ?? '' };
    const stream = session.request({ ':path': `${path}?after=0`, ...resumed });
    const second = hear(stream);
    await until('the missed events', () => second.events.length === 3);
    assert.deepEqual(named(second), ['event 4', 'event 5', 'up-to-date 5']);
    assert.equal(await logout(), 200);
    await until('the end of the stream', () => second.isOver);
    session.close();
    const { event, data = '' } = second.events.at(-1) ?? {};
    assert.equal(event, 'failed');
    assert.match(data, /"code":"unauthenticated"/);
    assert.equal((await get(gate, headers)).resume().statusCode, 401, 'a browser then gives up');
  });
});

test('the form of the stream follows from what the reader accepts', {
  skip: withoutOpenssl,
}, async () => {
  await withBrowser(async ({ gate, headers }) => {
    const { accept: _, ...plain } = headers;
    const lines = await get(gate, { ...plain, accept: '*/*', 'last-event-id': 'unknown' });
    assert.match(lines.headers['content-type'] ?? '', /^application\/jsonl/);
    lines.destroy();
    const wrong = await get(gate, { ...headers, 'last-event-id': 'unknown' });
    assert.equal(wrong.resume().statusCode, 400);
    const one = await gate.ask({ path: '/api/v1/auth/me', headers });
    assert.equal(one.headers['content-type'], 'application/json', 'only streams have another form');
  });
});
