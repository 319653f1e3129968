import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { BoxIdentity } from '../../daemon/app/box-identity.js';
import type { Actor } from '../../daemon/audit/actor.js';
import type { NewAuditEntry } from '../../daemon/audit/audit-entry.js';
import type { AuditLog } from '../../daemon/audit/audit-log.js';
import { silentLogger } from '../../daemon/base/logger.js';
import { VirtualClock } from '../../daemon/base/virtual-clock.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { eventSchema } from '../../daemon/publish/contract/event-schema.js';
import { keySetSchema } from '../../daemon/publish/contract/key-set-schema.js';
import { type StateMessage, stateSchema } from '../../daemon/publish/contract/state-schema.js';
import { followKeySet, type TrustedKeys } from '../../daemon/publish/identity/follow-key-set.js';
import { IdentityKeys, type InSilence } from '../../daemon/publish/identity/identity-keys.js';
import { keySetCompanion } from '../../daemon/publish/identity/key-set-companion.js';
import type { VerifyingKey } from '../../daemon/publish/identity/public-key.js';
import { verifySignedText } from '../../daemon/publish/identity/signed-text.js';
import type { Publisher } from '../../daemon/publish/publisher.js';
import { topicsOf } from '../../daemon/publish/topics.js';
import type { Records } from '../../daemon/records/open-records.js';
import { type EventSubscriber, subscribeToEvents } from '../support/event-subscriber.js';
import { assortedFacts } from '../support/facts.js';
import { dayMs, keyOfState, overlapMs } from '../support/identity-fixture.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { box, openTestRecords, startTestPublisher } from '../support/published-box.js';
import { type SecretPlaces, withSecretPlaces } from '../support/secret-places.js';
import { openTcpGate } from '../support/tcp-gate.js';

const technician: Actor = { actor: 'uid:1000', origin: 'local socket' };
const topics = topicsOf('rollcall', box);

interface BoxUnderTest extends AsyncDisposable {
  readonly keys: IdentityKeys;
  readonly identity: BoxIdentity;
  readonly records: Records;
  readonly clock: VirtualClock;
  readonly audited: readonly NewAuditEntry[];
  /** How often nobody signed for the sake of a rotation. */
  readonly silences: number;
  /** From now on, until the box is closed; a rotation is made between two connections, as the daemon does it. */
  publishTo(url: string): void;
}

/** A box with real keys and records; its audit log is a list. */
async function openBox(places: SecretPlaces): Promise<BoxUnderTest> {
  const clock = new VirtualClock(Date.now());
  const keys = await IdentityKeys.open({ places, clock, overlapMs });
  const records = openTestRecords(join(places.dataDir, 'records.db'));
  const audited: NewAuditEntry[] = [];
  const audit: Pick<AuditLog, 'append' | 'list'> = {
    append(entry) {
      audited.push(entry);
      return { sequence: audited.length, hash: '' };
    },
    list: () => [],
  };
  let publish: (() => Publisher) | undefined;
  let publisher: Publisher | undefined;
  let silences = 0;
  const inSilence: InSilence = async (work) => {
    silences += 1;
    await publisher?.[Symbol.asyncDispose]();
    try {
      return await work();
    } finally {
      publisher = publish?.();
    }
  };
  const options = {
    ...{ keys, records, audit, inSilence, clock },
    from: box,
    overlapDays: () => 14,
    logger: silentLogger,
  };
  const identity = await new BoxIdentity(options).start();
  return {
    ...{ keys, identity, records, clock, audited },
    get silences() {
      return silences;
    },
    publishTo(url) {
      publish = () => publisherOf(url, { keys, records });
      publisher = publish();
    },
    async [Symbol.asyncDispose]() {
      await publisher?.[Symbol.asyncDispose]();
      await identity[Symbol.asyncDispose]();
      await records[Symbol.asyncDispose]();
      keys[Symbol.dispose]();
    },
  };
}

