import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { testClip } from '../support/clips.js';
import { bindNotifySocket, type NotifySocket, notifySocketSkip } from '../support/notify-socket.js';
import { startRtspServer } from '../support/rtsp-server.js';
import { until } from '../support/until.js';

/** Long enough for several progress reports of the daemon, which come every second. */
const watchdogS = 5;

test('notifications to the service manager', { skip: withoutBuild || notifySocketSkip }, async (t) => {
  await using cameras = await startRtspServer({
    mounts: { '/live': await testClip({ widthPx: 320, heightPx: 180, framesPerS: 10 }) },
  });
  const camera = {
    id: 'door',
    name: 'Door',
    url: cameras.url('/live'),
    rates: { idleFps: 2, trackingFps: 5, provingFps: 5 },
  };
  await using box = await makeBox({ config: { cameras: [camera] } });
  const address = join(box.directory, 'notify');
  await using manager = await bindNotifySocket(address);
  const heard = listen(manager);
  const environment = { NOTIFY_SOCKET: address, WATCHDOG_USEC: String(watchdogS * 1e6) };
  await t.test('a daemon that cannot start does not send READY', () => notReady(address, heard));
  await t.test('the daemon sends READY when everything runs', () => ready(box, heard, environment));
  await t.test('the daemon sends WATCHDOG while it analyses frames', () => pings(heard));
  await t.test('the status line shows a refused reload until the next good one', () =>
    refusedReload(box, heard, { cameras: [camera] }),
  );
  await t.test('the daemon sends no WATCHDOG while vision is frozen', () => frozen(box, heard));
  await t.test('the daemon sends STOPPING last', () => stopping(box, heard));
});

/** Collects all notifications from now on. */
function listen(manager: NotifySocket): readonly string[] {
  const heard: string[] = [];
  const take = async (): Promise<void> => {
    for (;;) heard.push(await manager.next());
  };
  // Ends when the socket is closed at the end of the test.
  take().catch(() => heard.push('CLOSED'));
  return heard;
}

const pingCount = (heard: readonly string[]): number => heard.filter((text) => text === 'WATCHDOG=1').length;

const statusLines = (heard: readonly string[]): readonly string[] =>
  heard.filter((text) => text.startsWith('STATUS='));

async function notReady(address: string, heard: readonly string[]) {
  await using homeless = await makeBox({ config: { dataDir: '/dev/null/data' } });
  const { exitCode, stderr } = await homeless.startAndEnd({ NOTIFY_SOCKET: address });
  assert.notEqual(exitCode, 0);
  assert.match(stderr, /dataDir/);
  assert.ok(!heard.includes('READY=1'));
}

async function ready(box: TestBox, heard: readonly string[], environment: Readonly<Record<string, string>>) {
  await box.start(environment);
  await until('READY', () => heard.includes('READY=1'));
  const at = (message: string): number => box.log().indexOf(`"message":"${message}"`);
  // The log goes through a pipe of its own, so its line may arrive after the notification.
  await until('the log line "ready"', () => at('ready') >= 0);
  for (const earlier of ['gallery is open', 'a vision process is ready']) {
    assert.ok(at(earlier) >= 0 && at(earlier) < at('ready'), earlier);
  }
  assert.equal(heard.filter((text) => text === 'READY=1').length, 1);
  await until('the status line to tell', () => heard.includes('STATUS=1 of 1 camera streaming'));
}

async function pings(heard: readonly string[]) {
  await until('three pings', () => pingCount(heard) >= 3);
}

async function refusedReload(
  box: TestBox,
  heard: readonly string[],
  config: Readonly<Record<string, unknown>>,
) {
  const streaming = 'STATUS=1 of 1 camera streaming';
  const refused = `${streaming}; the last reload was REFUSED, the old configuration stays in force`;
  assert.equal((await box.reload({ ...config, nonsense: true })).outcome, 'refused');
  await until('the refusal to be told', () => statusLines(heard).at(-1) === refused);
  assert.equal((await box.reload(config)).outcome, 'unchanged');
  await until('the former line', () => statusLines(heard).at(-1) === streaming);
}

async function frozen(box: TestBox, heard: readonly string[]) {
  const { vision } = await box.client.call('status.show');
  const pid = vision[0]?.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  try {
    const isTold = () => /"level":"error".*"sources":\["vision processes".*no progress/.test(box.log());
    await until('the log line about the standstill', isTold);
    const before = pingCount(heard);
    const { uptimeS } = await box.client.call('status.show');
    const isOver = async () => (await box.client.call('status.show')).uptimeS > uptimeS + watchdogS;
    await until('the watchdog time to pass', isOver);
    assert.equal(pingCount(heard), before, 'the daemon sent WATCHDOG although vision was frozen');
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  const before = pingCount(heard);
  await until('a ping', () => pingCount(heard) > before);
  assert.equal((await box.client.call('status.show')).vision[0]?.restarts, 0);
}

async function stopping(box: TestBox, heard: readonly string[]) {
  assert.equal(await box.stop('SIGTERM'), 0);
  await until('STOPPING', () => heard.includes('STOPPING=1'));
  assert.equal(heard.at(-1), 'STOPPING=1', 'no notification comes after STOPPING');
}
