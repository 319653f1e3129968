import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { Hono } from 'hono';
import { ControlClient } from '../../daemon/control/client.js';
import type { EventControl } from '../../daemon/control/event-control.js';
import { addEventRoutes } from '../../daemon/control/event-routes.js';
import { temporaryFolder } from '../support/published-box.js';

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

test('the client tells what was passed over from events', { timeout: 20_000 }, async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'socket');
  const server = createServer((_request, response) =>
    response.end('\n{"id":"1"}\n{"passedOver":3}\n{"id":"5"}\n'),
  ).listen(path);
  await once(server, 'listening');
  const abort = new AbortController();
  const heard: unknown[] = [];
  const stream = new ControlClient(path).events(
    abort.signal,
    () => heard.push('subscribed'),
    (count) => heard.push(count),
  );
  for await (const event of stream) {
    heard.push(event);
    if (heard.length === 4) break;
  }
  assert.deepEqual(heard, ['subscribed', { id: '1' }, 3, { id: '5' }]);
  server.close();
});
