import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { openServiceNotifier, silentNotifier, watchdogIntervalMs } from '../../daemon/host/systemd-notify.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { bindNotifySocket, notifySocketSkip } from '../support/notify-socket.js';

describe('the service notifier', { skip: notifySocketSkip }, () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rollcall-notify-'));
  });
  after(() => rm(directory, { recursive: true }));
  afterEach(() => {
    delete process.env['NOTIFY_SOCKET'];
  });

  for (const [kind, addressOf] of [
    ['a socket file', () => join(directory, 'notify.sock')],
    ['an abstract socket', () => `@rollcall-test-${process.pid}`],
  ] as const) {
    test(`sends every message of a service through ${kind}`, async () => {
      const address = addressOf();
      await using socket = await bindNotifySocket(address);
      process.env['NOTIFY_SOCKET'] = address;
      const notifier = await openServiceNotifier(silentLogger);
      notifier.status('loading models');
      notifier.ready();
      notifier.watchdog();
      notifier.status('4 cameras\nREADY=0 no line of its own, ünïcode');
      notifier.stopping();
      const heard = [];
      for (let count = 0; count < 5; count += 1) heard.push(await socket.next());
      assert.deepEqual(heard, [
        'STATUS=loading models',
        'READY=1',
        'WATCHDOG=1',
        'STATUS=4 cameras READY=0 no line of its own, ünïcode',
        'STOPPING=1',
      ]);
    });
  }

  test('continues and logs a warning when nothing listens at the socket', async () => {
    process.env['NOTIFY_SOCKET'] = join(directory, 'nobody.sock');
    const warnings: unknown[] = [];
    const notifier = await openServiceNotifier({
      ...silentLogger,
      warn: (message, fields) => void warnings.push({ message, ...fields }),
    });
    notifier.ready();
    const enoent = 2;
    assert.deepEqual(warnings, [
      { message: 'cannot notify the service manager', state: 'READY=1', errno: enoent },
    ]);
  });

  test('is silent outside a service', async () => {
    assert.equal(await openServiceNotifier(silentLogger), silentNotifier);
    process.env['NOTIFY_SOCKET'] = '';
    assert.equal(await openServiceNotifier(silentLogger), silentNotifier);
  });
});

test('the watchdog interval is the one systemd sets for this process', () => {
  assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '42' }, 42), 30_000);
  assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: '30000000' }, 42), 30_000);
  assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '41' }, 42), undefined);
  assert.equal(watchdogIntervalMs({}, 42), undefined);
  for (const odd of ['', '0', '-5', 'soon', '1.5'])
    assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: odd }), undefined);
});
