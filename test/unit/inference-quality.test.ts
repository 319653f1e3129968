import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { squareToCrop } from '../../daemon/kernel/faces/affine.js';
import type { HeadPose } from '../../daemon/kernel/faces/face.js';
import type { FaceStatistics } from '../../daemon/kernel/faces/face-statistics.js';
import { type FaceView, judgeView } from '../../daemon/kernel/faces/judge-view.js';
import type { Rgb24Picture } from '../../daemon/kernel/faces/picture.js';
import { faceStatistics, STATISTICS_PX } from '../../daemon/vision/inference/face-statistics.kernel.js';
import { plainYuv, rgbPicture } from '../support/test-pictures.js';

const STATISTICS: FaceStatistics = {
  meanLuma: 120,
  contrast: 35,
  brightShare: 0,
  sharpness: 1,
  weakestPart: 0.7,
  eyesOverCheeks: 0.7,
  lensStructure: 0.6,
};
const POSE: HeadPose = { yawDeg: 3, pitchDeg: -4, rollDeg: 8 };

function view(change: Partial<FaceView> & { readonly light?: Partial<FaceStatistics> } = {}): FaceView {
  const { light, ...rest } = change;
  const statistics = { ...STATISTICS, ...light };
  return { widthPx: 120, outsideShare: 0, presence: 1, pose: POSE, statistics, ...rest };
}

const LIMIT = { smallestFacePx: 60 };

describe('the judgement of a view', () => {
  test('a good portrait has no reason against it and nearly the full score', () => {
    const quality = judgeView(view(), LIMIT);
    assert.deepEqual(quality.reasons, []);
    assert.ok(quality.score > 0.95 && quality.score <= 1);
  });

  const faults = {
    'too-small': view({ widthPx: 59 }),
    'cut-off': view({ outsideShare: 0.1 }),
    'turned-away': view({ pose: { ...POSE, yawDeg: -36 } }),
    dark: view({ light: { meanLuma: 20 } }),
    overexposed: view({ light: { brightShare: 0.6 } }),
    blurred: view({ light: { sharpness: 0.09 } }),
    occluded: view({ light: { weakestPart: 0.1 } }),
  };
  for (const [reason, faulty] of Object.entries(faults)) {
    test(`names ${reason} alone`, () => {
      const quality = judgeView(faulty, LIMIT);
      assert.deepEqual(quality.reasons, [reason]);
      assert.ok(quality.score < judgeView(view(), LIMIT).score / 1.5);
    });
  }

  test('a head bent far back and a face with doubtful landmarks are named', () => {
    assert.deepEqual(judgeView(view({ pose: { ...POSE, pitchDeg: 31 } }), LIMIT).reasons, ['turned-away']);
    assert.deepEqual(judgeView(view({ presence: 0.7 }), LIMIT).reasons, ['occluded']);
  });

  test('dark glasses and parts without structure are named, shade around the eyes is not', () => {
    const reasonsOf = (light: Partial<FaceStatistics>) => judgeView(view({ light }), LIMIT).reasons;
    assert.deepEqual(reasonsOf({ eyesOverCheeks: 0.32, lensStructure: 0.1 }), ['occluded']);
    assert.deepEqual(reasonsOf({ eyesOverCheeks: 0.34, lensStructure: 0.1 }), []);
    assert.deepEqual(reasonsOf({ eyesOverCheeks: 0.25, lensStructure: 0.24 }), ['occluded']);
    assert.deepEqual(reasonsOf({ eyesOverCheeks: 0.25, lensStructure: 0.26 }), [], 'eyes of a dim face');
    assert.deepEqual(judgeView(view({ light: { weakestPart: 0.19 } }), LIMIT).reasons, ['occluded']);
    assert.deepEqual(judgeView(view({ light: { weakestPart: 0.21 } }), LIMIT).reasons, []);
  });

  test('a tilted head does not count as turned away, because alignment sets it upright', () => {
    assert.deepEqual(judgeView(view({ pose: { ...POSE, rollDeg: 60 } }), LIMIT).reasons, []);
  });

  test('larger, sharper, straighter and better lit views score higher', () => {
    const worse = [
      view({ widthPx: 70 }),
      view({ pose: { ...POSE, yawDeg: 20 } }),
      view({ light: { sharpness: 0.3 } }),
      view({ light: { meanLuma: 40 } }),
      view({ light: { brightShare: 0.3 } }),
    ];
    for (const other of worse) {
      assert.ok(judgeView(other, LIMIT).score < judgeView(view(), LIMIT).score - 0.02);
    }
  });

  test('scores stay within 0 and 1 and are numbers at the ends of every scale', () => {
    const extremes = [
      view({ widthPx: 0 }),
      view({ widthPx: 5000 }),
      view({ light: { sharpness: 0 } }),
      view({ light: { sharpness: 50 } }),
      view({ light: { meanLuma: 0 } }),
      view({ light: { brightShare: 1 } }),
      view({ pose: { yawDeg: 90, pitchDeg: 90, rollDeg: 180 } }),
    ];
    for (const extreme of extremes) {
      const { score } = judgeView(extreme, LIMIT);
      assert.ok(score >= 0 && score <= 1, `${score}`);
    }
  });
});

/** Something face-like at STATISTICS_PX scale: dark eyes and mouth, with a fine pattern over it. */
function drawnFace(options: { readonly isMouthCovered?: boolean } = {}): Rgb24Picture {
  return rgbPicture(64, 64, (px, py) => {
    const [x, y] = [px / 2, py / 2];
    const isEye = Math.hypot(x - 7.5, y - 7) < 3 || Math.hypot(x - 23.5, y - 7) < 3;
    const isMouth = Math.abs(x - 15.5) < 5 && Math.abs(y - 27) < 1.5;
    const isCovered = options.isMouthCovered === true && y > 20;
    const grain = ((px >> 1) + (py >> 1)) % 2 === 0 ? 8 : 0;
    const value = isCovered ? 150 : (isEye || isMouth ? 60 : 170) + grain;
    return [value, value, value];
  });
}

