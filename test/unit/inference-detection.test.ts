import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Detection } from '../../daemon/kernel/faces/face.js';
import { intersectionOverUnion } from '../../daemon/kernel/faces/geometry.js';
import { suppressNonMaxima } from '../../daemon/kernel/faces/non-maximum-suppression.js';
import {
  detectorSize,
  fixedDetectorSize,
  partSize,
  sizeAround,
  squareOf,
  squareViews,
  toPicture,
} from '../../daemon/vision/inference/detector-size.js';
import { decodeSsd } from '../../daemon/vision/inference/ssd-decoding.kernel.js';
import { decodeYunet } from '../../daemon/vision/inference/yunet-decoding.kernel.js';

const length = fc.double({ min: 1, max: 80, noNaN: true });
const detection = fc.record({
  box: fc.record({ x: length, y: length, width: length, height: length }),
  score: fc.double({ min: 0, max: 1, noNaN: true }),
});

describe('non-maximum suppression', () => {
  test('kept boxes do not overlap, and each left-out box overlaps a better one', () => {
    fc.assert(
      fc.property(
        fc.array(detection, { maxLength: 20 }),
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        (all, overlap) => {
          const kept = suppressNonMaxima(all, overlap);
          const overlaps = (a: Detection, b: Detection): boolean =>
            intersectionOverUnion(a.box, b.box) > overlap;
          for (const [index, a] of kept.entries()) {
            for (const b of kept.slice(index + 1)) assert.ok(!overlaps(a, b) && a.score >= b.score);
          }
          for (const left of all.filter((candidate) => !kept.includes(candidate))) {
            assert.ok(kept.some((better) => better.score >= left.score && overlaps(better, left)));
          }
        },
      ),
    );
  });
});

describe('size of the detector input', () => {
  test('the smallest face is wide enough wherever the limit allows it, and no picture is distorted', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 160, max: 4096 }),
        fc.integer({ min: 120, max: 2160 }),
        fc.integer({ min: 24, max: 200 }),
        (widthPx, heightPx, smallestFacePx) => {
          const size = detectorSize({ widthPx, heightPx }, smallestFacePx, 20, 1024);
          const scale = size.usedWidthPx / widthPx;
          const long = Math.max(size.usedWidthPx, size.usedHeightPx);
          assert.ok(smallestFacePx * scale >= 19.5 || long === 1024);
          assert.ok(Math.abs(size.usedHeightPx - heightPx * scale) <= 1 + heightPx / widthPx);
          assert.ok(size.widthPx % 32 === 0 && size.heightPx % 32 === 0);
          assert.ok(size.widthPx - size.usedWidthPx < 32 && size.heightPx - size.usedHeightPx < 32);
        },
      ),
    );
  });

  test('the input for full high definition with faces from 80 pixels is 480 x 288', () => {
    const { widthPx, heightPx } = detectorSize({ widthPx: 1920, heightPx: 1080 }, 80, 20, 1024);
    assert.deepEqual([widthPx, heightPx], [480, 288]);
  });

  test('a fixed input holds the whole picture', () => {
    const size = fixedDetectorSize({ widthPx: 1080, heightPx: 1920 }, 640);
    assert.deepEqual(size, { widthPx: 640, heightPx: 640, usedWidthPx: 360, usedHeightPx: 640 });
  });

  test('detections are given in picture pixels, without those that are too narrow', () => {
    const size = fixedDetectorSize({ widthPx: 1280, heightPx: 720 }, 640);
    const wide = { box: { x: 10, y: 20, width: 40, height: 50 }, score: 0.9 };
    const narrow = { box: { x: 100, y: 20, width: 19, height: 25 }, score: 0.8 };
    const found = toPicture([wide, narrow], { widthPx: 1280, heightPx: 720 }, size, 40);
    assert.deepEqual(found, [{ box: { x: 20, y: 40, width: 80, height: 100 }, score: 0.9 }]);
  });
});

