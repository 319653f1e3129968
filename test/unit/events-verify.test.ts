import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { importJWK } from 'jose';
import { messageFromLine, parseKeySet } from '../../daemon/cli/events/events-verify.js';
import { encodeEvent, stateText } from '../../daemon/core/delivery/encoding.js';
import { type Range, SequenceLedger } from '../../daemon/core/delivery/sequence-ledger.js';
import { MessageChecker } from '../../daemon/core/identity/message-checker.js';
import { keyIdOf } from '../../daemon/core/identity/public-key.js';
import { type SigningKey, signText } from '../../daemon/core/identity/signed-text.js';
import type { GapNotice } from '../../daemon/kernel/events/notice.js';
import { eventId } from '../../daemon/kernel/ids.js';
import { askCommand, commandNamed } from '../support/asked-command.js';
import { attendanceFact } from '../support/facts.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const from = { siteId: 'plant', boxId: 'gate' };
const atMs = Date.UTC(2026, 2, 1, 8);

async function newKey() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  const key = { kty: 'OKP', crv: 'Ed25519', x } as const;
  const imported = await importJWK(privateKey.export({ format: 'jwk' }), 'EdDSA');
  assert.ok(!(imported instanceof Uint8Array));
  const signing: SigningKey = { keyId: await keyIdOf(key), privateKey: imported };
  return { key, signing };
}

const text = (
  sequence: number,
  event: GapNotice | ReturnType<typeof attendanceFact> = attendanceFact(),
): string => {
  const id = eventId(`0190a2e0-0000-7000-8000-${String(sequence).padStart(12, '0')}`);
  const recorded = { ...event, id, sequence, recordedAtMs: atMs };
  return new TextDecoder().decode(encodeEvent(recorded, from, { recogniser: 'test-recogniser' }));
};

const gap = (firstSequence: number, lastSequence: number): GapNotice => ({
  kind: 'gap',
  occurredAtMs: atMs,
  ...{
    firstSequence,
    lastSequence,
    counts: { attendance: lastSequence - firstSequence + 1 },
    reason: 'too-many',
  },
});

test('rollcall events verify names the events that were given up apart from those that are missing', async () => {
  const { key, signing } = await newKey();
  await using directory = await temporaryDirectory();
  const summaryOf = async (...texts: readonly string[]): Promise<string> => {
    const path = join(directory.path, 'captured');
    const lines = await Promise.all(texts.map((each) => signText(each, signing, atMs)));
    await writeFile(path, lines.join('\n'));
    const answers = { 'identity.show': { jwks: { keys: [key] } } };
    const { out } = await askCommand(await commandNamed('events'), ['events', 'verify', path], answers);
    return out.trimEnd().split('\n').at(-1) ?? '';
  };
  assert.equal(
    await summaryOf(text(1), text(2), text(2)),
    '/plant/gate: 2 events from 1 to 2, 1 repeated; none missing',
  );
  assert.equal(
    await summaryOf(text(10), text(15), text(16, gap(12, 14))),
    '/plant/gate: 3 events from 10 to 16, 0 repeated; given up by the box: 12-14; MISSING: 11',
  );
});

