import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Box } from '../../daemon/kernel/faces/geometry.js';
import {
  isPieceOf,
  isShown,
  lookParts,
  surroundingsOf,
  sweepParts,
} from '../../daemon/kernel/tracks/look-parts.js';
import { placesOf } from '../../daemon/kernel/tracks/moving-places.kernel.js';
import { cellColumns, cellCount } from '../../daemon/kernel/tracks/scene-motion.kernel.js';

const picture = { widthPx: 1920, heightPx: 1080 };
const smallestFacePx = 40;
const partsOf = (places: readonly Box[]) => lookParts(places, picture, smallestFacePx);
const at = (x: number, y: number, width: number, height = width): Box => ({ x, y, width, height });

const holds = (part: Box, box: Box): boolean =>
  box.x >= part.x - 1e-6 &&
  box.y >= part.y - 1e-6 &&
  box.x + box.width <= part.x + part.width + 1e-6 &&
  box.y + box.height <= part.y + part.height + 1e-6;

describe('the parts of a look', () => {
  test('are two for people who are far apart, and one for people who are side by side', () => {
    const [left, beside, right] = [at(100, 400, 240), at(300, 420, 240), at(1500, 300, 240)];
    assert.deepEqual(partsOf([left, right]), [left, right]);
    assert.deepEqual(partsOf([left, beside]), [at(100, 400, 440, 260)]);
  });

  test('are none where nobody is, and end at the border of the picture', () => {
    assert.deepEqual(partsOf([]), []);
    assert.deepEqual(lookParts([], { widthPx: 640, heightPx: 480 }, smallestFacePx), []);
    assert.deepEqual(partsOf([at(-50, -60, 300), at(2000, 100, 300)]), [at(0, 0, 250, 240)]);
  });

  test('are the whole picture if it is small, or if somebody is in most of it or everywhere', () => {
    assert.equal(lookParts([at(10, 10, 90)], { widthPx: 640, heightPx: 480 }, smallestFacePx), undefined);
    assert.equal(partsOf([at(0, 0, 1200, 900)]), undefined);
    const everywhere = Array.from({ length: 30 }, (_, index) => at(60 * index, 35 * index, 20));
    assert.equal(partsOf(everywhere), undefined);
    const crowd = (count: number) => Array.from({ length: count }, () => at(100, 100, 200));
    assert.deepEqual([partsOf(crowd(24)), partsOf(crowd(25))], [[at(100, 100, 200)], undefined]);
  });

  test('show all places, and cost no more than half of the picture', () => {
    const place = fc.record({
      x: fc.integer({ min: 0, max: 1800 }),
      y: fc.integer({ min: 0, max: 1000 }),
      width: fc.integer({ min: 10, max: 120 }),
      height: fc.integer({ min: 10, max: 80 }),
    });
    fc.assert(
      fc.property(fc.array(place, { maxLength: 12 }), (places) => {
        const parts = partsOf(places);
        if (parts === undefined) return;
        assert.ok(places.every((each) => parts.some((part) => holds(part, each))));
        const sum = parts.reduce((total, { width, height }) => total + width * height, 0);
        assert.ok(sum <= (1920 * 1080) / 2);
      }),
    );
  });
});

describe('a sweep', () => {
  test('covers the whole picture, and shows faces of up to 120 pixels whole in one of its parts', () => {
    const parts = sweepParts(picture, smallestFacePx);
    assert.equal(parts.length, 4);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1800 }), fc.integer({ min: 0, max: 960 }), (x, y) => {
        assert.ok(parts.some((part) => holds(part, at(x, y, 120))));
      }),
    );
  });

  test('is one look where the whole picture is cheap', () => {
    const small = { widthPx: 960, heightPx: 540 };
    assert.deepEqual(sweepParts(small, smallestFacePx), [at(0, 0, 960, 540)]);
  });
});

describe('a face at the border of a part', () => {
  const part = at(500, 200, 400);

  test('is shown if the part also has what is around it, as far as the picture goes', () => {
    const face = at(600, 300, 100);
    assert.ok(isShown(face, [surroundingsOf(face)], picture));
    assert.ok(isShown(face, undefined, picture));
    assert.ok(!isShown(at(490, 300, 100), [part], picture));
    assert.ok(!isShown(at(505, 300, 100), [part], picture));
    assert.ok(isShown(at(-20, 100, 100), [at(0, 0, 400)], picture));
    assert.ok(isShown(at(2000, 100, 100), [part], picture), 'nothing is to be seen of it');
  });

  test('explains what is found on it, and nothing beside it', () => {
    const face = at(450, 250, 300);
    assert.ok(isPieceOf(at(520, 300, 100), [face]));
    assert.ok(!isPieceOf(at(760, 300, 100), [face]));
    assert.ok(!isPieceOf(at(520, 300, 100), []));
  });
});

describe('the places of what moves', () => {
  const placesIn = (cells: readonly (readonly [number, number])[]) => {
    const moving = new Uint8Array(cellCount);
    for (const [column, row] of cells) moving[row * cellColumns + column] = 1;
    return placesOf(moving, 1920, 1080);
  };

  test('are one for cells that are near each other, with room for a face above', () => {
    const places = placesIn([
      [40, 20],
      [41, 20],
      [43, 22],
    ]);
    assert.deepEqual(places, [at(760, 320, 160, 180)]);
  });

  test('are several for cells that are apart', () => {
    const places = placesIn([
      [10, 10],
      [13, 10],
      [95, 53],
    ]);
    assert.deepEqual(
      places.map(({ x }) => x),
      [160, 220, 1860],
    );
  });

  test('are none where nothing moves', () => {
    assert.deepEqual(placesIn([]), []);
  });
});
