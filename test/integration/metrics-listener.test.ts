import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { request, type Server } from 'node:http';
import { type AddressInfo, createConnection } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { test } from 'node:test';
import { type MetricsListenerOptions, startMetricsListener } from '../../daemon/core/api/metrics-listener.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { until } from '../support/until.js';

const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

async function startListener(changes: Partial<MetricsListenerOptions> = {}) {
  const state = { nowMs: 0, reads: 0 };
  const read = (what: string) => async () => {
    state.reads += 1;
    return `${what} ${state.reads}\n`;
  };
  const listener = await startMetricsListener({
    port: 0,
    text: { mediaType: 'text/plain; version=0.0.4; charset=utf-8', text: read('text') },
    openMetrics: { mediaType: openMetricsType, text: read('open') },
    clock: { monotonicMs: () => state.nowMs },
    logger: silentLogger,
    ...changes,
  });
  return { listener: listener ?? assert.fail('it listens'), state };
}

/** `headers`: `host` replaces the right one. */
async function ask(port: number, path = '/metrics', method = 'GET', headers: Record<string, string> = {}) {
  return new Promise<{ status: number; type: string; body: string }>((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, method, headers, agent: false });
    outgoing.once('error', reject);
    outgoing.once('response', (answer) => {
      const type = String(answer.headers['content-type']);
      textOf(answer).then((body) => resolve({ status: answer.statusCode ?? 0, type, body }), reject);
    });
    outgoing.end();
  });
}

test('metrics over HTTP on loopback', async (t) => {
  const { listener, state } = await startListener();
  await using _ = listener;
  const { port } = listener;

  await t.test('the format follows from what the agent understands', async () => {
    assert.deepEqual(await ask(port), {
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      body: 'text 1\n',
    });
    const accept = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3';
    const open = await ask(port, '/metrics', 'GET', { accept });
    assert.deepEqual([open.type, open.body], [openMetricsType, 'open 2\n']);
    assert.equal((await ask(port, '/metrics?x=1', 'HEAD')).body, '');
  });

  await t.test('requests within a second get the same answer', async () => {
    const [first, second] = await Promise.all([ask(port), ask(port)]);
    assert.equal(first.body, second.body);
    const { reads } = state;
    state.nowMs += 1_000;
    await ask(port);
    assert.equal(state.reads, reads + 1);
  });

  await t.test('other hosts, paths and methods are refused', async () => {
    const { reads } = state;
    state.nowMs += 5_000;
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', `127.0.0.1:${port + 1}`]) {
      assert.equal((await ask(port, '/metrics', 'GET', { host })).status, 421, host);
    }
    for (const path of ['/', '/metrics/', '/api/v1/status', '/metricsx']) {
      assert.equal((await ask(port, path)).status, 404, path);
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      assert.equal((await ask(port, '/metrics', method)).status, 405, method);
    }
    assert.equal(state.reads, reads, 'a refusal reads nothing');
    assert.equal((await ask(port, '/metrics', 'GET', { host: `LOCALHOST:${port}` })).status, 200);
  });

  await t.test('a request has five seconds, and 8 KiB for its headers', async () => {
    const servers: Server[] = [];
    const onRequest = (message: unknown): void => {
      const { server } = message as { readonly server: Server };
      if ((server.address() as AddressInfo).port === port) servers.push(server);
    };
    subscribe('http.server.request.start', onRequest);
    assert.equal((await ask(port, '/metrics', 'GET', { x: 'x'.repeat(7_900) })).status, 200);
    unsubscribe('http.server.request.start', onRequest);
    assert.equal((await ask(port, '/metrics', 'GET', { x: 'x'.repeat(8_300) })).status, 431);
    const [server] = servers;
    const { headersTimeout, requestTimeout, keepAliveTimeout, timeout, maxConnections } =
      server ?? assert.fail();
    assert.deepEqual(
      [headersTimeout, requestTimeout, keepAliveTimeout, timeout, maxConnections],
      [...[5_000, 5_000, 5_000, 5_000, 16]],
    );
  });

  await t.test('callers who hold connections open keep a bounded number of them', async () => {
    const sockets = Array.from({ length: 40 }, () => createConnection(port, '127.0.0.1'));
    let closed = 0;
    for (const socket of sockets) {
      socket.on('error', () => undefined);
      socket.on('close', () => (closed += 1));
    }
    try {
      await until('the surplus connections to be closed', () => closed >= 24);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    await until('a free place', () =>
      ask(port).then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
  });

  await t.test('callers who never read their answers lose their places', async () => {
    const answer = async () => 'x'.repeat(400_000);
    const { listener: other } = await startListener({
      ...{ text: { mediaType: 'text/plain', text: answer }, longestSilenceMs: 200 },
    });
    await using _ = other;
    const asked = `GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:${other.port}\r\n\r\n`.repeat(60);
    const sockets = Array.from({ length: 16 }, () => {
      const socket = createConnection(other.port, '127.0.0.1').pause();
      socket.on('error', () => undefined);
      socket.write(asked);
      return socket;
    });
    try {
      await until('a free place', () =>
        ask(other.port).then(
          ({ status }) => status === 200,
          () => false,
        ),
      );
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });

  await t.test('a port in use is logged, and the box goes on', async () => {
    const said: unknown[] = [];
    const logger = {
      ...silentLogger,
      error: (message: string, fields?: object) => said.push([message, fields]),
    };
    const options = {
      text: { mediaType: '', text: async () => '' },
      openMetrics: { mediaType: '', text: async () => '' },
    };
    const other = await startMetricsListener({ port, ...options, clock: { monotonicMs: () => 0 }, logger });
    assert.equal(other, undefined);
    assert.match(JSON.stringify(said), /metrics-port.*EADDRINUSE.*Set metrics.port/);
  });
});

test('metrics that cannot be read are an error of the box, and come back', async () => {
  let isBroken = true;
  const text = async () => {
    if (isBroken) throw new Error('no');
    return 'ok\n';
  };
  const { listener, state } = await startListener({ text: { mediaType: 'text/plain', text } });
  await using _ = listener;
  assert.equal((await ask(listener.port)).status, 500);
  isBroken = false;
  state.nowMs += 1_000;
  assert.equal((await ask(listener.port)).body, 'ok\n');
});
