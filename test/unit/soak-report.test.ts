import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { slopes, starvedBetween } from '../../scripts/benchmarks/soak-report.js';

describe('the soak', () => {
  const camera = (delivered: number, analysed: number, more = {}) => ({
    ...{ id: 'door', state: 'streaming' as const },
    counters: { delivered, analysed, restarts: 0 },
    ...more,
  });

  test('calls a camera starved that streamed all the time and was not analysed', () => {
    assert.deepEqual(starvedBetween([camera(10, 5)], [camera(90, 5)]), ['door']);
    assert.deepEqual(starvedBetween([camera(10, 5)], [camera(90, 6)]), []);
  });

  test('blames no camera that was away, was opened again, or sent nothing', () => {
    const reopened = { counters: { delivered: 90, analysed: 5, restarts: 1 } };
    assert.deepEqual(starvedBetween([camera(10, 5)], [camera(90, 5, reopened)]), []);
    assert.deepEqual(starvedBetween([camera(10, 5, { state: 'failed' })], [camera(90, 5)]), []);
    assert.deepEqual(starvedBetween([camera(10, 5)], [camera(10, 5)]), []);
    assert.deepEqual(starvedBetween([], [camera(90, 5)]), []);
  });

  test('measures growth after the first quarter', () => {
    const sample = (minute: number, vision: number) => ({
      ...{ minute, memoryMiB: { core: 100, vision, ffmpeg: 40 } },
      ...{ failed: [], starved: [], restarts: 0, conditions: [] },
    });
    const samples = [sample(1, 10), sample(2, 400), sample(4, 406), sample(6, 412), sample(8, 418)];
    const { core, vision } = slopes(samples) ?? assert.fail();
    assert.deepEqual([core, vision.toFixed(3)], [0, '3.000']);
    assert.equal(slopes(samples.slice(0, 2)), undefined);
  });
});
