import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DetectorRunKind } from '../../daemon/kernel/tracks/detector-schedule.js';
import {
  affordable,
  fullLookDueMs,
  isAnyoneStrange,
  isSweepDue,
  isWholeDue,
  isWorthLooking,
  looked,
  openGate,
  sawScene,
} from '../../daemon/kernel/tracks/look-gate.js';
import type { SceneChange } from '../../daemon/kernel/tracks/scene-motion.kernel.js';

/** The runs that are made in a scene: five are due each second, the first of them full. */
function runs(seconds: number, changeAt: (atMs: number) => SceneChange): readonly string[] {
  const made: string[] = [];
  let gate = openGate;
  for (let frame = 0; frame < seconds * 5; frame += 1) {
    const atMs = frame * 200;
    const kind: DetectorRunKind = frame % 5 === 0 ? 'full' : 'quick';
    gate = sawScene(gate, { change: changeAt(atMs), isExplained: false }, atMs);
    if (!isWorthLooking(gate, kind, atMs)) continue;
    gate = looked(gate, kind, 'whole', atMs);
    made.push(`${kind} ${atMs}`);
  }
  return made;
}

describe('the gate of the detector', () => {
  test('lets every run pass while something moves', () => {
    assert.equal(runs(6, () => 'moving').length, 30);
  });

  test('lets full runs pass in a still scene, as far apart as it has been still, from 3 to 15 seconds', () => {
    const made = runs(90, (atMs) => (atMs < 20_000 ? 'moving' : 'still'));
    assert.deepEqual(
      made
        .flatMap((run) => (run.startsWith('full') ? Number(run.split(' ')[1]) : []))
        .filter((atMs) => atMs > 22_800),
      [25_000, 31_000, 43_000, 58_000, 73_000, 88_000],
    );
  });

  test('lets every run pass for three seconds after the last motion', () => {
    const made = runs(10, (atMs) => (atMs === 0 || atMs === 4400 ? 'moving' : 'still'));
    const times = made.map((run) => Number(run.split(' ')[1]));
    assert.deepEqual(
      times.filter((atMs) => atMs > 2800),
      Array.from({ length: 15 }, (_, index) => 4400 + 200 * index),
    );
  });

  test('lets runs pass after a change of light until a full one was made', () => {
    const made = runs(6, (atMs) => (atMs === 0 ? 'moving' : atMs === 4400 ? 'relit' : 'still'));
    assert.deepEqual(made.slice(15), ['quick 4400', 'quick 4600', 'quick 4800', 'full 5000']);
  });

  test('takes what moves for somebody else while followed faces do not explain it, and for three seconds afterwards', () => {
    const strange: number[] = [];
    let gate = openGate;
    for (let atMs = 0; atMs < 14_000; atMs += 1000) {
      gate = sawScene(gate, { change: 'moving', isExplained: atMs !== 8000 }, atMs);
      if (isAnyoneStrange(gate, atMs)) strange.push(atMs / 1000);
    }
    assert.deepEqual(strange, [8, 9, 10]);
  });

  test('asks for a look at the whole picture after three seconds, and after a change of light', () => {
    const gate = looked(openGate, 'full', 'whole', 5000);
    assert.deepEqual([isWholeDue(gate, 7999), isWholeDue(gate, 8000)], [false, true]);
    const relit = sawScene(gate, { change: 'relit', isExplained: true }, 5200);
    assert.equal(isWholeDue(relit, 5400), true);
    assert.equal(isWholeDue(looked(relit, 'full', 'swept', 5400), 5600), true);
    assert.equal(isWholeDue(looked(relit, 'full', 'whole', 5400), 5600), false);
  });

  test('is due a full look after the last motion, after a change of light, and in time at the whole picture', () => {
    const policy = { heldForMs: 1200, wholeEveryMs: 15_000, seldomEveryMs: 15_000 };
    const movedAt = (gate: typeof openGate, atMs: number) =>
      sawScene(gate, { change: 'moving', isExplained: false }, atMs);
    const whole = looked(openGate, 'full', 'whole', 0);
    assert.equal(fullLookDueMs(whole, policy), 15_000);
    const moved = movedAt(whole, 4000);
    assert.equal(fullLookDueMs(moved, policy), 5200);
    assert.equal(fullLookDueMs(movedAt(moved, 14_500), policy), 15_700);
    assert.equal(fullLookDueMs(looked(moved, 'full', 'moving', 5000), policy), 15_000);
    const relit = sawScene(whole, { change: 'relit', isExplained: true }, 6000);
    assert.equal(fullLookDueMs(relit, policy), 6000);
    const late = sawScene(whole, { change: 'relit', isExplained: true }, 16_000);
    assert.equal(fullLookDueMs(late, policy), 15_000);
  });

  test('spreads the parts of a sweep over four seconds', () => {
    const swept: number[] = [];
    let gate = looked(openGate, 'full', 'whole', 0);
    for (let atMs = 0; atMs <= 4000; atMs += 50) {
      if (!isSweepDue(gate, 4, atMs)) continue;
      swept.push(atMs);
      gate = looked(gate, 'full', 'swept', atMs);
    }
    assert.deepEqual(swept, [1000, 2000, 3000, 4000]);
    assert.equal(gate.swept, 4);
  });

  test('makes a full run in two seconds, and a run in 0.7 seconds, while frames are lost', () => {
    const made: string[] = [];
    let gate = openGate;
    for (let atMs = 0; atMs <= 4000; atMs += 400) {
      const kind = affordable(gate, atMs % 1200 === 0 ? 'full' : 'quick', atMs);
      if (kind === undefined) continue;
      gate = looked(gate, kind, 'moving', atMs);
      made.push(`${kind} ${atMs}`);
    }
    assert.deepEqual(made, ['full 0', 'quick 800', 'quick 1600', 'full 2400', 'quick 3200', 'quick 4000']);
  });
});
