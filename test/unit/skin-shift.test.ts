import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Point } from '../../daemon/kernel/faces/geometry.js';
import { innerMotionPolicy } from '../../daemon/kernel/liveness/inner-motion.js';
import { TEXTURE_PX } from '../../daemon/kernel/liveness/patches.kernel.js';
import {
  type FaceTexture,
  skinShift as measuredShift,
  togetherShifted,
} from '../../daemon/kernel/liveness/skin-shift.kernel.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { faceShape } from '../support/face-shapes.js';
import { faceTexture, textureOf } from '../support/face-textures.js';

const measured = (from: FaceTexture, to: FaceTexture) =>
  measuredShift({ texture: from, points: from.shape }, { texture: to, points: to.shape });
const skinShift = (from: FaceTexture, to: FaceTexture): number | undefined => measured(from, to)?.shift;

const rest = faceShape({ x: 0, y: 0, eyesPx: 1 });
/** Above this, the skin of a face counts as shifted. */
const limit = innerMotionPolicy.skinShift;

/** A flat picture of the face whose points `to` moves. */
const picture = (to: (point: Point) => Point): FaceTexture => textureOf(rest.map(to), rest);

function noisy({ luma, shape }: FaceTexture, amplitude: number): FaceTexture {
  const random = seededRandom(7);
  return { luma: luma.map((value) => value + amplitude * (2 * random.unit() - 1)), shape };
}

