import type { HeadGesture } from './head-gesture.js';
import {
  type InnerMotion,
  type InnerMotionSeen,
  innerMotionPolicy,
  isFading,
  nextInnerMotion,
  noInnerMotion,
  type SeenStep,
} from './inner-motion.js';
import type { Blink, EyeSample, LivenessAssessment, LivenessEvidence, LivenessReason } from './liveness.js';
import {
  compareSurroundings,
  isInPicture,
  nextSurroundings,
  nothingAround,
  type SeenSurroundings,
  surroundingsRememberedMs,
  wantsSurroundingsAt,
} from './seen-surroundings.js';
import type { FaceTexture } from './skin-shift.kernel.js';
import {
  defaultStillnessPolicy,
  movedAsWhole,
  nextStillness,
  notYetStill,
  resumeStillness,
  type ShapeFit,
  type Stillness,
} from './stillness.js';
import type { Surroundings } from './surroundings.kernel.js';

export interface LivenessPolicy {
  /** Number of blinks that prove a live person, each in a face that moved in itself within `movesWithinS`. */
  readonly minimumBlinks: number;
  /** A face must move in itself within this many seconds before or after a blink: lids can be drawn into a picture. */
  readonly movesWithinS: number;
  /** Eyes must have been well visible for this long before a verdict `live`, seconds: a glimpse of a replay is none. */
  readonly liveAfterS: number;
  /**
   * Seconds a well-seen face may neither blink nor move in itself. Then it counts as a presentation attack if it moved as a whole, as
   * a picture in a hand does. Otherwise it shows no sign of life: people who look at a display also keep still. The absence of blinks
   * alone is nothing: people blink 17 times a minute at rest (Bentivoglio et al. 1997, Movement Disorders 12:1028-1034) and half as
   * often when they read, so that every seventh stretch of 7 s has none.
   */
  readonly attackAfterS: number;
  /** Seconds after which a blink no longer counts as evidence. */
  readonly carriesForS: number;
  /** An embedding must show the same face within this many seconds after a blink. */
  readonly bindWithinS: number;
  /** A lower mean score of the passive model means an attack, 0..1. */
  readonly passiveThreshold: number;
  /** Number of scores before the passive model counts. */
  readonly minimumPassiveScores: number;
}

export const defaultLivenessPolicy: LivenessPolicy = {
  minimumBlinks: 1,
  movesWithinS: 5,
  liveAfterS: 2,
  attackAfterS: 7,
  carriesForS: 60,
  bindWithinS: 3,
  passiveThreshold: 0.5,
  minimumPassiveScores: 5,
};

/** A longer gap between samples could hide a blink, so it does not count as observed time, milliseconds. */
const longestObservedGapMs = 150;

/** Whether the time since the sample before counts as observed, milliseconds. */
export const isObserved = (sinceMs: number): boolean => sinceMs > 0 && sinceMs <= longestObservedGapMs;

interface EarlierStillness {
  readonly stillness: Stillness;
  readonly atMs: number;
  /** Whether an embedding has shown the same face since. */
  readonly isSameFace: boolean;
}

/** The evidence of one uninterrupted part of a track. */
export interface LivenessState {
  /** Blinks after which an embedding showed the same face. */
  readonly blinks: readonly Blink[];
  /** Blinks without such an embedding yet. */
  readonly unbound: readonly Blink[];
  readonly gestures: readonly HeadGesture[];
  readonly innerMotion: InnerMotion;
  readonly surroundings: SeenSurroundings;
  /** When the face moved in itself, milliseconds, oldest first; an embedding has shown the same face before and after. */
  readonly movedMs: readonly number[];
  /** Movements without such an embedding after them yet. */
  readonly unboundMovedMs: readonly number[];
  /** When all that was seen of the face were blends of two pictures, milliseconds; undefined if never. */
  readonly fadedMs: number | undefined;
  /** What the last comparisons of the face with itself showed, oldest first. */
  readonly motionSeen: readonly SeenStep[];
  readonly sameFaceMs: number | undefined;
  readonly observedMs: number;
  /** How long the face has neither blinked nor moved in itself: what an attack is judged by. */
  readonly stillness: Stillness;
  /** The stillness before the face was out of sight, until it can be compared with the present face. */
  readonly stillnessBefore: EarlierStillness | undefined;
  readonly sampleCount: number;
  readonly frameCount: number;
  /** Number of these frames with raised lids. */
  readonly raisedCount: number;
  readonly tooCloseCount: number;
  readonly cutOffCount: number;
  readonly nowMs: number;
  readonly lastRaisedMs: number | undefined;
  readonly passiveSum: number;
  readonly passiveCount: number;
}

