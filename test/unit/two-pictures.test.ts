import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FaceTexture } from '../../daemon/kernel/liveness/skin-shift.kernel.js';
import { areBlends, blendOf } from '../../daemon/kernel/liveness/two-pictures.kernel.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { blendedTexture, faceTexture } from '../support/face-textures.js';

/** How far a mouth is open at its widest, in distances of the eyes. */
const widest = 0.08;
const [closed, open] = [faceTexture(), faceTexture(widest)];

/** Parts of the way from one expression to the other, evenly spread. */
const shares = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, nth) => nth / (count - 1));

const faded = (count: number, gamma = 1): readonly FaceTexture[] =>
  shares(count).map((share) => blendedTexture(closed, open, share, gamma));
const opened = (count: number): readonly FaceTexture[] =>
  shares(count).map((share) => faceTexture(widest * share));

describe('looks at a face', () => {
  test('are blends where one photo fades into another one, on a display or in the light of two projectors', () => {
    for (const count of [6, 9, 12, 30]) assert.equal(areBlends(faded(count)), true, String(count));
    assert.equal(areBlends(faded(12, 2.2)), true, 'in light');
  });

  test('are blends where the photos come and go, and whatever the light', () => {
    const there = faded(8);
    assert.equal(areBlends([...there, ...there.toReversed(), ...there]), true);
    const dimmed = there.map(({ luma, shape }, nth) => ({
      shape,
      luma: luma.map((value) => (0.6 + 0.05 * nth) * value),
    }));
    assert.equal(areBlends(dimmed), true);
  });

  test('are blends where the fade is over within four of fifty looks', () => {
    const long = (texture: FaceTexture) => Array.from({ length: 23 }, () => ({ ...texture }));
    assert.equal(areBlends([...long(closed), ...faded(6).slice(1, 5), ...long(open)]), true);
  });

  test('are blends in noise', () => {
    const random = seededRandom(3);
    const noisy = faded(12).map(({ luma, shape }) => ({
      shape,
      luma: luma.map((value) => value + 4 * (2 * random.unit() - 1)),
    }));
    assert.equal(areBlends(noisy), true);
  });

  test('are none where a mouth opens and closes, although it moves along one line', () => {
    for (const count of [6, 9, 12, 30]) assert.equal(areBlends(opened(count)), false, String(count));
    const lost = blendOf(opened(12))?.lost;
    assert.ok(lost !== undefined && Math.abs(lost) < 0.5, `no details are lost: ${lost}`);
  });

  test('are none where nothing tells: fewer than six, all the same, or an exchange without anything in between', () => {
    assert.equal(areBlends(faded(5)), false);
    assert.equal(areBlends(Array.from({ length: 12 }, () => closed)), false);
    const exchanged = Array.from({ length: 12 }, (_, nth) => (nth < 6 ? closed : open));
    assert.equal(areBlends(exchanged), false);
  });
});