describe('squares that show a whole picture', () => {
  test('a face of up to an eighth of a square is whole in one of at most eight', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 160, max: 4096 }),
        fc.integer({ min: 120, max: 2160 }),
        fc.integer({ min: 256, max: 2000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (widthPx, heightPx, partPx, across, down) => {
          const views = squareViews({ widthPx, heightPx }, partPx, 256);
          const whole = { x: 0, y: 0, width: widthPx, height: heightPx };
          const parts = views.map(({ part }) => part ?? whole);
          const facePx = Math.min(partPx / 8, widthPx, heightPx);
          const [x, y] = [across * (widthPx - facePx), down * (heightPx - facePx)];
          const holds = (part: typeof whole): boolean =>
            x >= part.x - 1e-6 &&
            y >= part.y - 1e-6 &&
            x + facePx <= part.x + part.width + 1e-6 &&
            y + facePx <= part.y + part.height + 1e-6;
          assert.ok(parts.length <= 8 && parts.some(holds));
        },
      ),
    );
  });

  test('a small picture is shown whole, full high definition in two squares', () => {
    const shown = (widthPx: number, heightPx: number) => squareViews({ widthPx, heightPx }, 1137, 256);
    assert.deepEqual(shown(640, 360), [fixedDetectorSize({ widthPx: 640, heightPx: 360 }, 256)]);
    assert.deepEqual(
      shown(1920, 1080).map(({ part }) => part),
      [
        { x: 0, y: 0, width: 1137, height: 1137 },
        { x: 783, y: 0, width: 1137, height: 1137 },
      ],
    );
  });
});

describe('one face shown alone', () => {
  const face = { x: 300, y: 100, width: 40, height: 50 };

  test('the input shows a square of three faces about it, also beyond the border of the picture', () => {
    const { part, ...size } = sizeAround(face, 192);
    assert.deepEqual(part, { x: 245, y: 50, width: 150, height: 150 });
    assert.deepEqual(size, { widthPx: 192, heightPx: 192, usedWidthPx: 192, usedHeightPx: 192 });
    const { part: beyond } = sizeAround({ ...face, x: 0, y: 0 }, 192);
    assert.deepEqual(beyond, { x: -55, y: -50, width: 150, height: 150 });
  });

  test('the detections there are at the place of the face in the picture', () => {
    const size = sizeAround(face, 300);
    const found = [
      { box: { x: 110, y: 100, width: 80, height: 100 }, score: 0.9 },
      { box: { x: 0, y: 0, width: 70, height: 70 }, score: 0.5 },
    ];
    const [only, ...narrower] = toPicture(found, { widthPx: 640, heightPx: 360 }, size, 40);
    assert.deepEqual([only?.box, narrower], [face, []]);
  });
});

