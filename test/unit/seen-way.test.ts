import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { largestLeap, seenOnWay } from '../../daemon/kernel/liveness/seen-way.js';
import { faceShape } from '../support/face-shapes.js';

/** Looks at a face whose mouth is so far open in each, held elsewhere each time. */
const looksAt = (opens: readonly number[], everyMs: number) =>
  opens.map((open, at) => ({
    atMs: everyMs * at,
    shape: faceShape({ x: 300 + 9 * at, y: 200 - 4 * at, eyesPx: 60 + 2 * at, open }),
  }));
const leapOf = (opens: readonly number[], everyMs = 100): number =>
  largestLeap(faceShape({ open: 0 }), faceShape({ open: 0.06 }), looksAt(opens, everyMs));
const assertNear = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 0.03, `${actual} instead of ${expected}`);

describe('a look on the way', () => {
  const carried = (now: Parameters<typeof faceShape>[0], afterMs: number): boolean =>
    seenOnWay(seenOnWay(undefined, 0, faceShape()), afterMs, faceShape(now)).isCarried;

  test('does not count while a sheet is flipped or turned over, at every frame rate', () => {
    for (const afterMs of [33, 100]) {
      const seconds = afterMs / 1000;
      assert.equal(carried({ x: 300 + 60 * 6 * seconds }, afterMs), true);
      assert.equal(carried({ x: 300 + 60 * 4 * seconds }, afterMs), false);
      assert.equal(carried({ eyesPx: 60 * Math.exp(-1.7 * seconds) }, afterMs), true);
      assert.equal(carried({ eyesPx: 60 * Math.exp(-1.3 * seconds) }, afterMs), false);
    }
  });

  test('counts if it is the first', () => {
    assert.equal(seenOnWay(undefined, 0, faceShape()).isCarried, false);
  });
});

describe('the largest leap on the way from one shape to another', () => {
  test('is a part of the way when a face passes through what lies between', () => {
    assertNear(leapOf([0, 0.015, 0.03, 0.045, 0.06]), 0.25);
    assertNear(leapOf([0, 0.01, 0.04, 0.06]), 0.5);
  });

  test('is the whole way when two photographs are exchanged, wherever they are held', () => {
    for (const everyMs of [33, 100, 400]) {
      assertNear(leapOf([0, 0, 0, 0.06, 0.06], everyMs), 1);
      assertNear(leapOf([0, 0.06, 0, 0.06], everyMs), 1);
    }
  });

  test('is what happens within a tenth of a second, at every frame rate', () => {
    const opens = [0, 0, 0.02, 0.04, 0.06, 0.06];
    assertNear(leapOf(opens, 33), 1);
    assertNear(leapOf(opens, 50), 2 / 3);
    assertNear(leapOf(opens, 100), 1 / 3);
  });

  test('is measured against how far the face went, beyond both shapes', () => {
    assertNear(leapOf([0, 0.06, 0.12, 0.06]), 0.5);
  });

  test('is a smaller part of it when a photograph is bent the other way before it is exchanged: a known limit', () => {
    assertNear(leapOf([0, -0.01, -0.02, -0.03, -0.02, -0.01, 0, 0.06]), 2 / 3);
  });

  test('is the whole way when the face was not seen on it', () => {
    assert.equal(leapOf([]), 1);
    assert.equal(leapOf([0.03]), 1);
    assert.equal(largestLeap(faceShape({}), faceShape({}), looksAt([0, 0], 100)), 1);
  });
});
