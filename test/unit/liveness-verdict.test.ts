import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Blink, EyeSample } from '../../daemon/kernel/liveness/liveness.js';
import {
  assessLiveness,
  defaultLivenessPolicy,
  initialLiveness,
  type LivenessInput,
  type LivenessState,
  nextLiveness,
  wantsBinding,
  wantsSurroundings,
} from '../../daemon/kernel/liveness/liveness-verdict.js';
import { faceShape, opening } from '../support/face-shapes.js';
import { type Behind, blendedTexture, faceTexture, surroundingsOf } from '../support/face-textures.js';

const policy = defaultLivenessPolicy;

const frontal = { yawDeg: 0, pitchDeg: 0, rollDeg: 0 };
const picture = { shape: faceShape(), pose: frontal };

function sample(
  atMs: number,
  isUsable = true,
  seen: Partial<EyeSample> = {},
  landmarks = picture,
  texture = faceTexture(),
): LivenessInput {
  const openness = isUsable ? 0.3 : undefined;
  const eyes = {
    atMs,
    left: openness,
    right: openness,
    areLidsRaised: true,
    framing: 'whole',
    sharpness: 1,
  } as const;
  return { kind: 'eyes', sample: { ...eyes, ...seen }, landmarks, texture };
}

/** A track whose face was embedded once, at its beginning. */
const known = nextLiveness(initialLiveness, { kind: 'same-face', atMs: 0 }, policy);

