import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { eventSchema } from '../../daemon/contract/events/event-schema.js';
import { type PromptMessage, promptSchema } from '../../daemon/contract/events/prompt-schema.js';
import { type Prompt, promptWebhook } from '../../daemon/core/challenges/prompts.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { cameraId } from '../../daemon/kernel/ids.js';
import { secretsFolder } from '../support/alert-messages.js';
import { openHttpSink } from '../support/alert-sinks.js';
import { boxThatAsks, faceAt } from '../support/asking-box.js';
import { type EventSubscriber, subscribeToEvents } from '../support/event-subscriber.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { box, openTestRecords, startTestPublisher, temporaryFolder } from '../support/published-box.js';
import { until } from '../support/until.js';

const gate = cameraId('gate');
const topics = topicsOf('rollcall', box);

const promptsIn = ({ messages }: EventSubscriber): readonly PromptMessage[] =>
  messages
    .filter(({ topic }) => topic === topics.prompt(gate))
    .map(({ payload }) => promptSchema.parse(JSON.parse(payload.toString('utf8'))));

const eventsIn = ({ messages }: EventSubscriber) =>
  messages
    .filter(({ topic }) => topic.includes('/event/'))
    .map(({ payload }) => eventSchema.parse(JSON.parse(payload.toString('utf8'))));

describe('a challenge at a camera', { skip: withoutMosquitto }, () => {
  test('prompts over a real broker, without retained messages, and attendance needs a passed challenge, not only a blink', async () => {
    await using broker = await startMosquitto();
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    using asking = boxThatAsks(records);
    const connectionTasks = [asking.prompts.connectionTask(topics)];
    await using _publisher = startTestPublisher({ url: broker.url, records, connectionTasks });
    await subscriber.until(() => subscriber.messages.some(({ topic }) => topic === topics.state));
    await using intake = asking.intake;
    const face = faceAt(intake, 'track-1');
    face.seen();
    const asked = (): readonly PromptMessage[] =>
      promptsIn(subscriber).filter(({ state }) => state === 'asked');
    for (const number of [1, 2, 3]) {
      await subscriber.until(() => asked().length === number);
      const { action } = asked().at(-1) ?? {};
      assert.ok(action !== undefined && action !== 'blink-twice');
      const nowMs = clock.monotonicMs();
      face.gestures.push({ kind: action, startMs: nowMs, endMs: nowMs });
      face.seen();
    }
    await subscriber.until(() => promptsIn(subscriber).at(-1)?.state === 'passed');
    await subscriber.until(() => eventsIn(subscriber).length === 1);
    const [event] = eventsIn(subscriber);
    assert.ok(event?.type === 'rollcall.attendance.recorded.v1');
    assert.equal(event.data.liveness.verdict, 'live');
    assert.equal(event.data.liveness.reason, 'challenge-passed');
    assert.ok(!JSON.stringify(promptsIn(subscriber)).includes('person-1'));
    await using late = await subscribeToEvents(broker.url);
    await late.until(() => late.messages.some(({ topic }) => topic === topics.state));
    assert.deepEqual(promptsIn(late), [], 'no prompt is retained');
  });

  test('that cannot be prompted proves nothing, and the event of the person shows this', async () => {
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    using asking = boxThatAsks(records);
    const recorded = new Promise<string>((resolve) => records.onRecorded(({ kind }) => resolve(kind)));
    const shown = await asking.prompts.show({
      ...{ camera: 'gate', nonce: 'q83vEjRWeJASNFZ4kKvN7w', state: 'cancelled', reason: 'left' },
      ...{ position: 1, of: 3 },
    });
    assert.equal(shown, false, 'without a broker the prompt is not shown');
    await using intake = asking.intake;
    const face = faceAt(intake, 'track-1');
    face.seen();
    face.seen(true);
    assert.equal(await recorded, 'recognised-unproven');
  });

  test('does not start if no client of the broker reads the prompt; the status shows the problem', async () => {
    await using broker = await startMosquitto();
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    using asking = boxThatAsks(records);
    const connectionTasks = [asking.prompts.connectionTask(topics)];
    await using publisher = startTestPublisher({ url: broker.url, records, connectionTasks });
    await until('the connection to the broker', () => publisher.status().connection === 'connected');
    const prompt: Prompt = {
      ...{ camera: 'gate', nonce: 'q83vEjRWeJASNFZ4kKvN7w', state: 'asked', action: 'nod' },
      ...{ position: 1, of: 3, deadlineMs: clock.wallMs() + 3_000 },
    };
    assert.equal(await asking.prompts.show(prompt), false);
    assert.match(
      asking.prompts.problems.get('gate')?.reason ?? '',
      /no client of the broker subscribes to .*prompt\/gate/,
    );
    await using screen = await subscribeToEvents(broker.url);
    assert.equal(await asking.prompts.show({ ...prompt, state: 'cancelled' }), true);
    assert.equal(await asking.prompts.show({ ...prompt, camera: 'door' }), true);
    assert.deepEqual([...asking.prompts.problems.keys()], ['gate'], 'only its own prompt ends the problem');
    assert.equal(await asking.prompts.show(prompt), true);
    assert.equal(asking.prompts.problems.size, 0);
    await screen.until(() => promptsIn(screen).length === 2);
    await asking.intake[Symbol.asyncDispose]();
  });

  test('is posted to the webhook, signed like an alert, also without a broker', async () => {
    using secrets = secretsFolder();
    const secret = 'a long secret that is hard to guess';
    secrets.write('screen', secret);
    await using sink = await openHttpSink();
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    const config = { url: `http://127.0.0.1:${sink.port}/`, secret: 'screen' };
    using asking = boxThatAsks(records, () => promptWebhook(config, secrets.context, clock));
    const prompt: Prompt = {
      ...{ camera: 'gate', nonce: 'q83vEjRWeJASNFZ4kKvN7w', state: 'asked', action: 'nod' },
      ...{ position: 2, of: 3, deadlineMs: clock.wallMs() + 3_000 },
    };
    assert.equal(await asking.prompts.show(prompt), true);
    const [request] = sink.requests;
    assert.ok(request !== undefined);
    const posted = promptSchema.parse(JSON.parse(request.body));
    assert.deepEqual([posted.action, posted.position, posted.state], ['nod', 2, 'asked']);
    const signed = `${request.headers['rollcall-timestamp']}.${request.body}`;
    const expected = createHmac('sha256', secret).update(signed).digest('hex');
    assert.equal(request.headers['rollcall-signature'], `v1=${expected}`);
    assert.equal(request.headers['idempotency-key'], `${prompt.nonce}-asked-2`);
    sink.answer = () => 503;
    assert.equal(await asking.prompts.show(prompt), false, 'a screen that refuses shows nothing');
    await asking.intake[Symbol.asyncDispose]();
  });
});
