import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  answerInClip,
  type Challenge,
  type ChallengeInput,
  type ChallengeState,
  challengeActions,
  challengeBytes,
  challengeDueMs,
  drawChallenge,
  isOver,
  newChallenge,
  nextChallenge,
  defaultChallengePolicy as policy,
  type SeenAction,
  type SeenOfFace,
} from '../../daemon/kernel/liveness/challenge.js';
import type { Blink } from '../../daemon/kernel/liveness/liveness.js';
import { type Random, seededRandom } from '../../daemon/kernel/random.js';

/** The challenge with this number, of the 80; `tenths` above 2 s to answer each. */
function challengeOf(number: number, tenths = 10): Challenge {
  const bytes = new Uint8Array(challengeBytes).fill(tenths, 4);
  new DataView(bytes.buffer).setUint32(0, number);
  return drawChallenge(bytes);
}

const everyChallenge = Array.from({ length: 80 }, (_, number) => challengeOf(number));

const asked: Challenge = [
  { action: 'turn-left', answerS: 3 },
  { action: 'blink-twice', answerS: 3 },
  { action: 'nod', answerS: 3 },
];

const gesture = (kind: SeenAction['kind'], startMs: number): SeenAction => ({
  kind,
  startMs,
  endMs: startMs + 900,
});
const blink = (atMs: number): Blink => ({ atMs, durationMs: 200 });
const seen = (what: Partial<SeenOfFace>, isSamePerson = true): ChallengeInput => ({
  kind: 'seen',
  seen: { gestures: [], blinks: [], sameFaceMs: undefined, ...what },
  isSamePerson,
});
const shown = (sentMs: number): ChallengeInput => ({ kind: 'shown', sentMs, shownMs: sentMs + 50 });

const after = (inputs: readonly ChallengeInput[], from: ChallengeState = newChallenge): ChallengeState =>
  inputs.reduce((state, input) => nextChallenge(state, input, asked, policy), from);

describe('drawChallenge', () => {
  test('draws each of 80 sequences of three actions, none of them twice in a row', () => {
    const sequences = everyChallenge.map((steps) => steps.map(({ action }) => action));
    assert.equal(new Set(sequences.map(String)).size, 80);
    for (const [first, second, third, ...rest] of sequences) {
      assert.ok(first !== second && second !== third && third !== undefined);
      assert.deepEqual(rest, []);
    }
  });

  test('gives from 2 to 4 seconds to answer', () => {
    const times = Array.from({ length: 256 }, (_, byte) => challengeOf(0, byte)[0]?.answerS ?? 0);
    assert.equal(Math.min(...times), 2);
    assert.equal(Math.max(...times), 4);
  });
});

