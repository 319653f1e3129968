import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { type LiveEnd, relayPictures } from '../../daemon/gate/live/live-relay.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { encodeLiveMessage } from '../../daemon/vision/live/live-framing.js';

/** The side of a viewer that says nothing but what a test emits, and the codes with which it was closed. */
class Viewer extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  readonly closings: number[] = [];
  isTerminated = false;
  bufferedAmount = 0;
  sent = 0;
  readonly pings: string[] = [];

  send(): void {
    this.sent += 1;
  }

  pong(number: number): void {
    this.emit('pong', Buffer.from(String(number)));
  }

  close(code: number): void {
    this.readyState = 2;
    this.closings.push(code);
  }

  terminate(): void {
    this.isTerminated = true;
    this.emit('close');
  }

  ping(number: string): void {
    this.pings.push(number);
  }
}

/** A viewer of pictures or video that the vision process sends one at a time. */
function watching(t: TestContext, kind: 'live' | 'video') {
  const viewer = new Viewer();
  const clock = new VirtualClock();
  const pictures = new PassThrough();
  let endByCore: (end: LiveEnd) => void = () => undefined;
  const ended = relayPictures({
    ...{ kind, webSocket: viewer as unknown as WebSocket, clock },
    ...{ pictures: pictures as unknown as Socket, silenceMs: 30_000, lastWordMs: 1_000 },
    coreEnd: new Promise<LiveEnd>((resolve) => {
      endByCore = resolve;
    }),
  });
  // Its timer would keep the process of the tests alive.
  t.after(() => viewer.terminate());
  const about = {
    live: {
      ...{ cameraId: 'door', capturedAt: '2026-11-23T09:14:02.118Z', sequence: 0 },
      ...{ widthPx: 8, heightPx: 8, faces: [] },
    },
    video: { cameraId: 'door' },
  } as const;
  const message = encodeLiveMessage(about[kind], Buffer.alloc(10));
  const show = async (count: number): Promise<number> => {
    for (let each = 0; each < count; each += 1) pictures.write(message);
    await nextTurn();
    return viewer.sent;
  };
  return { viewer, clock, pictures, ended, show, endByCore: (end: LiveEnd) => endByCore(end), message };
}

describe('a viewer of live pictures', () => {
  test('has four on their way at most, and any answer to a ping that was sent counts for those before', async (t) => {
    const { viewer, show } = watching(t, 'live');
    assert.equal(await show(6), 4);
    assert.deepEqual(viewer.pings, ['1', '2', '3', '4']);
    for (const forged of [0, 5, Number.NaN, -1]) viewer.pong(forged);
    assert.equal(await show(1), 4, 'no such ping is on its way');
    viewer.pong(3);
    assert.equal(await show(6), 7);
    viewer.pong(3);
    assert.equal(await show(1), 7, 'each counts once');
    viewer.pong(7);
    assert.equal(await show(1), 8);
    assert.deepEqual(viewer.closings, []);
  });

  test('gets none while over 1 MiB waits to be taken, and one of video is then ended', async (t) => {
    const pictured = watching(t, 'live');
    pictured.viewer.bufferedAmount = 1024 * 1024;
    assert.equal(await pictured.show(1), 1);
    pictured.viewer.bufferedAmount += 1;
    assert.equal(await pictured.show(1), 1);
    const filmed = watching(t, 'video');
    filmed.viewer.bufferedAmount = 2 * 1024 * 1024;
    assert.equal(await filmed.show(1), 1);
    filmed.viewer.bufferedAmount += 1;
    assert.equal(await filmed.show(1), 1);
    assert.deepEqual([pictured.viewer.closings, filmed.viewer.closings], [[], [1013]]);
  });

  test('of video may be 64 parts behind, and is ended at the next', async (t) => {
    const { viewer, show } = watching(t, 'video');
    assert.equal(await show(64), 64);
    assert.deepEqual(viewer.closings, []);
    assert.equal(await show(3), 64);
    assert.deepEqual(viewer.closings, [1013]);
  });

  test('is asked for a sign of life every ten seconds, and ended after 30 without one', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const { viewer, clock, ended } = watching(t, 'live');
    const pass = (ms: number): void => {
      clock.advanceBy(ms);
      t.mock.timers.tick(ms);
    };
    pass(9_999);
    assert.deepEqual(viewer.pings, []);
    pass(1);
    pass(10_000);
    assert.deepEqual(viewer.pings, ['1'], 'one question waits for its answer');
    viewer.pong(1);
    pass(10_000);
    assert.deepEqual(viewer.pings, ['1', '2']);
    pass(20_000);
    assert.deepEqual(viewer.closings, []);
    pass(10_000);
    assert.deepEqual(viewer.closings, [1013]);
    clock.advanceBy(1_000);
    assert.equal((await ended).reason, 'caller-slow');
  });

  test('learns why the core ended it, if the core says so within a second of the last picture', async (t) => {
    for (const [saidAfterMs, code] of [
      [999, 1008],
      [1_000, 1012],
    ] as const) {
      const { viewer, clock, pictures, endByCore } = watching(t, 'live');
      pictures.destroy();
      await nextTurn();
      clock.advanceBy(saidAfterMs);
      await nextTurn();
      endByCore({ code: 1008, reason: 'forbidden' });
      await nextTurn();
      assert.deepEqual(viewer.closings, [code]);
    }
  });

  test('gets nothing more once the core has ended it', async (t) => {
    const { show, endByCore } = watching(t, 'live');
    assert.equal(await show(1), 1);
    endByCore({ code: 1008, reason: 'forbidden' });
    await nextTurn();
    assert.equal(await show(1), 1);
  });

  test('who leaves, or breaks the protocol, frees the way to the pictures', async (t) => {
    const { viewer, pictures, ended, show, message } = watching(t, 'live');
    await show(2);
    viewer.emit('error', new Error('reserved bits'));
    assert.equal(viewer.isTerminated, true);
    // Without the length before each message.
    assert.deepEqual(await ended, { bytes: 2 * (message.length - 4), reason: 'caller-gone' });
    assert.equal(pictures.destroyed, true);
  });

  test('is ended, and the way to the pictures with it, by what is no picture', async (t) => {
    const { viewer, pictures } = watching(t, 'live');
    pictures.write(Buffer.alloc(100, 255));
    await nextTurn();
    assert.deepEqual([viewer.closings, pictures.destroyed], [[1011], true]);
  });
});

test('a connection for live pictures ends once, for its first reason, also if the viewer does not answer the goodbye', async () => {
  const viewer = new Viewer();
  const clock = new VirtualClock();
  const ended = relayPictures({
    ...{ kind: 'live', webSocket: viewer as unknown as WebSocket, clock },
    ...{ pictures: new PassThrough() as unknown as Socket, silenceMs: 30_000, lastWordMs: 1_000 },
    coreEnd: new Promise<LiveEnd>(() => undefined),
  });
  viewer.emit('message');
  assert.deepEqual(viewer.closings, [1003]);
  viewer.emit('message');
  assert.deepEqual(viewer.closings, [1003]);
  clock.advanceBy(999);
  assert.equal(viewer.isTerminated, false);
  clock.advanceBy(1);
  assert.equal(viewer.isTerminated, true);
  assert.deepEqual(await ended, { bytes: 0, reason: 'only-listening' });
});
