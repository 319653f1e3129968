import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { WebSocket } from 'ws';
import { type LiveEnd, relayPictures } from '../../daemon/gate/live/live-relay.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

/** The side of a viewer that says nothing but what a test emits, and the codes with which it was closed. */
class Viewer extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  readonly closings: number[] = [];
  isTerminated = false;

  close(code: number): void {
    this.readyState = 2;
    this.closings.push(code);
  }

  terminate(): void {
    this.isTerminated = true;
    this.emit('close');
  }

  ping(): undefined {
    return undefined;
  }
}

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
