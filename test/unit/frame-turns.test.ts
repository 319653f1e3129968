import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { chooseTurn, type FrameValue, type WaitingCamera } from '../../daemon/kernel/tracks/frame-turns.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { AnalysisTurns, type FrameDemand } from '../../daemon/vision/analysis-turns.js';

const camera = (value: FrameValue, intervalMs: number, servedAtMs: number): WaitingCamera => ({
  value,
  intervalMs,
  servedAtMs,
});

describe('whose frame is analysed next', () => {
  test('nobody, if none waits', () => {
    assert.equal(chooseTurn([], 1000), undefined);
  });

  test('of equal cameras the one that has waited longest', () => {
    assert.equal(chooseTurn([camera('open', 40, 900), camera('open', 40, 800)], 1000), 1);
  });

  test('waits count in intervals of the camera itself', () => {
    assert.equal(chooseTurn([camera('empty', 200, 700), camera('empty', 40, 900)], 1000), 1);
  });

  test('an open face comes before a known one, and a known one before an empty scene', () => {
    const waiting = [camera('empty', 40, 900), camera('open', 40, 900), camera('settled', 40, 900)];
    assert.equal(chooseTurn(waiting, 1000), 1);
    assert.equal(chooseTurn(waiting.slice(0, 1).concat(waiting.slice(2)), 1000), 1);
  });

  test('an empty scene comes before an open face once it has waited four times as long', () => {
    const waiting = [camera('open', 40, 900), camera('empty', 40, 590)];
    assert.equal(chooseTurn(waiting, 1000), 1);
  });
});

interface Watched extends FrameDemand {
  readonly cameras: number;
}

/**
 * How many frames each camera gets while all of them always have a new one due, and how long each waits at most. Every analysis
 * takes `costMs`.
 */
async function watch(demands: readonly Watched[], costMs: number, { places = 1, forMs = 20_000 } = {}) {
  const clock = new VirtualClock();
  const turns = new AnalysisTurns(clock, () => places);
  const cameras = demands.flatMap(({ cameras: count, value, fps }) =>
    Array.from({ length: count }, () => ({ value, fps, served: 0, lastMs: 0, longestMs: 0 })),
  );
  let isOver = false;
  const running = cameras.map(async (each) => {
    const seat = turns.join();
    while (!isOver) {
      await seat.run(
        () => each,
        async () => {
          if (isOver) return;
          const nowMs = clock.monotonicMs();
          each.served += 1;
          each.longestMs = Math.max(each.longestMs, nowMs - each.lastMs);
          each.lastMs = nowMs;
          await new Promise<void>((resolve) => clock.after(costMs, resolve));
        },
      );
      const dueMs = each.lastMs + 1000 / each.fps;
      const waitMs = dueMs - clock.monotonicMs();
      if (waitMs > 0) await new Promise<void>((resolve) => clock.after(waitMs, resolve));
    }
  });
  while (clock.monotonicMs() < forMs) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advanceBy(1);
  }
  isOver = true;
  while (running.length > 0) {
    clock.advanceBy(1000);
    await new Promise((resolve) => setImmediate(resolve));
    const ended = await Promise.race([Promise.all(running), new Promise((resolve) => setImmediate(resolve))]);
    if (ended !== undefined) break;
  }
  return cameras.map(({ served, fps, longestMs }) => ({
    share: served / ((fps * forMs) / 1000),
    waitedIntervals: longestMs / (1000 / fps),
  }));
}

const demand = (cameras: number, value: FrameValue, fps: number): Watched => ({ cameras, value, fps });

describe('turns of cameras', () => {
  test('nobody loses a frame while there is time for all', async () => {
    const shares = await watch([demand(3, 'open', 10), demand(2, 'empty', 5)], 20);
    for (const { share } of shares) assert.ok(share > 0.9, `${share}`);
  });

  test('equal cameras lose equal shares', async () => {
    const shares = await watch([demand(5, 'settled', 15)], 25);
    const all = shares.map(({ share }) => share);
    assert.ok(Math.max(...all) < 0.6, 'the box is overloaded');
    assert.ok(Math.min(...all) / Math.max(...all) > 0.98, all.join(' '));
  });

  test('cameras of different rates lose about the same shares of them', async () => {
    const shares = await watch([demand(3, 'settled', 25), demand(2, 'settled', 10)], 25);
    const all = shares.map(({ share }) => share);
    assert.ok(Math.max(...all) < 0.6, 'the box is overloaded');
    assert.ok(Math.min(...all) / Math.max(...all) > 0.75, all.join(' '));
  });

  test('the least valuable frames are lost first', async () => {
    const [open, settled, empty] = await watch(
      [demand(1, 'open', 20), demand(1, 'settled', 20), demand(1, 'empty', 20)],
      28,
    );
    assert.ok(open !== undefined && settled !== undefined && empty !== undefined);
    assert.ok(
      open.share > settled.share && settled.share > empty.share,
      JSON.stringify([open, settled, empty]),
    );
    assert.ok(open.share > 0.8);
  });

  test('two places are filled at a time', async () => {
    const one = await watch([demand(4, 'open', 25)], 40);
    const two = await watch([demand(4, 'open', 25)], 40, { places: 2 });
    assert.ok((two[0]?.share ?? 0) > 1.8 * (one[0]?.share ?? 0));
  });

  test('no camera starves, whatever the others show', async () => {
    const value = fc.constantFrom<FrameValue>('open', 'settled', 'empty');
    const one = fc.record({
      cameras: fc.integer({ min: 1, max: 3 }),
      value,
      fps: fc.integer({ min: 2, max: 25 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(one, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 5, max: 60 }),
        async (demands, costMs) => {
          const load = demands.reduce((sum, { cameras, fps }) => sum + (cameras * fps * costMs) / 1000, 0);
          for (const { waitedIntervals } of await watch(demands, costMs, { forMs: 5_000 }))
            assert.ok(
              waitedIntervals <= 4 * (load + 2) + demands.length,
              `${waitedIntervals} of a load of ${load}`,
            );
        },
      ),
      { numRuns: 15 },
    );
  });

  test('a camera that is closed while it waits gets no turn', async () => {
    const clock = new VirtualClock();
    const turns = new AnalysisTurns(clock, () => 1);
    const demand = (): FrameDemand => ({ value: 'empty', fps: 5 });
    let finish = (): void => undefined;
    const other = turns.join().run(
      demand,
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    const seat = turns.join();
    let ran = false;
    const waiting = seat.run(demand, async () => {
      ran = true;
    });
    seat.withdraw();
    await waiting;
    finish();
    await other;
    assert.equal(ran, false);
  });

  test('one camera at a time goes on while no thread runs, so that its call starts one or fails', async () => {
    const clock = new VirtualClock();
    const turns = new AnalysisTurns(clock, () => 0);
    const demand = (): FrameDemand => ({ value: 'empty', fps: 5 });
    const served: string[] = [];
    const analyse = (name: string) => turns.join().run(demand, async () => void served.push(name));
    await Promise.all([analyse('door'), analyse('yard')]);
    assert.deepEqual(served, ['door', 'yard']);
  });

  test('a failed analysis gives its place to the next camera', async () => {
    const turns = new AnalysisTurns(new VirtualClock(), () => 1);
    const asked = () => ({ value: 'open', fps: 5 }) as const;
    await assert.rejects(
      turns.join().run(asked, () => Promise.reject(new Error('broken'))),
      /broken/,
    );
    let ran = false;
    await turns.join().run(asked, async () => {
      ran = true;
    });
    assert.equal(ran, true);
  });
});
