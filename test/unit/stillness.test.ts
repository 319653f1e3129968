import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  defaultStillnessPolicy,
  movedAsWhole,
  nextStillness,
  notYetStill,
  resumeStillness,
  type Stillness,
} from '../../daemon/kernel/liveness/stillness.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { faceShape, type ShownShape } from '../support/face-shapes.js';

interface Shown extends ShownShape {
  readonly yawDeg?: number;
  readonly pitchDeg?: number;
}

/** What is known after so many seconds in which the face is shown so; the mesh trembles by a few parts in a thousand. */
function afterS(
  seconds: number,
  shownAt: (atS: number) => Shown,
  { fps = 15, from = notYetStill }: { readonly fps?: number; readonly from?: Stillness } = {},
): Stillness {
  const random = seededRandom(7);
  let state = from;
  for (let frame = 0; frame < seconds * fps; frame++) {
    const shown = shownAt(frame / fps);
    const eyesPx = shown.eyesPx ?? 60;
    const tremble = (): number => (random.unit() - 0.5) * 0.02 * eyesPx;
    const shape = faceShape(shown).map(({ x, y }) => ({ x: x + tremble(), y: y + tremble() }));
    const pose = { yawDeg: shown.yawDeg ?? 0, pitchDeg: shown.pitchDeg ?? 0, rollDeg: 0 };
    state = nextStillness(
      state,
      { landmarks: { shape, pose }, observedMs: 1000 / fps },
      defaultStillnessPolicy,
    );
  }
  return state;
}

const stillS = ({ stillMs }: Stillness): number => stillMs / 1000;

/** A picture in a hand that moves it about, nearer and farther, turns it and tilts it. */
const inHand = (atS: number): Shown => ({
  x: 300 + 20 * Math.sin(3 * atS),
  y: 200 + 12 * Math.sin(2 * atS),
  eyesPx: 60 + 6 * Math.sin(1.3 * atS),
  turnedDeg: 8 * Math.sin(2.1 * atS),
  stretched: 1 + 0.1 * Math.sin(0.7 * atS),
});

describe('nextStillness', () => {
  for (const fps of [10, 15, 30]) {
    test(`a picture is still however a hand moves it, at ${fps} frames a second`, () => {
      assert.ok(stillS(afterS(8, inHand, { fps })) >= 7.4);
    });
  }

  test('a face whose mouth opens by a twentieth of the distance of the eyes has moved in itself', () => {
    const speaks = (atS: number): Shown => ({ ...inHand(atS), open: atS % 2 > 1 ? 0.05 : 0 });
    assert.ok(stillS(afterS(20, speaks)) < 2);
    const spoke = (atS: number): Shown => ({ ...inHand(atS), open: atS < 5 ? 0 : 0.05 });
    assert.ok(stillS(afterS(10, spoke)) < 5.1);
  });

  for (const side of [{ yawDeg: 12 }, { yawDeg: -12 }, { pitchDeg: 12 }, { pitchDeg: -12 }]) {
    test(`a picture that is turned away for a moment keeps its time: ${JSON.stringify(side)}`, () => {
      const turned = (forS: number) => (atS: number) => {
        const isAway = atS >= 4 && atS < 4 + forS;
        return isAway ? { ...inHand(atS), ...side, open: 0.1 } : inHand(atS);
      };
      assert.ok(stillS(afterS(8, turned(1.5))) >= 5.5);
      assert.ok(stillS(afterS(8, turned(4))) < 2.1);
    });
  }

  test('a face that stays turned is compared with itself from then on', () => {
    assert.ok(stillS(afterS(12, (atS) => ({ ...inHand(atS), pitchDeg: atS < 1 ? 10 : 0 }))) >= 7.5);
  });

  test('a face that is too small to show how it moves is not judged', () => {
    assert.equal(stillS(afterS(20, (atS) => ({ ...inHand(atS), eyesPx: 39 }))), 0);
    assert.ok(stillS(afterS(8, (atS) => ({ ...inHand(atS), eyesPx: 42 }))) >= 7.4);
  });

  test('compares what it saw in half a second at a time', () => {
    const pose = { yawDeg: 0, pitchDeg: 0, rollDeg: 0 };
    const isCompared = (observedMs: number): boolean =>
      nextStillness(
        notYetStill,
        { landmarks: { shape: faceShape(), pose }, observedMs },
        defaultStillnessPolicy,
      ).usual !== undefined;
    assert.deepEqual([499, 500].map(isCompared), [false, true]);
  });

  test('points that lie on a line change nothing', () => {
    const pose = { yawDeg: 0, pitchDeg: 0, rollDeg: 0 };
    const shape = faceShape().map(({ x }) => ({ x, y: 0 }));
    const state = nextStillness(
      notYetStill,
      { landmarks: { shape, pose }, observedMs: 900 },
      defaultStillnessPolicy,
    );
    assert.deepEqual(state, notYetStill);
  });
});

describe('resumeStillness', () => {
  const resumed = (before: Stillness, since: Stillness): number =>
    stillS(resumeStillness(before, since, defaultStillnessPolicy));

  test('a picture that reappears keeps its time, a face with another shape does not', () => {
    const before = afterS(5, inHand);
    assert.ok(
      resumed(
        before,
        afterS(2, (atS) => ({ ...inHand(atS), x: 500, eyesPx: 90 })),
      ) >= 6.4,
    );
    assert.ok(
      resumed(
        before,
        afterS(2, () => ({ open: 0.05 })),
      ) <= 2,
    );
    assert.ok(
      resumed(
        before,
        afterS(2, () => ({ yawDeg: 10 })),
      ) <= 2,
    );
    const elsewhere = afterS(2, () => ({ x: 500, y: 100, eyesPx: 90 }));
    const { extent } = resumeStillness(before, elsewhere, defaultStillnessPolicy);
    const [first, second] = [before.extent, elsewhere.extent];
    assert.ok(first !== undefined && second !== undefined);
    const { left, bottom, smallest } = first;
    const { right, top, largest } = second;
    assert.deepEqual(extent, { left, right, top, bottom, smallest, largest }, 'it was at both places');
    assert.equal(resumed(before, notYetStill), 0);
    assert.ok(resumed(notYetStill, afterS(1, inHand)) < 1);
  });
});

describe('movedAsWhole', () => {
  const inPlace = { left: 0, right: 0, top: 0, bottom: 0, smallest: 10, largest: 10 };
  for (const [what, extent, isMoved] of [
    ['nothing was compared yet', undefined, false],
    ['the face keeps its place', inPlace, false],
    ['it moves by a fifth of the distance of its eyes', { ...inPlace, bottom: 2 }, true],
    ['it moves by less', { ...inPlace, right: 1.4, bottom: 1.4 }, false],
    ['it grows by a tenth', { ...inPlace, largest: 11 }, true],
    ['it grows by less', { ...inPlace, largest: 10.9 }, false],
    ['it grows beside a move', { ...inPlace, right: 2.1, smallest: 11, largest: 12 }, false],
  ] as const)
    test(`${isMoved ? 'is told' : 'is not told'} where ${what}`, () =>
      assert.equal(movedAsWhole({ ...notYetStill, extent }, defaultStillnessPolicy), isMoved));
});
