import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type Affine,
  affineScale,
  applyAffine,
  boxToCrop,
  composeAffine,
  fitAffine,
  fitSimilarity,
  mirrored,
  squareToCrop,
} from '../../daemon/kernel/faces/affine.js';
import { arcFaceAlignment, dlibAlignment } from '../../daemon/kernel/faces/alignment.js';
import type { ArcFacePoints, FivePoints } from '../../daemon/kernel/faces/face.js';
import type { Point } from '../../daemon/kernel/faces/geometry.js';

const coordinate = fc.double({ min: -500, max: 500, noNaN: true });
const point = fc.record({ x: coordinate, y: coordinate });
const similarity = fc
  .record({
    angle: fc.double({ min: -Math.PI, max: Math.PI, noNaN: true }),
    scale: fc.double({ min: 0.05, max: 20, noNaN: true }),
    at: point,
  })
  .map(
    ({ angle, scale, at }): Affine => ({
      xx: scale * Math.cos(angle),
      xy: -scale * Math.sin(angle),
      x0: at.x,
      yx: scale * Math.sin(angle),
      yy: scale * Math.cos(angle),
      y0: at.y,
    }),
  );

function assertNear(a: Point, b: Point, tolerance = 1e-6): void {
  assert.ok(
    Math.hypot(a.x - b.x, a.y - b.y) <= tolerance,
    `${JSON.stringify(a)} is not ${JSON.stringify(b)}`,
  );
}

const face: FivePoints = [
  { x: 100, y: 120 },
  { x: 122, y: 121 },
  { x: 150, y: 121 },
  { x: 172, y: 119 },
  { x: 136, y: 162 },
];

/** The same face by eye centres, nose tip and mouth corners. */
const arcFace: ArcFacePoints = [
  { x: 111, y: 120.5 },
  { x: 161, y: 120 },
  { x: 136, y: 150 },
  { x: 116, y: 178 },
  { x: 156, y: 178 },
];

