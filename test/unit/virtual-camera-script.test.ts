import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../daemon/base/random.js';
import { blinksOfClip, closureAt, placeScenes } from '../../scripts/virtual-camera/blink-script.js';
import { drawSway, poseAt } from '../../scripts/virtual-camera/motion.js';
import { type FaceScene, type Scenario, scenarioSchema } from '../../scripts/virtual-camera/scenario.js';

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
  test('natural ones keep human intervals and lengths, whatever the seed', () => {
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

  test('are the same for the same seed and others for another', () => {
    const times = (seed: number) => blinksOfClip(scenarioOf(seed, sceneWith('natural')));
    assert.deepEqual(times(3), times(3));
    assert.notDeepEqual(times(3), times(4));
  });

  test('are told in the time of the clip', () => {
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

  test('have their stated time in the middle of what is more than half closed', () => {
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

  test('passes its waypoints, halves its size ratio half-way, and rests outside', () => {
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

test('a scenario with an unknown field or an impossible blink is refused', () => {
  assert.equal(
    scenarioSchema.safeParse({ scenes: [{ kind: 'empty', seconds: 1, colour: 1 }] }).success,
    false,
  );
  const long = { ...sceneWith('never'), blinks: [{ atS: 1, durationS: 0.9 }] };
  assert.equal(scenarioSchema.safeParse({ scenes: [long] }).success, false);
});
