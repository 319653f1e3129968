import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { follow, TEXTURE_PX } from '../../daemon/kernel/liveness/patches.kernel.js';

/** A texture that looks different everywhere, moved by so many pixels. */
const textureMoved = (byX: number, byY: number): Float32Array =>
  Float32Array.from({ length: TEXTURE_PX ** 2 }, (_, at) => {
    const [x, y] = [(at % TEXTURE_PX) - byX, Math.floor(at / TEXTURE_PX) - byY];
    return (
      128 + 30 * (Math.sin(0.7 * x + 0.2 * y) + Math.sin(0.4 * x - 0.6 * y + 1) + Math.sin(0.2 * x + 0.8 * y))
    );
  });

describe('a patch of a texture', () => {
  for (const [byX, byY] of [
    [0, 0],
    [0.4, 0],
    [-0.4, 0],
    [0, 0.4],
    [0, -0.4],
    [2.3, -1.6],
    [-3.7, 2.4],
  ] as const) {
    test(`is followed to a twentieth of a pixel where it moved by ${byX} and ${byY}`, () => {
      const found = follow(textureMoved(0, 0), textureMoved(byX, byY), { x: 48, y: 48 }, 5);
      assert.ok(found !== undefined);
      assert.ok(Math.hypot(found.byX - byX, found.byY - byY) < 0.05, `${found.byX} and ${found.byY}`);
    });
  }
});