describe('MessageChecker', () => {
  test('reports the key of a message, and repetitions', async () => {
    const { key, signing } = await newKey();
    const checker = new MessageChecker(await parseKeySet({ keys: [key] }));
    const message = await signText(text(7), signing, atMs);
    const first = await checker.check(message);
    assert.equal(first.outcome, 'valid');
    assert.equal(first.keyId, signing.keyId);
    assert.equal(first.sequence, 7);
    assert.equal(first.source, '/plant/gate');
    const late = `${text(7).slice(0, -1)},"historical":true}`;
    const again = await checker.check(await signText(late, signing, atMs));
    assert.deepEqual([again.outcome, again.isHistorical], ['repeated', true]);
  });

  test('recognises a repeated event with another picture, or with a name that was missing before', async () => {
    const { key, signing } = await newKey();
    const checker = new MessageChecker(await parseKeySet({ keys: [key] }));
    const outcome = async (more: object): Promise<string> => {
      const event = JSON.parse(text(7)) as { readonly data: object };
      const sent = JSON.stringify({ ...event, data: { ...event.data, ...more } });
      return (await checker.check(await signText(sent, signing, atMs))).outcome;
    };
    const sealedTo = 'k'.repeat(43);
    assert.equal(await outcome({ picture: { sealedTo, jpeg: 'AAAA' } }), 'valid');
    assert.equal(await outcome({ picture: { sealedTo, jpeg: 'BBBB' } }), 'repeated');
    assert.equal(await outcome({ personName: 'Ada' }), 'repeated');
    assert.equal(await outcome({}), 'repeated');
    assert.equal(await outcome({ similarity: 0.9 }), 'contradiction');
  });

  test('does not trust keys because a broker delivers them', async () => {
    const { key, signing } = await newKey();
    const message = await signText(JSON.stringify({ specVersion: 1, keys: [key] }), signing, atMs);
    await assert.rejects(parseKeySet(JSON.parse(message)), (error: { code?: string; remedy?: string }) => {
      assert.equal(error.code, 'key-set-unusable');
      assert.match(String(error.remedy), /identity show --jwks/);
      return true;
    });
  });

  test('explains what is wrong with a message', async () => {
    const { key, signing } = await newKey();
    const stranger = await newKey();
    const checker = new MessageChecker(await parseKeySet({ keys: [key] }));
    const message = await signText(text(1), signing, atMs);
    const outcome = async (given: string): Promise<string> => (await checker.check(given)).outcome;
    assert.equal(await outcome(text(1)), 'unsigned');
    assert.equal(await outcome('{"a":'), 'malformed');
    assert.equal(await outcome(await signText(text(1), stranger.signing, atMs)), 'unknown-key');
    assert.equal(await outcome(message.replace('0.7123', '0.9123')), 'bad-signature');
    assert.equal(await outcome(await signText('{"specversion":"1.0"}', signing, atMs)), 'malformed');
    assert.equal(await outcome(message), 'valid');
    const other = text(1).replace('person-1', 'person-2');
    assert.equal(await outcome(await signText(other, signing, atMs)), 'contradiction');
    const otherId = text(1).replace('000000000001', '000000000009');
    assert.equal(await outcome(await signText(otherId, signing, atMs)), 'contradiction');
  });

  test('does not accept a signature of a former key from after its time', async () => {
    const { key, signing } = await newKey();
    const notAfter = new Date(atMs).toISOString();
    const checker = new MessageChecker(await parseKeySet({ keys: [{ ...key, notAfter }] }));
    assert.equal((await checker.check(await signText(text(1), signing, atMs))).outcome, 'valid');
    assert.equal((await checker.check(await signText(text(2), signing, atMs + 1000))).outcome, 'key-expired');
  });

  test('finds missing events, also at the end, and tells them from events that were given up', async () => {
    const { key, signing } = await newKey();
    const checker = new MessageChecker(await parseKeySet({ keys: [key] }));
    for (const each of [text(10), text(15), text(16, gap(12, 13))]) {
      assert.equal((await checker.check(await signText(each, signing, atMs))).outcome, 'valid');
    }
    const state = stateText(
      {
        ...{ state: 'online', reason: 'connected', gallery: 'open', sequence: 3, timeMs: atMs },
        ...{ lastSequence: 18, conditions: [] },
      },
      from,
    );
    assert.equal((await checker.check(await signText(state, signing, atMs))).outcome, 'valid');
    assert.deepEqual(checker.summary().get('/plant/gate'), {
      ...{ count: 3, repeatCount: 0, first: 10, last: 18 },
      givenUp: [{ first: 12, last: 13 }],
      missing: [
        { first: 11, last: 11 },
        { first: 14, last: 14 },
        { first: 17, last: 18 },
      ],
    });
  });

  test('a key set without a verifying key is refused', async () => {
    for (const set of [{}, { keys: [] }, { keys: [{ kty: 'EC' }] }, 7]) {
      await assert.rejects(() => parseKeySet(set), { code: 'key-set-unusable' });
    }
  });
});

test('a line of a subscriber is a message with or without its topic', () => {
  assert.equal(messageFromLine('  '), undefined);
  assert.equal(messageFromLine('{"a":"b {c}"}'), '{"a":"b {c}"}');
  assert.equal(messageFromLine('rollcall/plant/gate/event/unknown {"a":"b"}'), '{"a":"b"}');
  assert.equal(messageFromLine('nonsense'), 'nonsense');
});

test('a gap explains at most as many events as it counts', () => {
  const range = fc.record({ first: fc.integer({ min: 1, max: 40 }), length: fc.nat(15), share: fc.nat(4) });
  const all = fc.record({
    came: fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
    gaps: fc.array(range, { maxLength: 5 }),
    announced: fc.integer({ min: 0, max: 45 }),
  });
  fc.assert(
    fc.property(all, ({ came, gaps, announced }) => {
      const ledger = new SequenceLedger();
      for (const sequence of came) ledger.take(sequence, `id-${sequence}`, '');
      const stated = gaps.map(({ first, length, share }) => ({
        ...{ first, last: first + length },
        count: Math.ceil(((length + 1) * share) / 4),
      }));
      for (const each of stated) ledger.giveUp(each);
      ledger.announce(announced);
      const { first, last, givenUp, missing } = ledger.summary();
      const isIn = (ranges: readonly Range[], sequence: number): boolean =>
        ranges.some((each) => each.first <= sequence && sequence <= each.last);
      let givenUpCount = 0;
      for (let sequence = first; sequence <= last; sequence += 1) {
        const found = [came.includes(sequence), isIn(givenUp, sequence), isIn(missing, sequence)];
        assert.equal(found.filter((is) => is).length, 1, `${sequence} is one of the three`);
        if (isIn(givenUp, sequence)) {
          givenUpCount += 1;
          assert.ok(isIn(stated, sequence));
        }
        // A separate gap that counts its whole range explains all of it.
        const covering = stated.filter((each) => each.first <= sequence && sequence <= each.last);
        if (covering.length > 0 && stated.every((each) => each.count > each.last - each.first)) {
          assert.ok(!isIn(missing, sequence));
        }
      }
      assert.ok(givenUpCount <= stated.reduce((sum, { count }) => sum + count, 0));
      assert.equal(last, Math.max(...came, announced));
    }),
  );
});

test('a lost event is not hidden by a gap around it', () => {
  const ledger = new SequenceLedger(1);
  for (const sequence of [2, 3, 6, 7]) ledger.take(sequence, `id-${sequence}`, '');
  ledger.giveUp({ first: 1, last: 4, count: 1 });
  assert.deepEqual(ledger.summary().missing, [
    { first: 1, last: 1 },
    { first: 4, last: 5 },
  ]);
  ledger.giveUp({ first: 4, last: 4, count: 1 });
  assert.deepEqual(ledger.summary().missing, [{ first: 5, last: 5 }]);
});