describe('the skin of a face', () => {
  const held: Readonly<Record<string, (point: Point) => Point>> = {
    'that is shifted': ({ x, y }) => ({ x: x + 3, y: y - 2 }),
    'that comes nearer': ({ x, y }) => ({ x: 1.4 * x, y: 1.4 * y }),
    'that is rolled': ({ x, y }) => ({ x: 0.9 * x - 0.43 * y, y: 0.43 * x + 0.9 * y }),
    'that is turned': ({ x, y }) => ({ x: 0.88 * x, y: y + 0.03 * x }),
  };
  for (const [name, to] of Object.entries(held)) {
    test(`does not shift in a picture ${name}`, () => {
      const shift = skinShift(
        picture((point) => point),
        picture(to),
      );
      assert.ok(shift !== undefined && shift < limit / 2, String(shift));
    });
  }

  test('does not shift in a picture that is bent or tilted, though no affine map explains that', () => {
    const still = faceTexture();
    const bent = textureOf(rest, rest, ({ x, y }) => ({
      x: x + 0.06 * x * x - 0.04 * x * y,
      y: y + 0.05 * x * y,
    }));
    const shift = skinShift(still, bent);
    assert.ok(shift !== undefined && shift < limit / 2, String(shift));
  });

  test('does not shift in light that changes, or in the noise of a camera', () => {
    const still = faceTexture();
    const darker = { ...still, luma: still.luma.map((value) => 0.5 * value + 20) };
    const inLight = skinShift(still, darker);
    assert.ok(inLight !== undefined && inLight < limit / 4, String(inLight));
    const inNoise = skinShift(still, noisy(still, 12));
    assert.ok(inNoise !== undefined && inNoise < limit / 2, String(inNoise));
  });

  test('agrees with a mesh that moves as it does, and with no other', () => {
    const still = faceTexture();
    const agreement = (points: readonly Point[]): number => {
      const spoken = faceTexture(0.08);
      const shift = measuredShift({ texture: still, points: still.shape }, { texture: spoken, points });
      return shift?.agreement ?? 0;
    };
    assert.ok(agreement(faceTexture(0.08).shape) > 0.5);
    assert.ok(agreement(faceTexture(0.16).shape) > 0.5, 'by another amount');
    assert.ok(Math.abs(agreement(still.shape)) < 1e-6, 'a mesh that does not move');
    const random = seededRandom(3);
    for (let time = 0; time < 10; time++) {
      const trembling = still.shape.map(({ x, y }) => ({ x: x + random.unit(), y: y + random.unit() }));
      assert.ok(agreement(trembling) < 0.5, `${agreement(trembling)}`);
    }
  });

  test('agrees over several comparisons only as far as most of them do, the greatest movements first', () => {
    const opened = measured(faceTexture(), faceTexture(0.08));
    assert.ok(opened !== undefined);
    const against = { ...opened, moments: { ...opened.moments, both: -opened.moments.both } };
    const { skin, mesh } = opened.moments;
    const slight = { ...opened, moments: { skin: skin / 100, mesh: mesh / 100, both: 0 } };
    const agreementOf = (...shifts: Parameters<typeof togetherShifted>[0]): number =>
      togetherShifted(shifts).agreement;
    assert.ok(Math.abs(agreementOf(opened, opened) - opened.agreement) < 1e-9, 'the same twice');
    assert.ok(Math.abs(agreementOf(opened, against)) < 1e-9, 'one for, one against');
    assert.ok(agreementOf(opened, slight) > 0.95 * opened.agreement, 'a slight one hardly counts');
    assert.equal(togetherShifted([opened, against]).shift, opened.shift);
  });

  test('shows by its noise that a small shift could not be told', () => {
    const still = faceTexture();
    const faint = { ...still, luma: still.luma.map((value) => 128 + 0.06 * (value - 128)) };
    const [clear, noise] = [measured(still, noisy(still, 4)), measured(faint, noisy(faint, 6))];
    assert.ok(clear !== undefined && clear.noise < innerMotionPolicy.clearSkinNoise, JSON.stringify(clear));
    assert.ok(noise !== undefined && noise.noise > innerMotionPolicy.clearSkinNoise, JSON.stringify(noise));
  });

  test('does not shift where a lamp is reflected in a glossy sheet, and its reflection wanders', () => {
    const still = faceTexture();
    const reflecting = (contrast: number, x: number, size: number, brightness: number): FaceTexture => ({
      ...still,
      luma: still.luma.map((value, at) => {
        const far = ((at % TEXTURE_PX) - x) ** 2 + (Math.floor(at / TEXTURE_PX) - 50) ** 2;
        const light = brightness * Math.exp(-far / (2 * size ** 2));
        return Math.min(255, 128 + contrast * (value - 128) + light);
      }),
    });
    for (const contrast of [0.15, 0.07])
      for (const [size, brightness, most] of [
        [5, 120, limit],
        [7, 120, limit],
        [10, 120, limit / 3],
        [12, 40, limit / 3],
        [16, 80, limit / 3],
        [20, 60, limit / 3],
      ] as const)
        for (const by of [2, 4, 7, 10]) {
          const [from, to] = [40, 40 + by].map((x) => reflecting(contrast, x, size, brightness));
          const shift = skinShift(from as FaceTexture, to as FaceTexture);
          assert.ok((shift ?? 0) < most, `contrast ${contrast}, ${size} pixels, by ${by}: ${shift}`);
        }
  });

  test('shifts where the mouth opens, a cheek rises, or nose and cheeks stand out of a head that turns', () => {
    const still = faceTexture();
    const around = ({ x, y }: Point, at: Point, size: number): number =>
      Math.exp(-(((x - at.x) ** 2 + (y - at.y) ** 2) / size ** 2));
    const moved: Readonly<Record<string, (place: Point) => Point>> = {
      mouth: ({ x, y }) => ({ x, y: y > 1.07 ? y - 0.12 : y }),
      cheek: (place) => ({ x: place.x, y: place.y + 0.14 * around(place, { x: 0.5, y: 0.8 }, 0.35) }),
      'nose and cheeks': (place) => ({
        x: place.x - 0.14 * around(place, { x: 0, y: 0.6 }, 0.4),
        y: place.y,
      }),
    };
    for (const [part, cameFrom] of Object.entries(moved)) {
      const shift = skinShift(still, textureOf(rest, rest, cameFrom));
      assert.ok(shift !== undefined && shift > limit, `${part}: ${shift}`);
    }
  });

  test('tells nothing about the lids, which may be drawn', () => {
    const still = faceTexture();
    const drawn = textureOf(rest, rest, ({ x, y }) =>
      Math.abs(Math.abs(x) - 0.5) < 0.25 && Math.abs(y) < 0.2 ? { x, y: y - 0.3 } : { x, y },
    );
    const shift = skinShift(still, drawn);
    assert.ok(shift !== undefined && shift < limit / 2, String(shift));
  });

  test('is not compared where it has no contrast, or is not found again', () => {
    const still = faceTexture();
    const even = { ...still, luma: still.luma.map(() => 128) };
    assert.equal(skinShift(even, even), undefined);
    assert.equal(skinShift(still, noisy({ ...even }, 60)), undefined);
    assert.equal(skinShift({ ...still, shape: still.shape.map(() => ({ x: 1, y: 1 })) }, still), undefined);
  });
});
