import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { newKeyPair, openSealed, SEAL_OVERHEAD_BYTES, sealTo } from '../../daemon/host/sealed-box.js';
import {
  openPullStream,
  openPushStream,
  STREAM_HEADER_BYTES,
  STREAM_OVERHEAD_BYTES,
  type StreamTag,
} from '../../daemon/host/secret-stream.js';

const key = new Uint8Array(32).fill(5);
const tag = fc.constantFrom<StreamTag>('message', 'push', 'rekey');
const bytes = fc.uint8Array({ maxLength: 300 });

interface Message {
  readonly text: Uint8Array;
  readonly place: Uint8Array;
  readonly tag: StreamTag;
}
const messages: fc.Arbitrary<Message[]> = fc.array(fc.record({ text: bytes, place: bytes, tag }), {
  minLength: 1,
  maxLength: 8,
});

function pushAll(all: readonly Message[]): {
  readonly header: Uint8Array;
  readonly ciphertexts: Uint8Array[];
} {
  using stream = openPushStream(key);
  const ciphertexts = all.map(({ text, place, tag: mark }) => {
    const target = new Uint8Array(text.length + STREAM_OVERHEAD_BYTES);
    stream.push(target, text, place, mark);
    return target;
  });
  return { header: stream.header, ciphertexts };
}

describe('a secret stream', () => {
  test('gives back messages, marks and order', () => {
    fc.assert(
      fc.property(messages, (all) => {
        const { header, ciphertexts } = pushAll(all);
        assert.equal(header.length, STREAM_HEADER_BYTES);
        using stream = openPullStream(header, key);
        for (const [index, { text, place, tag: mark }] of all.entries()) {
          const target = new Uint8Array(text.length);
          assert.equal(stream.pull(target, ciphertexts[index] ?? target, place), mark);
          assert.deepEqual(target, text);
        }
      }),
    );
  });

  test('refuses an altered message, another place, another key or header, another order, and writes nothing', () => {
    fc.assert(
      fc.property(bytes, bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), (text, place, where, flip) => {
        const { header, ciphertexts } = pushAll([
          { text, place, tag: 'message' },
          { text, place, tag: 'message' },
        ]);
        const [first = text, second = text] = ciphertexts;
        const target = new Uint8Array(text.length);
        const pull = (ciphertext: Uint8Array, at: Uint8Array, under: Uint8Array = key, begun = header) => {
          using stream = openPullStream(begun, under);
          return stream.pull(target, ciphertext, at);
        };
        const flipped = (original: Uint8Array): Uint8Array<ArrayBuffer> => {
          const offset = where % original.length;
          return Uint8Array.from(original, (byte, index) => (index === offset ? byte ^ flip : byte));
        };
        assert.equal(pull(flipped(first), place), undefined);
        assert.equal(pull(first, Uint8Array.from([...place, 0])), undefined);
        assert.equal(pull(first, place, flipped(key)), undefined);
        assert.equal(pull(first, place, key, flipped(header)), undefined);
        assert.equal(pull(second, place), undefined);
        assert.deepEqual(target, new Uint8Array(text.length));
        assert.equal(pull(first, place), 'message');
      }),
    );
  });

  test('ends with its final message, and with its disposal', () => {
    const none = new Uint8Array(0);
    const target = new Uint8Array(STREAM_OVERHEAD_BYTES);
    const push = openPushStream(key);
    push.push(target, none, none, 'final');
    assert.throws(() => push.push(target, none, none, 'message'), { code: 'stream-ended' });
    const pull = openPullStream(push.header, key);
    assert.equal(pull.pull(none, target, none), 'final');
    assert.throws(() => pull.pull(none, target, none), { code: 'stream-ended' });
    const other = openPullStream(push.header, key);
    other[Symbol.dispose]();
    assert.throws(() => other.pull(none, target, none), { code: 'stream-ended' });
    const short = openPullStream(push.header, key);
    assert.equal(short.pull(none, new Uint8Array(16), none), undefined);
  });
});

describe('a sealed box', () => {
  test('opens for its key pair only, and not once altered', () => {
    const pair = newKeyPair();
    fc.assert(
      fc.property(bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), (message, where, flip) => {
        const box = sealTo(pair.publicKey, message) ?? new Uint8Array(0);
        assert.equal(box.length, message.length + SEAL_OVERHEAD_BYTES);
        assert.deepEqual(Buffer.from(openSealed(pair, box) ?? []), Buffer.from(message));
        assert.equal(openSealed(newKeyPair(), box), undefined);
        const altered = Uint8Array.from(box);
        altered[where % box.length] = (altered[where % box.length] ?? 0) ^ flip;
        assert.equal(openSealed(pair, altered), undefined);
        assert.equal(openSealed(pair, box.subarray(0, SEAL_OVERHEAD_BYTES - 1)), undefined);
      }),
    );
  });

  test('is not made for points that would give the secret away', () => {
    const one = new Uint8Array(32);
    one[0] = 1;
    assert.equal(sealTo(new Uint8Array(32), key), undefined);
    assert.equal(sealTo(one, key), undefined);
  });
});
