import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FaceLandmarks, FivePoints } from '../../daemon/domain/faces/face.js';
import type { QualityReason } from '../../daemon/domain/faces/quality.js';
import { eyeSampleOf } from '../../daemon/domain/liveness/eye-sample.js';

const picture = { widthPx: 640, heightPx: 480 };

/** A face whose eyes are 20 px wide, the outer corner of the right one at (x, y). */
function landmarksAt(x: number, y: number, yawDeg = 0, eyePx = 20): FaceLandmarks {
  const corner = (offset: number) => ({ x: x + offset, y });
  const points: FivePoints = [
    corner(0),
    corner(eyePx),
    corner(2 * eyePx),
    corner(3 * eyePx),
    corner(1.5 * eyePx),
  ];
  return {
    presence: 1,
    box: { x: x - 20, y: y - 40, width: 100, height: 120 },
    fivePoints: points,
    pose: { yawDeg, pitchDeg: 0, rollDeg: 0 },
    leftEye: { openness: 0.3, widthPx: eyePx },
    rightEye: { openness: 0.28, widthPx: eyePx },
  };
}

function eyesOf(landmarks: FaceLandmarks, ...reasons: readonly QualityReason[]) {
  const quality = { score: 0.5, reasons };
  const { left, right } = eyeSampleOf({ atMs: 0, landmarks, quality, before: undefined, picture });
  return [right, left];
}

/** Whether eyes are judged that were seen as `before` in the look before. */
function isJudgedAfter(before: FaceLandmarks, landmarks: FaceLandmarks): boolean {
  const quality = { score: 1, reasons: [] };
  return eyeSampleOf({ atMs: 0, landmarks, quality, before, picture }).left !== undefined;
}

describe('eyeSampleOf', () => {
  test('passes on the openness of eyes that are seen', () => {
    assert.deepEqual(eyesOf(landmarksAt(300, 200)), [0.28, 0.3]);
  });

  test('judges eyes of faces that are small, blurred or cut off, if the eyes themselves are seen', () => {
    assert.deepEqual(eyesOf(landmarksAt(300, 200), 'cut-off', 'blurred', 'too-small'), [0.28, 0.3]);
  });

  test('leaves out eyes of turned, dark and covered faces and tiny ones', () => {
    const nothing = [undefined, undefined];
    assert.deepEqual(eyesOf(landmarksAt(300, 200, 35)), nothing);
    assert.deepEqual(eyesOf(landmarksAt(300, 200), 'dark'), nothing);
    assert.deepEqual(eyesOf(landmarksAt(300, 200), 'occluded'), nothing);
    assert.deepEqual(eyesOf(landmarksAt(300, 200, 0, 5)), nothing);
  });

  test('leaves out eyes on a mesh that jumped, not on a head that turns', () => {
    assert.ok(isJudgedAfter(landmarksAt(300, 200, 10), landmarksAt(320, 190, 14)));
    assert.ok(!isJudgedAfter(landmarksAt(300, 200, 10), landmarksAt(300, 200, 16)));
    assert.ok(!isJudgedAfter(landmarksAt(300, 200, 10, 20), landmarksAt(300, 200, 10, 17)));
  });

  test('leaves out an eye that is beyond the edge of the picture', () => {
    assert.deepEqual(eyesOf(landmarksAt(-10, 200)), [undefined, 0.3]);
    assert.deepEqual(eyesOf(landmarksAt(300, 4)), [undefined, undefined]);
  });
});
