import { join } from 'node:path';
import mqtt from 'mqtt';
import { nameOfType, passingMessages, retainedMessages } from '../../daemon/contract/events/messages.js';
import { Prompts } from '../../daemon/core/challenges/prompts.js';
import { openRecordStores, type RecordStores } from '../../daemon/core/compose/record-stores.js';
import { brokerAddress } from '../../daemon/core/delivery/broker/broker-address.js';
import { cameraStateDocuments } from '../../daemon/core/delivery/camera-documents.js';
import type { ConnectionTask } from '../../daemon/core/delivery/connection-task.js';
import { encodeEvent } from '../../daemon/core/delivery/encoding.js';
import { startPublisher } from '../../daemon/core/delivery/publisher.js';
import { type RetainedDocument, RetainedDocuments } from '../../daemon/core/delivery/retained-documents.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { countDocuments } from '../../daemon/core/home-assistant/counts.js';
import type { IdentityKeys } from '../../daemon/core/identity/identity-keys.js';
import { keySetTask } from '../../daemon/core/identity/key-set.js';
import { eventType } from '../../daemon/kernel/events/event-type.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { exampleBox, exampleTimeMs, openExampleKeys, ShownClock } from './example-box.js';
import { type ExampleEvent, exampleEvents } from './example-events.js';

/** A message as a subscriber received it. */
export interface CapturedMessage {
  readonly topic: string;
  readonly payload: Buffer;
  /** As it was published. */
  readonly isRetained: boolean;
  readonly contentType: string | undefined;
}

/** Messages by the names of their examples. */
export type Captured = ReadonlyMap<string, CapturedMessage>;

/** The values of a box with default settings. */
const models = { detector: 'ssd-mobilenet-v1+blazeface', landmarks: 'facemesh', eyes: 'iris' };
const topics = topicsOf('rollcall', exampleBox);

/**
 * Lets the example box record, sign and publish every kind of message to a real broker, and returns the received messages. The result
 * is always the same, because time, chance and keys are given. `directory` and the broker must be empty.
 */
export async function captureExamples(brokerUrl: string, directory: string): Promise<Captured> {
  const clock = new ShownClock(exampleTimeMs);
  using keys = await openExampleKeys(directory, clock);
  await using records = openRecordStores({
    path: join(directory, 'records.db'),
    encode: (event) => encodeEvent(event, exampleBox, models),
    clock,
    random: seededRandom(20260302),
  });
  const former = keys.state.former[0]?.keyId ?? '';
  const examples = exampleEvents({ current: keys.state.current.keyId, former }, (event) =>
    nameOfType(eventType(event)),
  );
  for (const { recordedAtMs, event } of examples) {
    clock.show(recordedAtMs);
    records.record(event);
  }
  clock.show(exampleTimeMs);
  const received = receive(brokerUrl, examples);
  await received.subscribed;
  await using _publisher = publish(brokerUrl, { records, keys, clock });
  return await received.all;
}

function publish(
  brokerUrl: string,
  parts: { readonly records: RecordStores; readonly keys: IdentityKeys; readonly clock: ShownClock },
) {
  const { records, keys, clock } = parts;
  return startPublisher({
    broker: { address: brokerAddress(brokerUrl), clientId: 'rollcall-plant-1-box-1' },
    topics,
    from: exampleBox,
    outbox: records.outbox,
    onRecorded: records.onRecorded,
    takeStateSequences: records.takeStateSequences,
    state: {
      current: () => ({
        gallery: 'open',
        conditions: ['running', 'disk-low'],
        about: { 'disk-low': ['gallery', 'records'] },
      }),
      passages: () => ({ count: 14, byOutcome: { attended: 11, unproven: 2, stranger: 1 } }),
      onChanged: () => () => undefined,
    },
    signer: () => keys.current(),
    connectionTasks: [
      keySetTask({ topic: topics.keys, keys, from: exampleBox, memory, clock, logger: silentLogger }),
      ...aboutCameras(keys, clock),
      promptAtGate(keys, clock),
    ],
    clock,
    random: seededRandom(1),
    logger: silentLogger,
  });
}

/** A memory without earlier retained messages. */
const memory = { of: () => new Map(), remember: () => undefined, forget: () => undefined };

/** The retained messages of the only camera. */
function aboutCameras(keys: IdentityKeys, clock: ShownClock): readonly ConnectionTask[] {
  const about = { topics, from: exampleBox, signer: keys, nextSequence: () => 1 };
  const failed = { state: 'failed', code: 'no-answer', sinceMs: exampleTimeMs - 34_000 } as const;
  const cameras = [{ id: 'gate', name: 'Gate', ...failed }];
  const unknown = new Map([['gate', 1]]);
  const wanted: readonly (() => readonly RetainedDocument[])[] = [
    () => cameraStateDocuments(cameras, about),
    () => countDocuments({ ...about, cameras, date: '2026-03-02', unknown, nowMs: clock.wallMs() }),
  ];
  return wanted.map(
    (documents, index) =>
      new RetainedDocuments({
        ...{ owner: String(index), what: 'examples', wanted: documents, onChanged: () => () => undefined },
        ...{ memory, clock, logger: silentLogger },
      }),
  );
}

/** Publishes one prompt for the person at the gate on each connection. */
function promptAtGate(keys: IdentityKeys, clock: ShownClock): ConnectionTask {
  const prompts = new Prompts({
    ...{ from: exampleBox, signer: keys, nextSequence: () => 1, webhook: () => undefined },
    screens: () => Promise.reject(new Error('the example has no screen')),
    ...{ clock, logger: silentLogger },
  });
  const { whenOnline } = prompts.connectionTask(topics);
  return {
    whenOnline(connection, signal) {
      whenOnline(connection, signal);
      void prompts.show({
        ...{ camera: 'gate', nonce: 'q83vEjRWeJASNFZ4kKvN7w', state: 'asked', action: 'turn-left' },
        ...{ position: 1, of: 3, deadlineMs: exampleTimeMs + 2_700 },
      });
    },
  };
}

/** Messages other than events, by the end of the topic. */
const documents = { ...retainedMessages, ...passingMessages };

/** Subscribes to all topics. `all` resolves when all examples have come, and ends the subscription. */
function receive(brokerUrl: string, examples: readonly ExampleEvent[]) {
  const client = mqtt.connect(brokerUrl, { protocolVersion: 5, clean: true, clientId: 'example-centre' });
  const got = new Map<string, CapturedMessage>();
  const all = new Promise<Captured>((resolve, reject) => {
    client.once('error', reject);
    client.on('message', (topic, payload, { retain: isRetained, properties }) => {
      const message = { topic, payload, isRetained, contentType: properties?.contentType };
      got.set(exampleNameOf(topic, payload, examples), message);
      if (got.size === examples.length + Object.keys(documents).length) client.end(true, () => resolve(got));
    });
  });
  const subscribed = new Promise<void>((resolve, reject) => {
    client.subscribe('rollcall/#', { qos: 1, rap: true }, (error) => (error ? reject(error) : resolve()));
  });
  return { all, subscribed };
}

function exampleNameOf(topic: string, payload: Buffer, examples: readonly ExampleEvent[]): string {
  const end = topic.replace(topics.state.replace(/state$/, ''), '').replace('/gate', '/{camera}');
  const document = documents[end];
  if (document !== undefined) return document.name;
  const { sequence } = JSON.parse(payload.toString('utf8')) as { readonly sequence: string };
  const example = examples[Number(sequence) - 1];
  if (example === undefined) throw new Error(`no example has the sequence ${sequence}`);
  return example.name;
}
