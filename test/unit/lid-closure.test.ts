import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  initialEyeBlinks,
  initialLidClosure,
  nextEyeBlinks,
  nextLidClosure,
  defaultLidClosurePolicy as policy,
} from '../../daemon/kernel/liveness/eye-blinks.js';
import type { Blink, EyeSample } from '../../daemon/kernel/liveness/liveness.js';

/** Closures of open eyes, closed between the given times, seconds. */
function closureAt(
  atS: number,
  closed: readonly (readonly [from: number, to: number])[],
  depth = 0.5,
): number {
  return closed.some(([from, to]) => atS >= from && atS < to) ? 0.1 + depth : 0.1;
}

function blinksAt(
  fps: number,
  closed: readonly (readonly [from: number, to: number])[],
  depth?: number,
): Blink[] {
  let state = initialLidClosure;
  return Array.from({ length: 6 * fps }, (_, frame) => frame / fps).flatMap((atS) => {
    const step = nextLidClosure(state, { atMs: 1000 * atS, closure: closureAt(atS, closed, depth) }, policy);
    state = step.state;
    return step.blink ?? [];
  });
}

describe('blinks by the closure of the lids', () => {
  for (const fps of [10, 15, 30]) {
    test(`finds two blinks, and when they were, at ${fps} frames a second`, () => {
      const blinks = blinksAt(fps, [
        [2, 2.2],
        [2.5, 2.7],
      ]);
      assert.equal(blinks.length, 2);
      for (const [index, at] of [2100, 2600].entries()) {
        assert.ok(Math.abs((blinks[index]?.atMs ?? 0) - at) <= 1000 / fps, `${blinks[index]?.atMs}`);
      }
    });
  }

  test('takes no shallow and no long closure, and none that goes on, for a blink', () => {
    assert.equal(blinksAt(15, [[2, 2.2]], 0.31).length, 1);
    assert.equal(blinksAt(15, [[2, 2.2]], 0.29).length, 0);
    assert.equal(blinksAt(15, [[2, 2.6]]).length, 1);
    assert.equal(blinksAt(15, [[2, 2.9]]).length, 0);
    assert.equal(blinksAt(15, [[5, 6]]).length, 0);
  });

  test('follows no closure across a gap', () => {
    const looks = [0, 100, 200, 300, 400, 500, 600].map((atMs) => ({ atMs, closure: 0.1 }));
    const blinksIn = (later: readonly { atMs: number; closure: number }[]): number => {
      let state = initialLidClosure;
      return [...looks, ...later].filter((look) => {
        const step = nextLidClosure(state, look, policy);
        state = step.state;
        return step.blink !== undefined;
      }).length;
    };
    assert.equal(
      blinksIn([
        { atMs: 700, closure: 0.6 },
        { atMs: 1050, closure: 0.1 },
      ]),
      1,
    );
    assert.equal(
      blinksIn([
        { atMs: 700, closure: 0.6 },
        { atMs: 1060, closure: 0.1 },
      ]),
      0,
    );
  });
});

describe('blinks by either signal', () => {
  function found(signals: { readonly contour: boolean; readonly lids: boolean }): number {
    let state = initialEyeBlinks;
    let count = 0;
    for (let frame = 0; frame < 90; frame++) {
      const isClosed = frame >= 40 && frame < 43;
      const open = isClosed && signals.contour ? 0.08 : 0.3;
      const sample: EyeSample = {
        ...{ atMs: (1000 * frame) / 15, left: open, right: open, areLidsRaised: true },
        ...{ framing: 'whole', sharpness: 1, closure: isClosed && signals.lids ? 0.7 : 0.1 },
      };
      const step = nextEyeBlinks(state, sample);
      state = step.state;
      count += step.blinks.length;
    }
    return count;
  }

  test('counts a blink once, whichever signal shows it', () => {
    assert.equal(found({ contour: true, lids: true }), 1);
    assert.equal(found({ contour: true, lids: false }), 1);
    assert.equal(found({ contour: false, lids: true }), 1);
    assert.equal(found({ contour: false, lids: false }), 0);
  });
});
