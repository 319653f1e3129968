import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { PartDecoder } from '../../daemon/vision/ingest/part-decoder.js';

const megabyte = 1024 * 1024;

/** A decoder with 10 MiB from before its start, which reads nothing until it is told to. */
function startDecoder() {
  const read: number[] = [];
  let goOn: (() => void) | undefined;
  const input = new Writable({
    write(bytes: Buffer, _encoding, done) {
      read.push(bytes.length);
      goOn = done;
    },
  });
  let isEnded = false;
  input.on('finish', () => {
    isEnded = true;
  });
  const decoder = new PartDecoder(
    {
      ...{ pid: 1, input, ended: new Promise(() => undefined) },
      resume: () => undefined,
      command: () => undefined,
      stop: async () => undefined,
    },
    { start: Buffer.alloc(100), parts: Array.from({ length: 10 }, () => Buffer.alloc(megabyte)) },
    1,
  );
  return {
    decoder,
    read,
    get isEnded() {
      return isEnded;
    },
    /** Gives it a part; returns how many were lost with it. */
    take: (timeS: number, { isKey = false, bytes = 1000 } = {}): number =>
      decoder.take({ kind: 'part', isKey, timeS, bytes: Buffer.alloc(bytes) }),
    /** Reads all that it gets. */
    async readAll(): Promise<void> {
      for (let done = goOn; done !== undefined; done = goOn) {
        goOn = undefined;
        done();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

describe('the decoder of a main stream', () => {
  test('reads the video from before its start, and all that comes meanwhile', async () => {
    const decoder = startDecoder();
    assert.equal(decoder.take(0), 0);
    assert.equal(decoder.take(0.04), 0);
    await decoder.readAll();
    assert.deepEqual(decoder.read, [100, ...Array.from({ length: 10 }, () => megabyte), 1000, 1000]);
  });

  test('needs nothing of what led up to its start where a key frame comes', async () => {
    const decoder = startDecoder();
    decoder.take(0);
    assert.equal(decoder.take(0.04, { isKey: true, bytes: 7 }), 1, 'the part before it');
    await decoder.readAll();
    assert.deepEqual(decoder.read, [100, megabyte, 7], 'the first was under way');
  });

  test('skips to a key frame what waited until it was stale, and nothing that is fresh', async () => {
    const decoder = startDecoder();
    await decoder.readAll();
    decoder.read.length = 0;
    const seconds = Array.from({ length: 9 }, (_, index) => index / 8);
    assert.deepEqual(
      seconds.map((timeS) => decoder.take(timeS, { bytes: megabyte / 8 })),
      seconds.map(() => 0),
    );
    // The first part is under way, so that the second is the oldest that waits.
    assert.equal(decoder.take(1.125, { isKey: true, bytes: 5 }), 0);
    assert.equal(decoder.take(1.126, { isKey: true, bytes: 6 }), 9);
    await decoder.readAll();
    assert.deepEqual(decoder.read, [megabyte / 8, 6]);
  });

  test('keeps no more than 4 MiB for a decoder that has caught up and stands still', async () => {
    const decoder = startDecoder();
    await decoder.readAll();
    const lost = Array.from({ length: 6 }, () => decoder.take(0, { bytes: megabyte }));
    assert.deepEqual(lost, [0, 0, 0, 0, 0, 0], 'one is under way, and more than 4 MiB wait now');
    assert.equal(decoder.take(0), 1);
    await decoder.readAll();
    assert.equal(decoder.take(0), 1, 'it lacks what was lost');
    assert.equal(decoder.take(0, { isKey: true }), 0);
    assert.equal(decoder.take(0), 0);
  });

  test('ends when it has read what was kept', async () => {
    const decoder = startDecoder();
    decoder.decoder.end();
    assert.equal(decoder.isEnded, false);
    await decoder.readAll();
    assert.equal(decoder.isEnded, true);
  });
});
