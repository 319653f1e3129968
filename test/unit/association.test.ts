import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Box } from '../../daemon/domain/faces/geometry.js';
import { associate, associationCost } from '../../daemon/domain/tracks/association.js';
import { motionFrom, observeMotion, predictBox } from '../../daemon/domain/tracks/motion.js';
import { settleClaims } from '../../daemon/domain/tracks/shared-face.js';

const face = (x: number, y = 100, size = 80): Box => ({ x, y, width: size, height: size });
const coordinate = fc.double({ min: -500, max: 2500, noNaN: true });
const boxes = fc.record({
  x: coordinate,
  y: coordinate,
  width: fc.double({ min: 10, max: 400, noNaN: true }),
  height: fc.double({ min: 10, max: 400, noNaN: true }),
});

describe('associationCost', () => {
  test('is nothing for the same rectangle and forbids what is far or of another size', () => {
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
  test('accounts for every box and every expectation exactly once', () => {
    fc.assert(
      fc.property(fc.array(boxes, { maxLength: 8 }), fc.array(boxes, { maxLength: 8 }), (expected, found) => {
        const result = associate(
          expected.map((box) => ({ box, unseenMs: 0, isPredicted: true })),
          found,
        );
        assert.equal(result.expectationOf.size + result.newcomers.length, found.length);
        assert.equal(result.expectationOf.size + result.missing.length, expected.length);
        assert.equal(new Set(result.expectationOf.values()).size, result.expectationOf.size);
      }),
    );
  });

  test('takes the pairs that fit best together, not the first that fits', () => {
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
});
