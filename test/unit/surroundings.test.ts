import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Picture } from '../../daemon/kernel/faces/picture.js';
import { TEXTURE_PX } from '../../daemon/kernel/liveness/patches.kernel.js';
import { doSurroundingsFollow } from '../../daemon/kernel/liveness/surroundings.kernel.js';
import { faceSurroundings } from '../../daemon/vision/inference/face-texture.kernel.js';
import { faceShape, type ShownShape } from '../support/face-shapes.js';
import { type Behind, surroundingsOf } from '../support/face-textures.js';

const before = { x: 320, y: 260, eyesPx: 50 };

/** Whether what is around a face follows it from `before` to the last of `places`, which differ from it. */
function follows(sides: readonly [Behind, Behind?], ...places: readonly ShownShape[]): boolean | undefined {
  const seen = [{}, ...places].map((place) => surroundingsOf(faceShape({ ...before, ...place }), ...sides));
  const last = seen.pop();
  assert.ok(last !== undefined);
  return doSurroundingsFollow(seen, last);
}

describe('what is around a face', () => {
  const ways: Readonly<Record<string, ShownShape>> = {
    'to the side': { x: 335 },
    'to the other side': { x: 305 },
    'down and far': { x: 360, y: 290 },
    'towards the camera': { eyesPx: 58 },
    'round its middle': { turnedDeg: 8 },
    'while its mouth opens': { x: 330, open: 0.3 },
  };
  for (const [way, after] of Object.entries(ways)) {
    test(`follows a face in a sheet that is moved ${way}, and not a head in front of a wall`, () => {
      assert.equal(follows(['sheet'], after), true);
      assert.equal(follows(['wall'], after), false);
    });
  }

  test('tells nothing about a face that hardly moves, or in front of a plain wall', () => {
    assert.equal(follows(['sheet'], { x: 321 }), undefined);
    assert.equal(follows(['wall'], { x: 321 }), undefined);
    assert.equal(follows(['plain'], { x: 360 }), undefined);
  });

  test('tells nothing where only the mesh trembles: a face that seems to grow by a fiftieth', () => {
    assert.equal(follows(['sheet'], { eyesPx: 51 }), undefined);
    assert.equal(follows(['wall'], { eyesPx: 51 }), undefined);
  });

  test('does not take much hair for a picture, though it moves with the head', () => {
    for (const after of [{ x: 340 }, { x: 345, y: 275 }, { turnedDeg: 8 }])
      assert.equal(follows(['hair'], after), undefined);
  });

  test('must follow on both sides, as no arm and no neighbour does', () => {
    for (const after of [{ x: 335 }, { x: 305, y: 270 }]) {
      assert.equal(follows(['sheet', 'plain'], after), undefined);
      assert.equal(follows(['plain', 'sheet'], after), undefined);
      assert.notEqual(follows(['sheet', 'wall'], after), true);
      assert.notEqual(follows(['wall', 'sheet'], after), true);
    }
  });

  test('shows that it stays on one side, too, where the other is plain', () => {
    assert.equal(follows(['wall', 'plain'], { x: 340 }), false);
    assert.equal(follows(['plain', 'wall'], { x: 340 }), false);
  });

  test('tells nothing where it lies outside the picture', () => {
    assert.equal(follows(['sheet'], { x: 60, y: 60 }, { x: 90, y: 60 }), undefined);
  });

  test('is judged by the moments from which the face has moved furthest', () => {
    const near = Array.from({ length: 8 }, (_, index) => ({ x: 343 + 0.2 * index }));
    assert.equal(follows(['sheet'], ...near, { x: 345 }), true);
    assert.equal(follows(['wall'], ...near, { x: 345 }), false);
  });
});

test('what is around a face is cut out upright, and black outside the picture', () => {
  const [widthPx, heightPx] = [640, 480];
  const data = new Uint8Array(3 * widthPx * heightPx).fill(100);
  // A bright square two distances of the eyes left of the face.
  for (let y = 190; y < 210; y++) data.fill(250, 3 * (y * widthPx + 170), 3 * (y * widthPx + 190));
  const picture: Picture = { format: 'rgb24', widthPx, heightPx, data };
  const { luma, picture: size } = faceSurroundings(picture, faceShape({ x: 300, y: 200, eyesPx: 60 }));
  assert.deepEqual(size, { widthPx, heightPx });
  const at = (x: number, y: number): number => luma[y * TEXTURE_PX + x] ?? 0;
  assert.ok(at(24, 54) > 200, 'the square is left of the eyes, which are 12 pixels apart');
  assert.ok(Math.abs(at(48, 54) - 100) <= 1);
  assert.equal(at(48, 5), 0, 'above the picture');
});
