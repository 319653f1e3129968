import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { coresOf, type Pace, ratesOf, slowPart } from '../../daemon/vision/ingest/pace.js';

/** Three seconds of 25 pictures each, on a box with time to spare. */
const good: Pace = { frames: 75, elapsedMs: 3000, filmedMs: 3000, ffmpegMs: 600, busyShare: 0.3 };

describe('the pace of a camera', () => {
  const cases: readonly (readonly [string, Partial<Pace>, string | undefined])[] = [
    ['normal', {}, undefined],
    ['normal again after a burst', { elapsedMs: 2500 }, undefined],
    ['ten pictures a second, measured a little lower', { frames: 29 }, undefined],
    ['few pictures, all of them in time', { frames: 18, ffmpegMs: 100 }, 'camera-too-slow'],
    ['few pictures, on a busy box that keeps up', { frames: 18, busyShare: 1 }, 'camera-too-slow'],
    ['4K at 60: FFmpeg computes all the time', { filmedMs: 1500, ffmpegMs: 2900 }, 'box-too-slow'],
    ['the processor is taken by others', { filmedMs: 1500, ffmpegMs: 700, busyShare: 0.99 }, 'box-busy'],
    ['the processor is idle, and pictures arrive late', { filmedMs: 1500 }, 'network-too-slow'],
    ['nothing was read', { frames: 0, elapsedMs: 0, filmedMs: 0 }, undefined],
  ];
  for (const [name, changes, code] of cases) {
    test(`${name}: ${code ?? 'nothing to say'}`, () => {
      assert.equal(slowPart({ ...good, ...changes })?.code, code);
    });
  }

  test('is reported with figures that show the cause', () => {
    const slow: Pace = { ...good, filmedMs: 1500, ffmpegMs: 2940 };
    assert.match(
      slowPart(slow)?.message ?? '',
      /25\.0 of 50\.0 pictures a second arrive, FFmpeg takes 98 % of a core/,
    );
    assert.deepEqual(ratesOf(slow), { sentFps: 50, readFps: 25 });
    assert.equal(coresOf(good), 0.2);
  });
});
