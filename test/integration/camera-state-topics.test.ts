import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  type CameraStateMessage,
  cameraStateSchema,
} from '../../daemon/contract/events/camera-state-schema.js';
import {
  cameraStateTask,
  camerasOf,
  configuredCamera,
  failedCamera,
  streamingCamera,
} from '../support/camera-tasks.js';
import { type EventSubscriber, subscribeToEvents } from '../support/event-subscriber.js';
import { attendanceFact } from '../support/facts.js';
import { startMosquitto, withoutMosquitto, writableOnly } from '../support/mosquitto.js';
import { memoryLog, openTestRecords, startTestPublisher, temporaryFolder } from '../support/published-box.js';

const topicOf = (camera: string): string => `rollcall/site/box/camera/${camera}/state`;

function messages(subscriber: EventSubscriber, camera: string): readonly CameraStateMessage[] {
  return subscriber.messages
    .filter(({ topic, payload }) => topic === topicOf(camera) && payload.length > 0)
    .map(({ payload }) => cameraStateSchema.parse(JSON.parse(payload.toString('utf8'))));
}

const said = (subscriber: EventSubscriber, camera: string): readonly string[] =>
  messages(subscriber, camera).map(({ state, code }) => [state, code].filter(Boolean).join(' '));

/** Retained topics of cameras that a new subscriber gets. */
async function retained(url: string, wanted: number): Promise<readonly string[]> {
  await using late = await subscribeToEvents(url);
  const found = (): string[] =>
    late.messages.filter(({ topic }) => topic.includes('/camera/')).map(({ topic }) => topic);
  // The state of the box always comes, and after the cameras: the broker sends topics in their order.
  await late.until(
    () => late.messages.some(({ topic }) => topic.endsWith('/box/state')) && found().length >= wanted,
  );
  return found();
}

describe('states of cameras at a real broker', { skip: withoutMosquitto }, () => {
  test('are retained after each connection, follow changes, and stay in order across restarts', async () => {
    await using broker = await startMosquitto();
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    const states = camerasOf('gate', 'yard');
    for (const round of [1, 2]) {
      await using records = openTestRecords(join(folder.path, 'records.db'));
      const connectionTasks = [cameraStateTask({ states, records })];
      await using _publisher = startTestPublisher({ url: broker.url, records, connectionTasks });
      await subscriber.until(() => messages(subscriber, 'yard').length === round);
      if (round === 2) continue;
      states.take('gate', streamingCamera);
      await subscriber.until(() => messages(subscriber, 'gate').length === 2);
      states.take('gate', failedCamera);
      await subscriber.until(() => messages(subscriber, 'gate').length === 3);
    }
    assert.deepEqual(said(subscriber, 'gate').slice(0, 3), [
      ...['connecting', 'streaming', 'failed camera-unreachable'],
    ]);
    assert.equal(said(subscriber, 'gate').at(-1), 'failed camera-unreachable');
    for (const camera of ['gate', 'yard']) {
      const order = messages(subscriber, camera).map(({ sequence }) => sequence);
      assert.deepEqual(
        order,
        [...new Set(order)].sort((a, b) => a - b),
      );
    }
    assert.deepEqual((await retained(broker.url, 2)).toSorted(), [topicOf('gate'), topicOf('yard')]);
  });

  test('are removed when a camera is removed, also after the program was off or had another prefix', async () => {
    await using broker = await startMosquitto();
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    const emptied = (): readonly string[] =>
      subscriber.messages.filter(({ payload }) => payload.length === 0).map(({ topic }) => topic);
    const run = async (prefix: string, ids: readonly string[], during: () => Promise<void>) => {
      await using records = openTestRecords(join(folder.path, 'records.db'));
      const states = camerasOf(...ids);
      const connectionTasks = [cameraStateTask({ states, records, prefix })];
      await using _publisher = startTestPublisher({ url: broker.url, records, connectionTasks });
      await during();
      if (ids.length !== 3) return;
      states.configure([configuredCamera('gate'), configuredCamera('yard')]);
      await subscriber.until(() => emptied().length === 1);
    };
    await run('rollcall', ['gate', 'yard', 'hall'], () =>
      subscriber.until(() => messages(subscriber, 'yard').length === 1),
    );
    assert.deepEqual(emptied(), [topicOf('hall')]);
    await run('rollcall', ['gate'], () => subscriber.until(() => emptied().length === 2));
    assert.deepEqual(emptied().slice(1), [topicOf('yard')]);
    await run('plant', ['gate'], () => subscriber.until(() => emptied().length === 3));
    assert.deepEqual(emptied().slice(2), [topicOf('gate')]);
    await using records = openTestRecords(join(folder.path, 'records.db'));
    assert.deepEqual([...records.retained.of('camera-states').keys()], ['plant/site/box/camera/gate/state']);
  });

  test('are published again to a broker that has lost everything', async () => {
    await using broker = await startMosquitto();
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    const states = camerasOf('gate');
    const connectionTasks = [cameraStateTask({ states, records })];
    await using _publisher = startTestPublisher({ url: broker.url, records, connectionTasks });
    assert.deepEqual(await retained(broker.url, 1), [topicOf('gate')]);
    await broker.kill();
    await broker.start();
    assert.deepEqual(await retained(broker.url, 1), [topicOf('gate')]);
  });

  test('that the broker refuses cause one error in the log, and everything else is published', async () => {
    const box = 'rollcall/site/box';
    const acl = writableOnly(`${box}/state`, `${box}/event/#`, topicOf('yard'));
    await using broker = await startMosquitto({ acl });
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    const log = memoryLog();
    const { logger } = log;
    const states = camerasOf('gate', 'yard');
    const connectionTasks = [cameraStateTask({ states, records, logger })];
    await using publisher = startTestPublisher({ url: broker.url, records, connectionTasks, logger });
    await subscriber.until(() => messages(subscriber, 'yard').length === 1);
    states.take('gate', streamingCamera);
    states.take('yard', streamingCamera);
    records.record(attendanceFact());
    await subscriber.until(
      () => messages(subscriber, 'yard').length === 2 && subscriber.eventIds.length === 1,
    );
    const errors = log.lines.filter(({ level }) => level === 'error');
    assert.equal(errors.length, 1);
    assert.match(String(errors[0]?.['reason']), /camera\/gate\/state/);
    assert.equal(publisher.status().connection, 'connected');
    assert.deepEqual(said(subscriber, 'yard'), ['connecting', 'streaming']);
  });
});