export type LivenessInput =
  /**
   * `landmarks` are from the same mesh fit, `texture` and `surroundings` from the same picture; they are needed where the shape can be
   * compared, `surroundings` only where `wantsSurroundings`.
   */
  | {
      readonly kind: 'eyes';
      readonly sample: EyeSample;
      readonly landmarks: ShapeFit['landmarks'];
      readonly texture: FaceTexture | undefined;
      readonly surroundings?: Surroundings;
    }
  | { readonly kind: 'blink'; readonly blink: Blink }
  | { readonly kind: 'gesture'; readonly gesture: HeadGesture }
  /** An embedding agrees with the earlier ones of the track, or is its first. */
  | { readonly kind: 'same-face'; readonly atMs: number }
  /** An embedding disagrees: a bad view, or another face, whose blinks and movements must not count for this one. */
  | { readonly kind: 'doubtful-face' }
  | { readonly kind: 'passive'; readonly score: number }
  /** The track was out of sight or shows another face, so earlier evidence may belong to another person. */
  | { readonly kind: 'interrupted' }
  /** An embedding shows the face of a track that ended; `from` is the state of that track. */
  | { readonly kind: 'seen-before'; readonly from: LivenessState };

export const initialLiveness: LivenessState = {
  blinks: [],
  unbound: [],
  gestures: [],
  innerMotion: noInnerMotion,
  surroundings: nothingAround,
  movedMs: [],
  unboundMovedMs: [],
  fadedMs: undefined,
  motionSeen: [],
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
      return {
        ...state,
        gestures: [...state.gestures, input.gesture].slice(-keptGestures),
        ...notStill,
      };
    case 'same-face': {
      // Before the first embedding, the blinks and movements may have been anybody's.
      const seen = advance(
        state.sameFaceMs === undefined ? withoutUnbound(state) : state,
        input.atMs,
        policy,
      );
      const looked = seen.unboundMovedMs.length === 0 ? seen : lookAround(seen, input.atMs);
      return { ...recogniseStill(bind(looked, policy)), sameFaceMs: input.atMs };
    }
    case 'doubtful-face':
      return withoutUnbound(state);
    case 'eyes':
      return resumeStill(seeEyes(advance(state, input.sample.atMs, policy), input));
  }
}

/** True while a blink, a gesture, or a movement that may make a blink count needs an embedding of the same face. */
export function wantsBinding(
  { unbound, gestures, movedMs, unboundMovedMs, sameFaceMs, nowMs }: LivenessState,
  { bindWithinS, movesWithinS }: LivenessPolicy,
): boolean {
  const movedLastMs = movedMs.at(-1) ?? Number.NEGATIVE_INFINITY;
  if (unboundMovedMs.some((ms) => ms - movedLastMs > movesWithinS * 1000)) return true;
  const lastMs = gestures.at(-1)?.endMs;
  const isGestureUnbound = lastMs !== undefined && (sameFaceMs === undefined || sameFaceMs < lastMs);
  return unbound.length > 0 || (isGestureUnbound && nowMs - lastMs <= bindWithinS * 1000);
}

/** Whether a look at this time shall bring what is around the face. */
export const wantsSurroundings = ({ surroundings }: LivenessState, atMs: number): boolean =>
  wantsSurroundingsAt(surroundings, atMs);

