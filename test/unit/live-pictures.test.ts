import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import {
  isLiveSocketName,
  type LivePicture,
  largestLiveMessageBytes,
  livePicture,
  liveSocketName,
} from '../../daemon/contract/live.js';
import { LiveWatches } from '../../daemon/core/cameras/live-watches.js';
import { LiveReader } from '../../daemon/gate/live/live-reader.js';
import { judgeUpgrade, liveHeaders, liveKindOf } from '../../daemon/gate/live/live-rules.js';
import { isRefusal } from '../../daemon/gate/request-rules.js';
import { opaqueText } from '../../daemon/host/opaque-text.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import type { Frame, Yuv420Picture } from '../../daemon/kernel/faces/picture.js';
import { yuv420Bytes } from '../../daemon/kernel/faces/picture.js';
import { cameraId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { cropAffine } from '../../daemon/vision/inference/affine-crop.kernel.js';
import { yuvToRgb } from '../../daemon/vision/inference/yuv-to-rgb.js';
import { encodeLiveMessage } from '../../daemon/vision/live/live-framing.js';
import { LivePictures } from '../../daemon/vision/live/live-pictures.js';
import { LiveServer } from '../../daemon/vision/live/live-server.js';
import { SmallRgb } from '../../daemon/vision/live/small-rgb.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';

/** Luma and colours that change slowly over the picture. */
function gradient(widthPx: number, heightPx: number): Yuv420Picture {
  const data = new Uint8Array(yuv420Bytes(widthPx, heightPx));
  const chromaWidth = Math.ceil(widthPx / 2);
  const chromaArea = chromaWidth * Math.ceil(heightPx / 2);
  for (let at = 0; at < widthPx * heightPx; at++) data[at] = 40 + (150 * (at % widthPx)) / widthPx;
  for (let at = 0; at < chromaArea; at++) {
    data[widthPx * heightPx + at] = 110 + (40 * Math.floor(at / chromaWidth) * 2) / heightPx;
    data[widthPx * heightPx + chromaArea + at] = 150 - (40 * (at % chromaWidth)) / chromaWidth;
  }
  return { format: 'yuv420p', widthPx, heightPx, range: 'limited', data };
}

describe('the picture for viewers', () => {
  test('has the colours of the picture for the networks, at every size', () => {
    const small = new SmallRgb();
    for (const [width, height, mostWidthPx, smallHeight] of [
      [64, 48, 640, 48],
      [101, 77, 101, 77],
      [101, 77, 100, 76],
      [101, 77, 50, 38],
      [160, 120, 107, 80],
      [160, 120, 50, 37],
      [161, 121, 40, 30],
    ] as const) {
      const picture = gradient(width, height);
      const { widthPx, heightPx, data } = small.of(picture, mostWidthPx);
      assert.deepEqual([widthPx, heightPx], [Math.min(width, mostWidthPx), smallHeight]);
      const factor = width / widthPx;
      const planes = new Float32Array(3 * widthPx * heightPx);
      const toPicture = { xx: factor, xy: 0, x0: 0, yx: 0, yy: factor, y0: 0 };
      cropAffine(picture, toPicture, { data: planes, offset: 0, widthPx, heightPx });
      for (let pixel = 0; pixel < widthPx * heightPx; pixel++) {
        for (const channel of [0, 1, 2]) {
          const expected = planes[channel * widthPx * heightPx + pixel] ?? Number.NaN;
          const found = data[3 * pixel + channel] ?? Number.NaN;
          assert.ok(
            Math.abs(expected - found) < 8,
            `${width}x${height} to ${mostWidthPx}, pixel ${pixel}: ${expected} ${found}`,
          );
        }
      }
    }
  });

  test('has every colour that a camera may send, without an overflow', () => {
    const smalls = [new SmallRgb(), new SmallRgb()];
    const samples = [0, 1, 16, 90, 128, 200, 235, 255];
    for (const range of ['limited', 'full'] as const) {
      // From 720 rows on another matrix counts.
      for (const heightPx of [2, 720]) {
        const { black, gain, rV, gU, gV, bU } = yuvToRgb({ range, heightPx });
        for (const luma of samples) {
          for (const u of samples) {
            for (const v of samples) {
              const data = new Uint8Array(yuv420Bytes(2, heightPx)).fill(luma);
              data.fill(u, 2 * heightPx);
              data.fill(v, 2 * heightPx + heightPx / 2);
              const picture: Yuv420Picture = { format: 'yuv420p', widthPx: 2, heightPx, range, data };
              const light = (luma - black) * gain;
              const expected = [rV * (v - 128), -gU * (u - 128) - gV * (v - 128), bU * (u - 128)];
              for (const [index, small] of smalls.entries()) {
                const found = small.of(picture, 2 - index).data.subarray(0, 3);
                expected.forEach((colour, channel) => {
                  const clamped = Math.max(0, Math.min(255, light + colour));
                  const isNear = Math.abs((found[channel] ?? Number.NaN) - clamped) <= 1;
                  assert.ok(isNear, `${range} ${heightPx} ${luma},${u},${v} to ${2 - index}: ${found}`);
                });
              }
            }
          }
        }
      }
    }
  });
});

const frameAt = (capturedAtMs: number): Frame => ({
  cameraId: cameraId('door'),
  sequence: capturedAtMs,
  capturedAtMs,
  picture: gradient(64, 48),
  release: () => undefined,
});

describe('the pictures of a camera', () => {
  test('are encoded once for all viewers, at most ten a second, and not at all without one', async () => {
    const pictures = new LivePictures('door', { clock: new VirtualClock(), logger: silentLogger });
    const encoded = (): number => pictures.counters()['livePictures'] ?? 0;
    for (let atMs = 0; atMs < 1_000; atMs += 40) pictures.offer(frameAt(atMs), () => []);
    assert.equal(encoded(), 0);

    const taken: Buffer[][] = [[], []];
    let isEnded = false;
    const viewerInto = (list: Buffer[] | undefined) => ({
      take: (message: Buffer) => Boolean(list?.push(message)),
      end: () => {
        isEnded = true;
      },
    });
    const leaves = taken.map((list) => pictures.add(viewerInto(list)));
    pictures.add({ take: () => false, end: () => undefined });
    for (let atMs = 1_000; atMs < 3_000; atMs += 40) {
      const before = encoded();
      pictures.offer(frameAt(atMs), () => []);
      // Long enough for a picture of this size; one that is still being encoded would be left out.
      if (atMs % 200 === 0) await until('a picture', () => encoded() > before);
    }
    await until('the last picture', () => taken[0]?.length === encoded());
    assert.ok(encoded() >= 10 && encoded() <= 21, `${encoded()} in two seconds`);
    assert.deepEqual(taken[0], taken[1]);
    assert.ok(taken[0]?.every((message, index) => message === taken[1]?.[index]));
    assert.equal(pictures.counters()['livePicturesDropped'], encoded(), 'one viewer took none');

    leaves[0]?.();
    pictures[Symbol.dispose]();
    assert.ok(isEnded);
  });
});

test('a buffer for pictures is kept only while somebody watches', async (t) => {
  const reduced = t.mock.method(SmallRgb.prototype, 'of');
  const pictures = new LivePictures('door', { clock: new VirtualClock(), logger: silentLogger });
  let count = 0;
  const watch = () => pictures.add({ take: () => Boolean(++count), end: () => undefined });
  const bufferAt = async (capturedAtMs: number): Promise<unknown> => {
    const before = count;
    pictures.offer(frameAt(capturedAtMs), () => []);
    await until('a picture', () => count === before + pictures.viewerCount);
    return reduced.mock.calls.at(-1)?.this;
  };
  const leaves = [watch(), watch()];
  const watched = await bufferAt(0);
  leaves[0]?.();
  assert.ok((await bufferAt(100)) === watched, 'one still watches');
  leaves[1]?.();
  watch();
  assert.ok((await bufferAt(200)) !== watched, 'the next one gets another buffer');
});

describe('the socket of live pictures', () => {
  async function shown(t: TestContext, delayMs: number): Promise<number> {
    const directory = await temporaryDirectory();
    t.after(() => directory[Symbol.asyncDispose]());
    const clock = new VirtualClock();
    let viewers = 0;
    const add = () => {
      viewers += 1;
      return () => undefined;
    };
    await using server = new LiveServer({ sourceOf: () => ({ add }), clock });
    const socketPath = join(directory.path, 'live.sock');
    const view = {
      type: 'open-view',
      request: 1,
      view: 1,
      cameraId: 'door',
      kind: 'pictures',
      ticket: 't',
    } as const;
    assert.deepEqual(await server.open({ ...view, socketPath }), { outcome: 'ok' });
    clock.advanceBy(delayMs);
    const socket = connect(socketPath);
    let isClosed = false;
    const closed = new Promise<void>((resolve) => {
      socket.once('close', () => {
        isClosed = true;
        resolve();
      });
    });
    socket.write('t\n');
    // Not a race: what is left of one would keep the process alive.
    await until('a viewer, or the end', () => viewers === 1 || isClosed);
    assert.equal(isClosed, viewers === 0);
    socket.destroy();
    await closed;
    return viewers;
  }

  test('opens to a ticket for ten seconds', async (t) => assert.equal(await shown(t, 9_999), 1));
  test('does not open to a ticket that comes later', async (t) => assert.equal(await shown(t, 10_000), 0));
});

test('the gate connects to sockets with the names that the core gives, and to no other file', () => {
  assert.ok(isLiveSocketName(liveSocketName(opaqueText())));
  for (const other of [
    'live-0.sock',
    'gate.sock',
    `../${liveSocketName(opaqueText())}`,
    `${liveSocketName(opaqueText())}/`,
  ])
    assert.ok(!isLiveSocketName(other), other);
});

/** A pool whose views are counted. */
function countedPool() {
  const open = new Set<string>();
  const openView = (_cameraId: string, _kind: string, ticket: string) => {
    open.add(ticket);
    return Promise.resolve({
      socket: liveSocketName('0123456789abcdefghjkmnpqrs'),
      close: () => void open.delete(ticket),
    });
  };
  return { open, watches: new LiveWatches({ openView }) };
}

describe('the callers who watch', () => {
  test('are counted, have a ticket each, and are 32 at most', async () => {
    const { open, watches } = countedPool();
    const leaving = new AbortController();
    const all = Array.from({ length: 32 }, (_, index) =>
      watches.watch(
        index % 2 === 0 ? 'door' : 'yard',
        index % 4 === 0 ? 'video' : 'pictures',
        leaving.signal,
      ),
    );
    await Promise.all(all.map((each) => each.next()));
    assert.deepEqual([open.size, watches.viewersOf('door'), watches.viewersOf('none')], [32, 16, 0]);
    await assert.rejects(watches.watch('door', 'video', leaving.signal).next(), { code: 'busy' });
    leaving.abort();
    const ends = await Promise.all(all.map((each) => each.next()));
    assert.ok(ends.every(({ done }) => done));
    assert.deepEqual([open.size, watches.viewersOf('door')], [0, 0]);
  });

  test('learn that the vision process of their camera ended, and of no other', async () => {
    const { open, watches } = countedPool();
    const { signal } = new AbortController();
    const [door, yard] = [watches.watch('door', 'pictures', signal), watches.watch('yard', 'video', signal)];
    await Promise.all([door.next(), yard.next()]);
    const ended = assert.rejects(door.next(), { code: 'vision-unavailable' });
    watches.down(['door']);
    await ended;
    assert.deepEqual([open.size, watches.viewersOf('yard')], [1, 1]);
    await yard.return(undefined);
    assert.equal(open.size, 0);
  });

  test('leave nothing behind where the view cannot be opened', async () => {
    const refusing = () => Promise.reject(new Error('no'));
    const watches = new LiveWatches({ openView: refusing });
    await assert.rejects(watches.watch('door', 'pictures', new AbortController().signal).next());
    assert.equal(watches.viewersOf('door'), 0);
  });
});

const about: LivePicture = {
  cameraId: 'door',
  capturedAt: '2026-11-23T09:14:02.118Z',
  sequence: 7,
  ...{ widthPx: 64, heightPx: 48 },
  faces: [
    {
      ...{ track: '5d2f6a0e', number: 1, quality: null, measures: null },
      box: { x: 1, y: 2, width: 3, height: 4 },
      eyes: { left: 0.3, right: null },
    },
  ],
};

describe('what a vision process sends', () => {
  test('is taken apart wherever it is cut', () => {
    const sent = [1, 2, 3].map((size) => encodeLiveMessage(about, Buffer.alloc(size * 100, size)));
    const stream = Buffer.concat(sent);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: stream.length }), { maxLength: 12 }), (cuts) => {
        const reader = new LiveReader('live');
        const ends = [...new Set([...cuts, stream.length])].sort((a, b) => a - b);
        const found = ends.flatMap((end, index) => [
          ...reader.push(stream.subarray(ends[index - 1] ?? 0, end)),
        ]);
        assert.deepEqual(
          found,
          sent.map((each) => each.subarray(4)),
        );
      }),
    );
  });

  test('does not get through where it says something else than a picture may', () => {
    const forged = (json: unknown): Buffer => {
      const text = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));
      const header = Buffer.alloc(8);
      header.writeUInt32BE(4 + text.length);
      header.writeUInt32BE(text.length, 4);
      return Buffer.concat([header, text]);
    };
    const lengths = (...values: readonly number[]): Buffer => {
      const bytes = Buffer.alloc(4 * values.length);
      for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
      return bytes;
    };
    assert.equal([...new LiveReader('live').push(forged(about))].length, 1);
    assert.equal([...new LiveReader('live').push(lengths(largestLiveMessageBytes))].length, 0, 'it may come');
    for (const message of [
      lengths(largestLiveMessageBytes + 1),
      lengths(2),
      lengths(8, 100, 0),
      forged('no JSON'),
      forged({ ...about, personName: 'Ada' }),
      forged({ ...about, faces: about.faces.map((face) => ({ ...face, person: 'p-1' })) }),
      forged({ ...about, cameraId: 'x'.repeat(1_000) }),
    ]) {
      assert.throws(
        () => [...new LiveReader('live').push(message)],
        (error: unknown) => isRollcallError(error, 'vision-misbehaving'),
      );
    }
    assert.ok(livePicture.safeParse(about).success);
  });
});

