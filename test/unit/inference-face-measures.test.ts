import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { squareToCrop } from '../../daemon/kernel/faces/affine.js';
import {
  type FaceMesh,
  fivePointsOf,
  MESH_POINTS,
  MESH_STRIDE,
  meshBox,
  meshInPicture,
} from '../../daemon/kernel/faces/face-mesh.js';
import { headPose } from '../../daemon/kernel/faces/head-pose.js';
import {
  EYE_POINTS,
  EYE_STRIDE,
  eyeOpenness,
  eyesOfMesh,
} from '../../daemon/kernel/liveness/eye-openness.js';
import { mirrorCrop, unitMean } from '../../daemon/vision/inference/embedding.kernel.js';
import { surroundings } from '../../daemon/vision/inference/passive-pad.js';

type Vector = readonly [number, number, number];

/** The points that the pose depends on, of a head that looks straight ahead; x right, y down, z away. */
const HEAD: Readonly<Record<number, Vector>> = {
  234: [-70, 0, 40],
  454: [70, 0, 40],
  33: [-45, -20, 5],
  263: [45, -20, 5],
  61: [-25, 40, 5],
  291: [25, 40, 5],
  10: [0, -80, 8],
  // The chin lies behind the forehead by the lean that a straight look reads as.
  152: [0, 80, 8 + 160 * Math.tan((5 * Math.PI) / 180)],
};

/** The lids in MediaPipe's canonical face model: the outer corner, the inner corner, and the points between them. */
const lids = {
  left: [263, 362, 249, 373, 374, 380, 381, 382, 384, 385, 386, 387, 388, 390, 398, 466],
  right: [33, 133, 7, 144, 145, 153, 154, 155, 157, 158, 159, 160, 161, 163, 173, 246],
} as const;

function radians(deg: number): number {
  return (deg * Math.PI) / 180;
}

/** Nods by `pitch`, then turns by `yaw`, then tilts by `roll`, each as `HeadPose` defines it. */
function rotate([x, y, z]: Vector, pitch: number, yaw: number, roll: number): Vector {
  const [cp, sp] = [Math.cos(radians(pitch)), Math.sin(radians(pitch))];
  const nodded: Vector = [x, y * cp + z * sp, z * cp - y * sp];
  const [cy, sy] = [Math.cos(radians(yaw)), Math.sin(radians(yaw))];
  const turned: Vector = [nodded[0] * cy - nodded[2] * sy, nodded[1], nodded[0] * sy + nodded[2] * cy];
  const [cr, sr] = [Math.cos(radians(roll)), Math.sin(radians(roll))];
  return [turned[0] * cr - turned[1] * sr, turned[0] * sr + turned[1] * cr, turned[2]];
}

function meshOf(pitch: number, yaw: number, roll: number): FaceMesh {
  const mesh = new Float32Array(MESH_POINTS * MESH_STRIDE);
  for (const [index, point] of Object.entries(HEAD)) {
    mesh.set(rotate(point, pitch, yaw, roll), Number(index) * MESH_STRIDE);
  }
  return mesh;
}

/** Lid points of an eye `width` wide, open by `height`, tilted by `rollDeg`. */
function eye(width: number, height: number, rollDeg = 0): Float32Array {
  const points = new Float32Array(EYE_POINTS * EYE_STRIDE);
  const put = (index: number, x: number, y: number): void => {
    const [cos, sin] = [Math.cos(radians(rollDeg)), Math.sin(radians(rollDeg))];
    points.set([30 + x * cos - y * sin, 30 + x * sin + y * cos, 0], index * EYE_STRIDE);
  };
  for (let i = 0; i <= 8; i++) put(i, (i / 8) * width, (height / 2) * Math.sin((Math.PI * i) / 8));
  for (let i = 1; i <= 7; i++) put(8 + i, (i / 8) * width, (-height / 2) * Math.sin((Math.PI * i) / 8));
  return points;
}

describe('head pose', () => {
  test('yaw, pitch and roll are read back from a rotated head', () => {
    const angle = fc.integer({ min: -40, max: 40 });
    fc.assert(
      fc.property(angle, angle, angle, (pitch, yaw, roll) => {
        const pose = headPose(meshOf(pitch, yaw, roll));
        assert.ok(Math.abs(pose.pitchDeg - pitch) < 0.1, `pitch ${pose.pitchDeg} instead of ${pitch}`);
        assert.ok(Math.abs(pose.yawDeg - yaw) < 0.1, `yaw ${pose.yawDeg} instead of ${yaw}`);
        assert.ok(Math.abs(pose.rollDeg - roll) < 0.1, `roll ${pose.rollDeg} instead of ${roll}`);
      }),
    );
  });

  test("a turn to the person's left moves the nose to the right in the picture: positive yaw", () => {
    const nose = rotate([0, 10, -20], 0, 25, 0);
    assert.ok(nose[0] > 0);
    assert.ok(headPose(meshOf(0, 25, 0)).yawDeg > 0);
  });

  test('looking up lifts the nose: positive pitch', () => {
    const nose = rotate([0, 10, -20], 25, 0, 0);
    assert.ok(nose[1] < 10);
    assert.ok(headPose(meshOf(25, 0, 0)).pitchDeg > 0);
  });
});