export function assessLiveness(state: LivenessState, policy: LivenessPolicy): LivenessAssessment {
  const passiveScore = meanPassiveScore(state);
  const evidence: LivenessEvidence = {
    blinks: state.blinks,
    unboundBlinks: state.unbound,
    gestures: state.gestures,
    // The stillness of an attack may include time before the face was out of sight.
    observedS: Math.max(state.observedMs, state.stillness.stillMs) / 1000,
    frameCount: state.frameCount,
    ...(state.sameFaceMs === undefined ? {} : { sameFaceMs: state.sameFaceMs }),
    ...(passiveScore === undefined ? {} : { passiveScore }),
  };
  const doesPassiveCount = state.passiveCount >= policy.minimumPassiveScores;
  if (doesPassiveCount && passiveScore !== undefined && passiveScore < policy.passiveThreshold) {
    return { verdict: 'attack', reason: 'passive-model', evidence };
  }
  const isSeenLongEnough = state.observedMs >= policy.liveAfterS * 1000;
  if (livingBlinks(state, policy) >= policy.minimumBlinks && isSeenLongEnough) {
    return { verdict: 'live', reason: 'blinked', evidence };
  }
  const isUnclear = isMovementUnclear(state);
  if (state.stillness.stillMs >= policy.attackAfterS * 1000) {
    // Still all the same: it must not pass for a face that was merely seen too briefly, of which `not-attack` takes some.
    if (isUnclear) return { verdict: 'undetermined', reason: 'movement-unclear', evidence };
    return movedAsWhole(state.stillness, defaultStillnessPolicy)
      ? { verdict: 'attack', reason: 'still-picture', evidence }
      : { verdict: 'undetermined', reason: 'still-face', evidence };
  }
  if (state.blinks.length >= policy.minimumBlinks && isSeenLongEnough) {
    return { verdict: 'undetermined', reason: isUnclear ? 'movement-unclear' : 'only-lids-moved', evidence };
  }
  return { verdict: 'undetermined', reason: reasonForDoubt(state, policy), evidence };
}

/** Number of blinks of a face that also moved in itself. */
function livingBlinks({ blinks, movedMs }: LivenessState, { movesWithinS }: LivenessPolicy): number {
  return blinks.filter((blink) => movedMs.some((ms) => Math.abs(ms - blink.atMs) <= movesWithinS * 1000))
    .length;
}

/** A face that is partly outside the picture is reported first, because the person must correct this first. */
function reasonForDoubt(state: LivenessState, { attackAfterS }: LivenessPolicy): LivenessReason {
  const isMost = (count: number): boolean => count * 2 > state.sampleCount;
  if (isMost(state.tooCloseCount + state.cutOffCount)) {
    return state.tooCloseCount >= state.cutOffCount ? 'too-close' : 'cut-off';
  }
  const isSeenWell = state.raisedCount * 2 >= state.sampleCount;
  if (!isSeenWell) return 'eyes-not-seen-well';
  // A picture that is turned changes its shape, but not as a face does.
  const isRigid =
    state.movedMs.length + state.unboundMovedMs.length === 0 && state.observedMs >= attackAfterS * 1000;
  if (!isRigid) return 'observed-too-briefly';
  return isMovementUnclear(state) ? 'movement-unclear' : 'still-face';
}

/**
 * Whether the face was seen too badly of late to tell whether it moves in itself, or never well enough for a comparison. That is not held
 * against anybody.
 */
function isMovementUnclear({ motionSeen }: LivenessState): boolean {
  const count = (of: InnerMotionSeen): number => motionSeen.filter(({ seen }) => seen === of).length;
  return motionSeen.length === 0 || count('unclear') > count('still');
}

function meanPassiveScore(state: LivenessState): number | undefined {
  return state.passiveCount === 0 ? undefined : state.passiveSum / state.passiveCount;
}

/** Advances the time and drops evidence that is too old. */
function advance(state: LivenessState, nowMs: number, policy: LivenessPolicy): LivenessState {
  const carriedFromMs = nowMs - policy.carriesForS * 1000;
  const bindableFromMs = nowMs - policy.bindWithinS * 1000;
  return {
    ...state,
    nowMs,
    blinks: state.blinks.filter((blink) => endOf(blink) >= carriedFromMs),
    unbound: state.unbound.filter((blink) => endOf(blink) >= bindableFromMs),
    gestures: state.gestures.filter(({ endMs }) => endMs >= carriedFromMs),
    movedMs: state.movedMs.filter((ms) => ms >= carriedFromMs - policy.movesWithinS * 1000),
    unboundMovedMs: state.unboundMovedMs.filter((ms) => ms >= bindableFromMs),
  };
}

/** Without what may belong to another face: blinks, movements, and the looks with which later ones would be compared. */
function withoutUnbound(state: LivenessState): LivenessState {
  const innerMotion = { ...noInnerMotion, recent: state.innerMotion.recent };
  return {
    ...state,
    ...{ unbound: [], unboundMovedMs: [], innerMotion, surroundings: nothingAround, fadedMs: undefined },
  };
}

function bind(state: LivenessState, policy: LivenessPolicy): LivenessState {
  const bound = state.unbound.filter((blink) => endOf(blink) <= state.nowMs);
  return {
    ...state,
    movedMs: [...state.movedMs, ...state.unboundMovedMs],
    unboundMovedMs: [],
    blinks: [...state.blinks, ...bound].slice(-Math.max(keptBlinks, policy.minimumBlinks)),
    unbound: state.unbound.filter((blink) => endOf(blink) > state.nowMs),
  };
}

