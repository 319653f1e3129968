import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type EyeFault, type EyeSample, eyeFaults } from '../../daemon/kernel/liveness/liveness.js';
import {
  mostOpennessSamples,
  OpennessRecorder,
  type OpennessSample,
  packedCurve,
  samplesOf,
} from '../../daemon/kernel/liveness/openness-curve.js';

const eyes = (atMs: number, openness: number): EyeSample => ({
  ...{ atMs, left: openness, right: openness, areLidsRaised: true, framing: 'whole', sharpness: 1 },
});
const unseen = (atMs: number, fault: EyeFault): EyeSample => ({
  ...{ ...eyes(atMs, 0.3), left: undefined, fault },
});

/** What a recorder of these samples keeps. */
function kept(samples: readonly EyeSample[]): readonly OpennessSample[] {
  const recorder = new OpennessRecorder();
  for (const sample of samples) recorder.add(sample);
  const { curve } = recorder;
  return curve === undefined ? [] : samplesOf(curve);
}

describe('the openness of eyes, packed', () => {
  test('keeps the mean of both eyes, and why they could not be judged', () => {
    const both = { ...eyes(1033, 0.3), left: 0.31, right: 0.25 };
    assert.deepEqual(kept([eyes(1000, 0.3), both, unseen(1067, 'turned-away'), eyes(1100, 0.7)]), [
      { atMs: 1000, eyes: 0.3 },
      { atMs: 1030, eyes: 0.28 },
      { atMs: 1070, eyes: 'turned-away' },
      { atMs: 1100, eyes: 0.496 },
    ]);
    assert.deepEqual(
      kept(eyeFaults.map((fault, index) => unseen(index * 100, fault))).map((sample) => sample.eyes),
      eyeFaults,
    );
    assert.equal(new OpennessRecorder().curve, undefined);
  });

  test('keeps times within half a step over thousands of frames', () => {
    const frames = Array.from({ length: 5000 }, (_, index) => eyes((index * 1000) / 30, 0.3));
    const samples = kept(frames);
    assert.equal(samples.length, mostOpennessSamples);
    for (const [index, { atMs }] of samples.entries()) {
      const capturedMs = frames.at(index - mostOpennessSamples)?.atMs ?? 0;
      assert.ok(Math.abs(atMs - capturedMs) <= 5, `${atMs} for ${capturedMs}`);
    }
  });

  test('begins again after a gap that its form cannot hold', () => {
    assert.equal(kept([eyes(0, 0.3), eyes(2500, 0.3)]).length, 2);
    assert.deepEqual(kept([eyes(0, 0.3), eyes(2501, 0.2)]), [{ atMs: 2501, eyes: 0.2 }]);
    assert.equal(packedCurve([]), undefined);
  });
});
