import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeCalibration } from '../../daemon/cli/gallery/calibration-text.js';
import type { GalleryCalibrationReport } from '../../daemon/control/gallery-control.js';
import { calibrationText } from '../../daemon/control/gallery-routes.js';

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
      isSeparable: false,
    },
  ],
};

describe('what a calibration shows', () => {
  it('is the threshold of each person with its reason, and what helps against look-alikes', () => {
    const text = describeCalibration(report);
    assert.match(text, /^compared 2 persons by a-recogniser in 1\.2 s\nthreshold of the box: 0\.500;/);
    assert.match(text, /^target: at most 0\.1 % of strangers/m);
    assert.match(text, /^expected of strangers: 0\.095 %/m);
    assert.match(text, /^Ada +0\.610 +above the nearest person +3\.4 % +3 +Bea 0\.610$/m);
    assert.match(text, /^Bea +0\.700 +set by hand: twin +- +1 +-$/m);
    assert.match(text, /^Ada +Bea +0\.610 +cannot be told apart$/m);
    assert.match(text, /^ {2}what to do: .*second factor/m);
  });

  it('says so where no target is configured, nobody is enrolled and no persons look alike', () => {
    const { targetFpir, expectedFpir, ...rest } = report;
    const text = describeCalibration({ ...rest, persons: [], alike: [] });
    assert.match(text, /^target: none is configured/m);
    assert.match(text, /^expected of strangers: too few persons/m);
    assert.match(text, /^no two persons reach the threshold of the box/m);
  });

  it('is sent in parts with turns of the event loop between them, and is whole in the end', async () => {
    const many = (count: number) =>
      report.persons
        .slice(0, 1)
        .flatMap((person) =>
          Array.from({ length: count }, (_, index) => ({ ...person, personId: `p-${index}` })),
        );
    for (const sent of [report, { ...report, persons: many(450), alike: [] }, { ...report, persons: [] }]) {
      let turns = 0;
      let text = '';
      const turn = (): void => {
        turns += 1;
        next = setImmediate(turn);
      };
      let next = setImmediate(turn);
      for await (const part of calibrationText(sent)) text += part;
      clearImmediate(next);
      assert.deepEqual(JSON.parse(text), sent);
      assert.ok(turns >= Math.ceil(sent.persons.length / 200), `${turns} turns`);
    }
  });
});
