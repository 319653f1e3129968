import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventSchema } from '../../daemon/contract/events/event-schema.js';
import { keySetSchema } from '../../daemon/contract/events/key-set-schema.js';
import { followKeySet, type TrustedKeys } from '../../daemon/core/identity/follow-key-set.js';
import { verifySignedText } from '../../daemon/core/identity/signed-text.js';
import type { Actor } from '../../daemon/kernel/actor.js';
import { subscribeToEvents } from '../support/event-subscriber.js';
import { assortedFacts } from '../support/facts.js';
import {
  assertHandedOver,
  keySetsSeenBy,
  openBox,
  pinned,
  signedMessagesSeenBy,
  statesSeenBy,
  technician,
  topics,
} from '../support/identity-box.js';
import { dayMs, keyOfState, overlapMs } from '../support/identity-fixture.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { withSecretPlaces } from '../support/secret-places.js';
import { openTcpGate } from '../support/tcp-gate.js';

describe('the rollover of the box key, seen from a centre', {
  skip: withoutMosquitto,
}, () => {
  test('the key set comes before all messages that are signed with its keys', () =>
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

  test('no message is signed with a key before the key set that contains it', () =>
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

  test('no message is signed with the former key after a kill between the rotation and its event', () =>
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

  test('nothing that remains of an ended connection is signed with the former key', () =>
    withSecretPlaces(async (places) => {
      await using one = await openBox(places);
      const signer = one.keys.current();
      await signer.sign('{"a":1}');
      await one.identity.rotate(technician);
      await assert.rejects(signer.sign('{"a":1}'), { code: 'box-key-former' });
      await one.keys.current().sign('{"a":1}');
    }));

  test('every message verifies with a key that the pinned key leads to', () =>
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

  test('a centre that was away finds the retained key set and follows over two rotations', () =>
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

  test('a rotation is one event and one audit entry, and both name both keys', () =>
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

  test('commands cannot prevent a rotation at the box, which reports the dropped key', () =>
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
      const reasons = () => statesSeenBy(subscriber).map(({ reason }) => reason);
      await subscriber.until(() => reasons().length === 1);
      await one.identity.rotate(technician);
      await subscriber.until(() => reasons().length === 3);
      gate.cut();
      await subscriber.until(() => reasons().includes('connection-lost'));
      assert.deepEqual(reasons().slice(0, 4), ['connected', 'stopped', 'connected', 'connection-lost']);
      const will = subscriber.messages.find(({ payload }) => payload.includes('connection-lost'));
      const verdict = await verifySignedText(will?.payload ?? '', keyOfState(one.keys.state));
      assert.equal(verdict.outcome === 'valid' && verdict.keyId, one.keys.state.current.keyId);
    }));

  test('the key set drops the former key when its overlap is over, and the box publishes it immediately', () =>
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
