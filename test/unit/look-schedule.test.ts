import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type LookHistory,
  type LookKind,
  lookDue,
  neverLooked,
  recordLook,
  weightOfMiss,
} from '../../daemon/domain/tracks/look-schedule.js';

const smallestFacePx = 40;

/** The looks of frames `everyMs` apart for `seconds`. */
function looks(
  everyMs: number,
  seconds: number,
  situation: { readonly isAnyoneFollowed: boolean; readonly missingWidthsPx?: readonly number[] },
): LookKind[] {
  let history: LookHistory = neverLooked;
  const found: LookKind[] = [];
  for (let atMs = 0; atMs < seconds * 1000; atMs += everyMs) {
    const kind = lookDue(history, {
      atMs,
      smallestFacePx,
      isAnyoneJustLost: false,
      missingWidthsPx: [],
      ...situation,
    });
    if (kind === undefined) continue;
    found.push(kind);
    history = recordLook(history, kind, atMs);
  }
  return found;
}

function count(kinds: readonly LookKind[], kind: LookKind): number {
  return kinds.filter((each) => each === kind).length;
}

describe('when the detector looks, and how thoroughly', () => {
  test('an empty picture is looked at in every frame, fully once a second', () => {
    const kinds = looks(200, 10, { isAnyoneFollowed: false });
    assert.equal(kinds[0], 'full');
    assert.deepEqual([count(kinds, 'full'), count(kinds, 'quick')], [10, 40]);
  });

  test('while faces are followed, newcomers are looked for two or three times a second', () => {
    const kinds = looks(40, 20, { isAnyoneFollowed: true });
    assert.equal(kinds.length, 50);
    assert.ok(count(kinds, 'full') >= 16, 'far newcomers are found within a little more than a second');
  });

  test('a near face that was lost is looked for quickly and often', () => {
    const kinds = looks(66, 10, { isAnyoneFollowed: true, missingWidthsPx: [200] });
    assert.ok(kinds.length >= 35);
    assert.ok(count(kinds, 'full') <= 10);
  });

  test('a face that was lost in this frame is looked for at once', () => {
    const situation = { smallestFacePx, isAnyoneFollowed: true, missingWidthsPx: [200] };
    const history = { lastMs: 960, lastFullMs: 960 };
    assert.equal(lookDue(history, { ...situation, atMs: 1000, isAnyoneJustLost: false }), undefined);
    assert.equal(lookDue(history, { ...situation, atMs: 1000, isAnyoneJustLost: true }), 'quick');
  });

  test('a far face that was lost gets full looks, still bounded', () => {
    const full = count(looks(66, 10, { isAnyoneFollowed: true, missingWidthsPx: [200, 50] }), 'full');
    assert.ok(full >= 15 && full <= 25, `${full}`);
  });

  test('not being found counts alike for near and far faces over time', () => {
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
      lookDue(
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
    assert.deepEqual(recordLook(before, 'quick', 5), { lastMs: 5, lastFullMs: 1 });
    assert.deepEqual(recordLook(before, 'full', 5), { lastMs: 5, lastFullMs: 5 });
  });
});
