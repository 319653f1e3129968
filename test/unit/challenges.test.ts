import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as settled } from 'node:timers/promises';
import { Challenges, type ChallengesOptions } from '../../daemon/core/challenges/challenges.js';
import type { Prompt } from '../../daemon/core/challenges/prompts.js';
import type { Identification } from '../../daemon/kernel/identification/match.js';
import { cameraId, personId, trackId } from '../../daemon/kernel/ids.js';
import { defaultChallengePolicy } from '../../daemon/kernel/liveness/challenge.js';
import type { HeadGesture } from '../../daemon/kernel/liveness/head-gesture.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { sightingOf } from '../support/sightings.js';

const gate = cameraId('gate');
const matched = (person = 'person-1'): Identification => ({
  ...{ outcome: 'match', personId: personId(person), similarity: 0.8, margin: 0.3, probeCount: 3 },
});

/** A gate that asks, with a screen that remembers, and one face that follows every prompt. */
function gateThatAsks(changes: Partial<ChallengesOptions> = {}) {
  const clock = new VirtualClock(1_000_000);
  const shown: Prompt[] = [];
  const challenges = new Challenges({
    isAskedAt: () => true,
    hasAttended: () => false,
    show: async (prompt) => {
      shown.push(prompt);
      return true;
    },
    policy: () => defaultChallengePolicy,
    // All zero: turn left, turn right, turn left, with 2 s for each.
    randomBytes: (count) => new Uint8Array(count),
    clock,
    logger: silentLogger,
    ...changes,
  });
  const gestures = new Map<string, HeadGesture[]>();
  /** The track is seen now, and recognised. */
  const see = (
    name = 'track-1',
    { person = 'person-1', width = 100, isEnded = false, identification = matched(person) } = {},
  ) => {
    const nowMs = clock.monotonicMs();
    const evidence = {
      ...{ blinks: [], unboundBlinks: [], observedS: 3, frameCount: 40 },
      gestures: gestures.get(name) ?? [],
      sameFaceMs: nowMs,
    };
    const sighting = sightingOf({
      ...{ trackId: trackId(name), isEnded, lastSeenMs: nowMs, box: { x: 0, y: 0, width, height: width } },
      liveness: { verdict: 'undetermined', reason: 'observed-too-briefly', evidence },
    });
    return challenges.see(sighting, identification);
  };
  /** Does something half a second after the prompt, which takes as long. */
  const act = async (kind: HeadGesture['kind'], name = 'track-1') => {
    const startMs = clock.monotonicMs() + 500;
    clock.advanceBy(1_000);
    gestures.set(name, [...(gestures.get(name) ?? []), { kind, startMs, endMs: startMs + 500 }]);
    const standing = see(name);
    await settled();
    return standing;
  };
  const pass = async (byMs: number) => {
    clock.advanceBy(byMs);
    await settled();
  };
  const told = () =>
    shown.map(({ state, action, reason }) => [state, action ?? reason].filter(Boolean).join(' '));
  return { clock, challenges, shown, see, act, pass, told };
}

/** Fails one challenge with the wrong action, and waits for the next to begin. */
async function failOnce({ act, pass }: ReturnType<typeof gateThatAsks>, name = 'track-1') {
  const standing = await act('nod', name);
  await pass(2_500);
  return standing;
}

