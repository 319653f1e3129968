import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { commandInbox } from '../../daemon/core/commands/command-inbox.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { startAedes } from '../support/aedes-broker.js';
import { connectCentre, newIssuer, sealedJson, token, trust } from '../support/command-centre.js';
import { type CommandedBox, openCommandedBox, type Reply } from '../support/commanded-box.js';
import { type EventSubscriber, subscribeToEvents } from '../support/event-subscriber.js';
import { assortedFacts } from '../support/facts.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { paintFace } from '../support/painted-faces.js';
import { box, startTestPublisher } from '../support/published-box.js';
import { until } from '../support/until.js';

const brokers = [
  { name: 'mosquitto, MQTT 5', start: () => startMosquitto(), skip: withoutMosquitto },
  { name: 'aedes, MQTT 3.1.1', start: () => startAedes(), skip: false },
] as const;

const topics = topicsOf('rollcall', box);

/** Publishes events and receives commands; `listens` resolves when the broker has confirmed the subscription. */
function publisherOf(url: string, { records, receiver }: CommandedBox) {
  let onListening = (): void => undefined;
  const listens = new Promise<void>((resolve) => {
    onListening = resolve;
  });
  const refusals = { taken: () => onListening(), refused: () => undefined };
  const inbox = commandInbox({ topics, receiver, refusals, logger: silentLogger });
  const publisher = startTestPublisher({ url, records, inbox, connectionTasks: [inbox] });
  return { listens, [Symbol.asyncDispose]: () => publisher[Symbol.asyncDispose]() };
}

