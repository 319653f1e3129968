import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DetectorRunKind } from '../../daemon/kernel/tracks/detector-schedule.js';
import {
  isWorthLooking,
  isWorthLookingFully,
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
    gate = looked(gate, kind, atMs);
    made.push(`${kind} ${atMs}`);
  }
  return made;
}

describe('the gate of the detector', () => {
  test('lets every run pass while something moves', () => {
    assert.equal(runs(6, () => 'moving').length, 30);
  });

  test('lets one full run in three pass in a still scene', () => {
    assert.deepEqual(
      runs(9, () => 'still'),
      ['full 0', 'full 3000', 'full 6000'],
    );
  });

  test('lets every run pass for three seconds after the last motion', () => {
    const made = runs(12, (atMs) => (atMs === 4400 ? 'moving' : 'still'));
    const after = made.filter((run) => !run.startsWith('full') || run === 'full 5000');
    assert.equal(after[0], 'quick 4400');
    assert.equal(made.at(-2), 'quick 7200');
    assert.equal(made.length, 2 + 15 + 1);
  });

  test('lets runs pass after a change of light until a full one was made', () => {
    const made = runs(6, (atMs) => (atMs === 4400 ? 'relit' : 'still'));
    assert.deepEqual(made, ['full 0', 'full 3000', 'quick 4400', 'quick 4600', 'quick 4800', 'full 5000']);
  });

  test('asks for full runs once in three seconds while only followed faces move, and always when something else does', () => {
    const full: number[] = [];
    let gate = openGate;
    for (let atMs = 0; atMs < 16_000; atMs += 1000) {
      gate = sawScene(gate, { change: 'moving', isExplained: atMs !== 8000 }, atMs);
      if (!isWorthLookingFully(gate, atMs)) continue;
      gate = looked(gate, 'full', atMs);
      full.push(atMs / 1000);
    }
    assert.deepEqual(full, [0, 3, 6, 8, 9, 10, 13]);
  });

  test('asks for a full run after a change of light', () => {
    const gate = looked(openGate, 'full', 5000);
    assert.equal(isWorthLookingFully(gate, 5400), false);
    const relit = sawScene(gate, { change: 'relit', isExplained: true }, 5200);
    assert.equal(isWorthLookingFully(relit, 5400), true);
  });
});
