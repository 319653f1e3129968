import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { doSurroundingsFollow } from '../../daemon/domain/liveness/surroundings.kernel.js';
import { faceShape, type ShownShape } from '../support/face-shapes.js';
import { surroundingsOf } from '../support/face-textures.js';

const before = { x: 320, y: 260, eyesPx: 50 };

/** Whether what is around a face follows it from `before` to `after`. */
function follows(behind: 'wall' | 'sheet' | 'plain', after: ShownShape): boolean | undefined {
  const [from, to] = [before, { ...before, ...after }].map((shown) => faceShape(shown));
  assert.ok(from !== undefined && to !== undefined);
  return doSurroundingsFollow([surroundingsOf(from, behind)], surroundingsOf(to, behind));
}

describe('what is around a face', () => {
  const ways: Readonly<Record<string, ShownShape>> = {
    'to the side': { x: 335 },
    'down and far': { x: 360, y: 290 },
    'towards the camera': { eyesPx: 58 },
    'round its middle': { turnedDeg: 8 },
  };
  for (const [way, after] of Object.entries(ways)) {
    test(`follows a face in a sheet that is moved ${way}, and not a head in front of a wall`, () => {
      assert.equal(follows('sheet', after), true);
      assert.equal(follows('wall', after), false);
    });
  }

  test('tells nothing about a face that hardly moves, or in front of a plain wall', () => {
    assert.equal(follows('sheet', { x: 321 }), undefined);
    assert.equal(follows('wall', { x: 321 }), undefined);
    assert.equal(follows('plain', { x: 360 }), undefined);
  });

  test('tells nothing where it lies outside the picture', () => {
    const inCorner = { x: 60, y: 60, eyesPx: 50 };
    const [from, to] = [inCorner, { ...inCorner, x: 90 }].map((shown) =>
      surroundingsOf(faceShape(shown), 'sheet'),
    );
    assert.ok(from !== undefined && to !== undefined);
    assert.equal(doSurroundingsFollow([from], to), undefined);
  });

  test('is judged by the moment from which the face has moved furthest', () => {
    const [first, near, last] = [before, { ...before, x: 343 }, { ...before, x: 345 }].map((shown) =>
      surroundingsOf(faceShape(shown), 'sheet'),
    );
    assert.ok(first !== undefined && near !== undefined && last !== undefined);
    assert.equal(doSurroundingsFollow([near], last), undefined);
    assert.equal(doSurroundingsFollow([first, near], last), true);
  });
});
