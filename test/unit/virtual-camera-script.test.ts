import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../daemon/kernel/random.js';
import { blinksOfClip, closureAt, placeScenes } from '../../scripts/virtual-camera/blink-script.js';
import { drawSway, poseAt, turnAt } from '../../scripts/virtual-camera/motion.js';
import { type FaceScene, type Scenario, scenarioSchema } from '../../scripts/virtual-camera/scenario.js';
import { reliefOf, turnHead } from '../../scripts/virtual-camera/turned-head.kernel.js';

function sceneWith(blinks: FaceScene['blinks'], seconds = 60): FaceScene {
  return {
    kind: 'face',
    photo: 'a.jpg',
    face: { x: 0, y: 0, width: 100, height: 100 },
    seconds,
    blinks,
    path: [{ atS: 0, x: 0.5, y: 0.5, faceWidthPx: 200 }],
  };
}

function scenarioOf(seed: number, ...scenes: Scenario['scenes']): Scenario {
  return scenarioSchema.parse({ seed, scenes });
}

describe('the blinks of a scenario', () => {
  test('have human intervals and lengths if natural, whatever the seed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const [placed] = placeScenes(scenarioOf(seed, sceneWith('natural')));
        const blinks = placed?.blinks ?? [];
        assert.ok(blinks.length >= 11 && blinks.length <= 24, `${blinks.length} in a minute`);
        let before = -2.2;
        for (const { atS, durationS } of blinks) {
          assert.ok(atS - before >= 2.5 && atS - before <= 5 && atS < 58.6);
          assert.ok(durationS >= 0.1 && durationS <= 0.3);
          before = atS;
        }
      }),
    );
  });

  test('are the same for the same seed and different for another', () => {
    const times = (seed: number) => blinksOfClip(scenarioOf(seed, sceneWith('natural')));
    assert.deepEqual(times(3), times(3));
    assert.notDeepEqual(times(3), times(4));
  });

  test('are given in the time of the clip', () => {
    const scripted = sceneWith([{ atS: 1, durationS: 0.2 }], 4);
    const scenario = scenarioOf(1, scripted, { kind: 'empty', seconds: 2 }, sceneWith('never', 3), scripted);
    assert.deepEqual(
      blinksOfClip(scenario).map(({ atS }) => atS),
      [1, 10],
    );
  });

  test('shut the eyes fully in their middle and not at all outside', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 0.3, noNaN: true }),
        fc.double({ min: -1, max: 1, noNaN: true }),
        (durationS, offsetS) => {
          const blinks = [{ atS: 2, durationS }];
          assert.ok(closureAt(blinks, 2) > 0.9);
          const closure = closureAt(blinks, 2 + offsetS);
          assert.ok(closure >= 0 && closure <= 1);
          if (Math.abs(offsetS) > durationS) assert.equal(closure, 0);
        },
      ),
    );
  });

  test('have their time in the middle of the part that is more than half closed', () => {
    const blinks = [{ atS: 2, durationS: 0.3 }];
    const closed = Array.from({ length: 4000 }, (_, index) => index / 1000).filter(
      (atS) => closureAt(blinks, atS) > 0.5,
    );
    const middle = ((closed[0] ?? 0) + (closed.at(-1) ?? 0)) / 2;
    assert.ok(Math.abs(middle - 2) < 0.002, `${middle}`);
  });
});

describe('the movement of a face', () => {
  const path = [
    { atS: 1, x: 0.2, y: 0.5, faceWidthPx: 100 },
    { atS: 3, x: 0.8, y: 0.5, faceWidthPx: 400 },
  ];

  test('passes its waypoints, has the geometric mean of the sizes half-way, and rests outside', () => {
    const still = { at: () => ({ x: 0, y: 0, rollDeg: 0 }) };
    assert.equal(poseAt(path, still, 0).x, 0.2);
    const half = poseAt(path, still, 2);
    assert.ok(Math.abs(half.x - 0.5) < 1e-9 && Math.abs(half.faceWidthPx - 200) < 1e-9);
    assert.equal(poseAt(path, still, 9).faceWidthPx, 400);
  });

  test('never jumps between frames', () => {
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: 0, max: 4, noNaN: true }), (seed, timeS) => {
        const sway = drawSway(seededRandom(seed));
        const [a, b] = [poseAt(path, sway, timeS), poseAt(path, sway, timeS + 0.04)];
        assert.ok(Math.abs(a.x - b.x) < 0.025 && Math.abs(a.rollDeg - b.rollDeg) < 0.4);
      }),
    );
  });
});

describe('the turns of a head', () => {
  test('go out, stay and come back, and left is the left of the person', () => {
    const left = [{ atS: 1, kind: 'turn-left', degrees: 30, movesS: 0.5, staysS: 1 }] as const;
    const yaws = [0.9, 1.25, 1.5, 2.4, 2.75, 3.1].map((atS) => turnAt(left, atS).yawDeg);
    assert.deepEqual(yaws, [0, 15, 30, 30, 15, 0]);
    assert.ok(turnAt([{ atS: 1, kind: 'turn-right' }], 1.6).yawDeg < -20);
    assert.ok(turnAt([{ atS: 1, kind: 'look-up' }], 1.6).pitchDeg > 10);
    assert.ok(turnAt([{ atS: 1, kind: 'nod' }], 1.3).pitchDeg < -10);
    assert.deepEqual(turnAt([{ atS: 1, kind: 'nod' }], 3), { yawDeg: 0, pitchDeg: 0 });
  });

  test('move near parts farther than far ones, and hide nothing else', () => {
    const size = { widthPx: 64, heightPx: 64 };
    const face = { x: 16, y: 16, width: 32, height: 32 };
    // A wall with one post before its middle.
    const mesh = Array.from({ length: 81 }, (_, n) => {
      const [x, y] = [16 + 4 * (n % 9), 16 + 4 * Math.floor(n / 9)];
      return { x, y, depth: x === 32 && y === 32 ? -12 : 0 };
    });
    const relief = reliefOf(size, face, mesh);
    const bright = (x: number, y: number): number => (Math.hypot(x - 32, y - 32) < 4 ? 250 : 60);
    const plane = Uint8Array.from({ length: 64 * 64 }, (_, at) => bright(at % 64, Math.floor(at / 64)));
    const cutout = () => ({
      planes: { ...size, y: plane.slice(), u: plane.slice(), v: plane.slice() },
      alpha: new Uint8Array(64 * 64).fill(255),
    });
    const middleOf = (yawDeg: number): number => {
      const to = cutout();
      turnHead(cutout(), to, relief, { yawDeg, pitchDeg: 0 }, new Float32Array(64 * 64));
      const lit = [...to.planes.y.keys()].filter(
        (at) => (to.planes.y[at] ?? 0) > 200 && to.alpha[at] === 255,
      );
      return lit.reduce((sum, at) => sum + (at % 64), 0) / lit.length;
    };
    assert.ok(Math.abs(middleOf(0) - 31.5) < 0.6);
    assert.ok(middleOf(20) > 36 && middleOf(-20) < 27, `${middleOf(20)} and ${middleOf(-20)}`);
  });
});

test('a scenario with an unknown field or an impossible blink is refused', () => {
  assert.equal(
    scenarioSchema.safeParse({ scenes: [{ kind: 'empty', seconds: 1, colour: 1 }] }).success,
    false,
  );
  const long = { ...sceneWith('never'), blinks: [{ atS: 1, durationS: 0.9 }] };
  assert.equal(scenarioSchema.safeParse({ scenes: [long] }).success, false);
});
