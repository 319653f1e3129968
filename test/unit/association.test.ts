import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Box } from '../../daemon/kernel/faces/geometry.js';
import {
  associate,
  associationCost,
  centreDistanceFaces,
  settleClaims,
} from '../../daemon/kernel/tracks/association.js';
import { motionFrom, observeMotion, predictBox } from '../../daemon/kernel/tracks/motion.js';

const face = (x: number, y = 100, size = 80): Box => ({ x, y, width: size, height: size });
const coordinate = fc.double({ min: -500, max: 2500, noNaN: true });
const boxes = fc.record({
  x: coordinate,
  y: coordinate,
  width: fc.double({ min: 10, max: 400, noNaN: true }),
  height: fc.double({ min: 10, max: 400, noNaN: true }),
});

describe('associationCost', () => {
  test('is zero for the same rectangle, and forbids distant ones and ones of another size', () => {
    assert.equal(associationCost({ box: face(0), unseenMs: 0, isPredicted: true }, face(0)), 0);
    assert.equal(
      associationCost({ box: face(0), unseenMs: 0, isPredicted: true }, face(90)),
      Number.POSITIVE_INFINITY,
    );
    assert.equal(
      associationCost({ box: face(0), unseenMs: 0, isPredicted: true }, face(0, 100, 200)),
      Number.POSITIVE_INFINITY,
    );
  });

  test('reaches further for a face that has been out of sight', () => {
    assert.ok(
      Number.isFinite(associationCost({ box: face(0), unseenMs: 1000, isPredicted: true }, face(90))),
    );
  });

  test('reaches as far as a walker gets when the velocity is not known yet', () => {
    const started = { box: face(0), unseenMs: 67, isPredicted: false };
    assert.ok(Number.isFinite(associationCost(started, face(50))));
    assert.equal(associationCost({ ...started, isPredicted: true }, face(55)), Number.POSITIVE_INFINITY);
  });

  test('reaches up to every limit, and not beyond it', () => {
    const isReached = (unseenMs: number, isPredicted: boolean, box: Box): boolean =>
      Number.isFinite(associationCost({ box: face(0), unseenMs, isPredicted }, box));
    assert.deepEqual([isReached(0, true, face(40)), isReached(0, true, face(41))], [true, false]);
    assert.deepEqual([isReached(500, true, face(120)), isReached(500, true, face(121))], [true, false]);
    assert.deepEqual([isReached(500, false, face(400)), isReached(500, false, face(401))], [true, false]);
    const centred = (size: number): Box => face(40 - size / 2, 140 - size / 2, size);
    assert.deepEqual(
      [160, 161, 40, 39].map((size) => isReached(0, true, centred(size))),
      [true, false, true, false],
    );
    for (const nothing of [
      { ...face(0), width: 0 },
      { ...face(0), height: -1 },
    ]) {
      assert.equal(isReached(0, true, nothing), false);
      assert.equal(
        associationCost({ box: nothing, unseenMs: 0, isPredicted: true }, face(0)),
        Number.POSITIVE_INFINITY,
      );
      assert.equal(centreDistanceFaces(nothing, nothing), Number.POSITIVE_INFINITY);
    }
  });

  test('adds the part that does not overlap to the distance within reach', () => {
    const cost = associationCost({ box: face(0), unseenMs: 0, isPredicted: true }, face(20));
    assert.ok(Math.abs(cost - (1 - 60 / 100 + 0.25 / 0.5)) < 1e-9);
    assert.equal(centreDistanceFaces(face(0, 0, 80), face(20, 60, 80)), Math.hypot(20, 60) / 80);
    assert.equal(centreDistanceFaces(face(0, 0, 80), face(-20, -20, 120)), 0, 'centres, in mean sizes');
    assert.equal(centreDistanceFaces(face(0, 0, 80), face(30, -20, 120)), 0.5);
  });

  test('does not depend on the scale of the picture', () => {
    fc.assert(
      fc.property(boxes, boxes, fc.double({ min: 0.1, max: 10, noNaN: true }), (a, b, scale) => {
        const scaled = (box: Box): Box => ({
          x: box.x * scale,
          y: box.y * scale,
          width: box.width * scale,
          height: box.height * scale,
        });
        const plain = associationCost({ box: a, unseenMs: 300, isPredicted: true }, b);
        const large = associationCost({ box: scaled(a), unseenMs: 300, isPredicted: true }, scaled(b));
        if (Number.isFinite(plain) && Number.isFinite(large)) assert.ok(Math.abs(plain - large) < 1e-6);
      }),
    );
  });
});

