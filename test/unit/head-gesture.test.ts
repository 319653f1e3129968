import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { AlignmentPoints } from '../../daemon/kernel/faces/face.js';
import {
  defaultHeadGesturePolicy,
  type HeadGesture,
  initialHeadGestures,
  nextHeadGesture,
} from '../../daemon/kernel/liveness/head-gesture.js';
import { type HeadTurn, parallaxTurn } from '../../daemon/kernel/liveness/rigid-head.js';
import { headPoints, picturePoints } from '../support/synthetic-head.js';

const place = { eyesPx: 80, x: 300, y: 200 };
const ahead: HeadTurn = { yawDeg: 0, pitchDeg: 0 };

type Motion = (atS: number) => HeadTurn;
type Show = (turn: HeadTurn, atS: number) => AlignmentPoints;

/** What a head that moves so makes at `fps`, from 0 to `durationS`. */
function gesturesOf(
  motion: Motion,
  fps: number,
  durationS: number,
  show: Show = (turn) => headPoints(turn, place),
) {
  let state = initialHeadGestures;
  const seen: HeadGesture[] = [];
  for (let frame = 0; frame < durationS * fps; frame++) {
    const atS = frame / fps;
    const turn = motion(atS);
    const landmarks = { ...show(turn, atS), pose: { ...turn, rollDeg: 0 }, presence: 1 };
    const step = nextHeadGesture(state, landmarks, atS * 1000, defaultHeadGesturePolicy);
    state = step.state;
    if (step.gesture) seen.push(step.gesture);
  }
  return seen;
}

/** Out from `fromS` to `fromS + outS` and back as slowly, staying out for `staysS`. 0..1. */
function outAndBack(atS: number, fromS: number, outS: number, staysS: number): number {
  const rise = Math.min(1, Math.max(0, (atS - fromS) / outS));
  const fall = Math.min(1, Math.max(0, (atS - fromS - outS - staysS) / outS));
  return rise - fall;
}

const yawing =
  (deg: number, staysS = 0.4): Motion =>
  (atS) => ({
    yawDeg: deg * outAndBack(atS, 2, 0.5, staysS),
    pitchDeg: 0,
  });
const pitching =
  (deg: number, outS: number, staysS: number): Motion =>
  (atS) => ({
    yawDeg: 0,
    pitchDeg: deg * outAndBack(atS, 2, outS, staysS),
  });

