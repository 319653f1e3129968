import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import mqtt from 'mqtt';
import { cameraCountsSchema } from '../../daemon/contract/events/camera-state-schema.js';
import type { CameraStates } from '../../daemon/core/cameras/camera-states.js';
import { assistantTasks, cameraStateTask, camerasOf, configuredCamera } from '../support/camera-tasks.js';
import { type EventSubscriber, subscribeToEvents } from '../support/event-subscriber.js';
import { attendanceFact, unknownFact } from '../support/facts.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import {
  type MemoryLog,
  memoryLog,
  openTestRecords,
  startTestPublisher,
  temporaryFolder,
} from '../support/published-box.js';

const discoveryTopic = 'homeassistant/device/site/box/config';
const countsTopic = 'rollcall/site/box/camera/gate/counts';

/** Keys of the components in each discovery message, removed ones with a minus; `gone` for an empty message. */
function discoveries(subscriber: EventSubscriber, topic = discoveryTopic): readonly string[] {
  return subscriber.messages
    .filter((message) => message.topic === topic)
    .map(({ payload }) => {
      if (payload.length === 0) return 'gone';
      const { components } = JSON.parse(payload.toString('utf8')) as { components: Record<string, object> };
      return Object.entries(components)
        .filter(([key]) => key.endsWith('_person'))
        .map(([key, component]) => `${'unique_id' in component ? '' : '-'}${key}`)
        .join(' ');
    });
}

const counts = (subscriber: EventSubscriber): readonly number[] =>
  subscriber.messages
    .filter(({ topic, payload }) => topic === countsTopic && payload.length > 0)
    .map(({ payload }) => cameraCountsSchema.parse(JSON.parse(payload.toString('utf8'))).unknown);

interface Run {
  readonly url: string;
  readonly folder: string;
  readonly states: CameraStates;
  /** Undefined: Home Assistant is switched off. */
  readonly prefix?: string | undefined;
  readonly log?: MemoryLog;
}

/** Runs a box during `during`. */
async function run({ url, folder, states, log, ...rest }: Run, during: () => Promise<void>): Promise<void> {
  await using records = openTestRecords(join(folder, 'records.db'));
  const logger = log === undefined ? {} : { logger: log.logger };
  const prefix = 'prefix' in rest ? rest.prefix : 'homeassistant';
  const connectionTasks = assistantTasks({ states, records, ...logger }, prefix);
  await using _publisher = startTestPublisher({ url, records, connectionTasks, ...logger });
  await during();
}

