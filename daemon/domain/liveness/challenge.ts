import type { Blink, JudgedLiveness, LivenessAssessment } from './liveness.js';

/** What a person can be asked to do. Left and right are the person's own. */
export const challengeActions = ['turn-left', 'turn-right', 'look-up', 'nod', 'blink-twice'] as const;
export type ChallengeAction = (typeof challengeActions)[number];

/**
 * Actions of one challenge. Each is another one than the action before it: of three there are 5 x 4 x 4 = 80 sequences, of
 * two only 20, and a blind guess of one in 20 is too good.
 */
export const actionsPerChallenge = 3;

export interface ChallengeStep {
  readonly action: ChallengeAction;
  /** Seconds within which the person has to begin. */
  readonly answerS: number;
}

/** What is asked, one step after the other. */
export type Challenge = readonly ChallengeStep[];

/** Random bytes that `drawChallenge` takes: four for the actions, one for each time to answer. */
export const challengeBytes = 4 + actionsPerChallenge;

/** Times to answer, seconds: from this to that, in steps of a tenth. */
const shortestAnswerS = 2;
const longestAnswerS = 4;

/**
 * The challenge that `bytes` stand for. All sequences are as likely as each other (to one part in 50 million), and so are, to
 * one part in 12, all times to answer.
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

/** A head gesture or a double blink: what can be an answer. Capture times, milliseconds. */
export interface SeenAction {
  readonly kind: ChallengeAction;
  readonly startMs: number;
  readonly endMs: number;
}

/** What was seen of the face that is asked; everything of this unbroken stretch of its track, in any order. */
export interface SeenOfFace {
  readonly gestures: readonly SeenAction[];
  readonly blinks: readonly Blink[];
  /** When an embedding last showed the same face as before; undefined where none did. */
  readonly sameFaceMs: number | undefined;
}

export interface ChallengePolicy {
  /** Nobody answers sooner after a prompt was sent: what begins earlier was begun without it, milliseconds. */
  readonly reactionMs: number;
  /** By how much the picture of the camera and the screen with the prompt may lag, together, milliseconds. */
  readonly delayMs: number;
  /** What was begun in time may be finished so much later, milliseconds: a nod takes about a second. */
  readonly finishMs: number;
  /** Two blinks whose middles lie no further apart are a double blink, milliseconds. */
  readonly doubleBlinkMs: number;
  /** The same face must be recognised within this time after each action, milliseconds. */
  readonly bindMs: number;
}

export const defaultChallengePolicy: ChallengePolicy = {
  reactionMs: 150,
  delayMs: 1_000,
  finishMs: 1_500,
  doubleBlinkMs: 700,
  bindMs: 3_000,
};

/** Why a challenge was failed. A recording fails so, and so may a person who does not mind the prompts. */
export const failureReasons = ['wrong-action', 'too-early', 'too-late'] as const;
export type FailureReason = (typeof failureReasons)[number];

/**
 * Why a challenge ended that says nothing about the person.
 * - `blinked-twice`: a double blink where something else was asked. People blink so unawares. It is no pass either: a recording
 *   that blinks all the time would otherwise answer every prompt for blinks for nothing.
 * - `face-changed`: the face was not recognised again after an action.
 * - `left`: the track ended.
 */
export const cancelReasons = ['blinked-twice', 'face-changed', 'left'] as const;
export type CancelReason = (typeof cancelReasons)[number];

/** One challenge under way. It moves through its steps, and from none of the last three states anywhere. */
export type ChallengeState =
  /** The prompt of the step is on its way to the screen. */
  | { readonly phase: 'prompting'; readonly step: number }
  | {
      readonly phase: 'answering';
      readonly step: number;
      /** When the prompt was sent: earlier actions belong to no prompt. */
      readonly sentMs: number;
      /** When it was taken by the broker: the time to answer counts from here. */
      readonly shownMs: number;
    }
  /** The action was done; the same face has to be recognised after it. */
  | { readonly phase: 'binding'; readonly step: number; readonly doneMs: number }
  | { readonly phase: 'passed' }
  | { readonly phase: 'failed'; readonly reason: FailureReason }
  | { readonly phase: 'cancelled'; readonly reason: CancelReason };

/** Times are those of the clock by which frames are stamped, milliseconds. */
export type ChallengeInput =
  | { readonly kind: 'shown'; readonly sentMs: number; readonly shownMs: number }
  /** The face was seen; `isSamePerson`: the track is still taken for the person who was asked. */
  | { readonly kind: 'seen'; readonly seen: SeenOfFace; readonly isSamePerson: boolean }
  | { readonly kind: 'time'; readonly nowMs: number }
  | { readonly kind: 'left' };

/**
 * How a track stands at a camera that asks. `open`: no challenge has come to its end that counts. `refused`: it failed too often.
 * `not-shown`: no prompt could be shown, so that nobody could pass.
 */
export type ChallengeStanding = 'open' | 'passed' | 'refused' | 'not-shown';

export const newChallenge: ChallengeState = { phase: 'prompting', step: 0 };

export const isOver = ({ phase }: ChallengeState): boolean =>
  phase === 'passed' || phase === 'failed' || phase === 'cancelled';

/**
 * The state after an input. The first action that is completed after a prompt must be the one that was asked: whatever a
 * recording does and when, it passes at most one of the 80 sequences, because what it does next does not depend on what is asked.
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
 * What a face proves at a camera that asks for a challenge. An attack that was found in another way stays one; blinks alone prove
 * nothing there.
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

/** When the state changes by itself, so that somebody has to look at the clock; undefined where it waits for the broker. */
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

/** What a clip without prompts shows of a challenge. */
export interface ClipAnswer {
  /** Actions that were done, from the first, each as the first after the one before. */
  readonly doneCount: number;
  /** What was done where another action was asked; absent where nothing else was. */
  readonly wrong?: ChallengeAction;
  /** All were done, and the same face was recognised after the last. */
  readonly isPassed: boolean;
}

/** Judges whether `asked` was done in this order, whenever it was: nobody was prompted. */
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
    // A double blink is over with its second blink, and three in a row are not two of them.
    fromMs = first.endMs;
  }
  const isBound = seen.sameFaceMs !== undefined && seen.sameFaceMs >= fromMs;
  return { doneCount: asked.length, isPassed: isBound };
}

/** The action that was completed first of those that were begun after `sentMs`. */
function firstActionAfter(
  sentMs: number,
  { gestures, blinks }: SeenOfFace,
  { doubleBlinkMs, reactionMs }: ChallengePolicy,
): SeenAction | undefined {
  let first: SeenAction | undefined;
  // A blink that was under way already, as there is one every few seconds, is nobody's answer: it neither helps nor harms.
  const answering = blinks.filter(({ atMs, durationMs }) => atMs - durationMs / 2 >= sentMs + reactionMs);
  for (const action of [...gestures, ...doubleBlinks(answering, doubleBlinkMs)]) {
    if (action.startMs > sentMs && (first === undefined || action.endMs < first.endMs)) first = action;
  }
  return first;
}

/** Any two blinks in a row that lie close enough together. */
function doubleBlinks(blinks: readonly Blink[], doubleBlinkMs: number): readonly SeenAction[] {
  const inOrder = blinks.toSorted((a, b) => a.atMs - b.atMs);
  return inOrder.slice(1).flatMap((second, index): readonly SeenAction[] => {
    const first = inOrder[index];
    if (first === undefined || second.atMs - first.atMs > doubleBlinkMs) return [];
    const startMs = first.atMs - first.durationMs / 2;
    return [{ kind: 'blink-twice', startMs, endMs: second.atMs + second.durationMs / 2 }];
  });
}
