import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Blink, EyeSample } from '../../daemon/domain/liveness/liveness.js';
import {
  assessLiveness,
  defaultLivenessPolicy,
  initialLiveness,
  type LivenessInput,
  type LivenessState,
  nextLiveness,
} from '../../daemon/domain/liveness/liveness-verdict.js';

const policy = defaultLivenessPolicy;

function sample(atMs: number, isUsable = true): LivenessInput {
  const openness = isUsable ? 0.3 : undefined;
  const eyes: EyeSample = { atMs, left: openness, right: openness, quality: { score: 1, reasons: [] } };
  return { kind: 'eyes', sample: eyes };
}

function after(inputs: readonly LivenessInput[], from: LivenessState = initialLiveness): LivenessState {
  return inputs.reduce((state, input) => nextLiveness(state, input, policy), from);
}

/** Frames at 15 fps over [fromS, toS). */
function watch(fromS: number, toS: number, isUsable = true): LivenessInput[] {
  const inputs: LivenessInput[] = [];
  for (let frame = Math.ceil(fromS * 15); frame < toS * 15; frame++) {
    inputs.push(sample((frame * 1000) / 15, isUsable));
  }
  return inputs;
}

function blink(atS: number): LivenessInput {
  const made: Blink = { atMs: atS * 1000, durationMs: 150 };
  return { kind: 'blink', blink: made };
}

const recognised = (atS: number): LivenessInput => ({ kind: 'same-face', atMs: atS * 1000 });

function verdictOf(inputs: readonly LivenessInput[]): string {
  const { verdict, reason } = assessLiveness(after(inputs), policy);
  return `${verdict}: ${reason}`;
}

describe('the liveness verdict', () => {
  test('is live after a blink of the face that is still there', () => {
    assert.equal(verdictOf([...watch(0, 3), blink(2), ...watch(3, 3.2), recognised(3.2)]), 'live: blinked');
  });

  test('does not believe a blink after which nobody was recognised', () => {
    assert.equal(verdictOf([...watch(0, 3), blink(2), ...watch(3, 4)]), 'undetermined: observed-too-briefly');
    assert.equal(
      verdictOf([...watch(0, 3), blink(2), ...watch(3, 8), recognised(8)]),
      'undetermined: observed-too-briefly',
    );
  });

  test('does not let a recognition before the blink vouch for it', () => {
    assert.equal(
      verdictOf([...watch(0, 1.5), recognised(1.5), blink(2), ...watch(2, 3)]),
      'undetermined: observed-too-briefly',
    );
  });

  test('is an attack once a well-seen face went without a blink for too long', () => {
    assert.equal(verdictOf(watch(0, 19.9)), 'undetermined: observed-too-briefly');
    assert.equal(verdictOf(watch(0, 20.2)), 'attack: no-blink-for-too-long');
  });

  test('never calls a badly seen face an attack', () => {
    assert.equal(verdictOf(watch(0, 600, false)), 'undetermined: eyes-not-seen-well');
  });

  test('does not count time between frames that are too far apart to notice a blink', () => {
    const slow = Array.from({ length: 300 }, (_, n) => sample(n * 200));
    assert.equal(verdictOf(slow), 'undetermined: observed-too-briefly');
    assert.equal(assessLiveness(after(slow), policy).evidence.observedS, 0);
  });

  test('does not call somebody an attack whose blink could not be bound to the face', () => {
    const inputs = [...watch(0, 15), blink(15), ...watch(15, 30)];
    assert.equal(verdictOf(inputs), 'undetermined: observed-too-briefly');
  });

  test('starts over when the track was interrupted', () => {
    const live = [...watch(0, 3), blink(2), recognised(3)];
    assert.equal(verdictOf(live), 'live: blinked');
    assert.equal(
      verdictOf([...live, { kind: 'interrupted' }, ...watch(4, 6)]),
      'undetermined: observed-too-briefly',
    );
  });

  test('forgets a blink after a minute and then wants another', () => {
    const live = [...watch(0, 3), blink(2), recognised(3)];
    assert.equal(verdictOf([...live, ...watch(3, 61)]), 'live: blinked');
    assert.equal(verdictOf([...live, ...watch(3, 63)]), 'attack: no-blink-for-too-long');
    assert.equal(verdictOf([...live, ...watch(3, 63), blink(63), recognised(63.5)]), 'live: blinked');
  });

  test('listens to the passive model once it has spoken often enough', () => {
    const doubt: LivenessInput = { kind: 'passive', score: 0.1 };
    const live = [...watch(0, 3), blink(2), recognised(3)];
    assert.equal(verdictOf([...live, ...Array.from({ length: 4 }, () => doubt)]), 'live: blinked');
    assert.equal(verdictOf([...live, ...Array.from({ length: 5 }, () => doubt)]), 'attack: passive-model');
  });

  test('is never live without a bound blink, whatever else happens', () => {
    const input = fc.oneof(
      fc.boolean().map((isUsable) => ({ kind: 'sample' as const, isUsable })),
      fc.constant({ kind: 'same-face' as const }),
      fc.constant({ kind: 'interrupted' as const }),
      fc.double({ min: 0, max: 1, noNaN: true }).map((score) => ({ kind: 'passive' as const, score })),
    );
    fc.assert(
      fc.property(fc.array(input, { maxLength: 200 }), (inputs) => {
        const state = after(
          inputs.map((each, n): LivenessInput => {
            if (each.kind === 'sample') return sample(n * 67, each.isUsable);
            return each.kind === 'same-face' ? recognised((n * 67) / 1000) : each;
          }),
        );
        assert.notEqual(assessLiveness(state, policy).verdict, 'live');
      }),
    );
  });
});
