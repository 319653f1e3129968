import type { HeadGesture } from './head-gesture.js';
import type { Blink, EyeSample, LivenessAssessment, LivenessEvidence, LivenessReason } from './liveness.js';
import {
  defaultStillnessPolicy,
  nextStillness,
  notYetStill,
  resumeStillness,
  type ShapeLook,
  type Stillness,
} from './stillness.js';

export interface LivenessPolicy {
  /** Blinks that prove a live person. */
  readonly minimumBlinks: number;
  /**
   * Seconds a well-seen face may neither blink nor move in itself before it counts as a presentation attack. The absence of
   * blinks alone is none: people blink 17 times a minute at rest (Bentivoglio et al. 1997, Movement Disorders 12:1028-1034) and
   * half as often when they read, so that every seventh stretch of 7 s has none.
   */
  readonly attackAfterS: number;
  /** Seconds after which a blink proves nothing about who stands there now: evidence starts over. */
  readonly carriesForS: number;
  /** A blink counts once the same face was recognised after it within this many seconds. */
  readonly bindWithinS: number;
  /** Mean score of the passive model under which the face is an attack, 0..1. */
  readonly passiveThreshold: number;
  /** Scores needed before the passive model is heard. */
  readonly minimumPassiveScores: number;
}

export const defaultLivenessPolicy: LivenessPolicy = {
  minimumBlinks: 1,
  attackAfterS: 7,
  carriesForS: 60,
  bindWithinS: 3,
  passiveThreshold: 0.5,
  minimumPassiveScores: 5,
};

/** Samples further apart than this could hide a blink between them; such time was not observed, milliseconds. */
const longestObservedGapMs = 150;

interface EarlierStillness {
  readonly stillness: Stillness;
  readonly atMs: number;
  /** Whether an embedding has shown that it is the same face. */
  readonly isSameFace: boolean;
}

/** What was gathered about one unbroken stretch of one track. */
export interface LivenessState {
  /** Blinks after which the same face was recognised: the evidence. */
  readonly blinks: readonly Blink[];
  /** Blinks that nobody has yet been recognised after. */
  readonly unbound: readonly Blink[];
  readonly gestures: readonly HeadGesture[];
  readonly sameFaceMs: number | undefined;
  readonly observedMs: number;
  /** How long the face has neither blinked nor moved in itself: what an attack is judged by. */
  readonly stillness: Stillness;
  /** The same before the face was out of sight, until it can be compared with what is seen since. */
  readonly stillnessBefore: EarlierStillness | undefined;
  readonly sampleCount: number;
  readonly frameCount: number;
  /** Of those, frames in which the lids were raised. */
  readonly raisedCount: number;
  readonly tooCloseCount: number;
  readonly cutOffCount: number;
  readonly nowMs: number;
  readonly lastRaisedMs: number | undefined;
  readonly passiveSum: number;
  readonly passiveCount: number;
}

export type LivenessInput =
  /** `landmarks` are those of the same look. */
  | { readonly kind: 'eyes'; readonly sample: EyeSample; readonly landmarks: ShapeLook['landmarks'] }
  | { readonly kind: 'blink'; readonly blink: Blink }
  | { readonly kind: 'gesture'; readonly gesture: HeadGesture }
  /** An embedding taken now agrees with the track's earlier ones (or is its first). */
  | { readonly kind: 'same-face'; readonly atMs: number }
  | { readonly kind: 'passive'; readonly score: number }
  /** The track was out of sight, or shows another face: whatever was known may be about somebody else. */
  | { readonly kind: 'interrupted' }
  /** An embedding shows that this is the face of a track that ended; `from` is what was known of that. */
  | { readonly kind: 'seen-before'; readonly from: LivenessState };