describe('mesh', () => {
  test('is mapped from the crop to the picture with its depth on the same scale', () => {
    const crop = new Float32Array(MESH_POINTS * MESH_STRIDE).fill(96);
    crop.set([192, 96, 48], 33 * MESH_STRIDE);
    const mesh = meshInPicture(crop, squareToCrop({ x: 500, y: 400 }, 384, 90, 192));
    const [rightOuter, rightInner] = fivePointsOf(mesh);
    // The crop is turned by 90 degrees clockwise: its right is the picture's down.
    assert.ok(Math.hypot(rightOuter.x - 500, rightOuter.y - 592) < 1e-3);
    assert.ok(Math.hypot(rightInner.x - 500, rightInner.y - 400) < 1e-3);
    assert.ok(Math.abs((mesh[33 * MESH_STRIDE + 2] ?? 0) - 96) < 1e-3);
    const box = meshBox(mesh);
    assert.ok(Math.abs(box.height - 192) < 1e-3 && Math.abs(box.width) < 1e-3);
  });
});

describe('eye openness', () => {
  test('is height over width, however the eye is tilted', () => {
    const size = fc.double({ min: 5, max: 40, noNaN: true });
    fc.assert(
      fc.property(
        size,
        fc.double({ min: 0, max: 0.6, noNaN: true }),
        fc.integer({ min: -60, max: 60 }),
        (width, open, roll) => {
          const found = eyeOpenness(eye(width, open * width, roll));
          assert.ok(Math.abs(found - open) < 1e-4, `${found} instead of ${open}`);
        },
      ),
    );
  });

  test('uses all sixteen points of the lids, and no other', () => {
    const points = eye(20, 4);
    points[15 * EYE_STRIDE + 1] = 30 - 10;
    assert.ok(Math.abs(eyeOpenness(points) - 12 / 20) < 1e-6, 'the last point of the lid');
    points[16 * EYE_STRIDE + 1] = 30 - 15;
    assert.ok(Math.abs(eyeOpenness(points) - 12 / 20) < 1e-6, 'the first that is not');
  });

  test('of a mesh uses every point of the lids of an eye, and no other', () => {
    for (const [side, [outer, inner, ...between]] of Object.entries(lids)) {
      const eyeWithRaised = (raised?: number) => {
        const mesh = new Float32Array(MESH_POINTS * MESH_STRIDE);
        mesh[outer * MESH_STRIDE] = -3;
        mesh[inner * MESH_STRIDE] = 3;
        if (raised !== undefined) mesh[raised * MESH_STRIDE + 1] = 1;
        return eyesOfMesh(mesh)[side === 'left' ? 'leftEye' : 'rightEye'];
      };
      assert.deepEqual(eyeWithRaised(), { openness: 0, widthPx: 6 });
      const points = Array.from({ length: MESH_POINTS }, (_, index) => index);
      const used = points.filter((index) => eyeWithRaised(index).openness > 0);
      assert.deepEqual(
        used,
        [outer, inner, ...between].sort((a, b) => a - b),
      );
    }
  });
});

describe('embeddings', () => {
  test('the mean of two outputs has unit length and is equally near to both', () => {
    const mean = unitMean(Float32Array.of(3, 0, 0, 3), 2);
    assert.ok(Math.abs((mean[0] ?? 0) - Math.SQRT1_2) < 1e-6);
    assert.ok(Math.abs((mean[1] ?? 0) - Math.SQRT1_2) < 1e-6);
  });

  test('a crop mirrored twice is itself', () => {
    const samples = 3 * 5 * 5;
    const data = Float32Array.from({ length: 3 * samples }, (_, index) => (index < samples ? index : -1));
    mirrorCrop(data, 0, samples, 5);
    assert.deepEqual([...data.subarray(samples, samples + 5)], [4, 3, 2, 1, 0]);
    mirrorCrop(data, samples, 2 * samples, 5);
    assert.deepEqual(data.subarray(2 * samples), data.subarray(0, samples));
  });
});

describe('surroundings of a face for passive attack detection', () => {
  const picture = { widthPx: 640, heightPx: 480 };

  test('are a fixed multiple of the box in the middle of the picture', () => {
    const found = surroundings({ x: 300, y: 220, width: 40, height: 40 }, 2.7, picture);
    assert.ok(Math.abs(found.width - 108) < 1e-9 && Math.abs(found.x - 266) < 1e-9);
  });

  test('always lie inside the picture, keep their proportions and are at most as large as it', () => {
    const box = fc.record({
      x: fc.integer({ min: 0, max: 500 }),
      y: fc.integer({ min: 0, max: 400 }),
      width: fc.integer({ min: 20, max: 140 }),
      height: fc.integer({ min: 20, max: 80 }),
    });
    fc.assert(
      fc.property(box, fc.constantFrom(2.7, 4), (face, factor) => {
        const found = surroundings(face, factor, picture);
        assert.ok(found.x >= 0 && found.y >= 0);
        assert.ok(found.x + found.width <= 640 + 1e-6 && found.y + found.height <= 480 + 1e-6);
        assert.ok(Math.abs(found.width / found.height - face.width / face.height) < 1e-6);
        assert.ok(found.width <= face.width * factor + 1e-6);
      }),
    );
  });
});
