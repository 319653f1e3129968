import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeCalibration } from '../../daemon/cli/gallery/gallery-text.js';
import type { GalleryCalibrationReport } from '../../daemon/contract/gallery.js';

const report: GalleryCalibrationReport = {
  startedAt: '2026-03-02T08:00:00.000Z',
  durationMs: 1200,
  recogniser: 'a-recogniser',
  floor: 0.5,
  margin: 0.05,
  targetFpir: 0.001,
  expectedFpir: 0.000_95,
  persons: [
    {
      ...{ personId: 'p-1', name: 'Ada', references: 3, threshold: 0.61, reason: 'neighbour', fnmr: 0.034 },
      neighbours: [{ personId: 'p-2', name: 'Bea', similarity: 0.58, highest: 0.6099 }],
    },
    {
      ...{ personId: 'p-2', name: 'Bea', references: 1, threshold: 0.7, reason: 'manual', note: 'twin' },
      neighbours: [],
    },
  ],
  alike: [
    {
      a: { personId: 'p-1', name: 'Ada' },
      b: { personId: 'p-2', name: 'Bea' },
      similarity: 0.6099,
      margin: 0.1,
      isSeparable: false,
    },
  ],
};

describe('what a calibration shows', () => {
  it('is the threshold of each person with its reason, and what helps against look-alikes', () => {
    const text = describeCalibration(report);
    assert.match(text, /^compared 2 persons by a-recogniser in 1\.2 s\nthreshold of the box: 0\.500;/);
    assert.match(text, /^target: at most 0\.1 % of unknown people/m);
    assert.match(text, /^expected: 0\.095 % of unknown people/m);
    assert.match(text, /^Ada +0\.610 +above the nearest person +3\.4 % +3 +Bea 0\.610$/m);
    assert.match(text, /^Bea +0\.700 +set by hand: twin +- +1 +-$/m);
    assert.match(text, /^Ada +Bea +0\.610 +cannot be told apart$/m);
    assert.match(text, /^ {2}what to do: .*second factor/m);
  });

  it('states that no target is configured, too few persons are enrolled and no persons look alike', () => {
    const { targetFpir, expectedFpir, ...rest } = report;
    const text = describeCalibration({ ...rest, persons: [], alike: [] });
    assert.match(text, /^target: off/m);
    assert.match(text, /^expected: unknown, because too few persons/m);
    assert.match(text, /^no two persons look alike/m);
  });
});
