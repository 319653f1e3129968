import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Frame } from '../../daemon/kernel/faces/picture.js';
import { cameraId } from '../../daemon/kernel/ids.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { CameraLoop } from '../../daemon/vision/camera-loop.js';

/** Frames that tell whether they were released, exactly once. */
function frameMaker() {
  const released: number[] = [];
  const make = (sequence: number): Frame => ({
    cameraId: cameraId('door'),
    sequence,
    capturedAtMs: sequence * 40,
    picture: { format: 'rgb24', widthPx: 1, heightPx: 1, data: new Uint8Array(3) },
    release: () => void released.push(sequence),
  });
  return { make, released };
}

/** A session whose analysis lasts until it is let go. */
function slowSession() {
  const analysed: number[] = [];
  const ends: number[] = [];
  let letGo: () => void = () => undefined;
  return {
    analysed,
    ends,
    finish: () => letGo(),
    session: {
      async analyse(frame: Frame): Promise<boolean> {
        analysed.push(frame.sequence);
        await new Promise<void>((resolve) => {
          letGo = resolve;
        });
        return true;
      },
      end: () => void ends.push(analysed.length),
    },
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const noFailure = (error: unknown): void => assert.fail(String(error));

describe('camera loop', () => {
  test('analyses the newest frame; those in between are released and counted', async () => {
    const { make, released } = frameMaker();
    const { session, analysed, finish } = slowSession();
    const loop = new CameraLoop(session, new VirtualClock(), noFailure);
    loop.put(make(0));
    await turn();
    for (const sequence of [1, 2, 3]) loop.put(make(sequence));
    assert.deepEqual(analysed, [0]);
    finish();
    await turn();
    assert.deepEqual(analysed, [0, 3]);
    assert.equal(loop.dropped, 2);
    finish();
    await turn();
    assert.deepEqual(released.sort(), [0, 1, 2, 3]);
    await loop[Symbol.asyncDispose]();
  });

  test('the end of the stream ends the tracks, after the frame under way and before the next', async () => {
    const { make } = frameMaker();
    const { session, analysed, ends, finish } = slowSession();
    const loop = new CameraLoop(session, new VirtualClock(), noFailure);
    loop.put(make(0));
    await turn();
    loop.streamEnded();
    assert.deepEqual(ends, []);
    finish();
    await turn();
    loop.put(make(1));
    await turn();
    assert.deepEqual(ends, [1]);
    assert.deepEqual(analysed, [0, 1]);
    finish();
    await loop[Symbol.asyncDispose]();
  });

  test('an error of the analysis is reported once and the frame is released', async () => {
    const { make, released } = frameMaker();
    const failures: unknown[] = [];
    const session = {
      analyse: () => Promise.reject(new Error('the network broke')),
      end: () => undefined,
    };
    const loop = new CameraLoop(session, new VirtualClock(), (error) => failures.push(error));
    loop.put(make(0));
    await turn();
    assert.match(String(failures), /the network broke/);
    assert.deepEqual(released, [0]);
    await loop[Symbol.asyncDispose]();
  });

  test('has no time for more frames while the analysis takes nearly all of it, and tries again after a while', async () => {
    const { make } = frameMaker();
    const clock = new VirtualClock();
    let costMs = 20;
    const session = {
      analyse: (): Promise<boolean> => {
        clock.advanceBy(costMs);
        return Promise.resolve(true);
      },
      end: () => undefined,
    };
    const loop = new CameraLoop(session, clock, noFailure);
    const watchFor = async (seconds: number): Promise<void> => {
      const untilMs = clock.monotonicMs() + seconds * 1000;
      for (let sequence = 0; clock.monotonicMs() < untilMs; sequence++) {
        loop.put(make(sequence));
        await turn();
        clock.advanceBy(Math.max(0, 33 - costMs));
      }
    };
    await watchFor(3);
    assert.equal(loop.hasTime, true, 'two thirds of the time');
    costMs = 30;
    await watchFor(2.1);
    assert.equal(loop.hasTime, false);
    costMs = 20;
    await watchFor(6);
    assert.equal(loop.hasTime, true);
    await loop[Symbol.asyncDispose]();
  });
});
