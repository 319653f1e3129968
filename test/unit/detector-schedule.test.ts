import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type DetectorHistory,
  type DetectorRunKind,
  detectorNeverRan,
  detectorRunDue,
  recordDetectorRun,
  weightOfMiss,
} from '../../daemon/kernel/tracks/detector-schedule.js';

const smallestFacePx = 40;

/** The looks of frames `everyMs` apart for `seconds`. */
function looks(
  everyMs: number,
  seconds: number,
  situation: { readonly isAnyoneFollowed: boolean; readonly missingWidthsPx?: readonly number[] },
): DetectorRunKind[] {
  let history: DetectorHistory = detectorNeverRan;
  const found: DetectorRunKind[] = [];
  for (let atMs = 0; atMs < seconds * 1000; atMs += everyMs) {
    const kind = detectorRunDue(history, {
      atMs,
      smallestFacePx,
      isAnyoneJustLost: false,
      missingWidthsPx: [],
      ...situation,
    });
    if (kind === undefined) continue;
    found.push(kind);
    history = recordDetectorRun(history, kind, atMs);
  }
  return found;
}

function count(kinds: readonly DetectorRunKind[], kind: DetectorRunKind): number {
  return kinds.filter((each) => each === kind).length;
}

describe('the schedule of the detector', () => {
  test('looks at every frame of an empty picture, fully once a second', () => {
    const kinds = looks(200, 10, { isAnyoneFollowed: false });
    assert.equal(kinds[0], 'full');
    assert.deepEqual([count(kinds, 'full'), count(kinds, 'quick')], [10, 40]);
  });

  test('looks for new faces two or three times a second while faces are followed', () => {
    const kinds = looks(40, 20, { isAnyoneFollowed: true });
    assert.equal(kinds.length, 50);
    assert.ok(count(kinds, 'full') >= 16, 'far newcomers are found within a little more than a second');
  });

  test('looks quickly and often for a lost near face', () => {
    const kinds = looks(66, 10, { isAnyoneFollowed: true, missingWidthsPx: [200] });
    assert.ok(kinds.length >= 35);
    assert.ok(count(kinds, 'full') <= 10);
  });

  test('looks at once for a face that was lost in this frame', () => {
    const situation = { smallestFacePx, isAnyoneFollowed: true, missingWidthsPx: [200] };
    const history = { lastMs: 960, lastFullMs: 960 };
    assert.equal(detectorRunDue(history, { ...situation, atMs: 1000, isAnyoneJustLost: false }), undefined);
    assert.equal(detectorRunDue(history, { ...situation, atMs: 1000, isAnyoneJustLost: true }), 'quick');
  });

  test('gives a lost far face full looks, in limited number', () => {
    const full = count(looks(66, 10, { isAnyoneFollowed: true, missingWidthsPx: [200, 50] }), 'full');
    assert.ok(full >= 15 && full <= 25, `${full}`);
  });

  test('weighs misses of near and far faces alike over time', () => {
    const missed = (widthPx: number): number =>
      looks(40, 20, { isAnyoneFollowed: true }).reduce(
        (sum, kind) => sum + weightOfMiss(kind, widthPx, smallestFacePx),
        0,
      );
    assert.equal(weightOfMiss('quick', 50, smallestFacePx), 0);
    assert.ok(Math.abs(missed(50) / missed(200) - 1) < 0.2);
  });

  test('looks from every limit on', () => {
    const due = (atMs: number, missingWidthsPx: readonly number[] = [], lastFullMs = 0) =>
      detectorRunDue(
        { lastMs: 0, lastFullMs },
        { atMs, smallestFacePx, isAnyoneFollowed: true, isAnyoneJustLost: false, missingWidthsPx },
      );
    assert.deepEqual([due(399), due(400)], [undefined, 'quick']);
    assert.deepEqual([due(199, [200]), due(200, [200])], [undefined, 'quick']);
    assert.deepEqual([due(999), due(1000)], ['quick', 'full']);
    assert.deepEqual([due(399, [95]), due(400, [95])], ['quick', 'full'], 'a far one is missing');
    assert.equal(due(400, [96]), 'quick', '2.4 times the smallest face of interest is near');
    assert.equal(due(400, [200, 95]), 'full');
    assert.deepEqual(
      [96, 95].flatMap((widthPx) => [
        weightOfMiss('quick', widthPx, smallestFacePx),
        weightOfMiss('full', widthPx, smallestFacePx),
      ]),
      [1, 1, 0, 2.5],
    );
    const before = { lastMs: 1, lastFullMs: 1 };
    assert.deepEqual(recordDetectorRun(before, 'quick', 5), { lastMs: 5, lastFullMs: 1 });
    assert.deepEqual(recordDetectorRun(before, 'full', 5), { lastMs: 5, lastFullMs: 5 });
  });
});
