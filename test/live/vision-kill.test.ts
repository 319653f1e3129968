import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newestEvents } from '../../daemon/cli/events/events-tail.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { type RunningCommand, withoutBuild } from '../support/box.js';
import { assertNoGap } from '../support/event-subscriber.js';
import { withoutMosquitto } from '../support/mosquitto.js';
import { called, descendantsOf, isRunning } from '../support/processes.js';
import { visitorClip } from '../support/scenes.js';
import { until } from '../support/until.js';

test('a vision process is killed', { skip: withoutBuild || withoutMosquitto }, async (t) => {
  await using appliance = await startAppliance({
    clip: await visitorClip('ada'),
    cameraIds: ['door', 'yard'],
    enrolled: ['ada'],
    config: { vision: { processes: 2, threads: 1 } },
  });
  const tail = appliance.box.startCommand('events', 'tail', '--json');
  await t.test('after SIGKILL the other process keeps running, and the killed one is replaced', () =>
    killed(appliance),
  );
  await t.test('a follower of the events saw each event once', () => followed(appliance, tail));
  await t.test('after SIGSTOP no FFmpeg of the frozen process is left at the end', () => frozen(appliance));
});

const attendanceAt = (camera: string) => (event: { kind: string; camera: string }) =>
  event.kind === 'attendance' && event.camera === camera;

async function killed({ box, events, untilEvent, subscriber }: Appliance) {
  await untilEvent('Ada at the door', attendanceAt('door'));
  await untilEvent('Ada in the yard', attendanceAt('yard'));
  const { vision } = await box.client.call('status.show');
  assert.equal(vision.length, 2);
  const [victim, survivor] = vision;
  assert.ok(victim?.pid !== undefined && survivor?.pid !== undefined);
  const orphans = called('ffmpeg', descendantsOf(victim.pid));
  assert.equal(orphans.length, 1);
  const before = events();
  const { counters } = await box.camera('door');

  process.kill(victim.pid, 'SIGKILL');
  await until('the status to show the kill', async () => {
    return (await box.client.call('status.show')).vision[0]?.lastFailure === 'it was ended by SIGKILL';
  });
  const door = await box.untilCamera('door', 'to stream again', ({ state }) => state === 'streaming');
  assert.ok(
    (door.counters['delivered'] ?? 0) >= (counters['delivered'] ?? 0),
    'the counters of the camera continue',
  );
  const now = (await box.client.call('status.show')).vision;
  assert.equal(now[0]?.restarts, 1);
  assert.notEqual(now[0]?.pid, victim.pid);
  assert.deepEqual([now[1]?.restarts, now[1]?.pid], [0, survivor.pid]);
  assert.match(
    (await box.command('status')).stdout,
    /vision 0: running, .*, 1 restart, last failure: it was ended by SIGKILL/,
  );
  await until('FFmpeg of the killed process to end', () => !orphans.some(isRunning));

  const count = (camera: string): number => events().filter(attendanceAt(camera)).length;
  const [atDoor, inYard] = [count('door'), count('yard')];
  await until('Ada at the door once more', () => count('door') > atDoor);
  await until('Ada in the yard once more', () => count('yard') > inYard);
  const after = events();
  assert.deepEqual(after.slice(0, before.length), before, 'earlier events do not change');
  assertNoGap(subscriber);
  assert.equal(subscriber.repeatCount, 0);
  const perTrack = after.map(({ track, kind }) => `${track} ${kind}`);
  assert.equal(new Set(perTrack).size, perTrack.length, 'a track has two events of a kind');
}

async function followed({ box }: Appliance, tail: RunningCommand) {
  const recorded = await newestEvents(box.client, 1000);
  const ids = () => tail.lines().map((line) => (JSON.parse(line) as { id: string }).id);
  const last = recorded.at(-1)?.id ?? '';
  await until('the latest event to be printed', () => ids().includes(last));
  const since = recorded.map(({ id }) => id).slice(recorded.findIndex(({ id }) => id === ids()[0]));
  assert.deepEqual(ids().slice(0, since.length), since);
  const facts = recorded.filter(
    (event) => 'type' in event && event.type === 'rollcall.attendance.recorded.v1',
  );
  assert.ok(
    facts.length > 0 && facts.every(({ id }) => since.includes(id)),
    'the follower printed all facts',
  );
  assert.equal(await tail.interrupt(), 0);
}

async function frozen({ box }: Appliance) {
  const { vision } = await box.client.call('status.show');
  const pid = vision[1]?.pid;
  assert.ok(pid !== undefined);
  const children = descendantsOf(box.daemon.pid ?? 0);
  process.kill(pid, 'SIGSTOP');
  assert.equal(await box.stop('SIGTERM'), 0);
  await until('all children to end', () => !children.some(isRunning));
}