describe('head gestures', () => {
  test('are turns, a look up and a nod, at any frame rate', () => {
    const motions: readonly [Motion, HeadGesture['kind']][] = [
      [yawing(35), 'turn-left'],
      [yawing(-35), 'turn-right'],
      [pitching(18, 0.4, 0.4), 'look-up'],
      [pitching(-15, 0.3, 0), 'nod'],
    ];
    for (const fps of [10, 15, 30]) {
      for (const [motion, kind] of motions) {
        const [gesture, ...others] = gesturesOf(motion, fps, 5);
        assert.deepEqual(others, [], `${kind} at ${fps}`);
        assert.equal(gesture?.kind, kind, `at ${fps}`);
        const { startMs = 0, endMs = 0 } = gesture ?? {};
        assert.ok(startMs > 1850 && startMs < 2250, `${kind} at ${fps} starts at ${startMs}`);
        assert.ok(endMs > startMs && endMs < 3300, `${kind} at ${fps} ends at ${endMs}`);
      }
    }
  });

  test('are counted once while a turned head stays turned', () => {
    const [gesture, ...others] = gesturesOf(yawing(35, 2.5), 15, 8);
    assert.deepEqual(others, []);
    assert.ok(gesture?.kind === 'turn-left' && gesture.endMs < 2900, `${gesture?.endMs}`);
  });

  test('are not found if a head moves little, or bows for long', () => {
    for (const motion of [yawing(12), yawing(-12), pitching(8, 0.4, 0.4), pitching(-6, 0.3, 0)])
      assert.deepEqual(gesturesOf(motion, 15, 5), []);
    assert.deepEqual(gesturesOf(pitching(-20, 0.5, 2), 15, 7), []);
  });

  test('are measured from the resting pose, which may be turned away from the camera', () => {
    const aside: Motion = (atS) => ({ yawDeg: -20 + yawing(30)(atS).yawDeg, pitchDeg: 12 });
    assert.deepEqual(
      gesturesOf(aside, 15, 5).map(({ kind }) => kind),
      ['turn-left'],
    );
    const settles: Motion = (atS) => ({ yawDeg: atS < 2 ? 0 : 30, pitchDeg: 0 });
    const again: Motion = (atS) =>
      atS < 8 ? settles(atS) : { yawDeg: 30 - yawing(30)(atS - 7).yawDeg, pitchDeg: 0 };
    assert.deepEqual(
      gesturesOf(again, 15, 11).map(({ kind }) => kind),
      ['turn-left', 'turn-right'],
    );
  });

  test('can follow one another if the head rests between them', () => {
    const leftThenNod: Motion = (atS) => ({
      yawDeg: 30 * outAndBack(atS, 2, 0.4, 0.3),
      pitchDeg: -14 * outAndBack(atS, 3.6, 0.25, 0),
    });
    assert.deepEqual(
      gesturesOf(leftThenNod, 15, 6).map(({ kind }) => kind),
      ['turn-left', 'nod'],
    );
  });

  test('do not occur for a picture, however it is turned and whatever its mesh shows', () => {
    for (const motion of [yawing(45), yawing(-45), pitching(30, 0.4, 0.4), pitching(-30, 0.3, 0)])
      assert.deepEqual(
        gesturesOf(motion, 15, 5, (turn) => picturePoints(turn, place)),
        [],
      );
  });

  test('do not occur for a picture that is moved while it is turned', () => {
    const moved: Show = (turn, atS) =>
      picturePoints(turn, { eyesPx: 80 + 15 * Math.sin(3 * atS), x: 300 + 90 * Math.sin(2 * atS), y: 200 });
    assert.deepEqual(gesturesOf(yawing(45), 30, 5, moved), []);
  });

  test('do not occur across a gap, or with fits of low presence', () => {
    const jump: Motion = (atS) => ({ yawDeg: atS < 2 ? 0 : 40, pitchDeg: 0 });
    let state = initialHeadGestures;
    const look = (atMs: number, presence: number) => {
      const turn = jump(atMs / 1000);
      const landmarks = { ...headPoints(turn, place), pose: { ...turn, rollDeg: 0 }, presence };
      const step = nextHeadGesture(state, landmarks, atMs, defaultHeadGesturePolicy);
      state = step.state;
      return step.gesture;
    };
    for (let atMs = 0; atMs < 1600; atMs += 66) assert.equal(look(atMs, 1), undefined);
    for (let atMs = 2100; atMs < 4000; atMs += 66) assert.equal(look(atMs, 1), undefined);
    state = initialHeadGestures;
    for (let atMs = 0; atMs < 4000; atMs += 66) assert.equal(look(atMs, atMs < 2000 ? 1 : 0.6), undefined);
  });
});

describe('the turn that parallax shows', () => {
  const angle = fc.double({ min: -35, max: 35, noNaN: true });

  test('is within a third of the turn of a head, from any resting pose', () => {
    for (const yawDeg of [-30, -15, 15, 30]) {
      const seen = parallaxTurn(headPoints(ahead, place), headPoints({ yawDeg, pitchDeg: 0 }, place));
      assert.ok(seen && Math.abs(seen.yawDeg - yawDeg) <= Math.abs(yawDeg) / 3, `${yawDeg}: ${seen?.yawDeg}`);
      assert.ok(seen && Math.abs(seen.pitchDeg) < 4, `${yawDeg}: ${seen?.pitchDeg}`);
    }
    for (const pitchDeg of [-15, 15]) {
      const seen = parallaxTurn(headPoints(ahead, place), headPoints({ yawDeg: 0, pitchDeg }, place));
      assert.ok(seen && Math.abs(seen.pitchDeg - pitchDeg) <= 5, `${pitchDeg}: ${seen?.pitchDeg}`);
    }
  });

  test('is zero for a flat picture, from and to any angle', () => {
    fc.assert(
      fc.property(angle, angle, angle, angle, (yawA, pitchA, yawB, pitchB) => {
        const seen = parallaxTurn(
          picturePoints({ yawDeg: yawA, pitchDeg: pitchA }, place),
          picturePoints({ yawDeg: yawB, pitchDeg: pitchB }, { eyesPx: 50, x: 10, y: 700 }),
        );
        assert.ok(seen && Math.hypot(seen.yawDeg, seen.pitchDeg) < 1e-6);
      }),
    );
  });

  test('is undefined without a face', () => {
    const point = { x: 5, y: 5 };
    const nothing: AlignmentPoints = {
      fivePoints: [point, point, point, point, point],
      arcFacePoints: [point, point, point, point, point],
    };
    assert.equal(parallaxTurn(nothing, headPoints(ahead, place)), undefined);
  });
});
