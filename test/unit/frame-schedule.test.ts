import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { initialSchedule, takeFrame } from '../../daemon/kernel/tracks/frame-schedule.js';

function taken(timesMs: readonly number[], fps: number): number[] {
  let schedule = initialSchedule;
  return timesMs.filter((atMs) => {
    const next = takeFrame(schedule, atMs, fps);
    schedule = next ?? schedule;
    return next !== undefined;
  });
}

const every = (sourceFps: number, durationS: number): number[] =>
  Array.from({ length: sourceFps * durationS }, (_, n) => (n * 1000) / sourceFps);

describe('takeFrame', () => {
  for (const [sourceFps, fps] of [
    [25, 15],
    [30, 15],
    [30, 10],
    [25, 10],
    [25, 5],
  ] as const) {
    test(`takes ${fps} of ${sourceFps} frames a second`, () => {
      assert.ok(Math.abs(taken(every(sourceFps, 20), fps).length - 20 * fps) <= 1);
    });
  }

  test('takes every frame of a source that is slower, and of one at the same rate', () => {
    assert.equal(taken(every(10, 10), 15).length, 100);
    assert.equal(taken(every(15, 10), 15).length, 150);
  });

  test('keeps every second frame of a camera that jitters', () => {
    const jitter = [0, 9, -8, 4, -6];
    const timesMs = every(30, 10).map((atMs, n) => atMs + (jitter[n % 5] ?? 0));
    assert.ok(Math.abs(taken(timesMs, 15).length - 150) <= 1);
  });

  test('does not make up for a pause with a burst', () => {
    const timesMs = [...every(30, 1), ...every(30, 1).map((atMs) => atMs + 10_000)];
    const after = taken(timesMs, 15).filter((atMs) => atMs >= 10_000);
    assert.ok(after.length <= 16, `${after.length} frames in the second after the pause`);
  });

  test('never takes two frames closer than a third of an interval', () => {
    const steps = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 200 });
    fc.assert(
      fc.property(steps, fc.constantFrom(5, 10, 15), (afterMs, fps) => {
        let atMs = 0;
        const times = taken(
          afterMs.map((step) => {
            atMs += step;
            return atMs;
          }),
          fps,
        );
        times.slice(1).forEach((time, n) => {
          assert.ok(time - (times[n] ?? 0) >= 333 / fps);
        });
      }),
    );
  });

  test('takes a frame 15 % of an interval early, and makes up for half an interval', () => {
    const from = { lastDueMs: 1000 };
    assert.equal(takeFrame(from, 1084, 10), undefined);
    assert.deepEqual(takeFrame(from, 1085, 10), { lastDueMs: 1100 });
    assert.deepEqual(takeFrame(from, 1150, 10), { lastDueMs: 1100 });
    assert.deepEqual(takeFrame(from, 1151, 10), { lastDueMs: 1101 });
    assert.deepEqual(takeFrame(initialSchedule, 7, 10), { lastDueMs: 7 });
  });
});