const WHOLE = squareToCrop({ x: 32, y: 32 }, 64, 0, STATISTICS_PX);

/** Means over squares of (2 * radius + 1) pixels. */
function blurred(picture: Rgb24Picture, radius: number): Rgb24Picture {
  const at = (x: number, y: number): number => {
    const clamp = (value: number): number => Math.min(63, Math.max(0, value));
    return picture.data[3 * (clamp(y) * 64 + clamp(x))] ?? 0;
  };
  return rgbPicture(64, 64, (x, y) => {
    let sum = 0;
    for (let dy = -radius; dy <= radius; dy++) {
      for (let dx = -radius; dx <= radius; dx++) sum += at(x + dx, y + dy);
    }
    const mean = Math.round(sum / (2 * radius + 1) ** 2);
    return [mean, mean, mean];
  });
}

describe('the measures of a face', () => {
  test('blur lowers sharpness step by step', () => {
    const levels = [0, 1, 3, 6].map(
      (radius) => faceStatistics(blurred(drawnFace(), radius), WHOLE).sharpness,
    );
    for (const [index, level] of levels.slice(1).entries()) assert.ok(level < (levels[index] ?? 0) * 0.8);
  });

  test('sharpness does not depend on contrast', () => {
    const full = drawnFace();
    const faint = { ...full, data: full.data.map((value) => 90 + value / 4) };
    const [a, b] = [faceStatistics(full, WHOLE).sharpness, faceStatistics(faint, WHOLE).sharpness];
    assert.ok(Math.abs(a - b) < 0.1 * a, `${a} and ${b}`);
  });

  test('a covered mouth shows as a part without contrast', () => {
    assert.ok(faceStatistics(drawnFace(), WHOLE).weakestPart > 0.3);
    assert.ok(faceStatistics(drawnFace({ isMouthCovered: true }), WHOLE).weakestPart < 0.05);
  });

  const lit = (picture: Rgb24Picture, lightAt: (part: number) => number): Rgb24Picture => ({
    ...picture,
    data: picture.data.map((value, index) => value * lightAt((Math.floor(index / 3) % 64) / 63)),
  });

  test('shade on one side is not a cover, and light from one side does not hide a cover', () => {
    const ramp = (part: number): number => 0.15 + 0.85 * part;
    const halfLit = (part: number): number => (part < 0.5 ? 0.15 : 1);
    for (const light of [ramp, halfLit]) {
      assert.ok(faceStatistics(lit(drawnFace(), light), WHOLE).weakestPart > 0.25);
    }
    const covered = faceStatistics(lit(drawnFace({ isMouthCovered: true }), ramp), WHOLE);
    assert.ok(covered.weakestPart < 0.1, `${covered.weakestPart}`);
  });

  test('dark glasses make the eyes darker than anything that lies in the shade with them', () => {
    const glasses = rgbPicture(64, 64, (px, py) => {
      const isLens = Math.abs(py / 2 - 7) < 4.5 && Math.abs(Math.abs(px / 2 - 15.5) - 8) < 5;
      const value = isLens ? 25 : 160;
      return [value, value, value];
    });
    for (const light of [() => 1, (part: number) => 0.2 + 0.8 * part]) {
      assert.ok(faceStatistics(lit(glasses, light), WHOLE).eyesOverCheeks < 0.3);
      assert.ok(faceStatistics(lit(glasses, light), WHOLE).lensStructure < 0.1);
      assert.ok(faceStatistics(lit(drawnFace(), light), WHOLE).eyesOverCheeks > 0.4);
      assert.ok(faceStatistics(lit(drawnFace(), light), WHOLE).lensStructure > 0.3);
    }
  });

  test('lenses are looked for where aligned eyes are, and nowhere around them', () => {
    const lenses = rgbPicture(64, 64, (px, py) => {
      const [x, y] = [px >> 1, py >> 1];
      const isLens = y >= 4 && y <= 9 && ((x >= 5 && x <= 10) || (x >= 21 && x <= 26));
      const value = isLens ? 32 : 160;
      return [value, value, value];
    });
    const { eyesOverCheeks, lensStructure } = faceStatistics(lenses, WHOLE);
    assert.ok(Math.abs(eyesOverCheeks - 0.2) < 0.001 && lensStructure < 0.001, `${eyesOverCheeks}`);
  });

  test('a part that lies beyond the edge of the picture is not taken for covered', () => {
    const whole = drawnFace({ isMouthCovered: true });
    const data = whole.data.subarray(0, 3 * 64 * 50);
    const { weakestPart } = faceStatistics({ ...whole, heightPx: 50, data }, WHOLE);
    assert.ok(weakestPart > 0.3, `${weakestPart}`);
  });

  test('light is measured in full range, whatever the range of the samples', () => {
    const video = faceStatistics(plainYuv(64, 64, { y: 235, u: 128, v: 128 }), WHOLE);
    assert.ok(Math.abs(video.meanLuma - 255) < 0.5 && video.brightShare === 1);
    const photo = faceStatistics(
      rgbPicture(64, 64, () => [255, 255, 255]),
      WHOLE,
    );
    assert.ok(Math.abs(photo.meanLuma - 255) < 0.5 && photo.brightShare === 1);
    assert.ok(faceStatistics(plainYuv(64, 64, { y: 16, u: 128, v: 128 }), WHOLE).meanLuma < 0.5);
  });
});
