import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { EventDetails, OutboxStatus, ResendOutcome } from '../../daemon/contract/events.js';
import { startAedes } from '../support/aedes-broker.js';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { connectCentre, newIssuer, token } from '../support/command-centre.js';
import { type EventSubscriber, subscribeToEvents } from '../support/event-subscriber.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { openTcpGate } from '../support/tcp-gate.js';
import { until } from '../support/until.js';

const base = 'rollcall/test-site/test-box';

const json = async <T>(box: TestBox, ...args: string[]): Promise<T> =>
  JSON.parse((await box.command(...args, '--json')).stdout) as T;

const outbox = ({ client }: TestBox): Promise<OutboxStatus> => client.call('outbox.show');

/** The sequences of received events and replies, with repetitions. */
const arrived = ({ messages }: EventSubscriber): readonly number[] =>
  messages
    .filter(({ topic }) => /\/(event|reply)\//.test(topic))
    .map(({ payload }) => Number((JSON.parse(payload.toString('utf8')) as { sequence: string }).sequence));

test('a box whose centre confirms', {
  skip: withoutBuild || withoutMosquitto,
}, async (t) => {
  await using broker = await startMosquitto();
  await using gate = await openTcpGate(broker.port);
  const mqtt = { url: `mqtt://127.0.0.1:${gate.port}`, acknowledgement: 'centre' };
  await using box = await makeBox({ config: { mqtt } });
  const issuer = await newIssuer();
  const keyPath = join(box.directory, 'centre.jwk');
  await writeFile(keyPath, issuer.publicText);
  await box.start();
  await box.command('trust', 'add', issuer.id, '--key', keyPath, '--scope', 'events');
  const order = async (command: string, given: Readonly<Record<string, unknown>>): Promise<void> => {
    await using sender = await connectCentre(broker.url);
    const options = { command, id: randomUUID(), audience: 'test-site/test-box', arguments: given };
    await sender.send(`${base}/command/${command}`, await token(issuer, options));
  };
  await until('the broker to have everything', async () => {
    const { count, keptForCentre } = await outbox(box);
    return count > 0 && count === keptForCentre;
  });

  await t.test('sends everything again when the broker has lost it', async () => {
    gate.close();
    await broker.kill();
    await broker.start();
    await using subscriber = await subscribeToEvents(broker.url);
    await gate.open();
    const { newestSequence } = await outbox(box);
    await subscriber.until(() => new Set(arrived(subscriber)).size >= newestSequence);
    const shown = await json<EventDetails>(box, 'events', 'show', '1');
    assert.equal(shown.delivery, 'kept-for-centre');
    const captured = join(box.directory, 'captured');
    await writeFile(
      captured,
      subscriber.messages.map(({ topic, payload }) => `${topic} ${payload}\n`).join(''),
    );
    const { exitCode, stdout } = await box.command('events', 'verify', captured);
    assert.equal(exitCode, 0, stdout);
    assert.match(stdout, /; none missing/);
  });

  await t.test('drops what the centre has confirmed, and sends it again on request', async () => {
    const { newestSequence } = await outbox(box);
    await order('acknowledge-events', { upTo: newestSequence });
    await until('the outbox to follow', async () => {
      // The number of waiting events varies: the reply is one, and the box may have recorded others meanwhile.
      return (await outbox(box)).centreHasUpTo >= newestSequence;
    }).catch(async (error: unknown) => {
      const status = JSON.stringify(await outbox(box));
      throw new Error(`${String(error)}, ${newestSequence}\noutbox: ${status}\nlog:\n${box.log()}`);
    });
    const shown = await json<EventDetails>(box, 'events', 'show', '1');
    assert.equal(shown.delivery, 'delivered');
    await using subscriber = await subscribeToEvents(broker.url);
    await order('resend-events', { from: 1, to: 2 });
    await subscriber.until(() => [1, 2].every((sequence) => arrived(subscriber).includes(sequence)));
    const again = await json<ResendOutcome>(box, 'events', 'resend', '--from', '1', '--to', '1', '--yes');
    assert.equal(again.count, 1);
    await subscriber.until(() => arrived(subscriber).filter((sequence) => sequence === 1).length === 2);
    const { stdout } = await box.command('audit', 'list', '--action', 'events.resent');
    assert.match(stdout, /events\.resent/);
  });

  await t.test('uses MQTT 3.1.1 with a warning, and tries refused topics again after a reload', async () => {
    let isAllowed = false;
    await using old = await startAedes({ hangsUpOn: (topic) => !isAllowed && topic.includes('/reply/') });
    const changed = { mqtt: { url: old.url } };
    await box.reload(changed);
    await until('the replies to be held back', async () => {
      const { broker, outbox } = await box.client.call('status.show');
      return broker.state === 'connected' && (outbox.heldBack ?? []).some(({ kind }) => kind === 'reply');
    });
    const status = (await box.command('status')).stdout;
    assert.match(status, /^broker: connected, MQTT 3\.1\.1$/m);
    assert.match(status, /^ATTENTION: broker: connected, MQTT 3\.1\.1: .*cannot report that it refuses/m);
    const { exitCode, stdout } = await box.command('mqtt', 'check');
    assert.equal(exitCode, 1, stdout);
    assert.match(stdout, /held back: event.*reply/);
    assert.match(
      stdout,
      /has acknowledged events of these kinds.* With MQTT 3\.1\.1 it may still have dropped/,
    );
    isAllowed = true;
    const reload = await box.reload(changed);
    assert.deepEqual(reload.outcome === 'applied' && reload.replaced, ['broker connection']);
    await until('an empty outbox', async () => (await box.client.call('status.show')).outbox.waiting === 0);
    assert.equal(
      (await box.reload(changed)).outcome,
      'unchanged',
      'a further reload changes nothing because no topic is refused',
    );
  });
});
