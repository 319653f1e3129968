import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { PresentationClock } from '../../daemon/vision/ingest/presentation-clock.js';

/** Captured times of frames every 40 ms that take `delayMs(n)` to arrive, by a camera clock that is `ppm` fast. */
function captured(
  clock: PresentationClock,
  frames: number,
  delayMs: (n: number) => number,
  ppm = 0,
): { readonly at: number; readonly error: number }[] {
  return Array.from({ length: frames }, (_, n) => {
    const trueMs = 1_000_000 + n * 40;
    const ptsS = (n * 0.04 * (1e6 + ppm)) / 1e6;
    const at = clock.capturedAtMs(ptsS, trueMs + delayMs(n));
    return { at, error: at - trueMs };
  });
}

describe('presentation clock', () => {
  test('removes the jitter of arrival from the times', () => {
    const jitter = [30, 80, 20, 55, 20, 90, 33];
    const times = captured(new PresentationClock(), 200, (n) => jitter[n % 7] ?? 0).slice(10);
    const steps = times.slice(1).map(({ at }, n) => at - (times[n]?.at ?? 0));
    assert.ok(steps.every((step) => Math.abs(step - 40) < 0.2));
  });

  test('gives the age of a late frame', () => {
    const times = captured(new PresentationClock(), 100, (n) => (n === 99 ? 3020 : 20));
    assert.ok(Math.abs((times[99]?.error ?? 0) - 20) < 2);
  });

  for (const ppm of [-200, 200]) {
    test(`follows a camera clock that is off by ${ppm} ppm for an hour`, () => {
      const times = captured(new PresentationClock(), 90_000, () => 20, ppm);
      assert.ok(times.every(({ error }) => error > 0 && error < 25));
    });
  }

  test('starts over when the camera sets its clock back', () => {
    const clock = new PresentationClock();
    clock.capturedAtMs(500, 10_000);
    assert.equal(clock.capturedAtMs(3, 10_040), 10_040);
  });

  test('goes on if two frames have the same time', () => {
    const clock = new PresentationClock();
    clock.capturedAtMs(1, 10_000);
    assert.ok(clock.capturedAtMs(1, 10_500) < 10_010);
  });

  test('starts over when the camera sets its clock forward, however far', () => {
    const clock = new PresentationClock();
    clock.capturedAtMs(1, 10_000);
    assert.equal(clock.capturedAtMs(90_000, 10_040), 10_040);
    assert.ok(Math.abs(clock.capturedAtMs(90_000.04, 10_090) - 10_080) < 0.1);
  });

  test('uses the time of arrival if a frame has no time of its own', () => {
    assert.equal(new PresentationClock().capturedAtMs(undefined, 777), 777);
  });

  test('continues after the times of an earlier opening', () => {
    assert.equal(new PresentationClock(2000).capturedAtMs(0, 1500), 2001);
  });

  test('never goes back, and never far into the future', () => {
    const frame = fc.record({ pts: fc.double({ min: 0, max: 1e6, noNaN: true }), stepMs: fc.nat(2000) });
    fc.assert(
      fc.property(fc.array(frame), (frames) => {
        const clock = new PresentationClock();
        let nowMs = 0;
        let last = Number.NEGATIVE_INFINITY;
        for (const [index, { pts, stepMs }] of frames.entries()) {
          nowMs += stepMs;
          const at = clock.capturedAtMs(pts, nowMs);
          assert.ok(at > last);
          assert.ok(at <= nowMs + index + 1e-3);
          last = at;
        }
      }),
    );
  });
});
