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
  wantsBinding,
} from '../../daemon/domain/liveness/liveness-verdict.js';

const policy = defaultLivenessPolicy;

function sample(atMs: number, isUsable = true, seen: Partial<EyeSample> = {}): LivenessInput {
  const openness = isUsable ? 0.3 : undefined;
  const eyes = {
    atMs,
    left: openness,
    right: openness,
    areLidsRaised: true,
    framing: 'whole',
    sharpness: 1,
  } as const;
  return { kind: 'eyes', sample: { ...eyes, ...seen } };
}

function after(inputs: readonly LivenessInput[], from: LivenessState = initialLiveness): LivenessState {
  return inputs.reduce((state, input) => nextLiveness(state, input, policy), from);
}

/** Frames at 15 fps over [fromS, toS). */
function watch(fromS: number, toS: number, isUsable = true, seen: Partial<EyeSample> = {}): LivenessInput[] {
  const inputs: LivenessInput[] = [];
  for (let frame = Math.ceil(fromS * 15); frame < toS * 15; frame++) {
    inputs.push(sample((frame * 1000) / 15, isUsable, seen));
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

  const frames = (timesMs: readonly number[]): LivenessInput[] => timesMs.map((atMs) => sample(atMs));

  test('counts time between frames up to 150 ms apart, and none that runs backwards', () => {
    const { evidence } = assessLiveness(after(frames([0, 150, 301, 401, 350, 350])), policy);
    assert.equal(evidence.observedS, 0.25);
    assert.equal(evidence.frameCount, 6);
    const halfSeen = [...frames([0, 100]), sample(200, false), sample(300, false)];
    assert.equal(verdictOf(halfSeen), 'undetermined: observed-too-briefly', 'half of the frames is enough');
    assert.equal(verdictOf([...halfSeen, sample(400, false)]), 'undetermined: eyes-not-seen-well');
  });

  test('is an attack from exactly twenty seconds on', () => {
    const every100 = (count: number) => frames(Array.from({ length: count }, (_, n) => n * 100));
    assert.equal(verdictOf(every100(200)), 'undetermined: observed-too-briefly');
    assert.equal(verdictOf(every100(201)), 'attack: no-blink-for-too-long');
  });

  test('binds a blink that ended up to three seconds ago, and carries it for sixty', () => {
    // It ends 75 ms after its middle.
    const bound = (atS: number) => verdictOf([blink(2), recognised(atS)]);
    assert.equal(bound(2.074), 'undetermined: observed-too-briefly', 'it is not over');
    assert.equal(bound(2.075), 'live: blinked');
    assert.equal(bound(5.075), 'live: blinked');
    assert.equal(bound(5.076), 'undetermined: observed-too-briefly');
    const carried = (atS: number) => verdictOf([blink(2), recognised(3), sample(atS * 1000)]);
    assert.equal(carried(62.075), 'live: blinked');
    assert.equal(carried(62.076), 'undetermined: observed-too-briefly');
  });

  test('waits for a blink to be over, and binds it then', () => {
    const waiting = after([blink(2), recognised(2.05)]);
    assert.ok(wantsBinding(waiting));
    const bound = after([recognised(2.1)], waiting);
    assert.ok(!wantsBinding(bound));
    assert.equal(assessLiveness(bound, policy).evidence.blinks.length, 1);
  });

  test('keeps the latest twenty blinks, or as many as the policy asks for', () => {
    const many = Array.from({ length: 25 }, (_, n) => [blink(n), recognised(n + 0.5)]).flat();
    const kept = assessLiveness(after(many), policy).evidence.blinks;
    assert.deepEqual([kept.length, kept.at(-1)?.atMs], [20, 24_000]);
    const demanding = { ...policy, minimumBlinks: 22 };
    const state = many.reduce((before, input) => nextLiveness(before, input, demanding), initialLiveness);
    assert.equal(assessLiveness(state, demanding).evidence.blinks.length, 22);
    assert.equal(assessLiveness(state, demanding).verdict, 'live');
    assert.equal(assessLiveness(state, { ...demanding, minimumBlinks: 23 }).verdict, 'undetermined');
  });

  test('calls an attack what the passive model scores under a half in the mean', () => {
    const scored = (score: number) =>
      after(Array.from({ length: 5 }, () => ({ kind: 'passive', score }) as const));
    assert.equal(assessLiveness(scored(0.5), policy).verdict, 'undetermined');
    assert.equal(assessLiveness(scored(0.49), policy).verdict, 'attack');
    assert.equal(assessLiveness(scored(0.49), policy).evidence.passiveScore?.toFixed(2), '0.49');
    assert.equal('passiveScore' in assessLiveness(initialLiveness, policy).evidence, false);
  });

  test('a person who looks down at a screen is no attack, however long it takes', () => {
    const reading = watch(0, 120, true, { areLidsRaised: false });
    assert.equal(verdictOf(reading), 'undetermined: eyes-not-seen-well');
    assert.equal(assessLiveness(after(reading), policy).evidence.observedS, 0);
    assert.equal(verdictOf([...reading, ...watch(120, 130)]), 'undetermined: eyes-not-seen-well');
    assert.equal(
      verdictOf([...watch(0, 19), ...watch(19, 120, true, { areLidsRaised: false })]).split(':')[0],
      'undetermined',
    );
  });

  test('a face that the picture does not hold is told to step back, or to come into the picture', () => {
    const near = { framing: 'too-close' } as const;
    const beside = { framing: 'cut-off' } as const;
    assert.equal(verdictOf(watch(0, 10, true, near)), 'undetermined: too-close');
    assert.equal(verdictOf(watch(0, 10, false, near)), 'undetermined: too-close');
    assert.equal(verdictOf(watch(0, 10, true, beside)), 'undetermined: cut-off');
    assert.equal(
      verdictOf([...watch(0, 5, true, near), ...watch(5, 10)]),
      'undetermined: observed-too-briefly',
      'half',
    );
    assert.equal(
      verdictOf([...watch(0, 3), blink(2), ...watch(3, 10, true, near)]),
      'undetermined: too-close',
    );
    assert.equal(verdictOf(watch(0, 30, true, near)), 'attack: no-blink-for-too-long');
  });

  test('counts a frame as seen well only where both eyes were seen', () => {
    for (const unseen of ['left', 'right'] as const) {
      const inputs = frames([0, 100, 200]).map((input): LivenessInput => {
        if (input.kind !== 'eyes') return input;
        return { ...input, sample: { ...input.sample, [unseen]: undefined } };
      });
      const { evidence, reason } = assessLiveness(after(inputs), policy);
      assert.deepEqual(
        [evidence.frameCount, evidence.observedS, reason],
        [0, 0, 'eyes-not-seen-well'],
        unseen,
      );
    }
  });
});