function publisherOf(url: string, { keys, records }: Pick<BoxUnderTest, 'keys' | 'records'>): Publisher {
  const about = { topic: topics.keys, from: box, memory: records.retained };
  const companions = [keySetCompanion({ ...about, keys, clock: systemClock, logger: silentLogger })];
  return startTestPublisher({ url, records, signer: () => keys.current(), companions });
}

const keySetsSeenBy = ({ messages }: EventSubscriber): readonly Buffer[] =>
  messages.filter(({ topic }) => topic === topics.keys).map(({ payload }) => payload);

async function pinned({ identity }: BoxUnderTest): Promise<VerifyingKey> {
  const { keyId, jwks } = await identity.show();
  const key = jwks.keys.find(({ kid }) => kid === keyId);
  if (key?.crv !== 'Ed25519') assert.fail('no such key');
  const { kty, crv, x } = key;
  return { kty, crv, x };
}

function statesSeenBy({ messages }: EventSubscriber): readonly StateMessage[] {
  return messages
    .filter(({ topic }) => topic === topics.state)
    .map(({ payload }) => stateSchema.parse(JSON.parse(payload.toString())));
}

interface SignedMessage {
  readonly topic: string;
  /** Which key it is signed with. */
  readonly keyId: string;
  /** Of a key set: which keys it makes known. */
  readonly known: readonly string[];
}

function signedMessagesSeenBy({ messages }: EventSubscriber): readonly SignedMessage[] {
  return messages.map(({ topic, payload }) => {
    const { keys = [], signature } = JSON.parse(payload.toString()) as {
      readonly keys?: readonly { readonly kid: string }[];
      readonly signature: string;
    };
    const header = Buffer.from(signature.split('.')[0] ?? '', 'base64url').toString();
    const { kid: keyId } = JSON.parse(header) as { readonly kid: string };
    return { topic, keyId, known: keys.map(({ kid }) => kid) };
  });
}

/** The key in force signs the key set that makes it known, then everything else, the event of the rotation too; no other does. */
function assertHandedOver(messages: readonly SignedMessage[], { keys }: BoxUnderTest): void {
  const { keyId } = keys.state.current;
  const first = messages.findIndex((message) => message.keyId === keyId);
  const after = messages.slice(first);
  assert.equal(after[0]?.topic, topics.keys);
  assert.ok(after[0].known.includes(keyId));
  assert.deepEqual([...new Set(after.map((message) => message.keyId))], [keyId]);
  assert.ok(after.some(({ topic }) => topic === topics.event('identity')));
  assert.ok(!messages.slice(0, first).some(({ topic }) => topic === topics.event('identity')));
}

