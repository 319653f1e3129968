import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newestEvents } from '../../daemon/cli/events/events-tail.js';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { testClip } from '../support/clips.js';
import { startRtspServer } from '../support/rtsp-server.js';
import { crowdClip } from '../support/scenes.js';
import { until } from '../support/until.js';

test('forty faces at one camera, none at another', { skip: withoutBuild }, async (t) => {
  await using server = await startRtspServer({
    mounts: {
      '/crowd': await crowdClip(),
      '/empty': await testClip({ widthPx: 640, heightPx: 360, framesPerS: 10 }),
    },
  });
  const camera = (id: string) => ({ id, name: id, url: server.url(`/${id}`) });
  await using box = await makeBox({ config: { cameras: [camera('crowd'), camera('empty')] } });
  await box.start();
  await t.test('the crowd is tracked; skipped frames are counted', () => crowd(box));
  await t.test('the other camera keeps running', () => emptyCamera(box));
  await t.test('the daemon stays healthy', () => health(box));
});

async function crowd(box: TestBox) {
  await box.untilCamera('crowd', 'to follow most faces', ({ counters }) => (counters['tracks'] ?? 0) >= 30);
  const analysed = (await box.camera('crowd')).counters['analysed'] ?? 0;
  const { counters } = await box.untilCamera('crowd', 'to go on', (now) => {
    return (now.counters['analysed'] ?? 0) > analysed + 20;
  });
  assert.ok((counters['locatesDeferred'] ?? 0) > 0, 'some faces waited for another frame');
  await freezeVision(box, 3);
  await box.untilCamera('crowd', 'to have dropped late frames', (now) => {
    return (now.counters['dropped'] ?? 0) > (counters['dropped'] ?? 0);
  });
  const { stdout } = await box.command('camera', 'list');
  const [heading = '', ...rows] = stdout.split('\n');
  const column = heading.trim().split(/ +/).indexOf('dropped');
  const row = rows.find((line) => line.startsWith('crowd')) ?? '';
  assert.match(row.replace(/h264 \S+( @ \S+)?/, 'stream').split(/ +/)[column] ?? '', /^[1-9]\d*$/);
}

/** Stops the analysis for `seconds`, as on a busy machine. */
async function freezeVision(box: TestBox, seconds: number) {
  const { vision, uptimeS } = await box.client.call('status.show');
  const pid = vision[0]?.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  try {
    await until(
      'the time to pass',
      async () => (await box.client.call('status.show')).uptimeS > uptimeS + seconds,
    );
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

async function emptyCamera(box: TestBox) {
  const analysed = (await box.camera('empty')).counters['analysed'] ?? 0;
  const { counters } = await box.untilCamera('empty', 'to be analysed', (now) => {
    return (now.counters['analysed'] ?? 0) > analysed + 5;
  });
  assert.equal(counters['tracksConfirmed'] ?? 0, 0, 'the box found a face in a test card');
}

async function health(box: TestBox) {
  const { vision, intake } = await box.client.call('status.show');
  assert.equal(vision[0]?.restarts, 0);
  assert.equal(intake.givenUp, 0);
  const events = await newestEvents(box.client, 100);
  assert.deepEqual(
    events.filter((event) => 'type' in event && event.type === 'rollcall.attendance.recorded.v1'),
    [],
  );
  assert.equal(await box.stop(), 0);
  assert.doesNotMatch(box.log(), /"level":"error"/);
}