/** The latest blinks and gestures are enough evidence; this limits the sighting of a person who stays for an hour. */
const keptBlinks = 20;
const keptGestures = 20;

/** About as many comparisons as `attackAfterS` has by default. */
const keptMotionSeen = 16;

/** Movements are remembered at most once in this time, milliseconds. */
const movementEveryMs = 1000;

/** After a fade was seen, no movement counts for so long, milliseconds: who shows one has a display, which shows the next one soon. */
const fadeRememberedMs = 10_000;

function withMovement(state: LivenessState, atMs: number): LivenessState {
  const last = state.unboundMovedMs.at(-1) ?? state.movedMs.at(-1);
  if (last !== undefined && atMs - last < movementEveryMs) return state;
  if (state.fadedMs !== undefined && atMs - state.fadedMs < fadeRememberedMs) return state;
  const seen = lookAround(state, atMs);
  if (isInPicture(seen.surroundings, atMs)) return seen;
  if (isFading(seen.innerMotion))
    return { ...withoutMovements(seen, atMs - innerMotionPolicy.windowMs), fadedMs: atMs };
  return { ...seen, unboundMovedMs: [...seen.unboundMovedMs, atMs] };
}

/** Looks at the surroundings. If they show that the face is in a picture, its latest movements are dropped. */
function lookAround(state: LivenessState, atMs: number): LivenessState {
  const surroundings = compareSurroundings(state.surroundings, atMs);
  const seen = { ...state, surroundings };
  return isInPicture(surroundings, atMs) ? withoutMovements(seen, atMs - surroundingsRememberedMs) : seen;
}

/** Drops the movements since a time, milliseconds. */
function withoutMovements(state: LivenessState, sinceMs: number): LivenessState {
  const isBefore = (ms: number): boolean => ms < sinceMs;
  return {
    ...state,
    movedMs: state.movedMs.filter(isBefore),
    unboundMovedMs: state.unboundMovedMs.filter(isBefore),
  };
}

/**
 * A blink ends stillness, and so does a head gesture: who makes one is called no attack. It proves no life either, because the mesh gives
 * some pictures that are turned far the depth of a head.
 */
const notStill = { stillness: notYetStill, stillnessBefore: undefined };

/** How long the stillness of a face out of sight is remembered, milliseconds. */
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

/** Continues the earlier stillness of the same face, as soon as its present shape is known. */
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
  { sample, landmarks, texture, surroundings: around }: Extract<LivenessInput, { kind: 'eyes' }>,
): LivenessState {
  const { framing, areLidsRaised } = sample;
  const counted = {
    ...state,
    sampleCount: state.sampleCount + 1,
    tooCloseCount: state.tooCloseCount + (framing === 'too-close' ? 1 : 0),
    cutOffCount: state.cutOffCount + (framing === 'cut-off' ? 1 : 0),
  };
  const { state: innerMotion, step: motion } = nextInnerMotion(state.innerMotion, sample, {
    ...landmarks,
    texture: sample.isShapeLost === true ? undefined : texture,
  });
  if (sample.left === undefined || sample.right === undefined) return { ...counted, innerMotion };
  const surroundings = nextSurroundings(state.surroundings, sample.atMs, around);
  const placed = { ...counted, innerMotion, surroundings };
  const seen = motion?.seen === 'moved' ? withMovement(placed, sample.atMs) : placed;
  const motionSeen =
    motion === undefined ? state.motionSeen : [...state.motionSeen, motion].slice(-keptMotionSeen);
  const measured = { ...seen, motionSeen, frameCount: state.frameCount + 1 };
  if (!areLidsRaised) return measured;
  const sinceMs = state.lastRaisedMs === undefined ? 0 : sample.atMs - state.lastRaisedMs;
  const observedMs = isObserved(sinceMs) ? sinceMs : 0;
  return {
    ...measured,
    raisedCount: state.raisedCount + 1,
    lastRaisedMs: sample.atMs,
    observedMs: state.observedMs + observedMs,
    stillness:
      framing === 'whole' && sample.isShapeLost !== true
        ? nextStillness(state.stillness, { landmarks, observedMs }, defaultStillnessPolicy)
        : state.stillness,
  };
}

function endOf(blink: Blink): number {
  return blink.atMs + blink.durationMs / 2;
}
