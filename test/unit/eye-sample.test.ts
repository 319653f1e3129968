import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FaceLandmarks, FivePoints } from '../../daemon/kernel/faces/face.js';
import type { QualityReason } from '../../daemon/kernel/faces/quality.js';
import { eyeSampleOf } from '../../daemon/kernel/liveness/eye-sample.js';
import { fitsBefore, type TimedFit } from '../../daemon/kernel/liveness/mesh-steadiness.js';

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
    shape: points,
    fivePoints: points,
    arcFacePoints: points,
    pose: { yawDeg, pitchDeg: 0, rollDeg: 0 },
    leftEye: { openness: 0.3, widthPx: eyePx },
    rightEye: { openness: 0.28, widthPx: eyePx },
  };
}

function eyesOf(landmarks: FaceLandmarks, ...reasons: readonly QualityReason[]) {
  const quality = { score: 0.5, reasons, sharpness: 1 };
  const { left, right } = eyeSampleOf({ atMs: 0, landmarks, quality, before: [], picture });
  return [right, left];
}

/** Whether eyes are judged that were seen as `before` in the look before. */
function isJudgedAfter(before: FaceLandmarks, landmarks: FaceLandmarks): boolean {
  const quality = { score: 1, reasons: [], sharpness: 1 };
  const looks = [{ atMs: -67, landmarks: before }];
  return eyeSampleOf({ atMs: 0, landmarks, quality, before: looks, picture }).left !== undefined;
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
    assert.deepEqual(eyesOf(landmarksAt(300, 200, 37)), nothing);
    assert.deepEqual(eyesOf(landmarksAt(300, 200), 'dark'), nothing);
    assert.deepEqual(eyesOf(landmarksAt(300, 200), 'occluded'), nothing);
    assert.deepEqual(eyesOf(landmarksAt(300, 200, 0, 5)), nothing);
  });

  test('gives the fault of an unmeasured eye: first the fault of the view, then of the eye', () => {
    const faultOf = (landmarks: FaceLandmarks, ...reasons: readonly QualityReason[]) => {
      const quality = { score: 0.5, reasons, sharpness: 1 };
      const before = [{ atMs: -67, landmarks: landmarksAt(300, 200) }];
      return eyeSampleOf({ atMs: 0, landmarks, quality, before, picture }).fault;
    };
    const { leftEye, ...rest } = landmarksAt(300, 200);
    assert.deepEqual(
      [
        faultOf(landmarksAt(300, 200), 'blurred'),
        faultOf(landmarksAt(300, 200, 37), 'dark'),
        faultOf(landmarksAt(300, 200, 20), 'dark'),
        faultOf(landmarksAt(300, 200, 0), 'too-small', 'occluded'),
        faultOf(landmarksAt(300, 200, 20)),
        faultOf(landmarksAt(-10, 200)),
        faultOf({ ...rest, leftEye: { ...leftEye, openness: Number.NaN } }),
      ],
      [undefined, 'turned-away', 'dark', 'occluded', 'mesh-unsteady', 'eye-cut-off', 'eye-unmeasured'],
    );
    const small = landmarksAt(300, 200, 0, 5);
    const quality = { score: 0.5, reasons: [], sharpness: 1 };
    assert.equal(
      eyeSampleOf({ atMs: 0, landmarks: small, quality, before: [], picture }).fault,
      'eye-too-small',
    );
  });

  test('leaves out eyes on a mesh that jumped, not on a head that turns', () => {
    assert.ok(isJudgedAfter(landmarksAt(300, 200, 10), landmarksAt(320, 190, 14)));
    assert.ok(!isJudgedAfter(landmarksAt(300, 200, 10), landmarksAt(300, 200, 21)));
    assert.ok(!isJudgedAfter(landmarksAt(300, 200, 10, 20), landmarksAt(300, 200, 10, 16)));
  });

  test('leaves out an eye that is beyond the edge of the picture', () => {
    assert.deepEqual(eyesOf(landmarksAt(-10, 200)), [undefined, 0.3]);
    assert.deepEqual(eyesOf(landmarksAt(300, 4)), [undefined, undefined]);
  });

  test('detects whether the lids are raised: half-shut lids would hide a blink', () => {
    const raised = (left: number, right: number): boolean => {
      const eyes = { leftEye: { openness: left, widthPx: 20 }, rightEye: { openness: right, widthPx: 20 } };
      const landmarks = { ...landmarksAt(300, 200), ...eyes };
      const quality = { score: 1, reasons: [], sharpness: 1 };
      return eyeSampleOf({ atMs: 0, landmarks, quality, before: [], picture }).areLidsRaised;
    };
    assert.deepEqual(
      [raised(0.3, 0.28), raised(0.2, 0.2), raised(0.19, 0.2), raised(0.1, 0.26)],
      [true, true, false, false],
    );
  });

  test('distinguishes a face that is too close from one at the edge of the picture', () => {
    const framing = (box: Partial<FaceLandmarks['box']>, ...reasons: readonly QualityReason[]) => {
      const face = landmarksAt(300, 200);
      const landmarks = { ...face, box: { ...face.box, ...box } };
      const quality = { score: 0.5, reasons, sharpness: 1 };
      return eyeSampleOf({ atMs: 0, landmarks, quality, before: [], picture }).framing;
    };
    assert.equal(framing({}), 'whole');
    assert.equal(framing({ height: 500 }), 'whole');
    assert.equal(framing({}, 'cut-off'), 'cut-off');
    assert.equal(framing({ height: 239 }, 'cut-off'), 'cut-off');
    assert.equal(framing({ height: 240 }, 'cut-off'), 'too-close');
    assert.equal(framing({ width: 320 }, 'cut-off'), 'too-close');
  });

  const posed = (pose: Partial<FaceLandmarks['pose']>): FaceLandmarks => {
    const face = landmarksAt(300, 200);
    return { ...face, pose: { ...face.pose, ...pose } };
  };

  test('judges eyes up to every limit, and not beyond it', () => {
    const seen = [0.28, 0.3];
    const nothing = [undefined, undefined];
    for (const sign of [1, -1]) {
      assert.deepEqual(eyesOf(posed({ yawDeg: 36 * sign })), seen);
      assert.deepEqual(eyesOf(posed({ yawDeg: 37 * sign })), nothing);
      assert.deepEqual(eyesOf(posed({ pitchDeg: 30 * sign })), seen);
      assert.deepEqual(eyesOf(posed({ pitchDeg: 31 * sign })), nothing);
    }
    assert.deepEqual(eyesOf(landmarksAt(300, 200, 0, 6)), seen);
    assert.deepEqual(eyesOf(landmarksAt(300, 200, 0, 5.9)), nothing);
    assert.deepEqual(eyesOf(landmarksAt(0, 10)), seen, 'half an eye from the upper edge');
    assert.deepEqual(eyesOf(landmarksAt(0, 9)), nothing);
    assert.deepEqual(eyesOf(landmarksAt(580, 470)), seen, 'half an eye from the lower edge');
    assert.deepEqual(eyesOf(landmarksAt(580, 471)), nothing);
    assert.deepEqual(eyesOf(landmarksAt(-1, 200)), [undefined, 0.3]);
    assert.deepEqual(eyesOf(landmarksAt(581, 200)), [0.28, undefined]);
    const notMeasured = { ...landmarksAt(300, 200), leftEye: { openness: Number.NaN, widthPx: 20 } };
    assert.deepEqual(eyesOf(notMeasured), [0.28, undefined]);
  });

  test('takes a mesh for steady up to every limit, and not beyond it', () => {
    const before = posed({});
    const eyes = (leftPx: number, rightPx: number): FaceLandmarks => ({
      ...before,
      leftEye: { openness: 0.3, widthPx: leftPx },
      rightEye: { openness: 0.3, widthPx: rightPx },
    });
    const steady = [
      posed({ yawDeg: 7.5 }),
      posed({ yawDeg: -7.5 }),
      posed({ pitchDeg: 9 }),
      posed({ pitchDeg: -9 }),
    ];
    const jumped = [
      posed({ yawDeg: 7.6 }),
      posed({ yawDeg: -7.6 }),
      posed({ pitchDeg: 9.1 }),
      posed({ pitchDeg: -9.1 }),
    ];
    for (const [from, to] of [
      [20, 22.8],
      [22.8, 20],
    ] as const) {
      assert.ok(isJudgedAfter(eyes(from, 20), eyes(to, 20)), 'grown by less than a seventh');
      assert.ok(isJudgedAfter(eyes(20, from), eyes(20, to)));
      assert.ok(!isJudgedAfter(eyes(from, 20), eyes(to * (to > from ? 1.01 : 0.99), 20)));
      assert.ok(!isJudgedAfter(eyes(20, from), eyes(20, to * (to > from ? 1.01 : 0.99))));
    }
    for (const to of [22.8, 17.5]) {
      assert.ok(isJudgedAfter(landmarksAt(300, 200), landmarksAt(300, 200, 0, to)), 'the whole face grows');
    }
    for (const to of [23, 17.4]) {
      assert.ok(!isJudgedAfter(landmarksAt(300, 200), landmarksAt(300, 200, 0, to)));
    }
    for (const face of steady) assert.ok(isJudgedAfter(before, face));
    for (const face of jumped) assert.ok(!isJudgedAfter(before, face));
  });

  test('a head that turns as fast is judged alike at every rate', () => {
    const turning = (degPerS: number, fps: number): boolean => {
      const everyMs = 1000 / fps;
      let looks: readonly TimedFit[] = [];
      let isJudged = true;
      for (let look = 0; look < fps / 2; look++) {
        const atMs = look * everyMs;
        const landmarks = posed({ yawDeg: (degPerS * atMs) / 1000 - 25 });
        const before = fitsBefore(looks, atMs);
        const quality = { score: 1, reasons: [], sharpness: 1 };
        isJudged &&= eyeSampleOf({ atMs, landmarks, quality, before, picture }).left !== undefined;
        looks = [...before, { atMs, landmarks }];
      }
      return isJudged;
    };
    for (const fps of [7, 10, 20, 30]) {
      assert.ok(turning(74, fps), `${fps}`);
      assert.ok(!turning(79, fps), `${fps}`);
    }
  });

  test('compares with the previous fit, however old it is', () => {
    const looks = fitsBefore([{ atMs: 0, landmarks: posed({}) }], 400);
    assert.equal(looks.length, 1);
  });
});
