import { headGestureKinds } from './head-gesture.js';
import type { Blink, JudgedLiveness, LivenessAssessment } from './liveness.js';

/** The actions of challenges. Left and right are the person's own. */
export const challengeActions = [...headGestureKinds, 'blink-twice'] as const;
export type ChallengeAction = (typeof challengeActions)[number];

/**
 * Number of actions of a challenge. No action follows itself, so three actions give 5 x 4 x 4 = 80 sequences. Two would give only
 * 20, and a blind guess would succeed too often.
 */
const actionsPerChallenge = 3;

interface ChallengeStep {
  readonly action: ChallengeAction;
  /** Seconds in which the person has to begin. */
  readonly answerS: number;
}

/** The steps of a challenge, in order. */
export type Challenge = readonly ChallengeStep[];

/** Number of random bytes for `drawChallenge`: four for the actions, one for each time to answer. */
export const challengeBytes = 4 + actionsPerChallenge;

/** The range of times to answer, seconds, in steps of a tenth. */
const shortestAnswerS = 2;
const longestAnswerS = 4;

/**
 * Makes a challenge from random bytes. All sequences are equally likely (within one part in 50 million), and all times to answer
 * are equally likely (within one part in 12).
 */
export function drawChallenge(bytes: Uint8Array): Challenge {
  let rest = bytes.subarray(0, 4).reduce((sum, byte) => sum * 256 + byte, 0);
  const steps: ChallengeStep[] = [];
  for (const byte of bytes.subarray(4, challengeBytes)) {
    const choices = challengeActions.filter((action) => action !== steps.at(-1)?.action);
    const action = choices[rest % choices.length] ?? challengeActions[0];
    rest = Math.floor(rest / choices.length);
    const tenths = byte % ((longestAnswerS - shortestAnswerS) * 10 + 1);
    steps.push({ action, answerS: shortestAnswerS + tenths / 10 });
  }
  return steps;
}

/** A head gesture or a double blink, which can be an answer. Capture times, milliseconds. */
export interface SeenAction {
  readonly kind: ChallengeAction;
  readonly startMs: number;
  readonly endMs: number;
}

/** All actions of the challenged face in this uninterrupted part of its track, in any order. */
export interface SeenOfFace {
  readonly gestures: readonly SeenAction[];
  readonly blinks: readonly Blink[];
  /** The last time at which an embedding showed the same face; undefined if none did. */
  readonly sameFaceMs: number | undefined;
}

export interface ChallengePolicy {
  /** Shortest reaction of a person to a prompt, milliseconds; an action that begins earlier is not an answer. */
  readonly reactionMs: number;
  /** Allowed total delay of the camera picture and the screen with the prompt, milliseconds. */
  readonly delayMs: number;
  /** Extra time to finish an action that began in time, milliseconds: a nod takes about a second. */
  readonly finishMs: number;
  /** Largest distance between the middles of a double blink, milliseconds. */
  readonly doubleBlinkMs: number;
  /** An embedding must show the same face within this time after each action, milliseconds. */
  readonly bindMs: number;
}

export const defaultChallengePolicy: ChallengePolicy = {
  reactionMs: 150,
  delayMs: 1_000,
  finishMs: 1_500,
  doubleBlinkMs: 700,
  bindMs: 3_000,
};

/**
 * Why a challenge failed.
 * - `wrong-action`, `too-early`: the face moved as no prompt asked. Recordings fail this way.
 * - `too-late`: nothing was done in time. People who do not notice the prompts fail this way; it is no sign of an attack.
 */
const failureReasons = ['wrong-action', 'too-early', 'too-late'] as const;
type FailureReason = (typeof failureReasons)[number];

/**
 * Why a challenge ended without a result.
 * - `blinked-twice`: a double blink where another action was required. People do this unintentionally, so it is not a failure. The
 *   challenge ends, because otherwise a recording that always blinks would answer all prompts for blinks.
 * - `face-changed`: no embedding showed the same face after an action.
 * - `left`: the track ended.
 */
const cancelReasons = ['blinked-twice', 'face-changed', 'left'] as const;
type CancelReason = (typeof cancelReasons)[number];

/** What a screen is told of a challenge: to ask for an action now, or how the challenge ended. */
export const promptStates = ['asked', 'passed', 'failed', 'cancelled'] as const;
/** Why a screen is told that a challenge failed or was cancelled. */
export const promptReasons = [...failureReasons, ...cancelReasons, 'not-shown'] as const;