describe('the rollover of the box key, seen from a centre', {
  skip: withoutMosquitto,
  timeout: 60_000,
}, () => {
  test('the key set comes before everything that is signed with its keys', () =>
    withSecretPlaces(async (places) => {
      await using broker = await startMosquitto();
      await using subscriber = await subscribeToEvents(broker.url);
      await using one = await openBox(places);
      for (const fact of assortedFacts(5)) one.records.record(fact);
      one.publishTo(broker.url);
      await subscriber.until(() => subscriber.eventIds.length === 5);
      const [first, second] = subscriber.messages.map(({ topic }) => topic);
      assert.deepEqual([first, second], [topics.keys, topics.state]);
    }));

  test('nothing comes signed with a key before the key set that has it', () =>
    withSecretPlaces(async (places) => {
      await using broker = await startMosquitto();
      await using subscriber = await subscribeToEvents(broker.url);
      await using one = await openBox(places);
      one.publishTo(broker.url);
      await subscriber.until(() => statesSeenBy(subscriber).length === 1);
      const rotated = one.identity.rotate(technician);
      for (const fact of assortedFacts(40)) {
        one.records.record(fact);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await rotated;
      await subscriber.until(
        () => subscriber.eventIds.length === 41 && statesSeenBy(subscriber).length === 3,
      );
      const messages = signedMessagesSeenBy(subscriber);
      const known = new Set<string>();
      for (const message of messages) {
        for (const keyId of message.known) known.add(keyId);
        assert.ok(known.has(message.keyId), message.topic);
      }
      assertHandedOver(messages, one);
    }));

  test('nothing comes signed with the former key after a kill between the rotation and its event', () =>
    withSecretPlaces(async (places) => {
      await using broker = await startMosquitto();
      await using subscriber = await subscribeToEvents(broker.url);
      {
        await using killed = await openBox(places);
        killed.publishTo(broker.url);
        await subscriber.until(() => statesSeenBy(subscriber).length === 1);
      }
      {
        await using killed = await openBox(places);
        for (const fact of assortedFacts(5)) killed.records.record(fact);
        await killed.keys.rotate(overlapMs);
      }
      await using one = await openBox(places);
      one.publishTo(broker.url);
      await subscriber.until(() => subscriber.eventIds.length === 6);
      assertHandedOver(signedMessagesSeenBy(subscriber), one);
    }));

  test('what an ended connection has left half done is not signed with the former key', () =>
    withSecretPlaces(async (places) => {
      await using one = await openBox(places);
      const signer = one.keys.current();
      await signer.sign('{"a":1}');
      await one.identity.rotate(technician);
      await assert.rejects(signer.sign('{"a":1}'), { code: 'box-key-former' });
      await one.keys.current().sign('{"a":1}');
    }));

  test('everything verifies with what follows from the key that was pinned', () =>
    withSecretPlaces(async (places) => {
      await using broker = await startMosquitto();
      await using subscriber = await subscribeToEvents(broker.url);
      await using one = await openBox(places);
      let inForce = await pinned(one);
      let trusted: TrustedKeys = new Map();
      one.publishTo(broker.url);
      for (const fact of assortedFacts(20)) one.records.record(fact);
      await subscriber.until(
        () => subscriber.eventIds.length === 20 && keySetsSeenBy(subscriber).length === 1,
      );
      await one.identity.rotate(technician);
      for (const fact of assortedFacts(20)) one.records.record(fact);
      await subscriber.until(
        () => subscriber.eventIds.length === 41 && keySetsSeenBy(subscriber).length === 2,
      );
      await one.identity.rotate(technician);
      await subscriber.until(
        () => subscriber.eventIds.length === 42 && keySetsSeenBy(subscriber).length === 3,
      );
      const signers = new Set<string>();
      for (const keySet of keySetsSeenBy(subscriber)) {
        const followed = await followKeySet(keySet, inForce);
        if (followed.outcome !== 'followed') assert.fail(followed.reason);
        ({ inForce, trusted } = followed);
      }
      assert.equal(trusted.size, 3);
      for (const { topic, payload } of subscriber.messages) {
        const verdict = await verifySignedText(payload, (keyId) => trusted.get(keyId));
        if (verdict.outcome !== 'valid') assert.fail(`${topic}: ${verdict.outcome}`);
        signers.add(verdict.keyId);
      }
      assert.equal(signers.size, 3, 'each key has signed');
      assert.equal(one.audited.filter(({ action }) => action === 'identity.rotated').length, 2);
    }));

  test('a centre that was away finds the retained key set and follows over two rotations at once', () =>
    withSecretPlaces(async (places) => {
      await using broker = await startMosquitto();
      await using one = await openBox(places);
      const key = await pinned(one);
      await one.identity.rotate(technician);
      await one.identity.rotate(technician);
      await using first = await subscribeToEvents(broker.url);
      one.publishTo(broker.url);
      await first.until(() => keySetsSeenBy(first).length === 1 && first.eventIds.length === 2);
      await using late = await subscribeToEvents(broker.url);
      await late.until(() => keySetsSeenBy(late).length === 1);
      const [message] = late.messages.filter(({ topic }) => topic === topics.keys);
      assert.equal(message?.isRetained, true);
      const followed = await followKeySet(message.payload, key);
      assert.equal(followed.outcome === 'followed' && followed.keyId, one.keys.state.current.keyId);
    }));

  test('a rotation is one event and one audit entry, which name both keys', () =>
    withSecretPlaces(async (places) => {
      await using broker = await startMosquitto();
      await using subscriber = await subscribeToEvents(broker.url);
      await using one = await openBox(places);
      const before = one.keys.state.current.keyId;
      one.publishTo(broker.url);
      const { keyId, formerKeyId } = await one.identity.rotate(technician);
      await subscriber.until(() => subscriber.eventIds.length === 1);
      const message = subscriber.messages.find(({ topic }) => topic === topics.event('identity'));
      const event = eventSchema.parse(JSON.parse(message?.payload.toString('utf8') ?? ''));
      const [former] = one.keys.state.former;
      const formerUntil = new Date(former?.untilMs ?? 0).toISOString();
      assert.deepEqual(event.data, { keyId, formerKeyId, formerUntil });
      assert.equal(formerKeyId, before);
      const audited = one.audited.map(({ action, subject, by }) => [action, subject, by.actor]);
      assert.deepEqual(audited, [
        ['identity.created', `key:${before}`, 'daemon'],
        ['identity.rotated', `key:${keyId}`, 'uid:1000'],
      ]);
    }));

  test('commands cannot use up the rotations of the person at the box, who is told which key had to make room', () =>
    withSecretPlaces(async (places) => {
      await using one = await openBox(places);
      const first = one.keys.state.current.keyId;
      const centre: Actor = { actor: 'issuer:hr', origin: 'command' };
      for (let count = 0; count < 3; count += 1) {
        assert.equal((await one.identity.rotateByCommand(centre)).note, undefined);
      }
      await assert.rejects(one.identity.rotateByCommand(centre), { code: 'identity-rotated-too-often' });
      for (let count = 3; count < 8; count += 1) {
        assert.equal((await one.identity.rotate(technician)).note, undefined);
      }
      const { note, former } = await one.identity.rotate(technician);
      assert.ok(note?.includes(first), note);
      assert.equal(former.length, 8);
      assert.equal(one.silences, 9, 'what is refused ends no connection');
    }));

  test('no last will of the former key is left at the broker', () =>
    withSecretPlaces(async (places) => {
      await using broker = await startMosquitto();
      await using gate = await openTcpGate(broker.port);
      await using subscriber = await subscribeToEvents(broker.url);
      await using one = await openBox(places);
      one.publishTo(`mqtt://127.0.0.1:${gate.port}`);
      const said = () => statesSeenBy(subscriber).map(({ reason }) => reason);
      await subscriber.until(() => said().length === 1);
      await one.identity.rotate(technician);
      await subscriber.until(() => said().length === 3);
      gate.cut();
      await subscriber.until(() => said().includes('connection-lost'));
      assert.deepEqual(said().slice(0, 4), ['connected', 'stopped', 'connected', 'connection-lost']);
      const will = subscriber.messages.find(({ payload }) => payload.includes('connection-lost'));
      const verdict = await verifySignedText(will?.payload ?? '', keyOfState(one.keys.state));
      assert.equal(verdict.outcome === 'valid' && verdict.keyId, one.keys.state.current.keyId);
    }));

  test('the key set loses the former key when its time is over, and the box says so at once', () =>
    withSecretPlaces(async (places) => {
      await using broker = await startMosquitto();
      await using subscriber = await subscribeToEvents(broker.url);
      await using one = await openBox(places);
      await one.identity.rotate(technician);
      one.publishTo(broker.url);
      await subscriber.until(() => keySetsSeenBy(subscriber).length === 1);
      one.clock.advanceBy(14 * dayMs + 3_600_000);
      await subscriber.until(() => keySetsSeenBy(subscriber).length >= 2);
      const sets = keySetsSeenBy(subscriber).map((bytes) => keySetSchema.parse(JSON.parse(bytes.toString())));
      const [first, last] = [sets[0], sets.at(-1)];
      assert.equal(first?.keys.length, 4);
      assert.equal(first.endorsements.length, 1);
      assert.equal(last?.keys.length, 2);
      assert.deepEqual(last.endorsements, []);
      assert.ok(last.sequence > first.sequence);
    }));
});
