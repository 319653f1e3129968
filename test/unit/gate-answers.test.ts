import assert from 'node:assert/strict';
import { PassThrough, Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { brotliDecompressSync, constants, gunzipSync } from 'node:zlib';
import { compressed, compressor } from '../../daemon/gate/compression.js';
import { sendAnswer } from '../../daemon/gate/core-link.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

const decoders = { br: brotliDecompressSync, gzip: gunzipSync } as const;
/** What a caller can read of an answer that has only begun. */
const begun = {
  br: (bytes: Buffer) => brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH }),
  gzip: (bytes: Buffer) => gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }),
} as const;

describe('the sending of an answer', () => {
  const readIdleMs = 30_000;
  /** A caller who has read only what `take` was called for. */
  function slowCaller() {
    const waiting: (() => void)[] = [];
    const target = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) => void waiting.push(done),
    });
    return { target, take: () => waiting.shift()?.() };
  }

  test('ends whole when the caller has read all of it', async () => {
    const target = new PassThrough();
    const all = buffer(target);
    const parts = Readable.from([Buffer.from('one '), 'no bytes', Buffer.from('two')]);
    const sent = await sendAnswer(parts, target, { clock: new VirtualClock(), readIdleMs });
    assert.deepEqual(sent, { bytes: 7, end: 'whole' });
    assert.equal((await all).toString(), 'one two');
  });

  for (const [what, parts] of [
    ['a part', 2],
    ['the last part', 1],
  ] as const) {
    test(`is given up when the caller takes longer than allowed for ${what}`, async () => {
      const clock = new VirtualClock();
      const { target, take } = slowCaller();
      let isOver = false;
      const source = Readable.from(Array.from({ length: parts }, () => Buffer.alloc(8)));
      const sending = sendAnswer(source, target, { clock, readIdleMs }).finally(() => {
        isOver = true;
      });
      for (let part = 1; part < parts; part += 1) {
        await nextTurn();
        clock.advanceBy(readIdleMs - 1);
        take();
      }
      await nextTurn();
      clock.advanceBy(readIdleMs - 1);
      await nextTurn();
      assert.equal(isOver, false);
      clock.advanceBy(1);
      assert.deepEqual(await sending, { bytes: 8 * parts, end: 'caller-slow' });
    });
  }

  test('tells a caller who left from a core that did', async () => {
    const clock = new VirtualClock();
    const left = new PassThrough();
    left.destroy();
    const source = Readable.from([Buffer.alloc(8)]);
    assert.deepEqual(await sendAnswer(source, left, { clock, readIdleMs }), { bytes: 0, end: 'caller-gone' });
    assert.equal((await sendAnswer(Readable.from([]), left, { clock, readIdleMs })).end, 'caller-gone');

    const failing = (target: Writable, isCallerGone: boolean): AsyncIterable<unknown> => ({
      async *[Symbol.asyncIterator]() {
        yield Buffer.alloc(8);
        if (isCallerGone) target.destroy();
        throw new Error('aborted');
      },
    });
    for (const [isCallerGone, end] of [
      [false, 'core-gone'],
      [true, 'caller-gone'],
    ] as const) {
      const target = new PassThrough();
      target.resume();
      const sent = await sendAnswer(failing(target, isCallerGone), target, { clock, readIdleMs });
      assert.deepEqual(sent, { bytes: 8, end });
    }
  });
});

describe('the compression of an answer', () => {
  const text = 'again and '.repeat(500);

  for (const encoding of ['br', 'gzip'] as const) {
    test(`gives back the text as ${encoding}`, async () => {
      const whole = await compressed(Buffer.from(text), encoding);
      assert.equal(decoders[encoding](whole).toString(), text);
      const stream = compressor(encoding, 'application/json');
      stream.end(text);
      assert.equal(decoders[encoding](await buffer(stream)).toString(), text);
    });

    for (const type of ['application/jsonl', 'application/x-ndjson; charset=utf-8']) {
      test(`sends each line of ${type} at once as ${encoding}`, async () => {
        const stream = compressor(encoding, type);
        await new Promise((resolve) => stream.write('{"item":1}\n', resolve));
        assert.equal(begun[encoding](stream.read() as Buffer).toString(), '{"item":1}\n');
        stream.destroy();
      });
    }
  }
});
