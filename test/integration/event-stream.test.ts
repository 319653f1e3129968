import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { Hono } from 'hono';
import { followEvents } from '../../daemon/cli/events/events-tail.js';
import { ControlClient } from '../../daemon/control/client.js';
import type { EventControl } from '../../daemon/control/event-control.js';
import { addEventRoutes } from '../../daemon/control/event-routes.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { withEventApi } from '../support/event-api.js';
import { assortedFacts } from '../support/facts.js';
import { temporaryFolder } from '../support/published-box.js';
import { until } from '../support/until.js';

test('a reader of the stream that is too slow is told how many events it misses', {
  timeout: 20_000,
}, async () => {
  let record: (event: { readonly id: string }) => void = () => undefined;
  const events: Pick<EventControl, 'onEvent'> = {
    onEvent: (listener) => {
      record = listener as typeof record;
      return () => undefined;
    },
  };
  const app = new Hono();
  addEventRoutes(app, events as EventControl, () => ({ actor: 'uid:0', origin: 'test' }));
  const response = await app.request('/v1/events/stream');
  const reader = response.body?.getReader();
  assert.ok(reader);
  const decoder = new TextDecoder();
  let text = decoder.decode((await reader.read()).value);
  assert.equal(text, '\n', 'it is subscribed');
  for (let count = 1; count <= 1500; count += 1) record({ id: String(count) });
  while (!text.includes('"1500"')) text += decoder.decode((await reader.read()).value);
  await reader.cancel();
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { readonly id?: string; readonly passedOver?: number });
  const passedOver = lines.reduce((sum, line) => sum + (line.passedOver ?? 0), 0);
  const shown = lines.filter(({ id }) => id !== undefined);
  assert.ok(passedOver > 0);
  assert.equal(shown.length + passedOver, 1500);
});

test('the client yields events only, not how many were passed over', { timeout: 20_000 }, async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'socket');
  const server = createServer((_request, response) =>
    response.end('\n{"id":"1"}\n{"passedOver":3}\n{"id":"5"}\n'),
  ).listen(path);
  await once(server, 'listening');
  const abort = new AbortController();
  const heard: unknown[] = [];
  const stream = new ControlClient(path).events(abort.signal, () => heard.push('subscribed'));
  for await (const event of stream) {
    heard.push(event);
    if (heard.length === 3) break;
  }
  assert.deepEqual(heard, ['subscribed', { id: '1' }, { id: '5' }]);
  server.close();
});

test('events are followed over restarts of the daemon: each is shown once and in order', {
  timeout: 60_000,
}, async () => {
  await withEventApi(async ({ records, socketPath, close, listen }) => {
    const record = (count: number): void => {
      for (const fact of assortedFacts(count)) records.record(fact);
    };
    record(3);
    const abort = new AbortController();
    const shown: number[] = [];
    const said: string[] = [];
    const following = followEvents(new ControlClient(socketPath), {
      last: 2,
      signal: abort.signal,
      clock: { ...systemClock, after: (_delayMs, callback) => systemClock.after(1, callback) },
      show: (event) => shown.push(Number((event as { readonly sequence: string }).sequence)),
      say: (text) => said.push(text),
    });
    await until('the recorded events', () => shown.length === 2);
    record(1);
    await until('a new event', () => shown.length === 3);
    for (let restart = 1; restart <= 2; restart += 1) {
      await close();
      record(2);
      await until('word of the daemon that is away', () => said.length === 2 * restart - 1);
      await listen();
      record(1);
      await until('what was missed', () => shown.length === 3 + 3 * restart);
    }
    abort.abort();
    await following;
    assert.deepEqual(shown, [2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert.deepEqual(said, [
      'rollcalld does not answer; waiting until it does',
      'rollcalld answers again',
      'rollcalld does not answer; waiting until it does',
      'rollcalld answers again',
    ]);
  });
});

test('a stream that is refused is an error, not an event', { timeout: 20_000 }, async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'socket');
  const server = createServer((_request, response) => {
    response.writeHead(503);
    response.end('{"error":{"code":"not-now","message":"The records are closed"}}');
  }).listen(path);
  await once(server, 'listening');
  const stream = new ControlClient(path).events(new AbortController().signal);
  await assert.rejects(stream.next(), { code: 'not-now', message: 'The records are closed' });
  server.close();
});

test('what a slow reader is not told of is read from the records', { timeout: 20_000 }, async () => {
  const abort = new AbortController();
  const shown: string[] = [];
  const at = (sequence: number) => ({ sequence: String(sequence).padStart(16, '0') });
  await followEvents(
    {
      recentEvents: () => Promise.resolve([at(1)]),
      async *events(_signal, onSubscribed) {
        onSubscribed?.();
        yield at(2);
        yield at(7);
        abort.abort();
      },
      json: <T>(_method: string, path: string): Promise<T> => {
        const range = /from=(\d+)&to=(\d+)/.exec(path);
        const [from, to] = [Number(range?.[1]), Number(range?.[2])];
        const found = range === null ? { newestSequence: 2 } : [2, 3, 4, 6, 7].map(at);
        const inRange = Array.isArray(found)
          ? found.filter(({ sequence }) => Number(sequence) >= from && Number(sequence) <= to)
          : found;
        return Promise.resolve(inRange as T);
      },
    },
    {
      last: 1,
      signal: abort.signal,
      clock: systemClock,
      show: (event) => shown.push((event as { readonly sequence: string }).sequence),
      say: () => assert.fail('nothing to say'),
    },
  );
  assert.deepEqual(shown.map(Number), [1, 2, 3, 4, 6, 7]);
});