export const initialLiveness: LivenessState = {
  blinks: [],
  unbound: [],
  gestures: [],
  sameFaceMs: undefined,
  observedMs: 0,
  stillness: notYetStill,
  stillnessBefore: undefined,
  sampleCount: 0,
  frameCount: 0,
  raisedCount: 0,
  tooCloseCount: 0,
  cutOffCount: 0,
  nowMs: Number.NEGATIVE_INFINITY,
  lastRaisedMs: undefined,
  passiveSum: 0,
  passiveCount: 0,
};

export function nextLiveness(
  state: LivenessState,
  input: LivenessInput,
  policy: LivenessPolicy,
): LivenessState {
  switch (input.kind) {
    case 'interrupted':
      return { ...initialLiveness, nowMs: state.nowMs, stillnessBefore: stillnessIn(state, false) };
    case 'seen-before':
      return { ...state, stillnessBefore: stillnessIn(input.from, true) };
    case 'passive':
      return {
        ...state,
        passiveSum: state.passiveSum + input.score,
        passiveCount: state.passiveCount + 1,
      };
    case 'blink':
      return { ...state, unbound: [...state.unbound, input.blink], ...notStill };
    case 'gesture':
      return { ...state, gestures: [...state.gestures, input.gesture].slice(-keptGestures), ...notStill };
    case 'same-face':
      return { ...recogniseStill(bind(advance(state, input.atMs, policy), policy)), sameFaceMs: input.atMs };
    case 'eyes':
      return resumeStill(seeEyes(advance(state, input.sample.atMs, policy), input));
  }
}

/** True while a blink or a gesture waits for somebody to be recognised after it. */
export function wantsBinding(
  { unbound, gestures, sameFaceMs, nowMs }: LivenessState,
  { bindWithinS }: LivenessPolicy,
): boolean {
  const lastMs = gestures.at(-1)?.endMs;
  const isGestureUnbound = lastMs !== undefined && (sameFaceMs === undefined || sameFaceMs < lastMs);
  return unbound.length > 0 || (isGestureUnbound && nowMs - lastMs <= bindWithinS * 1000);
}

export function assessLiveness(state: LivenessState, policy: LivenessPolicy): LivenessAssessment {
  const passiveScore = meanPassiveScore(state);
  const evidence: LivenessEvidence = {
    blinks: state.blinks,
    unboundBlinks: state.unbound,
    gestures: state.gestures,
    ...(state.sameFaceMs === undefined ? {} : { sameFaceMs: state.sameFaceMs }),
    // What an attack is called for may have been seen before the face was out of sight.
    observedS: Math.max(state.observedMs, state.stillness.stillMs) / 1000,
    frameCount: state.frameCount,
    ...(passiveScore === undefined ? {} : { passiveScore }),
  };
  const isPassiveHeard = state.passiveCount >= policy.minimumPassiveScores;
  if (isPassiveHeard && passiveScore !== undefined && passiveScore < policy.passiveThreshold) {
    return { verdict: 'attack', reason: 'passive-model', evidence };
  }
  if (state.blinks.length >= policy.minimumBlinks) return { verdict: 'live', reason: 'blinked', evidence };
  if (state.stillness.stillMs >= policy.attackAfterS * 1000) {
    return { verdict: 'attack', reason: 'still-picture', evidence };
  }
  return { verdict: 'undetermined', reason: reasonForDoubt(state), evidence };
}

/** A face that reaches beyond the picture is told first: nothing else can be put right before that. */
function reasonForDoubt(state: LivenessState): LivenessReason {
  const isMost = (count: number): boolean => count * 2 > state.sampleCount;
  if (isMost(state.tooCloseCount + state.cutOffCount)) {
    return state.tooCloseCount >= state.cutOffCount ? 'too-close' : 'cut-off';
  }
  const isSeenWell = state.raisedCount * 2 >= state.sampleCount;
  return isSeenWell ? 'observed-too-briefly' : 'eyes-not-seen-well';
}

function meanPassiveScore(state: LivenessState): number | undefined {
  return state.passiveCount === 0 ? undefined : state.passiveSum / state.passiveCount;
}

