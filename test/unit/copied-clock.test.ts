import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CopiedClock } from '../../daemon/vision/ingest/copied-clock.js';

/** What is said of a camera of 25 frames a second whose clock is set back by `backS` at the third second; FFmpeg adds a unit instead. */
function statesOf(backS: number): readonly string[] {
  const clock = new CopiedClock();
  const states: string[] = [];
  let lastS = -1;
  for (let frame = 0; frame < 250; frame += 1) {
    const atS = frame / 25;
    lastS = Math.max(lastS + 1 / 90_000, atS >= 3 ? atS - backS : atS);
    states.push(clock.next(lastS, 1000 * atS));
  }
  return states;
}

const countOf = (states: readonly string[], state: string): number =>
  states.filter((each) => each === state).length;

describe('the clock of a copied stream', () => {
  test('stands still for as long as the camera set it back, and then goes on again, once', () => {
    const states = statesOf(1.2);
    assert.equal(countOf(states, 'stands-still'), 30);
    assert.equal(states.indexOf('stands-still'), 75);
    assert.equal(states[105], 'goes-on-again');
    assert.equal(countOf(states, 'goes-on'), 250 - 30 - 1);
  });

  test('has stopped where that takes two seconds', () => {
    const states = statesOf(5);
    assert.equal(states.indexOf('has-stopped'), 75 + 49);
  });

  test('goes on where frames come all at once, or none came for a while', () => {
    const clock = new CopiedClock();
    const states = [
      [0, 0],
      [0.04, 40],
      [0.08, 1400],
      [0.12, 1400],
      [0.16, 1401],
      [5, 6000],
      [5, 9000],
    ].map(([timeS = 0, atMs = 0]) => clock.next(timeS, atMs));
    assert.deepEqual(
      states.slice(0, 6),
      Array.from({ length: 6 }, () => 'goes-on'),
    );
    assert.equal(states[6], 'stands-still', 'a single part proves nothing');
  });
});