/** The state of a challenge. The last three phases are final. */
export type ChallengeState =
  /** The prompt of the step is on its way to the screen. */
  | { readonly phase: 'prompting'; readonly step: number }
  | {
      readonly phase: 'answering';
      readonly step: number;
      /** Time at which the prompt was sent: earlier actions are not answers. */
      readonly sentMs: number;
      /** Time at which the broker accepted the prompt: the time to answer begins here. */
      readonly shownMs: number;
    }
  /** The action was done; an embedding must show the same face after it. */
  | { readonly phase: 'binding'; readonly step: number; readonly doneMs: number }
  | { readonly phase: 'passed' }
  | { readonly phase: 'failed'; readonly reason: FailureReason }
  | { readonly phase: 'cancelled'; readonly reason: CancelReason };

/** Times are on the clock of capture times, milliseconds. */
export type ChallengeInput =
  | { readonly kind: 'shown'; readonly sentMs: number; readonly shownMs: number }
  /** The face was seen; `isSamePerson`: the track still matches the challenged person. */
  | { readonly kind: 'seen'; readonly seen: SeenOfFace; readonly isSamePerson: boolean }
  | { readonly kind: 'time'; readonly nowMs: number }
  | { readonly kind: 'left' };

/**
 * The standing of a track at a camera that requires a challenge. `open`: no challenge has a result yet. `refused`: too many
 * wrong answers. `not-shown`: no prompt could be shown.
 */
export type ChallengeStanding = 'open' | 'passed' | 'refused' | 'not-shown';

export const newChallenge: ChallengeState = { phase: 'prompting', step: 0 };

export const isOver = ({ phase }: ChallengeState): boolean =>
  phase === 'passed' || phase === 'failed' || phase === 'cancelled';

/**
 * The state after an input. The first action that is completed after a prompt must be the required one. A recording therefore
 * passes at most one of the 80 sequences: its next action does not depend on the prompt.
 */
export function nextChallenge(
  state: ChallengeState,
  input: ChallengeInput,
  challenge: Challenge,
  policy: ChallengePolicy,
): ChallengeState {
  if (isOver(state)) return state;
  if (input.kind === 'left') return { phase: 'cancelled', reason: 'left' };
  switch (state.phase) {
    case 'prompting':
      return input.kind === 'shown'
        ? { phase: 'answering', step: state.step, sentMs: input.sentMs, shownMs: input.shownMs }
        : state;
    case 'answering':
      return answering(state, input, challenge, policy);
    case 'binding':
      return binding(state, input, challenge, policy);
    default:
      return state;
  }
}

/**
 * The liveness of a face at a camera that requires a challenge. An attack that was detected in another way stays an attack; blinks
 * alone prove nothing here.
 */
export function judgedByChallenge(
  assessment: LivenessAssessment,
  standing: ChallengeStanding,
): JudgedLiveness {
  if (assessment.verdict === 'attack') return assessment;
  const { evidence } = assessment;
  switch (standing) {
    case 'passed':
      return { verdict: 'live', reason: 'challenge-passed', evidence };
    case 'refused':
      return { verdict: 'attack', reason: 'challenge-failed', evidence };
    case 'not-shown':
      return { verdict: 'undetermined', reason: 'challenge-not-shown', evidence };
    case 'open':
      return { verdict: 'undetermined', reason: 'challenge-not-passed', evidence };
  }
}

/** The time of the next `time` input that changes the state; undefined while the challenge waits for the broker. */
export function challengeDueMs(
  state: ChallengeState,
  challenge: Challenge,
  policy: ChallengePolicy,
): number | undefined {
  if (state.phase === 'answering') return lastStartMs(state, challenge, policy) + policy.finishMs;
  if (state.phase === 'binding') return state.doneMs + policy.bindMs + policy.delayMs;
  return undefined;
}

type Answering = Extract<ChallengeState, { phase: 'answering' }>;
type Binding = Extract<ChallengeState, { phase: 'binding' }>;

function lastStartMs({ step, shownMs }: Answering, challenge: Challenge, policy: ChallengePolicy): number {
  return shownMs + (challenge[step]?.answerS ?? 0) * 1000 + policy.delayMs;
}