/** Moves time on: blinks that are too old prove nothing any more. */
function advance(state: LivenessState, nowMs: number, policy: LivenessPolicy): LivenessState {
  const carriedFromMs = nowMs - policy.carriesForS * 1000;
  const bindableFromMs = nowMs - policy.bindWithinS * 1000;
  return {
    ...state,
    nowMs,
    blinks: state.blinks.filter((blink) => endOf(blink) >= carriedFromMs),
    unbound: state.unbound.filter((blink) => endOf(blink) >= bindableFromMs),
    gestures: state.gestures.filter(({ endMs }) => endMs >= carriedFromMs),
  };
}

function bind(state: LivenessState, policy: LivenessPolicy): LivenessState {
  const bound = state.unbound.filter((blink) => endOf(blink) <= state.nowMs);
  if (bound.length === 0) return state;
  return {
    ...state,
    blinks: [...state.blinks, ...bound].slice(-Math.max(keptBlinks, policy.minimumBlinks)),
    unbound: state.unbound.filter((blink) => endOf(blink) > state.nowMs),
  };
}

/** The latest blinks and gestures are evidence enough; a person who stays for an hour must not fill the sighting. */
const keptBlinks = 20;
const keptGestures = 20;

/** A blink ends stillness, and so does the turn of a head, which no plane can make. */
const notStill = { stillness: notYetStill, stillnessBefore: undefined };

/** For how long it is remembered that a face that is out of sight was still, milliseconds. */
export const rememberedStillMs = 30_000;

function stillnessIn(state: LivenessState, isSameFace: boolean): EarlierStillness | undefined {
  const { stillness, stillnessBefore, nowMs } = state;
  return stillness.usual === undefined ? stillnessBefore : { stillness, atMs: nowMs, isSameFace };
}

function recogniseStill(state: LivenessState): LivenessState {
  const { stillnessBefore } = state;
  return stillnessBefore === undefined
    ? state
    : { ...state, stillnessBefore: { ...stillnessBefore, isSameFace: true } };
}

/** The stillness of a face that was seen before goes on, once it is known what the face looks like now. */
function resumeStill(state: LivenessState): LivenessState {
  const { stillness, stillnessBefore: before, nowMs } = state;
  if (before === undefined || !before.isSameFace || stillness.usual === undefined) return state;
  const isRemembered = nowMs - before.atMs <= rememberedStillMs;
  const resumed = isRemembered
    ? resumeStillness(before.stillness, stillness, defaultStillnessPolicy)
    : stillness;
  return { ...state, stillness: resumed, stillnessBefore: undefined };
}

function seeEyes(
  state: LivenessState,
  { sample, landmarks }: Extract<LivenessInput, { kind: 'eyes' }>,
): LivenessState {
  const { framing, areLidsRaised } = sample;
  const counted = {
    ...state,
    sampleCount: state.sampleCount + 1,
    tooCloseCount: state.tooCloseCount + (framing === 'too-close' ? 1 : 0),
    cutOffCount: state.cutOffCount + (framing === 'cut-off' ? 1 : 0),
  };
  if (sample.left === undefined || sample.right === undefined) return counted;
  const measured = { ...counted, frameCount: state.frameCount + 1 };
  if (!areLidsRaised) return measured;
  const sinceMs = state.lastRaisedMs === undefined ? 0 : sample.atMs - state.lastRaisedMs;
  const observedMs = sinceMs > 0 && sinceMs <= longestObservedGapMs ? sinceMs : 0;
  return {
    ...measured,
    raisedCount: state.raisedCount + 1,
    lastRaisedMs: sample.atMs,
    observedMs: state.observedMs + observedMs,
    stillness:
      framing === 'whole'
        ? nextStillness(state.stillness, { landmarks, observedMs }, defaultStillnessPolicy)
        : state.stillness,
  };
}

function endOf(blink: Blink): number {
  return blink.atMs + blink.durationMs / 2;
}
