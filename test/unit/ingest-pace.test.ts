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
    ['a pace that is barely not late', { filmedMs: 2550, ffmpegMs: 3000, busyShare: 1 }, undefined],
    ['a pace that is barely late', { filmedMs: 2549 }, 'network-too-slow'],
    ['late, with a core that is barely full', { filmedMs: 1500, ffmpegMs: 2400 }, 'box-too-slow'],
    ['late, with a core that is barely not full', { filmedMs: 1500, ffmpegMs: 2399 }, 'network-too-slow'],
    ['late, on a machine that is barely busy', { filmedMs: 1500, busyShare: 0.9 }, 'box-busy'],
    ['late, on a machine that is barely not busy', { filmedMs: 1500, busyShare: 0.89 }, 'network-too-slow'],
    ['barely enough pictures', { frames: 19, elapsedMs: 2000, filmedMs: 2000 }, undefined],
    ['barely too few pictures', { frames: 94, elapsedMs: 10_000, filmedMs: 10_000 }, 'camera-too-slow'],
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

  test('is no rate when a single picture was read', () => {
    const single: Pace = { ...good, frames: 1, elapsedMs: 0, filmedMs: 0 };
    assert.deepEqual(ratesOf(single), { sentFps: 0, readFps: 0 });
    assert.equal(coresOf(single), 0);
    assert.equal(slowPart(single), undefined);
  });
});
