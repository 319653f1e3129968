import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Alert, alertOperations, type ChannelTest } from '../../daemon/contract/alerts.js';
import { alertHandlers } from '../../daemon/core/alerts/alert-handlers.js';
import { startControlServer } from '../../daemon/core/api/server.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { AlertBox } from '../support/alert-box.js';
import { openHttpSink } from '../support/alert-sinks.js';
import { type CommandResult, rollcall } from '../support/box.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** A box with one web hook and one rule behind the local API, and `rollcall alerts` as a program before it. */
async function withCommands(
  work: (parts: {
    readonly box: AlertBox;
    readonly web: Awaited<ReturnType<typeof openHttpSink>>;
    readonly run: (...args: readonly string[]) => Promise<CommandResult>;
  }) => Promise<void>,
): Promise<void> {
  await using directory = await temporaryDirectory();
  await using web = await openHttpSink();
  await using box = new AlertBox(`{
    webhooks: [{ id: ops, url: "http://127.0.0.1:${web.port}/", secret: ops-secret }],
    rules: [{ id: strangers, on: unknown, cooldownMinutes: 0, channels: [ops] }] }`);
  const socketPath = join(directory.path, 'control.sock');
  await using _server = await startControlServer({
    ...{ socketPath, operations: alertOperations, handlers: alertHandlers(box.alerts) },
    logger: silentLogger,
  });
  const config = join(directory.path, 'rollcall.yaml');
  writeFileSync(config, `site: { id: office, timeZone: UTC }\ncontrol: { socketPath: ${socketPath} }\n`);
  const run = (...args: readonly string[]): Promise<CommandResult> =>
    rollcall(['alerts', ...args, '--config', config]);
  await work({ box, web, run });
}

describe('rollcall alerts list', () => {
  test('shows delivered, waiting and failed deliveries with the reason', async () => {
    await withCommands(async ({ box, web, run }) => {
      assert.match((await run('list')).stdout, /There are no alerts/);
      web.answer = (_request, index) => [200, 404, 500][index] ?? 500;
      for (const count of [1, 2, 3]) {
        box.unknown();
        await box.until('a try', () => box.newest(9).length === count && tried(box));
      }
      const { stdout, exitCode } = await run('list');
      assert.equal(exitCode, 0);
      const rows = stdout.split('\n').slice(1, 4);
      assert.deepEqual(
        rows.map((row) => row.split(/ {2,}/).slice(1, 5)),
        [
          ['strangers', 'raised', 'ops', 'pending'],
          ['strangers', 'raised', 'ops', 'failed'],
          ['strangers', 'raised', 'ops', 'delivered'],
        ],
      );
      assert.match(stdout, /to ops, failed \(webhook-refused\): webhook ops \(127.*HTTP status 404/);
      const failed = JSON.parse((await run('list', '--state', 'failed', '--json')).stdout) as Alert[];
      assert.deepEqual(
        failed.map(({ rule, deliveries }) => [rule, deliveries[0]?.state, deliveries[0]?.code]),
        [['strangers', 'failed', 'webhook-refused']],
      );
      const last = JSON.parse((await run('list', '--last', '1', '--json')).stdout) as Alert[];
      assert.equal(last.length, 1);
      assert.ok(last[0]?.deliveries[0]?.nextTryAt !== undefined);
    });
  });

  test('refuses invalid options', async () => {
    await withCommands(async ({ run }) => {
      assert.equal((await run('list', '--state', 'lost')).exitCode, 2);
      assert.equal((await run('list', '--last', 'many')).exitCode, 2);
    });
  });
});

describe('rollcall alerts test', () => {
  test('sends a test message and shows the outcome, also by its exit code', async () => {
    await withCommands(async ({ web, run }) => {
      const good = await run('test', 'ops');
      assert.deepEqual([good.exitCode, good.stdout], [0, 'webhook ops: delivered\n']);
      assert.equal(web.requests.length, 1);
      web.answer = () => 401;
      const bad = await run('test');
      assert.equal(bad.exitCode, 1);
      assert.match(
        bad.stdout,
        /^webhook ops: FAILED: .*HTTP status 401 \(webhook-refused\)\n {2}what to do: /,
      );
      const json = JSON.parse((await run('test', '--json')).stdout) as ChannelTest[];
      assert.equal(json[0]?.outcome, 'failed');
      const unknown = await run('test', 'opps');
      assert.equal(unknown.exitCode, 2);
      assert.match(unknown.stderr, /there is no channel with id 'opps'/);
    });
  });
});

/** Whether every delivery was tried once. */
function tried(box: AlertBox): boolean {
  return box.newest(9).every(({ deliveries }) => deliveries.every(({ attempts }) => attempts > 0));
}

describe('rollcall alerts acknowledge, mute, mutes and unmute', () => {
  test('note who has seen an alert, and silence a rule for a while', async () => {
    await withCommands(async ({ box, run }) => {
      box.unknown();
      await box.until('a delivery', () => box.newest(9).length === 1 && tried(box));
      const [id = ''] = /\b[0-9a-f-]{36}\b/.exec((await run('list')).stdout) ?? [];
      const seen = await run('acknowledge', id);
      assert.match(seen.stdout, /^seen by uid:\d+ at \d{4}-\d\d-\d\d \d\d:\d\d\S*: \[/);
      assert.match((await run('list')).stdout, new RegExp(` yes +${id} `));
      assert.match((await run('acknowledge', 'nothing')).stderr, /there is no alert with id 'nothing'/);

      assert.match((await run('mute', 'strangers', '--for', '8h')).stdout, /^strangers is muted until /);
      assert.match((await run('mutes')).stdout, /^strangers +\d{4}-\S+ \S+ +\d{4}-\S+ \S+ +uid:\d+$/m);
      assert.match((await run('unmute', 'strangers')).stdout, /^strangers is no longer muted$/m);
      assert.match((await run('unmute', 'strangers')).stdout, /was not muted; nothing changed/);
      for (const time of ['31d', '8']) {
        assert.equal((await run('mute', 'strangers', '--for', time)).exitCode, 2, time);
      }
    });
  });
});