describe('associate', () => {
  test('gives each box at most one expectation and accounts for every expectation once', () => {
    fc.assert(
      fc.property(fc.array(boxes, { maxLength: 8 }), fc.array(boxes, { maxLength: 8 }), (expected, found) => {
        const result = associate(
          expected.map((box) => ({ box, unseenMs: 0, isPredicted: true })),
          found,
        );
        assert.ok([...result.expectationOf.keys()].every((index) => index in found));
        assert.equal(result.expectationOf.size + result.missing.length, expected.length);
        assert.equal(new Set(result.expectationOf.values()).size, result.expectationOf.size);
      }),
    );
  });

  test('takes the best pairs, not the first that fits', () => {
    const { expectationOf } = associate(
      [
        { box: face(0), unseenMs: 0, isPredicted: true },
        { box: face(30), unseenMs: 0, isPredicted: true },
      ],
      [face(25), face(-5)],
    );
    assert.deepEqual([...expectationOf].sort(), [
      [0, 1],
      [1, 0],
    ]);
  });
});

describe('motion', () => {
  test('predicts a face that walks steadily', () => {
    let motion = motionFrom({ atMs: 0, box: face(0), origin: 'mesh' });
    for (let n = 1; n <= 10; n++)
      motion = observeMotion(motion, { atMs: n * 100, box: face(n * 20), origin: 'mesh' });
    assert.ok(Math.abs(predictBox(motion, 1300).x - 260) < 1);
  });

  test('takes no speed from the step between a detection and a mesh', () => {
    const detected = motionFrom({ atMs: 0, box: face(0, 80), origin: 'detector' });
    const located = observeMotion(detected, { atMs: 100, box: face(0, 100), origin: 'mesh' });
    assert.equal(predictBox(located, 200).y, 100);
  });

  test('believes half of the newest speed, for six tenths of a second', () => {
    const at = (atMs: number, x: number, y: number) => ({ atMs, box: face(x, y), origin: 'mesh' as const });
    const first = observeMotion(motionFrom(at(0, 0, 0)), at(100, 10, -10));
    assert.deepEqual([first.xPerS, first.yPerS, first.hasVelocity], [100, -100, true], 'all of the first');
    const second = observeMotion(first, at(200, 40, -40));
    assert.deepEqual([second.xPerS, second.yPerS], [200, -200]);
    const predicted = (atMs: number) => [predictBox(second, atMs).x, predictBox(second, atMs).y];
    assert.deepEqual(predicted(300), [60, -60]);
    assert.deepEqual(predicted(800), [160, -160]);
    assert.deepEqual(predicted(801), [160, -160]);
    assert.deepEqual(predicted(100), [40, -40], 'nothing of the past');
    const late = observeMotion(second, at(200, 50, -50));
    assert.deepEqual([late.xPerS, late.box.x], [200, 50], 'at the same time it only replaces the box');
  });

  test('stops believing in a speed that was measured long ago', () => {
    let motion = motionFrom({ atMs: 0, box: face(0), origin: 'mesh' });
    motion = observeMotion(motion, { atMs: 100, box: face(20), origin: 'mesh' });
    assert.deepEqual(predictBox(motion, 5000), predictBox(motion, 50_000));
  });
});

describe('settleClaims', () => {
  test('gives one face to the track that was expected there', () => {
    const holds = settleClaims([
      { predicted: face(60), found: face(2), firstSeenMs: 0 },
      { predicted: face(5), found: face(0), firstSeenMs: 50 },
    ]);
    assert.deepEqual(holds, [false, true]);
  });

  test('leaves neighbours alone', () => {
    const holds = settleClaims([
      { predicted: face(0), found: face(0), firstSeenMs: 0 },
      { predicted: face(60), found: face(60), firstSeenMs: 0 },
    ]);
    assert.deepEqual(holds, [true, true]);
  });

  test('takes two boxes for one face when they overlap by more than half', () => {
    const at = (x: number, firstSeenMs = 0) => ({ predicted: face(x), found: face(x), firstSeenMs });
    assert.deepEqual(settleClaims([at(0), at(26)]), [true, false]);
    assert.deepEqual(settleClaims([at(0), at(27)]), [true, true]);
    const half = { ...at(0), found: { ...face(0), height: 40 } };
    assert.deepEqual(settleClaims([at(0), half]), [true, true], 'exactly half is not more');
  });

  test('keeps the older of equally near claims, and the first of equally old ones', () => {
    const at = (x: number, firstSeenMs: number) => ({ predicted: face(x), found: face(x), firstSeenMs });
    assert.deepEqual(settleClaims([at(10, 5), at(0, 3)]), [false, true]);
    assert.deepEqual(settleClaims([at(10, 5), at(0, 5)]), [true, false]);
    assert.deepEqual(settleClaims([at(0, 5), at(10, 3), at(200, 9)]), [false, true, true]);
  });
});
