import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type Affine,
  applyAffine,
  boxToCrop,
  mirrored,
  squareToCrop,
} from '../../daemon/kernel/faces/affine.js';
import type { Picture } from '../../daemon/kernel/faces/picture.js';
import { cropAffine } from '../../daemon/vision/inference/affine-crop.kernel.js';
import { AreaResize } from '../../daemon/vision/inference/area-resize.kernel.js';
import { reduceRegion } from '../../daemon/vision/inference/box-reduction.kernel.js';
import { largestDifference, slowCrop } from '../support/slow-sampling.js';
import { plainYuv, rgbPicture, smoothYuv } from '../support/test-pictures.js';

const SIDE = 32;

function crop(picture: Picture, map: Affine, order: 'rgb' | 'bgr' = 'rgb'): Float32Array {
  const data = new Float32Array(3 * SIDE * SIDE);
  cropAffine(picture, map, { data, offset: 0, widthPx: SIDE, heightPx: SIDE, order });
  return data;
}

const anyPicture = fc
  .record({ width: fc.integer({ min: 2, max: 90 }), height: fc.integer({ min: 2, max: 70 }), seed: fc.nat() })
  .chain(({ width, height, seed }) =>
    fc.constantFrom<Picture>(
      smoothYuv(width, height, { seed, range: 'limited' }),
      smoothYuv(width, height, { seed, range: 'full' }),
      rgbPicture(width, height, (x, y) => [(x * 5 + seed) % 256, (y * 7) % 256, ((x + y) * 3) % 256]),
    ),
  );