describe('a part of a picture', () => {
  const picture = { widthPx: 1920, heightPx: 1080 };
  const whole = detectorSize(picture, 40, 20, 1024);

  test('is shown at least as large as in the whole picture, at most twice as large, and lies in the picture', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1900 }),
        fc.integer({ min: 0, max: 1060 }),
        fc.integer({ min: 20, max: 1920 }),
        fc.integer({ min: 20, max: 1080 }),
        (x, y, width, height) => {
          const wanted = { x, y, width: Math.min(width, 1920 - x), height: Math.min(height, 1080 - y) };
          const size = partSize(wanted, picture, whole);
          const part = size.part ?? assert.fail('no part');
          const scale = size.widthPx / part.width;
          assert.ok(scale >= 0.499 && scale <= 1.001 && Math.abs(size.heightPx / part.height - scale) < 1e-9);
          assert.ok(size.widthPx % 64 === 0 && size.heightPx % 64 === 0);
          // Up to half a pixel of the input may be missing, half of that on each side.
          assert.ok(part.x <= wanted.x + 0.501 && part.y <= wanted.y + 0.501);
          assert.ok(part.x + part.width >= wanted.x + wanted.width - 2);
          assert.ok(part.y + part.height >= wanted.y + wanted.height - 2);
          assert.ok(part.x >= 0 && (part.x === 0 || part.x + part.width <= 1920 + 1e-6));
        },
      ),
    );
  });

  test('leaves out no face at the border of the picture, although it is a little smaller than asked for', () => {
    for (const [x, y] of [
      [0, 0],
      [1920 - 293, 1080 - 458],
    ] as const) {
      const size = partSize({ x, y, width: 293, height: 458 }, picture, whole);
      const side = 40;
      const atLowerRight = { x: size.usedWidthPx - side, y: size.usedHeightPx - side };
      const box = { ...(x === 0 ? { x: 0, y: 0 } : atLowerRight), width: side, height: side };
      assert.equal(toPicture([{ box, score: 0.9 }], picture, size, 40).length, 1);
    }
  });

  test('is enlarged where that is cheap', () => {
    const { part, ...size } = partSize({ x: 800, y: 400, width: 180, height: 180 }, picture, whole);
    assert.deepEqual([size.widthPx, size.heightPx], [192, 192]);
    assert.deepEqual(part, { x: 794, y: 394, width: 192, height: 192 });
  });

  test('leaves out faces that its border cuts off, but not those at the border of the picture', () => {
    const box = (x: number) => ({ box: { x, y: 60, width: 80, height: 80 }, score: 0.9 });
    const within = (x: number) => squareOf({ x, y: 400, width: 256, height: 256 }, picture, 256, 256);
    const found = (atX: number) => toPicture([box(1), box(90), box(175)], picture, within(atX), 40);
    assert.deepEqual(
      found(800).map(({ box: { x } }) => x),
      [890],
    );
    assert.deepEqual(
      found(0).map(({ box: { x } }) => x),
      [1, 90],
    );
    assert.deepEqual(
      found(1664).map(({ box: { x } }) => x),
      [1754, 1839],
    );
  });
});

describe('detector decoding', () => {
  test('an SSD encoding of zero is its anchor', () => {
    const anchors = Float32Array.of(50, 40, 20, 30, 150, 140, 20, 30);
    const encodings = Float32Array.of(0, 0, 0, 0, 10, -10, 5, 0);
    const [first, second, ...rest] = decodeSsd(encodings, Float32Array.of(0.5, 0.75), anchors, 0.5);
    assert.deepEqual(first, { box: { x: 40, y: 25, width: 20, height: 30 }, score: 0.5 });
    // One anchor height down, one anchor width to the left, e times as high.
    assert.equal(second?.box.width, 20);
    assert.ok(Math.abs((second?.box.height ?? 0) - 30 * Math.E) < 1e-9);
    assert.ok(Math.abs((second?.box.x ?? 0) - (150 - 20 - 10)) < 1e-9);
    assert.ok(Math.abs((second?.box.y ?? 0) + 15 * Math.E - (140 + 30)) < 1e-9);
    assert.equal(rest.length, 0);
  });

  test('SSD scores under the threshold give no box', () => {
    assert.deepEqual(decodeSsd(new Float32Array(4), Float32Array.of(0.49), new Float32Array(4), 0.5), []);
  });

  test('a YuNet cell gives a box about its offset centre, scored by the geometric mean', () => {
    const grid = {
      stridePx: 16,
      columns: 2,
      classScores: Float32Array.of(0, 0, 0, 0.9),
      objectScores: Float32Array.of(1, 1, 1, 0.4),
      boxes: new Float32Array(16).fill(0.5, 12, 14),
    };
    const [found, ...rest] = decodeYunet(grid, 0.59);
    assert.deepEqual(found?.box, { x: 24 - 8, y: 24 - 8, width: 16, height: 16 });
    assert.ok(Math.abs((found?.score ?? 0) - 0.6) < 1e-6);
    assert.equal(rest.length, 0);
    assert.deepEqual(decodeYunet(grid, 0.61), []);
  });

  test('YuNet scores beyond their range are limited to it', () => {
    const grid = {
      stridePx: 8,
      columns: 1,
      classScores: Float32Array.of(1.2),
      objectScores: Float32Array.of(1.1),
      boxes: new Float32Array(4),
    };
    assert.equal(decodeYunet(grid, 0.6)[0]?.score, 1);
  });
});