describe('affine maps', () => {
  test('a similarity is recovered from points and their images', () => {
    const points = fc.array(point, { minLength: 2, maxLength: 8 }).filter((list) => {
      const [first] = list;
      return first !== undefined && list.some((p) => Math.hypot(p.x - first.x, p.y - first.y) > 1);
    });
    fc.assert(
      fc.property(similarity, points, point, (map, from, probe) => {
        const found = fitSimilarity(
          from,
          from.map((p) => applyAffine(map, p)),
        );
        assertNear(applyAffine(found, probe), applyAffine(map, probe), 1e-3);
      }),
    );
  });

  test('no small change of the similarity fits disturbed images better', () => {
    const to = face.map((p, index) => ({ x: p.x + (index % 2) * 5, y: p.y - (index % 3) * 4 }));
    const best = fitSimilarity(face, to);
    const cost = (map: Affine): number =>
      face.reduce((sum, p, index) => {
        const image = applyAffine(map, p);
        const wanted = to[index] ?? p;
        return sum + (image.x - wanted.x) ** 2 + (image.y - wanted.y) ** 2;
      }, 0);
    for (const step of [-1e-3, 1e-3]) {
      const turned = { ...best, xy: best.xy - step, yx: best.yx + step };
      const grown = { ...best, xx: best.xx + step, yy: best.yy + step };
      const moved = { ...best, x0: best.x0 + step };
      for (const other of [turned, grown, moved]) assert.ok(cost(other) > cost(best));
    }
  });

  test('is fitted to points at any scale, unless all of them are on one line', () => {
    const turned = { xx: 0.8, xy: -0.6, x0: 3, yx: 0.6, yy: 0.8, y0: -2 };
    for (const scale of [1e-3, 1, 1e6]) {
      const scaled = (points: readonly Point[]) => points.map(({ x, y }) => ({ x: x * scale, y: y * scale }));
      const from = scaled(face);
      const found = fitAffine(
        from,
        from.map((p) => applyAffine(turned, p)),
      );
      assert.ok(found !== undefined, `scale ${scale}`);
      const [probe = { x: 0, y: 0 }] = from;
      assertNear(applyAffine(found, probe), applyAffine(turned, probe), 1e-9 * Math.max(1, scale));
      // Rounding keeps the third point a little beside the line.
      const onLine = scaled([1, 2, 3, 7].map((x) => ({ x, y: 0.1 + 0.3 * x })));
      assert.equal(fitAffine(onLine, onLine), undefined, `scale ${scale}`);
    }
  });

  test('composition is one map after the other', () => {
    fc.assert(
      fc.property(similarity, similarity, point, (outer, inner, probe) => {
        const both = applyAffine(composeAffine(outer, inner), probe);
        assertNear(both, applyAffine(outer, applyAffine(inner, probe)), 1e-3);
      }),
    );
  });

  test('a mirrored crop begins with the last column', () => {
    fc.assert(
      fc.property(similarity, point, (map, probe) => {
        const mirror = applyAffine(mirrored(map, 64), { x: 64 - probe.x, y: probe.y });
        assertNear(mirror, applyAffine(map, probe), 1e-3);
      }),
    );
  });

  test('a square crop has its centre, size and turn', () => {
    const map = squareToCrop({ x: 300, y: 200 }, 96, 90, 192);
    assertNear(applyAffine(map, { x: 96, y: 96 }), { x: 300, y: 200 });
    assert.ok(Math.abs(affineScale(map) - 0.5) < 1e-9);
    // Turned by 90 degrees clockwise, the crop's right points down in the picture.
    assertNear(applyAffine(map, { x: 192, y: 96 }), { x: 300, y: 248 });
  });

  test('a box fills its crop', () => {
    const map = boxToCrop({ x: 10, y: 20, width: 30, height: 60 }, 15, 15);
    assertNear(applyAffine(map, { x: 0, y: 0 }), { x: 10, y: 20 });
    assertNear(applyAffine(map, { x: 15, y: 15 }), { x: 40, y: 80 });
  });
});

describe('alignment', () => {
  test('the eyes of an aligned face are level and at the same height however the head is tilted', () => {
    fc.assert(
      fc.property(similarity, (tilt) => {
        const [a, b, c, d, e] = face.map((p) => applyAffine(tilt, p)) as unknown as FivePoints;
        const map = dlibAlignment([a, b, c, d, e], 150);
        const plain = dlibAlignment(face, 150);
        for (const probe of [
          { x: 0, y: 0 },
          { x: 150, y: 75 },
        ]) {
          assertNear(applyAffine(map, probe), applyAffine(tilt, applyAffine(plain, probe)), 1e-2);
        }
      }),
    );
  });

  test('dlib crops hold the face with a quarter of its size around it', () => {
    const map = dlibAlignment(face, 150);
    const middleOfEyes = applyAffine(map, { x: 75, y: ((0.25 + 0.22) / 1.5) * 150 });
    assert.ok(Math.abs(middleOfEyes.x - 136) < 3 && Math.abs(middleOfEyes.y - 120) < 6);
  });

  test('ArcFace crops put all five points near those of the template, however the head is tilted', () => {
    fc.assert(
      fc.property(similarity, (tilt) => {
        const [a, b, c, d, e] = arcFace.map((p) => applyAffine(tilt, p)) as unknown as ArcFacePoints;
        const map = arcFaceAlignment([a, b, c, d, e]);
        const tolerance = 4 * affineScale(tilt);
        assertNear(applyAffine(map, { x: 38.2946, y: 51.6963 }), a, tolerance);
        assertNear(applyAffine(map, { x: 56.0252, y: 71.7366 }), c, tolerance);
        assertNear(applyAffine(map, { x: 70.7299, y: 92.2041 }), e, tolerance);
      }),
    );
  });
});
