import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Clock } from '../../daemon/kernel/clock.js';
import type { Frame } from '../../daemon/kernel/faces/picture.js';
import { cameraId } from '../../daemon/kernel/ids.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { AnalysisTurns } from '../../daemon/vision/analysis-turns.js';
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

type Session = Pick<ConstructorParameters<typeof CameraLoop>[0]['analysis'], 'analyse' | 'end'>;

/** A loop all of whose frames are due, with the only thread for itself unless `turns` says otherwise. */
function loopOf(
  session: Session,
  options: {
    readonly clock?: Clock;
    readonly turns?: AnalysisTurns;
    readonly onFailure?: (error: unknown) => void;
  } = {},
): CameraLoop {
  const { clock = new VirtualClock(), onFailure = noFailure } = options;
  const { turns = new AnalysisTurns(clock, () => 1) } = options;
  const demand = () => ({ value: 'empty', fps: 25 }) as const;
  const analysis = { admits: () => true, demand, ...session };
  return new CameraLoop({
    ...{ analysis, clock, seat: turns.join(), onEnd: noFailure },
    onFailure: async (error) => {
      onFailure(error);
      return 'end';
    },
  });
}

describe('camera loop', () => {
  test('tells all cameras for three seconds that time is short when it lost a frame', async () => {
    const { make } = frameMaker();
    const { session, finish } = slowSession();
    const clock = new VirtualClock();
    const turns = new AnalysisTurns(clock, () => 1);
    const loop = loopOf(session, { clock, turns });
    loop.put(make(0));
    await turn();
    for (const sequence of [1, 2, 3]) loop.put(make(sequence));
    assert.equal(turns.isShortOfTime, false, 'they only wait');
    loop.put(make(4));
    assert.equal(turns.isShortOfTime, true);
    clock.advanceTo(2999);
    assert.equal(turns.isShortOfTime, true);
    clock.advanceTo(3000);
    assert.equal(turns.isShortOfTime, false);
    const end = loop[Symbol.asyncDispose]();
    finish();
    await end;
  });

  test('analyses waiting frames in order; when a fourth waits, the oldest is released and counted', async () => {
    const { make, released } = frameMaker();
    const { session, analysed, finish } = slowSession();
    const loop = loopOf(session);
    loop.put(make(0));
    await turn();
    for (const sequence of [1, 2, 3, 4, 5]) loop.put(make(sequence));
    assert.deepEqual([analysed, released, loop.late], [[0], [1, 2], 2]);
    for (let frame = 0; frame < 3; frame++) {
      finish();
      await turn();
    }
    assert.deepEqual(analysed, [0, 3, 4, 5]);
    const end = loop[Symbol.asyncDispose]();
    finish();
    await end;
    assert.deepEqual(released, [1, 2, 0, 3, 4, 5]);
  });

  test('a slow camera keeps only its newest frame: the one before it is too old', async () => {
    const { make, released } = frameMaker();
    const { session, analysed, finish } = slowSession();
    const loop = loopOf(session);
    loop.put(make(0));
    await turn();
    for (const sequence of [5, 10, 13]) loop.put(make(sequence));
    assert.deepEqual([released, loop.late], [[5], 1]);
    finish();
    await turn();
    assert.deepEqual(analysed, [0, 10], 'the frames 120 ms apart both waited');
    const end = loop[Symbol.asyncDispose]();
    finish();
    await end;
  });

  test('releases a frame that a look goes on reading when the look has ended, and its end waits for that', async () => {
    const { make, released } = frameMaker();
    let endLook: () => void = () => undefined;
    const look = new Promise<void>((resolve) => {
      endLook = resolve;
    });
    const session = {
      analyse: async (frame: Frame, keep: (work: Promise<unknown>) => void) => {
        if (frame.sequence === 0) keep(look);
        if (frame.sequence === 2) keep(Promise.reject(new Error('the network broke')));
        return true;
      },
      end: () => undefined,
    };
    const loop = loopOf(session);
    for (const sequence of [0, 1, 2]) {
      loop.put(make(sequence));
      await turn();
    }
    assert.deepEqual(released, [1, 2], 'a later look that has ended does not wait for the first');
    let hasEnded = false;
    const end = loop[Symbol.asyncDispose]().then(() => {
      hasEnded = true;
    });
    await turn();
    assert.equal(hasEnded, false);
    endLook();
    await end;
    assert.deepEqual(released, [1, 2, 0]);
  });

  test('the end of the stream ends the tracks, after the frame under way and before the next', async () => {
    const { make } = frameMaker();
    const { session, analysed, ends, finish } = slowSession();
    const loop = loopOf(session);
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
    const loop = loopOf(session, { onFailure: (error) => failures.push(error) });
    loop.put(make(0));
    await turn();
    assert.match(String(failures), /the network broke/);
    assert.deepEqual(released, [0]);
    await loop[Symbol.asyncDispose]();
  });

  test('after a failed analysis the tracks end, and frames are analysed again when the owner lets them', async () => {
    const { make, released } = frameMaker();
    const clock = new VirtualClock();
    const ends: string[] = [];
    const analysed: number[] = [];
    let goOn: () => void = () => undefined;
    const turns = new AnalysisTurns(clock, () => 1);
    const loop = new CameraLoop({
      ...{ clock, seat: turns.join(), onEnd: noFailure },
      analysis: {
        admits: () => true,
        demand: () => ({ value: 'open', fps: 25 }),
        analyse: async ({ sequence }) => {
          if (sequence === 0) throw new Error('a fault of this camera');
          analysed.push(sequence);
          return true;
        },
        end: () => void ends.push('ended'),
      },
      onFailure: async () => {
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
        return 'go-on';
      },
    });
    loop.put(make(0));
    await turn();
    const other = loopOf(slowSession().session, { clock, turns });
    for (const sequence of [1, 5, 9]) loop.put(make(sequence));
    await turn();
    assert.deepEqual([analysed, released, loop.late], [[], [0, 1, 5, 9], 0], 'the camera waits');
    goOn();
    await turn();
    assert.deepEqual(ends, ['ended']);
    loop.put(make(10));
    await turn();
    assert.deepEqual(analysed, [10]);
    await loop[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });

  test('frames wait while another camera has the only turn, and the end of the loop ends a wait', async () => {
    const { make, released } = frameMaker();
    const clock = new VirtualClock();
    const turns = new AnalysisTurns(clock, () => 1);
    const busy = slowSession();
    const first = loopOf(busy.session, { clock, turns });
    first.put(make(0));
    await turn();
    const { session, analysed, finish } = slowSession();
    const second = loopOf(session, { clock, turns });
    for (const sequence of [1, 2]) second.put(make(sequence));
    await turn();
    assert.deepEqual(analysed, []);
    busy.finish();
    await turn();
    assert.deepEqual([analysed, second.late], [[1], 0]);
    first.put(make(3));
    await turn();
    await first[Symbol.asyncDispose]();
    assert.deepEqual(busy.analysed, [0]);
    const end = second[Symbol.asyncDispose]();
    finish();
    await end;
    assert.deepEqual(released.sort(), [0, 1, 2, 3]);
  });

  test('a frame whose turn comes after more than a second is dropped and counted', async () => {
    const { make, released } = frameMaker();
    const clock = new VirtualClock();
    const turns = new AnalysisTurns(clock, () => 1);
    const busy = slowSession();
    const first = loopOf(busy.session, { clock, turns });
    first.put(make(0));
    await turn();
    const { session, analysed } = slowSession();
    const second = loopOf(session, { clock, turns });
    second.put(make(1));
    await turn();
    clock.advanceBy(1100);
    busy.finish();
    await turn();
    assert.deepEqual([analysed, second.late, released], [[], 1, [0, 1]]);
    await first[Symbol.asyncDispose]();
    await second[Symbol.asyncDispose]();
  });

  test('a frame that is not due is released at once, and does not count as lost', async () => {
    const { make, released } = frameMaker();
    const clock = new VirtualClock();
    const { session, analysed, finish } = slowSession();
    const demand = () => ({ value: 'empty', fps: 5 }) as const;
    const analysis = { ...session, admits: ({ sequence }: Frame) => sequence % 2 === 0, demand };
    const loop = new CameraLoop({
      ...{ analysis, clock, seat: new AnalysisTurns(clock, () => 1).join(), onEnd: noFailure },
      onFailure: (error) => assert.fail(String(error)),
    });
    for (const sequence of [1, 2, 3]) loop.put(make(sequence));
    await turn();
    assert.deepEqual([released, analysed, loop.late], [[1, 3], [2], 0]);
    finish();
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
    const loop = loopOf(session, { clock });
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
