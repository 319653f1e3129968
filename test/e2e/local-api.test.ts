import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { freePort } from '../support/listening.js';
import { expressions, familyOf, metricsIn } from '../support/metric-uses.js';
import { readMetrics } from '../support/open-metrics.js';

test('the local API', { skip: withoutBuild }, async (t) => {
  const metricsPort = await freePort();
  await using box = await makeBox({ config: { metrics: { port: metricsPort } } });
  const socketPath = join(box.directory, 'run', 'control.sock');
  await box.start();
  await t.test('only its owner may open it', () => modes(box, socketPath));
  await t.test('invalid requests are refused with a remedy', () => nonsense(box, socketPath));
  await t.test('a supervisor sees that it lives and works, and reads its metrics', () =>
    health(box, socketPath),
  );
  await t.test('a monitoring agent on the machine reads what the dashboard and the alert rules need', () =>
    scrape(metricsPort),
  );
  await t.test('a second daemon is refused and does no harm', () => secondDaemon(box, socketPath));
  await t.test('the socket of a killed daemon is replaced', () => staleSocket(box, socketPath));
});

async function modes(box: TestBox, socketPath: string) {
  assert.equal((await stat(socketPath)).mode & 0o777, 0o600);
  for (const directory of ['run', 'data']) {
    assert.equal((await stat(join(box.directory, directory))).mode & 0o777, 0o700, directory);
  }
  for (const file of await readdir(join(box.directory, 'data'))) {
    assert.equal((await stat(join(box.directory, 'data', file))).mode & 0o077, 0, file);
  }
}

interface Answer {
  readonly status: number | undefined;
  readonly text: string;
}

/** Sends a request without the program's client, like curl. */
function ask(socketPath: string, method: string, path: string, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, method, path }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

async function nonsense(box: TestBox, socketPath: string) {
  const cases = [
    ['POST', '/api/v1/persons', 'no form', 415],
    ['POST', '/api/v1/persons', '{"name":"Ada"}', 415],
    ['GET', '/api/v1/persons?cursor=x', undefined, 400],
    ['GET', '/api/v1/persons/no-such-id', undefined, 404],
    ['POST', '/api/v1/persons/%00/remove', undefined, 404],
    ['POST', '/api/v1/cameras/no-such-id/test', undefined, 404],
    ['GET', '/api/v1/cameras/no-such-id', undefined, 404],
    ['POST', '/api/v1/cameras/no-such-id/release', undefined, 404],
    ['GET', '/api/v1/status?verbose=true', undefined, 400],
  ] as const;
  for (const [method, path, body, expected] of cases) {
    const { status, text } = await ask(socketPath, method, path, body);
    const about = `${method} ${path} ${body}: ${status} ${text}`;
    assert.equal(status, expected, about);
    assert.ok((JSON.parse(text) as { error: { remedy: string } }).error.remedy.length > 0, about);
  }
  assert.equal((await ask(socketPath, 'GET', '/v1/nothing')).status, 404);
  assert.equal((await box.client.call('status.show')).gallery.persons, 0);
  assert.doesNotMatch(box.log(), /"level":"error"/);
}

async function health(box: TestBox, socketPath: string) {
  for (const [path, state] of [
    ['live', 'live'],
    ['ready', 'ready'],
  ] as const) {
    const { status, text } = await ask(socketPath, 'GET', `/api/v1/health/${path}`);
    assert.equal(status, 200, text);
    assert.equal((JSON.parse(text) as { data: { state: string } }).data.state, state);
  }
  const { status, text } = await ask(socketPath, 'GET', '/api/v1/metrics');
  assert.equal(status, 200, text);
  assert.match(text, /^rollcall_gallery_open 1$/m);
  assert.match(text, /^rollcall_vision_running\{process="vision-0"\} 1$/m);
  assert.deepEqual(await box.client.call('cameras.list'), []);
}

async function scrape(port: number) {
  for (const format of ['text', 'openMetrics'] as const) {
    const accept = format === 'text' ? '*/*' : 'application/openmetrics-text;version=1.0.0';
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { accept } });
    assert.equal(answer.status, 200);
    const families = readMetrics(await answer.text(), format);
    for (const { sample } of expressions().flatMap(metricsIn)) {
      assert.ok(familyOf(sample, families) !== undefined, `the box has no metric ${sample}`);
    }
    for (const name of ['rollcall_resident_memory_bytes', 'rollcall_process_confined']) {
      const processes = families.get(name)?.samples.map(({ labels }) => labels['process']);
      assert.deepEqual([...new Set(processes)], ['core', 'vision-0'], name);
    }
    const transactions = 'rollcall_database_transaction_duration_seconds';
    const count = families.get(transactions)?.samples.find(({ name }) => name === `${transactions}_count`);
    assert.ok((count?.value ?? 0) > 0, 'transactions are measured');
  }
}

async function secondDaemon(box: TestBox, socketPath: string) {
  // The second box has its own data; only the socket is the same.
  await using second = await makeBox({ config: { control: { socketPath } } });
  const { exitCode, stderr } = await second.startAndEnd();
  assert.equal(exitCode, 1);
  assert.match(stderr, /another rollcalld answers on .*control\.sock\n +what to do: /);
  const { exitCode: still } = await box.command('status');
  assert.equal(still, 0);
}

async function staleSocket(box: TestBox, socketPath: string) {
  await box.stop('SIGKILL');
  assert.ok((await stat(socketPath)).isSocket(), 'the socket file stays after a kill');
  const unreachable = await box.command('person', 'list', '--json');
  assert.equal(unreachable.exitCode, 3);
  assert.match(unreachable.stderr, /does not answer .*\n +what to do: Start it/);
  await box.start();
  assert.equal((await box.command('status')).exitCode, 0);
  assert.equal((await stat(socketPath)).mode & 0o777, 0o600);
  assert.equal(await box.stop(), 0);
}
