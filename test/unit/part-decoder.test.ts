import assert from 'node:assert/strict';
import type { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { PartDecoder } from '../../daemon/vision/ingest/part-decoder.js';

const megabyte = 1024 * 1024;

/** A decoder that has read nothing of the `keptMegabytes` from before its start. */
function startDecoder(keptMegabytes: number) {
  const written: number[] = [];
  const input = {
    writableLength: 0,
    write(bytes: Buffer) {
      input.writableLength += bytes.length;
      written.push(bytes.length);
      return true;
    },
  };
  const parts = Array.from({ length: keptMegabytes }, () => Buffer.alloc(megabyte));
  const decoder = new PartDecoder(
    {
      ...{ pid: 1, input: input as unknown as Writable, ended: new Promise(() => undefined) },
      resume: () => undefined,
      command: () => undefined,
      stop: async () => undefined,
    },
    { start: Buffer.alloc(100), parts },
  );
  return {
    /** Whether the decoder gets the next part. */
    takes(isKey = false): boolean {
      const before = written.length;
      decoder.take({ kind: 'part', isKey, timeS: 0, bytes: Buffer.alloc(1000) });
      return written.length > before;
    },
    reads(megabytes: number): void {
      input.writableLength = Math.max(0, input.writableLength - megabytes * megabyte);
    },
  };
}

describe('the decoder of a main stream', () => {
  test('gets the parts that follow a long time since the last key frame', () => {
    const decoder = startDecoder(10);
    assert.equal(decoder.takes(), true);
    decoder.reads(5);
    assert.equal(decoder.takes(), true);
  });

  test('skips to a key frame where it falls behind after it has caught up', () => {
    const decoder = startDecoder(10);
    decoder.reads(11);
    for (let count = 0; count < 5 * 1024; count++) decoder.takes();
    assert.equal(decoder.takes(), false);
    assert.equal(decoder.takes(true), false, 'there is no room for it yet');
    decoder.reads(11);
    assert.equal(decoder.takes(), false);
    assert.equal(decoder.takes(true), true);
    assert.equal(decoder.takes(), true);
  });
});