describe('Home Assistant at a real broker', { skip: withoutMosquitto }, () => {
  test('gets the retained discovery of the box, and gets it again when it has started', async () => {
    await using broker = await startMosquitto();
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    const states = camerasOf('gate');
    const assistant = await mqtt.connectAsync(broker.url);
    try {
      await run({ url: broker.url, folder: folder.path, states }, async () => {
        await subscriber.until(() => discoveries(subscriber).length === 1);
        await using late = await subscribeToEvents(broker.url);
        await late.until(() => late.messages.some(({ topic }) => topic === discoveryTopic));
        assert.equal(late.messages.find(({ topic }) => topic === discoveryTopic)?.isRetained, true);
        await assistant.publishAsync('homeassistant/status', 'offline', { qos: 1 });
        await assistant.publishAsync('homeassistant/status', 'online', { qos: 1 });
        await subscriber.until(() => discoveries(subscriber).length === 2);
      });
      assert.deepEqual(discoveries(subscriber), ['camera_gate_person', 'camera_gate_person']);
    } finally {
      await assistant.endAsync(true);
    }
  });

  test('forgets a removed camera, also when it was removed while the box was off, and shows a new name', async () => {
    await using broker = await startMosquitto();
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    const states = camerasOf('gate', 'yard', 'hall');
    const here = { url: broker.url, folder: folder.path };
    const all = 'camera_gate_person camera_yard_person camera_hall_person';
    await run({ ...here, states }, async () => {
      await subscriber.until(() => discoveries(subscriber).length === 1);
      states.configure([configuredCamera('gate'), configuredCamera('yard', 'The "yard" {{ 1 }}')]);
      await subscriber.until(() => discoveries(subscriber).length === 3);
    });
    assert.deepEqual(discoveries(subscriber), [
      all,
      'camera_gate_person camera_yard_person -camera_hall_person',
      'camera_gate_person camera_yard_person',
    ]);
    const last = subscriber.messages.findLast(({ topic }) => topic === discoveryTopic);
    assert.match(last?.payload.toString('utf8') ?? '', /"The \\"yard\\" \{\{ 1 \}\}: last person"/);
    await run({ ...here, states: camerasOf('gate') }, () =>
      subscriber.until(() => discoveries(subscriber).length === 5),
    );
    assert.deepEqual(discoveries(subscriber).slice(3), [
      'camera_gate_person -camera_yard_person',
      'camera_gate_person',
    ]);
  });

  test('forgets everything when it is switched off, also messages under another prefix', async () => {
    await using broker = await startMosquitto();
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    const here = { url: broker.url, folder: folder.path, states: camerasOf('gate') };
    await run(here, () =>
      subscriber.until(() => discoveries(subscriber).length === 1 && counts(subscriber).length === 1),
    );
    const other = 'ha/device/site/box/config';
    await run({ ...here, prefix: 'ha' }, () =>
      subscriber.until(() => discoveries(subscriber, other).length === 1),
    );
    assert.equal(discoveries(subscriber).at(-1), 'gone');
    const isGone = (topic: string): boolean =>
      subscriber.messages.findLast((message) => message.topic === topic)?.payload.length === 0;
    await run({ ...here, prefix: undefined }, () =>
      subscriber.until(() => isGone(other) && isGone(countsTopic)),
    );
    await using records = openTestRecords(join(folder.path, 'records.db'));
    for (const owner of ['home-assistant-discovery', 'home-assistant-counts']) {
      assert.equal(records.retained.of(owner).size, 0);
    }
    const before = subscriber.messages.length;
    await run({ ...here, prefix: undefined }, async () => undefined);
    assert.ok(subscriber.messages.slice(before).every(({ topic }) => topic === 'rollcall/site/box/state'));
  });

  test('gets counts of unknown persons that continue over restarts of the box', async () => {
    await using broker = await startMosquitto();
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    for (const expected of [2, 4]) {
      await using records = openTestRecords(join(folder.path, 'records.db'));
      const connectionTasks = assistantTasks({ states: camerasOf('gate'), records }, 'homeassistant');
      await using _publisher = startTestPublisher({ url: broker.url, records, connectionTasks });
      await subscriber.until(() => counts(subscriber).at(-1) === expected - 2);
      for (const event of [unknownFact(), attendanceFact(), unknownFact()]) records.record(event);
      await subscriber.until(() => counts(subscriber).at(-1) === expected);
    }
  });

  test('needs no more access rules than those of the example', async () => {
    const example = readFileSync(new URL('../../config/mosquitto-acl.example', import.meta.url), 'utf8');
    const acl = example.replaceAll(/^# (?=(pattern|user|topic) )/gm, '').split('\n');
    const users = { 'box-1': 'b', 'box-2': 'c', 'home-assistant': 'h' };
    await using broker = await startMosquitto({ users, acl });
    const login = { username: 'home-assistant', password: 'h' };
    await using subscriber = await subscribeToEvents(broker.url, { ...login, protocolVersion: 5 });
    const assistant = await mqtt.connectAsync(broker.url, { ...login, protocolVersion: 5 });
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    const log = memoryLog();
    const { logger } = log;
    const from = { siteId: 'plant-1', boxId: 'box-1' };
    const states = camerasOf('gate');
    const settings = { states, records, from, logger };
    const connectionTasks = [cameraStateTask(settings), ...assistantTasks(settings, 'homeassistant')];
    const credential = { user: 'box-1', password: new TextEncoder().encode('b') };
    await using _publisher = startTestPublisher({
      ...{ url: broker.url, records, from, credential, connectionTasks, logger },
    });
    records.record(unknownFact());
    records.record(attendanceFact());
    const came = (topic: string): number =>
      subscriber.messages.filter((message) => message.topic === topic).length;
    const own = 'homeassistant/device/plant-1/box-1/config';
    try {
      await subscriber.until(() => came(own) > 0);
      await assistant.publishAsync('homeassistant/status', 'online', { qos: 1 });
      await subscriber.until(() => came(own) === 2);
      for (const topic of ['state', 'camera/gate/state', 'camera/gate/counts', 'event/attendance']) {
        await subscriber.until(() => came(`rollcall/plant-1/box-1/${topic}`) > 0);
      }
      assert.equal(came('rollcall/plant-1/box-1/event/unknown'), 0);
      assert.deepEqual(
        log.lines.filter(({ level }) => level === 'error' || level === 'warn'),
        [],
      );
      const other = await mqtt.connectAsync(broker.url, {
        ...{ username: 'box-2', password: 'c', protocolVersion: 5 },
      });
      await assert.rejects(other.publishAsync(own, '{}', { qos: 1 }), /not authorized/i);
      await other.endAsync(true);
    } finally {
      await assistant.endAsync(true);
    }
  });

  test('gets the discovery also where the broker does not let the box read the birth message', async () => {
    const acl = ['topic read rollcall/#', 'topic write rollcall/#', `topic readwrite ${discoveryTopic}`];
    await using broker = await startMosquitto({ acl });
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    const log = memoryLog();
    await run({ url: broker.url, folder: folder.path, states: camerasOf('gate'), log }, () =>
      subscriber.until(() => discoveries(subscriber).length === 1),
    );
    assert.deepEqual(
      log.lines.filter(({ level }) => level === 'error'),
      [],
    );
  });
});