function after(inputs: readonly LivenessInput[], from: LivenessState = known): LivenessState {
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

/** The same frames of a person who speaks: the mouth opens and closes. */
function speak(fromS: number, toS: number): LivenessInput[] {
  return watch(fromS, toS).map((input) => {
    if (input.kind !== 'eyes') return input;
    const s = input.sample.atMs / 1000;
    // From a closed mouth to a closed mouth, because a face does not leap.
    const share = Math.min(1, (s - fromS) / 0.2, (toS - s) / 0.2);
    const open = share * opening(s, 1, 0.08);
    return { ...input, landmarks: { shape: faceShape({ open }), pose: frontal }, texture: faceTexture(open) };
  });
}

/** The same frames of a picture that somebody moves to the side. */
function carry(fromS: number, toS: number, of: (fromS: number, toS: number) => LivenessInput[] = watch) {
  return of(fromS, toS).map((input): LivenessInput => {
    if (input.kind !== 'eyes') return input;
    const byPx = 5 * (input.sample.atMs / 1000);
    const shape = input.landmarks.shape.map(({ x, y }) => ({ x: x + byPx, y }));
    return { ...input, landmarks: { shape, pose: frontal } };
  });
}

/** The same frames with what is around the face, as often as it is looked at. */
function around(behind: Behind, inputs: readonly LivenessInput[]) {
  let lastMs = Number.NEGATIVE_INFINITY;
  return inputs.map((input): LivenessInput => {
    if (input.kind !== 'eyes' || input.sample.atMs - lastMs < 400) return input;
    lastMs = input.sample.atMs;
    return { ...input, surroundings: surroundingsOf(input.landmarks.shape, behind) };
  });
}

function blink(atS: number): LivenessInput {
  const made: Blink = { atMs: atS * 1000, durationMs: 150 };
  return { kind: 'blink', blink: made };
}

const recognised = (atS: number): LivenessInput => ({ kind: 'same-face', atMs: atS * 1000 });

function verdictOf(inputs: readonly LivenessInput[], from?: LivenessState): string {
  const { verdict, reason } = assessLiveness(after(inputs, from), policy);
  return `${verdict}: ${reason}`;
}

describe('the liveness verdict', () => {
  test('is live after a blink of the face that is still there', () => {
    assert.equal(verdictOf([...speak(0, 3), blink(2), ...speak(3, 3.2), recognised(3.2)]), 'live: blinked');
  });

  test('is undetermined while nothing but the lids moves, however often they close', () => {
    const blinked = after(
      [2, 4, 6, 8].flatMap((atS) => [...watch(atS - 2, atS), blink(atS), recognised(atS + 0.1)]),
    );
    assert.equal(verdictOf([], blinked), 'undetermined: only-lids-moved');
    const spoken = [...speak(8, 11), recognised(11)];
    assert.equal(verdictOf(spoken, blinked), 'live: blinked', 'until the face moves, too');
  });

  test('is undetermined where a display fades from one photo to another one, as far as a person speaks', () => {
    const widest = 0.08;
    const slowly = (textureAt: (open: number) => ReturnType<typeof faceTexture>) =>
      watch(0, 4).map((input): LivenessInput => {
        if (input.kind !== 'eyes') return input;
        const part = (input.sample.atMs % 3000) / 1500;
        const open = widest * Math.min(part, 2 - part);
        const landmarks = { shape: faceShape({ open }), pose: frontal };
        return { ...input, landmarks, texture: textureAt(open) };
      });
    const speaks = slowly(faceTexture);
    const fades = slowly((open) => blendedTexture(faceTexture(), faceTexture(widest), open / widest));
    const blinked = [blink(3), recognised(4)];
    assert.equal(verdictOf([...speaks, ...blinked]), 'live: blinked');
    assert.equal(verdictOf([...fades, ...blinked]), 'undetermined: only-lids-moved');
    const shortlyAfter = [...fades, ...watch(4, 5), ...speak(5, 9), blink(7), recognised(9)];
    assert.match(verdictOf(shortlyAfter), /^undetermined/, 'who shows one fade shows another one');
    const later = [...watch(9, 15), ...speak(15, 18), blink(17), recognised(18)];
    assert.equal(verdictOf([...shortlyAfter, ...later]), 'live: blinked');
  });

  test('is undetermined where it cannot be told whether a face moves: a sign neither of life nor of a picture', () => {
    const even = { ...faceTexture(), luma: faceTexture().luma.map(() => 128) };
    const blurred = (inputs: readonly LivenessInput[]): LivenessInput[] =>
      inputs.map((input) => (input.kind === 'eyes' ? { ...input, texture: even } : input));
    const turned = (inputs: readonly LivenessInput[]): LivenessInput[] =>
      inputs.map((input) => {
        if (input.kind !== 'eyes') return input;
        return { ...input, landmarks: { ...input.landmarks, pose: { ...frontal, yawDeg: 22 } } };
      });
    const blinked = [blink(2.5), recognised(3)];
    assert.equal(verdictOf([...blurred(speak(0, 3)), ...blinked]), 'undetermined: movement-unclear');
    assert.equal(verdictOf([...turned(watch(0, 3)), ...blinked]), 'undetermined: movement-unclear');
    assert.equal(verdictOf(turned(carry(0, 9))), 'undetermined: movement-unclear', 'no attack');
    const fromSide = watch(0, 9, true, { isShapeLost: true });
    assert.equal(verdictOf(fromSide), 'undetermined: movement-unclear', 'never compared');
    assert.equal(verdictOf([...fromSide, ...blinked]), 'undetermined: movement-unclear', 'never compared');
    const seenWell = [...turned(carry(0, 9)), ...carry(9, 20)];
    assert.equal(verdictOf(seenWell), 'attack: still-picture', 'once it is seen well');
    const spoken = [...speak(3, 6), recognised(6)];
    assert.equal(verdictOf([...blurred(speak(0, 3)), ...blinked, ...spoken]), 'live: blinked');
    // Otherwise `not-attack` would take a picture that is shown turned.
    const hidden = [...turned(carry(0, 6)), { kind: 'interrupted' } as const, recognised(8)];
    assert.equal(verdictOf([...hidden, ...turned(carry(8, 10))]), 'undetermined: movement-unclear', 'hidden');
    assert.equal(
      verdictOf([...speak(0, 5), recognised(5), ...turned(carry(5, 16))]),
      'undetermined: movement-unclear',
      'in front of a face that moved',
    );
  });

  test('wants the movement of the face within five seconds of the blink', () => {
    const spoken = [...speak(0, 3), ...watch(3, 7.5)];
    const still = watch(7.5, 14);
    assert.equal(verdictOf([...spoken, blink(7.5), recognised(8)]), 'live: blinked');
    assert.equal(
      verdictOf([...spoken, ...still, blink(13.5), recognised(14)]),
      'undetermined: only-lids-moved',
    );
  });

  test('takes no head gesture for a movement in the face: pictures that are turned far make some', () => {
    const gesture = { kind: 'turn-left', startMs: 1000, endMs: 2000 } as const;
    const turned = [...watch(0, 3), { kind: 'gesture', gesture } as const, blink(3), recognised(3.2)];
    assert.equal(verdictOf(turned), 'undetermined: only-lids-moved');
  });

  test('is not live before the eyes were well seen for two seconds', () => {
    const glimpse = (untilS: number) => [...speak(0, untilS), blink(1.2), recognised(untilS)];
    assert.equal(verdictOf(glimpse(1.9)), 'undetermined: observed-too-briefly');
    assert.equal(verdictOf(glimpse(2.2)), 'live: blinked');
  });

  test('ignores a blink without an embedding of the same face after it', () => {
    assert.equal(verdictOf([...watch(0, 3), blink(2), ...watch(3, 4)]), 'undetermined: observed-too-briefly');
    assert.equal(
      verdictOf([...speak(0, 3), blink(2), ...watch(3, 8), recognised(8)]),
      'undetermined: observed-too-briefly',
    );
  });

  test('counts a movement only if an embedding shows the same face within three seconds after it', () => {
    const moved = [...watch(0, 0.5), recognised(0.5), ...speak(0.5, 2), ...watch(2, 4)];
    const blinked = [...watch(4, 5), blink(5), recognised(5.2)];
    assert.ok(wantsBinding(after(moved), policy), 'the movement asks for an embedding');
    assert.ok(!wantsBinding(after([...moved, recognised(4)]), policy));
    assert.equal(verdictOf([...moved, recognised(4), ...blinked]), 'live: blinked');
    // The open mouth is compared with views up to four seconds later.
    const late = [...watch(4, 9.5), blink(9.4), recognised(9.5)];
    assert.equal(verdictOf([...moved, ...late]), 'undetermined: only-lids-moved');
    assert.equal(
      verdictOf([
        ...moved,
        ...watch(4, 6.5),
        recognised(6.5),
        ...watch(6.5, 9.5),
        blink(9.4),
        recognised(9.5),
      ]),
      'live: blinked',
    );
  });

  test('counts no blink and no movement of a face that an embedding does not know', () => {
    const doubtful: LivenessInput = { kind: 'doubtful-face' };
    const photograph = [...watch(2, 4), blink(4), recognised(4.2)];
    const swapped = [...speak(0, 2), doubtful, ...photograph];
    assert.equal(verdictOf([...speak(0, 2), ...photograph]), 'live: blinked');
    assert.equal(verdictOf(swapped), 'undetermined: only-lids-moved');
    const blinked = [...speak(0, 3), recognised(3), blink(3.2)];
    assert.equal(verdictOf([...blinked, recognised(3.4)]), 'live: blinked');
    assert.equal(verdictOf([...blinked, doubtful, recognised(3.4)]), 'undetermined: observed-too-briefly');
    const compared = [...watch(0, 1), doubtful, ...speak(1.4, 1.5), ...photograph];
    assert.equal(verdictOf(compared), 'undetermined: only-lids-moved', 'looks at different faces');
  });

  test('counts no blink and no movement before the first embedding, whosever they were', () => {
    const first = [...speak(0, 3), blink(2), recognised(3)];
    const { verdict } = assessLiveness(after(first, initialLiveness), policy);
    assert.equal(verdict, 'undetermined');
    const after1 = after([recognised(0), ...first], initialLiveness);
    assert.equal(assessLiveness(after1, policy).verdict, 'live');
  });

  test('counts no movement of a face whose surroundings move with it, as in a picture', () => {
    const [onSheet, atWall] = [around('sheet', carry(0, 3, speak)), around('wall', carry(0, 3, speak))];
    const blinked = [blink(2.5), recognised(3)];
    assert.equal(verdictOf([...onSheet, ...blinked]), 'undetermined: only-lids-moved');
    assert.equal(verdictOf([...atWall, ...blinked]), 'live: blinked');
    assert.equal(verdictOf([...around('plain', carry(0, 3, speak)), ...blinked]), 'live: blinked');
    const held = around('sheet', speak(0, 3));
    assert.equal(verdictOf([...held, ...blinked]), 'live: blinked', 'a sheet that is not moved');
    const moved = around('sheet', carry(3, 6, speak));
    assert.equal(verdictOf([...held, ...blinked, ...moved, recognised(6)]), 'undetermined: only-lids-moved');
  });

  test('believes a face again after half a minute, a wall that stays, or another face', () => {
    const sheet = after([...around('sheet', carry(0, 3, speak)), recognised(3)]);
    const later = (fromS: number, ...inputs: readonly LivenessInput[]) =>
      verdictOf([...inputs, ...speak(fromS, fromS + 5), blink(fromS + 4), recognised(fromS + 5)], sheet);
    assert.equal(later(3.2), 'undetermined: only-lids-moved');
    assert.equal(later(20), 'undetermined: only-lids-moved', 'nothing tells otherwise');
    assert.equal(later(40), 'live: blinked', 'half a minute later');
    assert.equal(later(9.2, ...around('wall', carry(4, 9, speak)), recognised(9)), 'live: blinked');
    assert.equal(later(3.2, { kind: 'doubtful-face' }), 'live: blinked', 'it may be another face');
  });

  test('asks once more what is around a face before its movement is bound', () => {
    // The mouth moved before the sheet did, and then kept still.
    const moved = [...around('sheet', speak(0, 1.4)), ...around('sheet', carry(1.4, 3.4))];
    const told = verdictOf([...moved, blink(3), recognised(3.4)]);
    assert.equal(told, 'undetermined: only-lids-moved');
  });

  test('remembers what is around a face for four seconds', () => {
    const { recent } = after(around('plain', watch(0, 20))).surroundings;
    assert.ok(recent.length <= 11, String(recent.length));
    assert.ok(recent.every(({ atMs }) => atMs >= 15_500));
  });

  test('wants to see what is around a face every 0.4 s', () => {
    const looked = watch(0, 2).reduce((state, input) => {
      const isWanted = input.kind === 'eyes' && wantsSurroundings(state, input.sample.atMs);
      const seen = isWanted ? { surroundings: surroundingsOf(faceShape(), 'plain') } : {};
      return nextLiveness(state, { ...input, ...seen } as LivenessInput, policy);
    }, known);
    assert.deepEqual(
      looked.surroundings.recent.map(({ atMs }) => Math.round(atMs)),
      [0, 400, 800, 1200, 1600],
    );
  });

  test('asks for no further embedding of a face that keeps moving for five seconds', () => {
    const moving = after([...speak(0, 2), recognised(2), ...speak(2, 6)]);
    assert.ok(!wantsBinding(moving, policy));
    assert.ok(wantsBinding(after(speak(6, 9), moving), policy));
  });

  test('does not let a recognition before the blink vouch for it', () => {
    assert.equal(
      verdictOf([...watch(0, 1.5), recognised(1.5), blink(2), ...watch(2, 3)]),
      'undetermined: observed-too-briefly',
    );
  });

  test('is an attack once a face was moved about for seven seconds and neither blinked nor moved in itself', () => {
    assert.equal(verdictOf(carry(0, 6.9)), 'undetermined: observed-too-briefly');
    assert.equal(verdictOf(carry(0, 7.6)), 'attack: still-picture');
    assert.equal(verdictOf([...speak(0, 5), blink(4), ...watch(5, 11)]), 'undetermined: still-face');
  });

  test('calls a picture an attack where its face has 80 pixels, and tells nothing of a smaller one', () => {
    const small = (eyesPx: number) =>
      carry(0, 9, (fromS, toS) =>
        watch(fromS, toS).map((input) =>
          input.kind === 'eyes'
            ? { ...input, landmarks: { shape: faceShape({ eyesPx }), pose: frontal } }
            : input,
        ),
      );
    assert.equal(verdictOf(small(41)), 'attack: still-picture');
    assert.equal(verdictOf(small(39)), 'undetermined: movement-unclear');
  });

  test('is undetermined for a face that keeps as still as a picture in its place', () => {
    assert.equal(verdictOf(watch(0, 7.6)), 'undetermined: still-face');
    assert.equal(verdictOf(watch(0, 120)), 'undetermined: still-face');
  });

  test('is not an attack while the shape of the face changes, however long it does not blink', () => {
    const spoken = after(speak(0, 60));
    assert.equal(verdictOf([], spoken), 'undetermined: observed-too-briefly');
    assert.equal(verdictOf(watch(60, 66), spoken), 'undetermined: observed-too-briefly', 'begins anew');
    assert.equal(verdictOf(carry(60, 69), spoken), 'attack: still-picture');
    const gesture = { kind: 'turn-left', startMs: 4000, endMs: 5000 } as const;
    assert.equal(
      verdictOf([...carry(0, 5), { kind: 'gesture', gesture }, ...carry(5, 11)]),
      'undetermined: still-face',
      'nobody who turns the head is called an attack',
    );
  });

  test('remembers for half a minute that a face was still, once it is recognised again', () => {
    const gone = [...carry(0, 5), { kind: 'interrupted' } as const];
    assert.equal(verdictOf([...gone, ...carry(8, 12)]), 'undetermined: observed-too-briefly', 'whose face?');
    assert.equal(
      verdictOf([...gone, ...carry(8, 12), recognised(12), ...carry(12, 12.1)]),
      'attack: still-picture',
    );
    assert.equal(
      verdictOf([...gone, recognised(8), ...carry(8, 12)]),
      'attack: still-picture',
      'recognised before it was looked at for long enough',
    );
    assert.equal(
      verdictOf([...gone, ...carry(36, 40), recognised(40), ...carry(40, 40.1)]),
      'undetermined: observed-too-briefly',
    );
    assert.equal(
      verdictOf([...gone, recognised(8), ...carry(8, 9), blink(8.5), ...carry(9, 13)]),
      'undetermined: observed-too-briefly',
      'a blink ends it',
    );
    const ended = after(carry(0, 5));
    assert.equal(
      verdictOf([...carry(8, 9), { kind: 'seen-before', from: ended }, ...carry(9, 12)]),
      'attack: still-picture',
    );
  });

  test('never calls a badly seen face an attack', () => {
    assert.equal(verdictOf(watch(0, 600, false)), 'undetermined: eyes-not-seen-well');
  });

  test('does not count time between frames that are too far apart to notice a blink', () => {
    const slow = Array.from({ length: 300 }, (_, n) => sample(n * 200));
    assert.equal(verdictOf(slow), 'undetermined: observed-too-briefly');
    assert.equal(assessLiveness(after(slow), policy).evidence.observedS, 0);
  });

  test('a blink that is not bound to the face still prevents an attack', () => {
    const inputs = [...speak(0, 5), blink(5), ...watch(5, 11)];
    assert.equal(verdictOf(inputs), 'undetermined: still-face');
  });

  test('starts over when the track was interrupted', () => {
    const live = [...speak(0, 3), blink(2), recognised(3)];
    assert.equal(verdictOf(live), 'live: blinked');
    assert.equal(
      verdictOf([...live, { kind: 'interrupted' }, ...watch(4, 6)]),
      'undetermined: observed-too-briefly',
    );
  });

  test('forgets a blink after a minute and then requires another', () => {
    const live = after([...speak(0, 3), blink(2), recognised(3), ...watch(3, 60)]);
    assert.equal(verdictOf(watch(60, 61), live), 'live: blinked');
    assert.equal(verdictOf(watch(60, 63), live), 'undetermined: still-face');
    assert.equal(verdictOf([...speak(60, 63), blink(63), recognised(63.5)], live), 'live: blinked');
  });

  test('uses the passive model after enough scores', () => {
    const doubt: LivenessInput = { kind: 'passive', score: 0.1 };
    const live = [...speak(0, 3), blink(2), recognised(3)];
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

  test('is a still face from exactly seven seconds on', () => {
    const every100 = (count: number) => frames(Array.from({ length: count }, (_, n) => n * 100));
    assert.equal(verdictOf(every100(70)), 'undetermined: observed-too-briefly');
    assert.equal(verdictOf(every100(71)), 'undetermined: still-face');
  });

  test('binds a blink that ended up to three seconds ago, and carries it for sixty', () => {
    const spoken = after([...speak(-2, 2), recognised(2)]);
    // It ends 75 ms after its middle.
    const bound = (atS: number) => verdictOf([blink(2), recognised(atS)], spoken);
    assert.equal(bound(2.074), 'undetermined: observed-too-briefly', 'it is not over');
    assert.equal(bound(2.075), 'live: blinked');
    assert.equal(bound(5.075), 'live: blinked');
    assert.equal(bound(5.076), 'undetermined: observed-too-briefly');
    const carried = (atS: number) => verdictOf([blink(2), recognised(3), sample(atS * 1000)], spoken);
    assert.equal(carried(62.075), 'live: blinked');
    assert.equal(carried(62.076), 'undetermined: observed-too-briefly');
  });

  test('binds a blink when it is over', () => {
    const waiting = after([blink(2), recognised(2.05)]);
    assert.ok(wantsBinding(waiting, policy));
    const bound = after([recognised(2.1)], waiting);
    assert.ok(!wantsBinding(bound, policy));
    assert.equal(assessLiveness(bound, policy).evidence.blinks.length, 1);
  });

  test('requires that the face is recognised again within three seconds after a head gesture', () => {
    const gesture = { kind: 'nod', startMs: 1000, endMs: 2000 } as const;
    const nodded = after([recognised(1.5), sample(2000), { kind: 'gesture', gesture }]);
    assert.ok(wantsBinding(nodded, policy));
    assert.ok(!wantsBinding(after([recognised(2.1)], nodded), policy));
    assert.ok(wantsBinding(after([sample(5000)], nodded), policy));
    assert.ok(!wantsBinding(after([sample(5001)], nodded), policy), 'it is too late to say whose it was');
  });

  test('keeps the latest twenty blinks, or as many as the policy asks for', () => {
    const many = Array.from({ length: 25 }, (_, n) => [
      ...[...speak(n, n + 1), blink(n)],
      recognised(n + 1),
    ]).flat();
    const kept = assessLiveness(after(many), policy).evidence.blinks;
    assert.deepEqual([kept.length, kept.at(-1)?.atMs], [20, 24_000]);
    const demanding = { ...policy, minimumBlinks: 22 };
    const state = many.reduce((before, input) => nextLiveness(before, input, demanding), initialLiveness);
    assert.equal(assessLiveness(state, demanding).evidence.blinks.length, 22);
    assert.equal(assessLiveness(state, demanding).verdict, 'live');
    assert.equal(assessLiveness(state, { ...demanding, minimumBlinks: 23 }).verdict, 'undetermined');
  });

  test('is an attack if the mean score of the passive model is under a half', () => {
    const scored = (score: number) =>
      after(Array.from({ length: 5 }, () => ({ kind: 'passive', score }) as const));
    assert.equal(assessLiveness(scored(0.5), policy).verdict, 'undetermined');
    assert.equal(assessLiveness(scored(0.49), policy).verdict, 'attack');
    assert.equal(assessLiveness(scored(0.49), policy).evidence.passiveScore?.toFixed(2), '0.49');
    assert.equal('passiveScore' in assessLiveness(initialLiveness, policy).evidence, false);
  });

  test('is not an attack for a person who looks down at a screen, however long', () => {
    const read = after(watch(0, 120, true, { areLidsRaised: false }));
    assert.equal(verdictOf([], read), 'undetermined: eyes-not-seen-well');
    assert.equal(assessLiveness(read, policy).evidence.observedS, 0);
    assert.equal(verdictOf(watch(120, 126), read), 'undetermined: eyes-not-seen-well');
    assert.equal(
      verdictOf([...watch(0, 6), ...watch(6, 120, true, { areLidsRaised: false })]).split(':')[0],
      'undetermined',
    );
  });

  test('a face partly outside the picture gives the reason too-close or cut-off', () => {
    const near = { framing: 'too-close' } as const;
    const beside = { framing: 'cut-off' } as const;
    assert.equal(verdictOf(watch(0, 10, true, near)), 'undetermined: too-close');
    assert.equal(verdictOf(watch(0, 10, false, near)), 'undetermined: too-close');
    assert.equal(verdictOf(watch(0, 10, true, beside)), 'undetermined: cut-off');
    assert.equal(
      verdictOf([...watch(0, 5, true, near), ...speak(5, 10)]),
      'undetermined: observed-too-briefly',
      'half',
    );
    assert.equal(
      verdictOf([...watch(0, 3), blink(2), ...watch(3, 10, true, near)]),
      'undetermined: too-close',
    );
    assert.equal(
      verdictOf(watch(0, 30, true, near)),
      'undetermined: too-close',
      'the mesh guesses what is not seen',
    );
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
