import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { testClip } from '../support/clips.js';
import { startRtspServer } from '../support/rtsp-server.js';
import { crowdClip } from '../support/scenes.js';
import { until } from '../support/until.js';

test('forty faces at one camera, none at another', { skip: withoutBuild }, async (t) => {
  await using server = await startRtspServer({
    mounts: {
      '/crowd': await crowdClip(),
      '/nobody': await testClip({ widthPx: 640, heightPx: 360, framesPerS: 10 }),
    },
  });
  const camera = (id: string) => ({ id, name: id, url: server.url(`/${id}`) });
  await using box = await makeBox({ config: { cameras: [camera('crowd'), camera('nobody')] } });
  await box.start();
  await t.test('the crowd is followed; what could not be looked at is counted', () => crowd(box));
  await t.test('the other camera goes on', () => nobody(box));
  await t.test('and the daemon is well', () => health(box));
});

async function crowd(box: TestBox) {
  await box.untilCamera('crowd', 'to follow most faces', ({ counters }) => (counters['tracks'] ?? 0) >= 30);
  const analysed = (await box.camera('crowd')).counters['analysed'] ?? 0;
  const { counters } = await box.untilCamera('crowd', 'to go on', (now) => {
    return (now.counters['analysed'] ?? 0) > analysed + 20;
  });
  assert.ok((counters['locatesDeferred'] ?? 0) > 0, 'faces that waited for another frame');
  await freezeVision(box, 3);
  await box.untilCamera('crowd', 'to have dropped what came too late', (now) => {
    return (now.counters['dropped'] ?? 0) > (counters['dropped'] ?? 0);
  });
  const { stdout } = await box.command('camera', 'list');
  const [heading = '', ...rows] = stdout.split('\n');
  const column = heading.trim().split(/ +/).indexOf('dropped');
  const row = rows.find((line) => line.startsWith('crowd')) ?? '';
  assert.match(row.replace(/h264 \S+( @ \S+)?/, 'stream').split(/ +/)[column] ?? '', /^[1-9]\d*$/);
}

/** Lets nothing be analysed for `seconds`, as a machine that is busy otherwise does. */
async function freezeVision(box: TestBox, seconds: number) {
  const { vision, uptimeS } = await box.client.status();
  const pid = vision[0]?.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  try {
    await until('the time to pass', async () => (await box.client.status()).uptimeS > uptimeS + seconds);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

async function nobody(box: TestBox) {
  const analysed = (await box.camera('nobody')).counters['analysed'] ?? 0;
  const { counters } = await box.untilCamera('nobody', 'to be analysed', (now) => {
    return (now.counters['analysed'] ?? 0) > analysed + 5;
  });
  assert.equal(counters['tracksConfirmed'] ?? 0, 0, 'a test card is no face');
}

async function health(box: TestBox) {
  const { vision, intake } = await box.client.status();
  assert.equal(vision[0]?.restarts, 0);
  assert.equal(intake.givenUp, 0);
  const events = (await box.client.recentEvents(100)) as readonly { type: string }[];
  assert.deepEqual(
    events.filter(({ type }) => type === 'rollcall.attendance.recorded.v1'),
    [],
  );
  assert.equal(await box.stop(), 0);
  assert.doesNotMatch(box.log(), /"level":"error"/);
}