function answering(
  state: Answering,
  input: ChallengeInput,
  challenge: Challenge,
  policy: ChallengePolicy,
): ChallengeState {
  const failed = (reason: FailureReason): ChallengeState => ({ phase: 'failed', reason });
  if (input.kind === 'time') {
    const isDue = input.nowMs >= lastStartMs(state, challenge, policy) + policy.finishMs;
    return isDue ? failed('too-late') : state;
  }
  if (input.kind !== 'seen') return state;
  const first = firstActionAfter(state.sentMs, input.seen, policy);
  if (first === undefined) return state;
  const isAsked = first.kind === challenge[state.step]?.action;
  if (!isAsked && first.kind === 'blink-twice') return { phase: 'cancelled', reason: 'blinked-twice' };
  if (!isAsked) return failed('wrong-action');
  if (first.startMs < state.sentMs + policy.reactionMs) return failed('too-early');
  if (first.startMs > lastStartMs(state, challenge, policy)) return failed('too-late');
  return binding({ phase: 'binding', step: state.step, doneMs: first.endMs }, input, challenge, policy);
}

function binding(
  state: Binding,
  input: ChallengeInput,
  challenge: Challenge,
  policy: ChallengePolicy,
): ChallengeState {
  const changed: ChallengeState = { phase: 'cancelled', reason: 'face-changed' };
  if (input.kind === 'time') {
    return input.nowMs >= state.doneMs + policy.bindMs + policy.delayMs ? changed : state;
  }
  if (input.kind !== 'seen') return state;
  if (!input.isSamePerson) return changed;
  const { sameFaceMs } = input.seen;
  if (sameFaceMs === undefined || sameFaceMs < state.doneMs) return state;
  if (sameFaceMs > state.doneMs + policy.bindMs) return changed;
  const step = state.step + 1;
  return step < challenge.length ? { phase: 'prompting', step } : { phase: 'passed' };
}

/** The result of judging a clip without prompts. */
interface ClipAnswer {
  /** Number of actions done in the required order, without another action between. */
  readonly doneCount: number;
  /** The action that was done instead of the next required one; absent if there was none. */
  readonly wrong?: ChallengeAction;
  /** All actions were done, and an embedding showed the same face after the last. */
  readonly isPassed: boolean;
}

/** Judges whether the actions were done in this order, without prompts and at any time. */
export function answerInClip(
  asked: readonly ChallengeAction[],
  seen: SeenOfFace,
  policy: ChallengePolicy,
): ClipAnswer {
  let fromMs = Number.NEGATIVE_INFINITY;
  for (const [doneCount, action] of asked.entries()) {
    const first = firstActionAfter(fromMs, seen, policy);
    if (first === undefined) return { doneCount, isPassed: false };
    if (first.kind !== action) return { doneCount, wrong: first.kind, isPassed: false };
    // The next action begins after this one, so three blinks in a row are not two double blinks.
    fromMs = first.endMs;
  }
  const isBound = seen.sameFaceMs !== undefined && seen.sameFaceMs >= fromMs;
  return { doneCount: asked.length, isPassed: isBound };
}

/** Of the actions that began after `sentMs`, the one that was completed first. */
function firstActionAfter(
  sentMs: number,
  { gestures, blinks }: SeenOfFace,
  { doubleBlinkMs, reactionMs }: ChallengePolicy,
): SeenAction | undefined {
  let first: SeenAction | undefined;
  // People blink every few seconds: a blink that began before the reaction time neither helps nor harms.
  const answering = blinks.filter(({ atMs, durationMs }) => atMs - durationMs / 2 >= sentMs + reactionMs);
  for (const action of [...gestures, ...doubleBlinks(answering, doubleBlinkMs)]) {
    if (action.startMs > sentMs && (first === undefined || action.endMs < first.endMs)) first = action;
  }
  return first;
}

/** All pairs of successive blinks that are close enough. */
function doubleBlinks(blinks: readonly Blink[], doubleBlinkMs: number): readonly SeenAction[] {
  const inOrder = blinks.toSorted((a, b) => a.atMs - b.atMs);
  return inOrder.slice(1).flatMap((second, index): readonly SeenAction[] => {
    const first = inOrder[index];
    if (first === undefined || second.atMs - first.atMs > doubleBlinkMs) return [];
    const startMs = first.atMs - first.durationMs / 2;
    return [{ kind: 'blink-twice', startMs, endMs: second.atMs + second.durationMs / 2 }];
  });
}
