import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { withoutBuild } from '../support/box.js';
import { assertNoGap } from '../support/event-subscriber.js';
import { withoutMosquitto } from '../support/mosquitto.js';
import { visitorClip } from '../support/scenes.js';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.js';
import { until } from '../support/until.js';

test('the disk fills up', { skip: withoutBuild || withoutMosquitto }, async (t) => {
  const mounted = mountSmallDisk(4);
  if ('skip' in mounted) {
    t.skip(mounted.skip);
    return;
  }
  using disk = mounted;
  await using appliance = await startAppliance({
    clip: await visitorClip('ada'),
    cameraIds: ['door'],
    enrolled: ['ada'],
    config: { records: { path: join(disk.path, 'records.db') } },
  });
  await t.test('events wait, and the daemon reports why and keeps running', () => full(appliance, disk));
  await t.test('with free space, the waiting events are published', () => roomAgain(appliance, disk));
});

async function full({ box, untilEvent }: Appliance, disk: SmallDisk) {
  await untilEvent('Ada', () => true);
  assert.deepEqual(
    (await box.client.call('status.show')).conditions,
    ['running', 'disk-low'],
    'the box reports disk-low before the disk is full',
  );
  await until('its acknowledgement', async () => (await box.client.call('status.show')).outbox.waiting === 0);
  disk.fill();
  await until(
    'the full disk to be noticed',
    async () => (await box.client.call('status.show')).intake.problem?.code === 'disk-full',
  );
  const { stdout, exitCode } = await box.command('status');
  assert.equal(exitCode, 0);
  assert.match(
    stdout,
    /events: cannot be recorded, \d+ sightings? waits?: .*records\.db .*the disk is full\n/,
  );
  assert.match(stdout, /\n +what to do: Free space on the disk/);
  assert.match(
    box.log(),
    /"level":"error".*"code":"disk-full".*Free space on its disk.*"message":"sightings wait because events cannot be recorded"/,
  );
  // A passage alone may have met the full disk. On a slow machine not every visitor is seen blinking: an event waits once two were.
  const { tracksConfirmed = 0, blinks = 0 } = (await box.camera('door')).counters;
  await box.untilCamera(
    'door',
    'to see visitors come, blink and go while the disk is full',
    ({ counters }) =>
      (counters['tracksConfirmed'] ?? 0) >= tracksConfirmed + 2 && (counters['blinks'] ?? 0) >= blinks + 2,
  );
}

async function roomAgain({ box, events, subscriber }: Appliance, disk: SmallDisk) {
  const freedAtMs = Date.now();
  disk.free();
  const isLate = ({ time, recordedAt }: { readonly time: string; readonly recordedAt: string }): boolean =>
    Date.parse(time) < freedAtMs && Date.parse(recordedAt) >= freedAtMs;
  await until('the delayed events with the time of the sighting', () => events().some(isLate));
  await until('the trouble to be over', async () => {
    return (await box.client.call('status.show')).intake.problem === undefined;
  });
  assert.doesNotMatch((await box.command('status')).stdout, /cannot be recorded/);
  assert.equal((await box.client.call('status.show')).intake.givenUp, 0);
  const told = box.log().match(/sightings wait because events cannot be recorded/g) ?? [];
  assert.equal(told.length, 1, 'the error is logged once');
  assert.equal(await box.stop(), 0);
  assertNoGap(subscriber);
}