/** A box that accepts commands, an issuer that it trusts, and a centre that sends and reads; the box is not connected yet. */
async function openSite(start: () => Promise<AsyncDisposable & { readonly url: string }>) {
  const lifetime = new Lifetime(systemClock);
  try {
    const broker = lifetime.use('broker', await start());
    const commanded = lifetime.use('box', await openCommandedBox());
    const issuer = await newIssuer();
    await trust(commanded.records.commands.trust, issuer);
    const subscriber = lifetime.use('subscriber', await subscribeToEvents(broker.url));
    const centre = lifetime.use('centre', await connectCentre(broker.url));
    const dispose = () => lifetime[Symbol.asyncDispose]();
    return { broker, commanded, issuer, subscriber, centre, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await lifetime[Symbol.asyncDispose]();
    throw error;
  }
}

function repliesSeenBy(subscriber: EventSubscriber, id: string): readonly Reply[] {
  return subscriber.messages
    .filter(({ topic }) => topic === `rollcall/site/box/reply/${id}`)
    .map(({ payload }) => (JSON.parse(payload.toString('utf8')) as { data: Reply }).data);
}

async function answered(subscriber: EventSubscriber, id: string, count = 1): Promise<Reply> {
  const last = (): readonly Reply[] =>
    repliesSeenBy(subscriber, id).filter(({ outcome }) => outcome !== 'progress');
  await subscriber.until(() => last().length >= count);
  const reply = last()[count - 1];
  assert.ok(reply);
  return reply;
}

for (const { name, start, skip } of brokers) {
  describe(`commands over ${name}`, { skip }, () => {
    test('a person is enrolled, then erased with a certificate', async () => {
      await using site = await openSite(start);
      const { broker, commanded, issuer, subscriber, centre } = site;
      await using publisher = publisherOf(broker.url, commanded);
      await publisher.listens;

      const enrolment = randomUUID();
      const person = {
        externalId: 'E-1',
        name: 'Ada Lovelace',
        photographs: [paintFace('ada'), paintFace('ada', 2)].map((file) => file.toString('base64url')),
      };
      const sealed = sealedJson(commanded.boxKey.publicKey, person);
      const enrol = await token(issuer, { command: 'enrol-person', id: enrolment, arguments: { sealed } });
      await centre.send(topics.command('enrol-person'), enrol);
      const enrolled = await answered(subscriber, enrolment);
      assert.equal(enrolled.outcome, 'done', JSON.stringify(enrolled));
      const [entry] = await commanded.vault.gallery().listPersons();
      assert.equal(entry?.profile?.externalId, 'E-1');
      assert.equal(enrolled.result?.['person'], entry?.id);
      assert.equal(repliesSeenBy(subscriber, enrolment)[0]?.outcome, 'progress');

      const erasure = randomUUID();
      const erase = await token(issuer, {
        command: 'erase-person',
        id: erasure,
        arguments: { person: entry?.id },
      });
      await centre.send(topics.command('erase-person'), erase);
      const erased = await answered(subscriber, erasure);
      assert.equal(erased.outcome, 'done', JSON.stringify(erased));
      assert.equal(erased.result?.['scope'], 'person');
      assert.match(String(erased.result?.['auditHash']), /^[0-9a-f]{64}$/);
      assert.deepEqual(await commanded.vault.gallery().listPersons(), []);
      const wire = subscriber.messages.map(({ payload }) => payload.toString('utf8')).join('\n');
      assert.ok(!wire.includes('Lovelace'), 'no name travels in clear');
    });

    test('the box refuses a command for another box, out of date, from an unknown issuer or out of scope, and executes a repeated one once', async () => {
      await using site = await openSite(start);
      const { broker, commanded, issuer, subscriber, centre } = site;
      await using publisher = publisherOf(broker.url, commanded);
      await publisher.listens;
      const nowS = Math.floor(Date.now() / 1000);
      const resend = { command: 'resend-events', arguments: { from: 1, to: 2 } } as const;
      const refused = [
        ['wrong-audience', issuer, { audience: 'site/other' }],
        ['expired', issuer, { issuedAtS: nowS - 3600 }],
        ['unknown-issuer', await newIssuer(), {}],
        ['out-of-scope', issuer, { scope: 'cameras' }],
      ] as const;
      for (const [code, from, options] of refused) {
        const id = randomUUID();
        await centre.send(topics.command('resend-events'), await token(from, { ...resend, id, ...options }));
        const reply = await answered(subscriber, id);
        assert.deepEqual([reply.outcome, reply.code, reply.command], ['refused', code, 'resend-events']);
      }
      const id = randomUUID();
      const bytes = await token(issuer, { ...resend, id });
      for (let time = 1; time <= 3; time += 1) {
        await centre.send(topics.command('resend-events'), bytes);
        assert.deepEqual(await answered(subscriber, id, time), {
          id,
          command: 'resend-events',
          outcome: 'done',
          result: { count: 2, missing: 0 },
        });
      }
      assert.equal(commanded.receiver.counts.executed, 1);
      const unknown = randomUUID();
      await centre.send(
        topics.command('open-door'),
        await token(issuer, { command: 'open-door', id: unknown }),
      );
      const reply = await answered(subscriber, unknown);
      assert.deepEqual([reply.code, reply.command], ['unknown-command', 'unknown']);
    });

    test('a flood of commands from unknown issuers stops neither events nor commands of the centre', async () => {
      await using site = await openSite(start);
      const { broker, commanded, issuer, subscriber, centre } = site;
      await using publisher = publisherOf(broker.url, commanded);
      await publisher.listens;
      await using flood = await connectCentre(broker.url);
      const stranger = await newIssuer('stranger');
      const hostile = [
        await token(stranger, { command: 'set-camera' }),
        Buffer.alloc(60_000, '.'),
        Buffer.from('[{"'.repeat(100)),
        Buffer.alloc(0),
      ];
      const floodCount = 800;
      const floodedAtMs = performance.now();
      const sent = Array.from({ length: floodCount }, (_, index) =>
        flood.send(topics.command('set-camera'), hostile[index % hostile.length] ?? Buffer.alloc(0)),
      );
      const recorded: string[] = [];
      for (const fact of assortedFacts(150)) recorded.push(commanded.records.record(fact).id);
      const id = randomUUID();
      const order = { command: 'resend-events', id, arguments: { from: 1, to: 2 } };
      await centre.send(topics.command('resend-events'), await token(issuer, order));
      await Promise.all(sent);
      assert.equal((await answered(subscriber, id)).outcome, 'done');
      await subscriber.until(() => recorded.every((event) => subscriber.eventIds.includes(event)));
      // After an interruption the broker repeats messages without acknowledgement, so there may be more refusals.
      await until('the flood to be refused', () => {
        const refused = Object.values(commanded.receiver.counts.refused);
        return refused.reduce((sum, count) => sum + count, 0) >= floodCount;
      });
      const { accepted, executed } = commanded.receiver.counts;
      assert.deepEqual(
        { accepted, executed },
        { accepted: 1, executed: 1 },
        'only the command of the centre is accepted',
      );
      const refusals = commanded.replies().filter(({ outcome }) => outcome === 'refused');
      assert.ok(refusals.length > 0, 'the box answers some refused commands');
      const most = 20 + (performance.now() - floodedAtMs) / 30_000;
      assert.ok(refusals.length <= most, `${refusals.length} answers to an unknown issuer`);
      const seen = subscriber.sequences.filter(
        (sequence, index, all) => index > 0 && sequence < (all[index - 1] ?? 0),
      );
      assert.deepEqual(seen, [], 'events came in order');
    });

    test('a command that the broker retains is never executed, and is answered once, not at every connection', async () => {
      await using site = await openSite(start);
      const { broker, commanded, issuer, subscriber, centre } = site;
      const { receiver } = commanded;
      const resend = { command: 'resend-events', arguments: { from: 1, to: 2 } } as const;
      const topic = topics.command('resend-events');
      const stored = randomUUID();
      await centre.send(topic, await token(issuer, { ...resend, id: stored }), true);
      const live = randomUUID();
      {
        await using publisher = publisherOf(broker.url, commanded);
        await publisher.listens;
        const reply = await answered(subscriber, stored);
        assert.deepEqual([reply.outcome, reply.code], ['refused', 'retained']);
        assert.equal(receiver.counts.accepted, 0);
        // The broker forwards a live command without the retain flag, and stores it for later connections.
        await centre.send(topic, await token(issuer, { ...resend, id: live }), true);
        assert.equal((await answered(subscriber, live)).outcome, 'done');
      }
      const before = receiver.counts.refused['retained'] ?? 0;
      await using _again = publisherOf(broker.url, commanded);
      await until('the stored one to come', () => (receiver.counts.refused['retained'] ?? 0) > before);
      assert.deepEqual(
        commanded.replies().filter(({ id, outcome }) => id === live && outcome !== 'progress').length,
        1,
      );
      assert.equal(receiver.counts.executed, 1);
      const [entry] = commanded.vault.audit.list({ action: 'command.refused', limit: 1 });
      assert.deepEqual([entry?.actor, entry?.details['code']], ['issuer:head-office', 'retained']);
    });

    test('a command sent while the box is away is executed once after its return', async () => {
      await using site = await openSite(start);
      const { broker, commanded, issuer, subscriber, centre } = site;
      const states = () => subscriber.messages.filter(({ topic }) => topic === topics.state).length;
      const first = randomUUID();
      {
        await using publisher = publisherOf(broker.url, commanded);
        await publisher.listens;
        const greeting = { command: 'acknowledge-events', id: first, arguments: { upTo: 1 } };
        await centre.send(topics.command('acknowledge-events'), await token(issuer, greeting));
        await answered(subscriber, first);
      }
      await subscriber.until(() => states() === 2);
      const id = randomUUID();
      const bytes = await token(issuer, { command: 'resend-events', id, arguments: { from: 1, to: 5 } });
      await centre.send(topics.command('resend-events'), bytes);
      await using _again = publisherOf(broker.url, commanded);
      assert.equal((await answered(subscriber, id)).outcome, 'done');
      assert.equal(commanded.receiver.counts.executed, 2);
    });
  });
}