describe('nextChallenge', () => {
  test('a person who does each action after its prompt, and is recognised after it, passes', () => {
    const gestures = [gesture('turn-left', 1_500)];
    const blinks = [blink(4_000), blink(4_400)];
    let state = after([shown(1_000), seen({ gestures })]);
    assert.equal(state.phase, 'binding');
    state = after([seen({ gestures, sameFaceMs: 2_500 })], state);
    assert.deepEqual(state, { phase: 'prompting', step: 1 });
    state = after([shown(3_000), seen({ gestures, blinks, sameFaceMs: 4_600 })], state);
    assert.deepEqual(state, { phase: 'prompting', step: 2 });
    const all = [...gestures, gesture('nod', 5_600)];
    state = after([shown(5_000), seen({ gestures: all, blinks, sameFaceMs: 6_600 })], state);
    assert.deepEqual(state, { phase: 'passed' });
  });

  test('another action than the one that is asked fails', () => {
    const state = after([shown(1_000), seen({ gestures: [gesture('nod', 1_500)], sameFaceMs: 3_000 })]);
    assert.deepEqual(state, { phase: 'failed', reason: 'wrong-action' });
  });

  test('the action that was completed first counts, though the asked one follows', () => {
    const gestures = [gesture('turn-left', 2_600), gesture('turn-right', 1_300)];
    assert.deepEqual(after([shown(1_000), seen({ gestures, sameFaceMs: 4_000 })]), {
      phase: 'failed',
      reason: 'wrong-action',
    });
  });

  test('an action that began before the prompt is neither an answer nor an error', () => {
    const gestures = [gesture('turn-left', 900), gesture('nod', 950)];
    assert.equal(after([shown(1_000), seen({ gestures, sameFaceMs: 2_500 })]).phase, 'answering');
  });

  test('the right action fails if it comes sooner than a person can answer', () => {
    const input = (startMs: number) => [shown(1_000), seen({ gestures: [gesture('turn-left', startMs)] })];
    assert.deepEqual(after(input(1_100)), { phase: 'failed', reason: 'too-early' });
    assert.equal(after(input(1_150)).phase, 'binding');
  });

  test('a blink that began before the prompt is not part of an answer', () => {
    const [before, one, two] = [blink(1_150), blink(1_700), blink(2_100)];
    const afterBlinks = (...blinks: readonly Blink[]): ChallengeState =>
      after([shown(1_000), seen({ blinks, sameFaceMs: 3_000 })], { phase: 'prompting', step: 1 });
    assert.equal(afterBlinks(before, one).phase, 'answering');
    assert.deepEqual(afterBlinks(before, one, two), { phase: 'prompting', step: 2 });
  });

  test('the right action that begins too late fails, and one that begins in time may be finished', () => {
    // 3 s to answer from when it was shown, and 1 s for the delays of picture and screen.
    const input = (startMs: number) => [shown(1_000), seen({ gestures: [gesture('turn-left', startMs)] })];
    assert.equal(after(input(5_050)).phase, 'binding');
    assert.deepEqual(after(input(5_051)), { phase: 'failed', reason: 'too-late' });
  });

  test('no action at all fails after the time, which `challengeDueMs` gives', () => {
    const waiting = after([shown(1_000)]);
    const dueMs = challengeDueMs(waiting, asked, policy) ?? 0;
    assert.equal(dueMs, 1_050 + 3_000 + policy.delayMs + policy.finishMs);
    assert.equal(after([{ kind: 'time', nowMs: dueMs - 1 }], waiting).phase, 'answering');
    assert.deepEqual(after([{ kind: 'time', nowMs: dueMs }], waiting), {
      phase: 'failed',
      reason: 'too-late',
    });
  });

  test('single blinks are not wrong, and an unrequested double blink cancels the challenge', () => {
    const single = [blink(1_500), blink(2_300)];
    assert.equal(after([shown(1_000), seen({ blinks: single })]).phase, 'answering');
    const double = [blink(1_500), blink(2_200)];
    assert.deepEqual(after([shown(1_000), seen({ blinks: double })]), {
      phase: 'cancelled',
      reason: 'blinked-twice',
    });
  });

  test('the action counts only for a face that is recognised again after it', () => {
    const gestures = [gesture('turn-left', 1_500)];
    const done = after([shown(1_000), seen({ gestures, sameFaceMs: 2_000 })]);
    assert.equal(done.phase, 'binding');
    const changed = { phase: 'cancelled', reason: 'face-changed' };
    assert.deepEqual(after([seen({ gestures, sameFaceMs: 2_400 + policy.bindMs + 1 })], done), changed);
    assert.deepEqual(after([seen({ gestures, sameFaceMs: 2_500 }, false)], done), changed);
    const dueMs = challengeDueMs(done, asked, policy) ?? 0;
    assert.equal(after([{ kind: 'time', nowMs: dueMs - 1 }], done).phase, 'binding');
    assert.deepEqual(after([{ kind: 'time', nowMs: dueMs }], done), changed);
  });

  test('a person who leaves ends the challenge; what comes after the end changes nothing', () => {
    const left = after([shown(1_000), { kind: 'left' }]);
    assert.deepEqual(left, { phase: 'cancelled', reason: 'left' });
    assert.equal(after([shown(2_000), seen({ gestures: [gesture('nod', 2_500)] })], left), left);
    assert.ok(isOver(left));
  });
});

