import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  headerOf,
  headersOf,
  NotRtsp,
  type RtspMessage,
  RtspSplitter,
  rtspBytes,
} from '../../daemon/vision/ingest/rtsp-message.js';

/** What a connection carried: first lines and bodies of messages, and media as hexadecimal; consecutive parts of media are joined. */
function read(chunks: readonly Buffer[]): readonly string[] {
  const found: string[] = [];
  let isMedia = false;
  const splitter = new RtspSplitter(
    ({ firstLine, body }) => {
      found.push(`${firstLine}|${body.toString('latin1')}`);
      isMedia = false;
    },
    (bytes) => {
      const text = bytes.toString('hex');
      if (isMedia) found.push(`${found.pop() ?? ''}${text}`);
      else found.push(text);
      isMedia = true;
    },
  );
  for (const chunk of chunks) splitter.push(chunk);
  return found;
}

const packet = (length: number): Buffer =>
  Buffer.from([0x24, 1, length >> 8, length & 0xff, ...Buffer.alloc(length, 0x0a)]);
const text = (message: string): Buffer => Buffer.from(message, 'latin1');

describe('messages and media of one connection', () => {
  const whole = Buffer.concat([
    text('RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 5\r\n\r\n$abc\n'),
    packet(3),
    packet(0),
    packet(300),
    text('\r\nRTSP/1.0 401 Unauthorized\nCSeq: 2\n\n'),
    packet(1),
    text('REDIRECT rtsp://h/x RTSP/1.0\r\nCSeq: 3\r\n\r\n'),
  ]);
  const parts = read([whole]);

  test('are separated, with all bytes of the media', () => {
    const media = Buffer.concat([packet(3), packet(0), packet(300)]).toString('hex');
    assert.deepEqual(parts, [
      'RTSP/1.0 200 OK|$abc\n',
      media,
      'RTSP/1.0 401 Unauthorized|',
      packet(1).toString('hex'),
      'REDIRECT rtsp://h/x RTSP/1.0|',
    ]);
  });

  test('are the same however the bytes are divided', () => {
    assert.deepEqual(read([...whole].map((byte) => Buffer.from([byte]))), parts);
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length), { maxLength: 12 }), (cuts) => {
        const ends = [0, ...cuts.toSorted((one, other) => one - other), whole.length];
        const chunks = ends.slice(1).map((end, index) => whole.subarray(ends[index], end));
        assert.deepEqual(read(chunks), parts);
      }),
      { numRuns: 50 },
    );
  });

  test('keep their headers on the way through', () => {
    let message: RtspMessage | undefined;
    const splitter = new RtspSplitter(
      (found) => {
        message = found;
      },
      () => assert.fail('there is no media'),
    );
    const given =
      'RTSP/1.0 401 No\r\nWWW-Authenticate: Basic\r\nwww-authenticate:Digest a=1,\r\n  b=2\r\n\r\n';
    splitter.push(text(given));
    assert.ok(message);
    assert.deepEqual(headersOf(message, 'WWW-Authenticate'), ['Basic', 'Digest a=1, b=2']);
    assert.equal(headerOf(message, 'CSeq'), undefined);
    const bytes = rtspBytes({ ...message, headers: [['Content-Length', '99']], body: text('xy') });
    assert.equal(bytes.toString(), 'RTSP/1.0 401 No\r\nContent-Length: 2\r\n\r\nxy');
  });

  test('end at anything but RTSP, and at more than a camera sends', () => {
    for (const bytes of [
      'HTTP/1.1 400 Bad Request\r\n',
      'SSH-2.0-OpenSSH_9.2\r\n',
      '\x15\x03\x01\x00\x02\x02\x28\n',
      `RTSP/1.0 200 OK\r\n${'X: y\r\n'.repeat(4000)}`,
      'RTSP/1.0 200 OK\r\nContent-Length: 300000\r\n\r\n',
      'RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n',
    ]) {
      assert.throws(() => read([text(bytes)]), NotRtsp, bytes.slice(0, 50));
    }
  });
});