describe('a WebSocket', () => {
  const key = 'dGhlIHNhbXBsZSBub25jZQ==';
  const headers = {
    ...{ host: 'box.example', upgrade: 'websocket', connection: 'Upgrade' },
    ...{ 'sec-websocket-version': '13', 'sec-websocket-key': key, cookie: '__Host-rollcall=secret' },
  };
  const settings = { hosts: ['box.example'], origins: ['https://console.example'] };
  const headOf = (change: Readonly<Record<string, string>> = {}, target = '/api/v1/cameras/door/live') => {
    const given: Record<string, string> = { ...headers, ...change };
    return {
      ...{ method: 'GET', target, headers: given, localAddress: undefined },
      rawHeaders: Object.entries(given).flat(),
    };
  };
  const refusalOf = (...given: Parameters<typeof headOf>): string | undefined => {
    const judged = judgeUpgrade(headOf(...given), settings);
    return isRefusal(judged) ? judged.code : undefined;
  };

  test('is opened at two addresses, for one version, with a token or the cookie of an own page', () => {
    assert.equal(refusalOf(), undefined);
    assert.equal(refusalOf({}, '/api/v1/cameras/door/live?x=1'), undefined);
    assert.equal(refusalOf({}, '/api/v1/cameras/door/video'), undefined);
    assert.equal(refusalOf({}, '/api/v1/cameras/door'), 'bad-request');
    assert.equal(refusalOf({}, '/api/v1/cameras/a/b/live'), 'bad-request');
    assert.equal(refusalOf({ upgrade: 'h2c' }), 'bad-request');
    assert.equal(refusalOf({ upgrade: 'WebSocket' }), undefined);
    const posted = judgeUpgrade({ ...headOf(), method: 'POST' }, settings);
    assert.equal(isRefusal(posted) && posted.code, 'bad-request');
    assert.deepEqual(
      ['live', 'video'].map((kind) => liveKindOf(`/api/v1/cameras/video/${kind}`)),
      ['live', 'video'],
    );
    assert.equal(refusalOf({ 'sec-websocket-version': '8' }), 'bad-request');
    assert.equal(refusalOf({ 'sec-websocket-key': 'short' }), 'bad-request');
    assert.equal(refusalOf({ host: 'evil.example' }), 'wrong-host');
    assert.equal(refusalOf({ origin: 'https://evil.example' }), 'wrong-origin');
    assert.equal(refusalOf({ origin: 'null' }), 'wrong-origin');

    const made = { requestId: 'id', address: '192.0.2.7' };
    const offered = { 'sec-websocket-protocol': 'rollcall.live, rollcall.token.abc.def' };
    const own = liveHeaders(headOf(), { ...made, origin: 'same' });
    assert.equal(own['cookie'], headers.cookie);
    assert.equal(own['sec-websocket-protocol'], undefined);
    const listed = liveHeaders(headOf(offered), { ...made, origin: 'listed' });
    assert.equal(listed['cookie'], undefined, 'a page of another origin does not act by a cookie');
    assert.equal(listed['authorization'], 'Bearer abc.def');
    const others = (count: number): string => 'x, '.repeat(count);
    const tokenAfter = (count: number) =>
      liveHeaders(headOf({ 'sec-websocket-protocol': `${others(count)}rollcall.token.abc` }), {
        ...{ ...made, origin: 'listed' },
      })['authorization'];
    assert.deepEqual([tokenAfter(7), tokenAfter(8)], ['Bearer abc', undefined], 'eight are read');
    const both = liveHeaders(headOf({ ...offered, authorization: 'Bearer own' }), {
      ...made,
      origin: 'none',
    });
    assert.equal(both['authorization'], 'Bearer own');
  });
});