describe('answerInClip', () => {
  const actions = ['turn-left', 'blink-twice', 'nod'] as const;
  const gestures = [gesture('turn-left', 1_000), gesture('nod', 4_000)];
  const blinks = [blink(2_500), blink(3_000)];

  test('takes what was done in the order asked, by the face that is recognised after it', () => {
    const whole = { gestures, blinks, sameFaceMs: 5_000 };
    assert.deepEqual(answerInClip(actions, whole, policy), { doneCount: 3, isPassed: true });
    const unbound = answerInClip(actions, { ...whole, sameFaceMs: 4_000 }, policy);
    assert.deepEqual(unbound, { doneCount: 3, isPassed: false });
  });

  test('gives the number of completed actions and the wrong action', () => {
    const whole = { gestures, blinks, sameFaceMs: 5_000 };
    assert.deepEqual(answerInClip(['turn-left', 'nod'], whole, policy), {
      ...{ doneCount: 1, wrong: 'blink-twice', isPassed: false },
    });
    assert.deepEqual(answerInClip([...actions, 'look-up'], whole, policy), { doneCount: 3, isPassed: false });
  });
});

/** What a recording does, at its own times: it knows no prompt. */
interface Recording {
  readonly gestures: readonly SeenAction[];
  readonly blinks: readonly Blink[];
}

/** Head gestures and blinks as they come, one a time; double blinks too. */
function recordingOf(random: Random, actionsPerS: number, untilMs: number): Recording {
  const gestures: SeenAction[] = [];
  const blinks: Blink[] = [];
  const pauseMs = (): number => (-Math.log(1 - random.unit()) * 1000) / actionsPerS;
  for (let atMs = pauseMs(); atMs < untilMs; atMs += pauseMs()) {
    const kind = challengeActions[Math.floor(random.unit() * challengeActions.length)] ?? 'nod';
    if (kind === 'blink-twice') blinks.push(blink(atMs), blink(atMs + 400));
    else gestures.push({ kind, startMs: atMs, endMs: atMs + 300 + random.unit() * 900 });
  }
  return { gestures, blinks };
}

/** Plays a recording to a challenge that begins with it. It is looked at when it has done something; the face is its own. */
function passes({ gestures, blinks }: Recording, challenge: Challenge): boolean {
  const step = (input: ChallengeInput): void => {
    state = nextChallenge(state, input, challenge, policy);
  };
  const doneMs = [...gestures.map(({ endMs }) => endMs), ...blinks.map(({ atMs }) => atMs + 100)];
  let state = newChallenge;
  let nowMs = 0;
  for (const atMs of doneMs.sort((a, b) => a - b)) {
    if (state.phase === 'prompting') step({ kind: 'shown', sentMs: nowMs + 100, shownMs: nowMs + 130 });
    nowMs = atMs;
    step({ kind: 'time', nowMs });
    const done = {
      gestures: gestures.filter(({ endMs }) => endMs <= nowMs),
      blinks: blinks.filter(({ atMs }) => atMs + 100 <= nowMs),
    };
    step(seen({ ...done, sameFaceMs: nowMs }));
    if (isOver(state)) break;
  }
  return state.phase === 'passed';
}

describe('a recording of a person who turns, nods and blinks', () => {
  test('passes at most one of the 80 sequences, whatever it does and when: 1 in 80 an attempt', () => {
    const random = seededRandom(80);
    let most = 0;
    for (const actionsPerS of [0.3, 0.6, 1, 2]) {
      let passed = 0;
      const recordings = 20;
      for (let index = 0; index < recordings; index += 1) {
        const recording = recordingOf(random, actionsPerS, 15_000);
        const count = everyChallenge.filter((challenge) => passes(recording, challenge)).length;
        assert.ok(count <= 1, `one recording passed ${count} sequences`);
        passed += count;
      }
      most = Math.max(most, passed / (recordings * everyChallenge.length));
    }
    assert.ok(most > 0, 'the simulation lets some recordings pass');
    assert.ok(most <= 1 / 80);
  });

  test('passes one of the 80 if its times fit the prompts best', () => {
    const gestures = [gesture('nod', 500), gesture('turn-left', 2_500), gesture('look-up', 4_500)];
    const count = everyChallenge.filter((each) => passes({ gestures, blinks: [] }, each)).length;
    assert.equal(count, 1);
  });

  test('gains nothing by blinking all the time between its gestures', () => {
    const gestures = [gesture('nod', 3_000), gesture('turn-left', 6_500), gesture('look-up', 10_000)];
    const blinks = Array.from({ length: 40 }, (_, index) => blink(400 + index * 400));
    assert.ok(everyChallenge.filter((each) => passes({ gestures, blinks }, each)).length <= 1);
  });
});