describe('affine crops', () => {
  test('reductions up to half are bilinear, inside and beyond the border', () => {
    fc.assert(
      fc.property(
        anyPicture,
        fc.record({
          x: fc.double({ min: -20, max: 100, noNaN: true }),
          y: fc.double({ min: -20, max: 90, noNaN: true }),
          sidePx: fc.double({ min: 4, max: 1.9 * SIDE, noNaN: true }),
          rollDeg: fc.double({ min: -180, max: 180, noNaN: true }),
          isMirrored: fc.boolean(),
        }),
        (picture, { x, y, sidePx, rollDeg, isMirrored }) => {
          const upright = squareToCrop({ x, y }, sidePx, rollDeg, SIDE);
          const map = isMirrored ? mirrored(upright, SIDE) : upright;
          const difference = largestDifference(crop(picture, map), slowCrop(picture, map, SIDE, SIDE));
          // Whole-number arithmetic inside video may be off by its weights' steps.
          const allowed = picture.format === 'rgb24' ? 0.01 : 3;
          assert.ok(difference < allowed, `differs by ${difference}`);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a picture that is smaller than the neighbours of a sample has no inside', () => {
    const picture = smoothYuv(2, 2, { seed: 0, range: 'limited' });
    const map = squareToCrop({ x: 0, y: 0 }, 4, -4.6e-7, SIDE);
    assert.ok(largestDifference(crop(picture, map), slowCrop(picture, map, SIDE, SIDE)) < 3);
  });

  test('a crop is black outside the picture on request, and unchanged inside', () => {
    const grey = rgbPicture(40, 40, () => [90, 120, 150]);
    for (const picture of [grey, smoothYuv(40, 40, { seed: 3, range: 'limited' })]) {
      for (const sidePx of [48, 200]) {
        const map = squareToCrop({ x: 4, y: 30 }, sidePx, 30, SIDE);
        const plain = crop(picture, map);
        const data = new Float32Array(3 * SIDE * SIDE);
        cropAffine(picture, map, { data, offset: 0, widthPx: SIDE, heightPx: SIDE, outside: 'black' });
        for (let i = 0; i < data.length; i++) {
          const pixel = i % (SIDE * SIDE);
          const centre = { x: (pixel % SIDE) + 0.5, y: Math.floor(pixel / SIDE) + 0.5 };
          const { x, y } = applyAffine(map, centre);
          const isInside = x >= 0 && y >= 0 && x <= 40 && y <= 40;
          assert.equal(data[i], isInside ? plain[i] : 0, `at ${x}, ${y}`);
        }
      }
    }
  });

  test('blocks that end between two words of a wide picture have the same means as in one without whole words', () => {
    // 11 blocks of 7 columns end at 77 of 80, and at 77 of 79.
    const light = (x: number, y: number): number => (x * 37 + y * 101 + ((x * y) % 17)) % 256;
    const [wide, narrow] = [80, 79].map((widthPx) => {
      const heightPx = 56;
      const data = new Uint8Array(widthPx * heightPx + 2 * Math.ceil(widthPx / 2) * (heightPx / 2)).fill(128);
      for (let i = 0; i < widthPx * heightPx; i++) data[i] = light(i % widthPx, Math.floor(i / widthPx));
      const map = { xx: 7, xy: 0, x0: 0, yx: 0, yy: 7, y0: 0 };
      const out = { data: new Float32Array(3 * 10 * 7), offset: 0, widthPx: 10, heightPx: 7 };
      cropAffine({ format: 'yuv420p', range: 'full', widthPx, heightPx, data }, map, out);
      return out.data;
    });
    assert.deepEqual(wide, narrow);
  });

  test('a reduction of video has the rounded mean of each block, also where the picture cuts it', () => {
    fc.assert(
      fc.property(
        fc.record({
          widthPx: fc.integer({ min: 2, max: 120 }),
          heightPx: fc.integer({ min: 2, max: 90 }),
          seed: fc.nat(),
        }),
        fc.integer({ min: 2, max: 7 }),
        fc.record({ left: fc.integer({ min: 0, max: 100 }), top: fc.integer({ min: 0, max: 80 }) }),
        ({ widthPx, heightPx, seed }, factor, { left, top }) => {
          const whole = smoothYuv(widthPx, heightPx, { seed });
          const bounds = { left, top, right: left + 40, bottom: top + 30 };
          const { picture, x0, y0 } = reduceRegion(whole, bounds, factor);
          for (let row = 0; row < picture.heightPx; row++) {
            for (let column = 0; column < picture.widthPx; column++) {
              const block: number[] = [];
              for (let y = y0 + row * factor; y < Math.min(heightPx, y0 + (row + 1) * factor); y++) {
                const line = y * widthPx;
                const from = x0 + column * factor;
                block.push(...whole.data.subarray(line + from, line + Math.min(widthPx, from + factor)));
              }
              const mean = block.reduce((sum, value) => sum + value, 0) / block.length;
              const found = picture.data[row * picture.widthPx + column] ?? Number.NaN;
              assert.ok(Math.abs(found - mean) < 0.5 + 1e-9, `${found} instead of ${mean}`);
            }
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  test('strong reductions average the pixels that they cover', () => {
    // Columns alternate between black and white: sampling single pixels would show stripes.
    const stripes = rgbPicture(640, 640, (x) => (x % 2 === 0 ? [0, 0, 0] : [255, 255, 255]));
    const map = squareToCrop({ x: 320, y: 320 }, 512, 0, SIDE);
    for (const value of crop(stripes, map)) assert.ok(Math.abs(value - 127.5) < 2, `${value}`);
  });

  test('a strongly reduced crop has the right place', () => {
    const ramp = rgbPicture(800, 600, (x, y) => [Math.floor(x / 4), Math.floor(y / 4), 0]);
    for (const rollDeg of [0, 30]) {
      const map = squareToCrop({ x: 400, y: 300 }, 330, rollDeg, SIDE);
      const difference = largestDifference(crop(ramp, map), slowCrop(ramp, map, SIDE, SIDE));
      assert.ok(difference < 1.5, `differs by ${difference}`);
    }
  });

  test('a reduced crop of video that reaches beyond the picture repeats its border', () => {
    const picture = plainYuv(101, 77, { y: 120, u: 90, v: 160 });
    const everywhere = crop(picture, squareToCrop({ x: 5, y: 70 }, 300, 10, SIDE));
    const inside = crop(picture, squareToCrop({ x: 50, y: 38 }, 20, 0, SIDE));
    assert.ok(largestDifference(everywhere, inside) < 1);
  });

  test('BGR is RGB with the outer planes swapped', () => {
    const picture = smoothYuv(64, 48);
    const map = squareToCrop({ x: 30, y: 24 }, 30, 12, SIDE);
    const rgb = crop(picture, map);
    const bgr = crop(picture, map, 'bgr');
    const area = SIDE * SIDE;
    assert.deepEqual(bgr.subarray(0, area), rgb.subarray(2 * area));
    assert.deepEqual(bgr.subarray(area, 2 * area), rgb.subarray(area, 2 * area));
    assert.deepEqual(bgr.subarray(2 * area), rgb.subarray(0, area));
  });

  test('a target in the middle of a buffer does not change the rest', () => {
    const data = new Float32Array(5 * 3 * SIDE * SIDE).fill(-1);
    const samples = 3 * SIDE * SIDE;
    const target = { data, offset: 2 * samples, widthPx: SIDE, heightPx: SIDE };
    cropAffine(smoothYuv(64, 48), squareToCrop({ x: 30, y: 24 }, 30, 0, SIDE), target);
    assert.ok(data.subarray(0, 2 * samples).every((value) => value === -1));
    assert.ok(data.subarray(2 * samples, 3 * samples).every((value) => value >= 0));
    assert.ok(data.subarray(3 * samples).every((value) => value === -1));
  });

  test('limited-range video reaches full black and, within the steps of whole numbers, full white', () => {
    const map = boxToCrop({ x: 0, y: 0, width: 20, height: 20 }, SIDE, SIDE);
    assert.ok(crop(plainYuv(20, 20, { y: 16, u: 128, v: 128 }), map).every((value) => value === 0));
    assert.ok(crop(plainYuv(20, 20, { y: 235, u: 128, v: 128 }), map).every((value) => value > 254.7));
  });

  test('colours follow BT.601 in small pictures and BT.709 in high definition', () => {
    // The samples of pure red in either standard (limited range).
    const red601 = plainYuv(64, 64, { y: 81, u: 90, v: 240 });
    const red709 = plainYuv(64, 720, { y: 63, u: 102, v: 240 });
    for (const picture of [red601, red709]) {
      const colour = crop(picture, squareToCrop({ x: 32, y: 32 }, 16, 0, SIDE));
      const [red, green, blue] = [0, 1, 2].map((channel) => colour[channel * SIDE * SIDE] ?? Number.NaN);
      assert.ok((red ?? 0) > 250 && (green ?? 255) < 5 && (blue ?? 255) < 5, `${red} ${green} ${blue}`);
    }
  });
});

describe('area reduction', () => {
  test('keeps the mean of the picture and the place of every part', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 8, max: 60 }),
        fc.integer({ min: 8, max: 60 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(),
        (columns, rows, factor, seed) => {
          const picture = smoothYuv(columns * factor, rows * factor, { seed });
          const data = new Float32Array(3 * columns * rows);
          const target = { data, offset: 0, widthPx: columns, heightPx: rows };
          new AreaResize().resize(picture, target, columns, rows);
          const luma = picture.data.subarray(0, picture.widthPx * picture.heightPx);
          for (const [column, row] of [
            [0, 0],
            [columns - 1, 0],
            [columns >> 1, rows >> 1],
          ] as const) {
            let sum = 0;
            for (let y = 0; y < factor; y++) {
              for (let x = 0; x < factor; x++) {
                sum += luma[(row * factor + y) * picture.widthPx + column * factor + x] ?? Number.NaN;
              }
            }
            const wanted = ((sum / factor ** 2 - 16) * 255) / 219;
            const [red, green, blue] = [0, 1, 2].map(
              (c) => data[c * columns * rows + row * columns + column] ?? 0,
            );
            // Luma of BT.601, whatever the colour, unless a channel was cut off at 0 or 255.
            const isCut = [red, green, blue].some((value) => value === 0 || value === 255);
            const found = 0.299 * (red ?? 0) + 0.587 * (green ?? 0) + 0.114 * (blue ?? 0);
            assert.ok(isCut || Math.abs(found - wanted) < 0.01, `${found} instead of ${wanted}`);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('leaves the area outside the picture black, also after a larger picture', () => {
    const resize = new AreaResize();
    const data = new Float32Array(3 * 32 * 32);
    const target = { data, offset: 0, widthPx: 32, heightPx: 32 };
    resize.resize(plainYuv(64, 64, { y: 235, u: 128, v: 128 }), target, 32, 32);
    resize.resize(plainYuv(64, 36, { y: 235, u: 128, v: 128 }), target, 32, 18);
    assert.ok(data.subarray(0, 32 * 18).every((value) => value > 250));
    assert.ok(data.subarray(32 * 18, 32 * 32).every((value) => value === 0));
  });

  test('gives the same for photographs and video of the same grey', () => {
    const size = { widthPx: 30, heightPx: 20 };
    const [photo, video] = [new Float32Array(1800), new Float32Array(1800)];
    new AreaResize().resize(
      rgbPicture(97, 61, () => [128, 128, 128]),
      { data: photo, offset: 0, ...size },
      30,
      20,
    );
    const grey = plainYuv(97, 61, { y: 126, u: 128, v: 128 });
    new AreaResize().resize(grey, { data: video, offset: 0, ...size }, 30, 20);
    assert.ok(largestDifference(photo, video) < 0.6);
  });
});
