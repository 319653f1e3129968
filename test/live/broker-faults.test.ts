import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newestEvents } from '../../daemon/cli/events/events-tail.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { withoutBuild } from '../support/box.js';
import { assertNoGap } from '../support/event-subscriber.js';
import { withoutMosquitto } from '../support/mosquitto.js';
import { called, descendantsOf, isRunning } from '../support/processes.js';
import { visitorClip } from '../support/scenes.js';
import { until } from '../support/until.js';

const factTypes = [
  'rollcall.attendance.recorded.v1',
  'rollcall.unknown.seen.v1',
  'rollcall.attack.suspected.v1',
];

test('a broker and a daemon that die', { skip: withoutBuild || withoutMosquitto }, async (t) => {
  await using appliance = await startAppliance({
    clip: await visitorClip('ada'),
    cameraIds: ['door', 'yard'],
    enrolled: ['ada'],
    isBrokerUp: false,
  });
  await t.test('events wait while the broker is absent at the start', () => absentAtStart(appliance));
  await t.test('events wait while a killed broker is away', () => killedMeanwhile(appliance));
  await t.test('events recorded before a kill of the daemon arrive after it', () => daemonKilled(appliance));
  await t.test('each event arrived under one id, without a gap', () => allInOrder(appliance));
});

/** Waits for `count` events about people; events about the box itself do not count. */
async function untilWaiting({ box, events }: Appliance, count: number): Promise<void> {
  const arrived = events().length;
  await until(`${count} facts to wait for the broker`, async () => {
    const recorded = await newestEvents(box.client, 1000);
    return (
      recorded.filter((event) => 'type' in event && factTypes.includes(event.type)).length >= arrived + count
    );
  });
}

async function untilDrained({ box }: Appliance): Promise<void> {
  await until('the outbox to drain', async () => (await box.client.call('status.show')).outbox.waiting === 0);
}

async function absentAtStart(appliance: Appliance) {
  const { box, events, mendBroker } = appliance;
  await untilWaiting(appliance, 2);
  const { stdout } = await box.command('status');
  assert.match(stdout, /broker: (waiting|connecting): .*127\.0\.0\.1:\d+.*\n +what to do: /);
  assert.match(stdout, /outbox: [1-9]\d* events? waits? for the broker/);
  assert.match(box.log(), /the broker cannot be used; events wait in the outbox/);
  assert.equal(events().length, 0);
  await mendBroker();
  await until('the waiting events', () => events().length >= 2);
  await untilDrained(appliance);
}

async function killedMeanwhile(appliance: Appliance) {
  const { breakBroker, events, mendBroker } = appliance;
  const before = events().length;
  await breakBroker();
  await untilWaiting(appliance, 2);
  await mendBroker();
  await until('the waiting events', () => events().length >= before + 2);
  await untilDrained(appliance);
}

async function daemonKilled(appliance: Appliance) {
  const { box, breakBroker, subscriber, mendBroker } = appliance;
  await breakBroker();
  await untilWaiting(appliance, 1);
  const waiting = await newestEvents(box.client, 1);
  let children = descendantsOf(box.daemon.pid ?? 0);
  await until('both cameras to be read', () => {
    children = descendantsOf(box.daemon.pid ?? 0);
    return called('ffmpeg', children).length === 2;
  });
  assert.equal(await box.stop('SIGKILL'), null);
  await until('vision processes and FFmpeg to end with the daemon', () => !children.some(isRunning));
  await mendBroker();
  await box.start();
  const last = waiting[0]?.id ?? '';
  await until('the event recorded before the kill', () => subscriber.eventIds.includes(last));
  assert.equal((await box.client.call('persons.list')).total, 1, 'the gallery is intact after the kill');
}

async function allInOrder({ box, events, subscriber }: Appliance) {
  assert.equal(await box.stop(), 0);
  assertNoGap(subscriber);
  const arrived = events();
  // The box may repeat a message with the same id if its acknowledgement was lost with the broker.
  assert.equal(new Set(arrived.map(({ id }) => id)).size, arrived.length);
  assert.ok(subscriber.repeatCount <= 2, `${subscriber.repeatCount} repetitions`);
}