describe('Challenges', () => {
  test('prompts a recognised person for one action after the other, and publishes the end', async () => {
    const { see, act, pass, told, shown } = gateThatAsks();
    assert.equal(see(), 'open');
    await pass(999);
    assert.deepEqual(told(), [], 'a person who only passes by is not asked');
    await pass(1);
    assert.deepEqual(told(), ['asked turn-left']);
    assert.equal(await act('turn-left'), 'open');
    assert.equal(await act('turn-right'), 'open');
    assert.equal(await act('turn-left'), 'passed');
    assert.deepEqual(told(), ['asked turn-left', 'asked turn-right', 'asked turn-left', 'passed']);
    assert.deepEqual(
      shown.map(({ position, of, camera }) => [position, of, camera]),
      [1, 2, 3, 3].map((position) => [position, 3, 'gate']),
    );
    assert.equal(new Set(shown.map(({ nonce }) => nonce)).size, 1);
    assert.equal(shown[0]?.deadlineMs, 1_000_000 + 1_000 + 2_000);
    await pass(60_000);
    assert.equal(shown.length, 4, 'who has passed is not asked again');
    assert.equal(see(), 'passed');
  });

  test('a prompt does not identify the person', async () => {
    const { see, pass, shown } = gateThatAsks();
    see();
    await pass(1_000);
    const keys = shown.flatMap((prompt) => Object.keys(prompt));
    assert.deepEqual(keys.sort(), ['action', 'camera', 'deadlineMs', 'nonce', 'of', 'position', 'state']);
    assert.ok(!JSON.stringify(shown).includes('person-1') && !JSON.stringify(shown).includes('track-1'));
  });

  test('a wrong answer is followed by a new challenge after a pause, and the third is an attack', async () => {
    const box = gateThatAsks();
    box.see();
    await box.pass(1_000);
    assert.equal(await failOnce(box), 'open');
    assert.equal(await failOnce(box), 'open');
    assert.equal(await failOnce(box), 'refused');
    const asked = 'asked turn-left';
    const failed = 'failed wrong-action';
    assert.deepEqual(box.told(), [asked, failed, asked, failed, asked, failed]);
    assert.equal(new Set(box.shown.map(({ nonce }) => nonce)).size, 1, 'the test has no randomness');
    await box.pass(56_000);
    assert.equal(box.shown.length, 6, 'no person is asked for a minute');
    await box.pass(2_000);
    assert.deepEqual(box.told().slice(6), [asked]);
  });

  test('failures count for the person: a new track begins with those of the one before', async () => {
    const box = gateThatAsks();
    box.see();
    await box.pass(1_000);
    await failOnce(box);
    await failOnce(box);
    box.see('track-1', { isEnded: true });
    box.challenges.forget(gate, trackId('track-1'));
    await box.pass(2_500);
    box.see('track-2');
    await box.pass(1_000);
    assert.equal(await failOnce(box, 'track-2'), 'refused');
    // A person who comes back at once with the same face is not asked.
    const count = box.shown.length;
    box.challenges.forget(gate, trackId('track-2'));
    box.see('track-3');
    await box.pass(50_000);
    assert.equal(box.shown.length, count);
    await box.pass(10_000);
    assert.equal(box.shown.length, count + 1);
  });

  test('a challenge without an answer fails by the clock, without another sighting', async () => {
    const { challenges, see, pass, told } = gateThatAsks();
    see();
    await pass(1_000);
    const settledOn: number[] = [];
    challenges.onSettled(({ sequence, probes }) => settledOn.push(sequence, probes.length));
    await pass(2_000 + defaultChallengePolicy.delayMs + defaultChallengePolicy.finishMs);
    assert.deepEqual(told(), ['asked turn-left', 'failed too-late']);
    assert.deepEqual(settledOn, []);
  });

  test('a person who does nothing is asked at most six times in a row, and never called an attack', async () => {
    const { see, act, pass, told } = gateThatAsks();
    see();
    const ended = () => told().filter((each) => each === 'failed too-late').length;
    for (let seconds = 0; seconds < 55; seconds += 1) await pass(1_000);
    assert.equal(ended(), 6);
    assert.equal(see(), 'open');
    for (let seconds = 0; seconds < 40; seconds += 1) await pass(1_000);
    assert.equal(ended(), 6, 'then not for a minute');
    for (let seconds = 0; told().at(-1) !== 'asked turn-left' && seconds < 30; seconds += 1)
      await pass(1_000);
    assert.equal(await act('nod'), 'open', 'one wrong answer after all that');
  });

  test('a prompt that is not accepted cancels the challenge, which is tried again later', async () => {
    let isUp = false;
    const shown: string[] = [];
    const { see, act, pass } = gateThatAsks({
      show: async ({ state }) => {
        shown.push(state);
        return isUp;
      },
    });
    see();
    await pass(1_000);
    assert.equal(see(), 'not-shown');
    assert.deepEqual(shown, ['asked', 'cancelled']);
    isUp = true;
    await pass(10_000);
    assert.deepEqual(shown, ['asked', 'cancelled', 'asked']);
    await act('turn-left');
    await act('turn-right');
    assert.equal(await act('turn-left'), 'passed');
  });

  test('of several people the nearest is asked, and the others after the end', async () => {
    const { see, act, pass, shown, told } = gateThatAsks();
    see('far', { person: 'person-2', width: 60 });
    see('near', { width: 120 });
    await pass(1_000);
    for (const kind of ['turn-left', 'turn-right', 'turn-left'] as const) await act(kind, 'near');
    assert.equal(told().at(-1), 'passed');
    assert.equal(shown.length, 4, 'one challenge at a time');
    await pass(2_500);
    assert.equal(shown.length, 5);
    assert.equal(see('far', { person: 'person-2' }), 'open');
  });

  test('a person who leaves is not judged; a person within the attendance cooldown gets no challenge', async () => {
    const left = gateThatAsks();
    left.see();
    await left.pass(1_000);
    left.see('track-1', { isEnded: true });
    assert.equal(left.told().at(-1), 'cancelled left');
    const cooling = gateThatAsks({ hasAttended: () => true });
    cooling.see();
    await cooling.pass(60_000);
    assert.deepEqual(cooling.told(), []);
  });

  test('a passed challenge proves nothing for another person that the track later matches', async () => {
    const { see, act, pass } = gateThatAsks();
    see();
    await pass(1_000);
    for (const kind of ['turn-left', 'turn-right', 'turn-left'] as const) await act(kind);
    assert.equal(see(), 'passed');
    assert.equal(see('track-1', { person: 'person-2' }), 'open');
  });

  test('a face that briefly matches another person gets a new challenge', async () => {
    const { see, act, pass, told } = gateThatAsks();
    see();
    await pass(1_000);
    await act('turn-left');
    see('track-1', { identification: { outcome: 'no match', bestSimilarity: 0.2, probeCount: 3 } });
    await settled();
    assert.deepEqual(told().slice(-1), ['cancelled face-changed']);
    see();
    await pass(3_500);
    await act('turn-left');
    await act('turn-right');
    assert.equal(await act('turn-left'), 'passed', 'what it passes counts');
  });

  test('a refused person can try again after a minute', async () => {
    const box = gateThatAsks();
    box.see();
    await box.pass(1_000);
    for (let count = 0; count < 3; count += 1) await failOnce(box);
    assert.equal(box.see(), 'refused');
    await box.pass(60_000);
    for (const action of ['turn-left', 'turn-right'] as const) await box.act(action);
    assert.equal(await box.act('turn-left'), 'passed');
  });

  test('a person who leaves during every challenge gets at most one a minute', async () => {
    const { see, pass, shown } = gateThatAsks();
    for (let count = 0; count < 40; count += 1) {
      see(`track-${count}`);
      await pass(3_500);
      see(`track-${count}`, { isEnded: true });
    }
    const asked = shown.filter(({ state }) => state === 'asked').length;
    assert.ok(asked >= 6 && asked <= 9, `${asked} prompts in 140 s`);
  });

  test('while sightings wait, no challenge starts or expires', async () => {
    const { challenges, see, act, pass, told } = gateThatAsks();
    let isHeldUp = true;
    challenges.heldUpWhile(() => isHeldUp);
    see();
    await pass(5_000);
    assert.deepEqual(told(), []);
    isHeldUp = false;
    await pass(500);
    assert.deepEqual(told(), ['asked turn-left']);
    isHeldUp = true;
    await pass(20_000);
    assert.deepEqual(told(), ['asked turn-left'], 'it is not too late yet');
    await act('nod');
    assert.deepEqual(told().slice(-1), ['failed wrong-action'], 'what is seen counts');
  });

  test('unreadable records neither end a challenge nor prevent later ones', async () => {
    let isReadable = false;
    const hasAttended = (): boolean => {
      if (!isReadable) throw new Error('the disk failed');
      return false;
    };
    const { see, pass, told } = gateThatAsks({ hasAttended });
    assert.equal(see(), 'open');
    await pass(9_000);
    isReadable = true;
    await pass(2_000);
    assert.deepEqual(told(), ['asked turn-left']);
  });

  test('a prompt that is taken after the end asks nothing more', async () => {
    let take: (isTaken: boolean) => void = () => undefined;
    const show = (): Promise<boolean> =>
      new Promise((resolve) => {
        take = resolve;
      });
    let asked = 0;
    const hasAttended = (): boolean => {
      asked += 1;
      return false;
    };
    const box = gateThatAsks({ show, hasAttended });
    box.see();
    await box.pass(1_000);
    box.challenges[Symbol.dispose]();
    const before = asked;
    take(false);
    await box.pass(60_000);
    assert.equal(asked, before);
    box.see();
    await box.pass(60_000);
    assert.equal(asked, before, 'a face that is still reported begins no challenge');
  });
});
