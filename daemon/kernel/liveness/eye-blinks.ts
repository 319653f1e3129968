import { percentile } from '../percentile.js';
import {
  type BlinkPolicy,
  type BlinkState,
  defaultBlinkPolicy,
  initialBlinkState,
  nextBlink,
} from './blink.js';
import type { Blink, EyeSample } from './liveness.js';

/*
 * Blinks by the blendshapes of a face (how far each eye is closed, 0..1), which a network derives from the whole mesh. They still show a
 * closure where the contour of the eyes is lost: in small, compressed and squeezing faces.
 */

/** Defines a blink by the closure of the eye that is closed less: a wink is none. */
interface LidClosurePolicy {
  /** The closure of open eyes is a percentile of this much of the past, milliseconds. */
  readonly windowMs: number;
  readonly openPart: number;
  /** Fewest looks for this percentile. */
  readonly fewestLooks: number;
  /** The eyes are closed when they close by this much more than open eyes. */
  readonly closedRise: number;
  /** They are open again below this part of `closedRise`. */
  readonly openAgainPart: number;
  /** Longest closure, milliseconds. */
  readonly longestMs: number;
  /** Longest gap between looks across which a closure is followed, milliseconds. */
  readonly longestGapMs: number;
}

/** `scripts/bench blink-variations` prints what other values of `closedRise` find (docs/measurements/accuracy.md, "Blinks"). */
export const defaultLidClosurePolicy: LidClosurePolicy = {
  windowMs: 6000,
  openPart: 0.25,
  fewestLooks: 5,
  closedRise: 0.3,
  openAgainPart: 0.6,
  longestMs: 700,
  longestGapMs: 350,
};

/** How far the eye that is closed less is closed in one look, 0 (open) .. 1. */
interface ClosureLook {
  readonly atMs: number;
  readonly closure: number;
}

/** The closures of one face so far. */
interface LidClosureState {
  /** Looks of the window, oldest first. */
  readonly window: readonly ClosureLook[];
  /** When the lids closed; undefined while they are open. */
  readonly closedMs: number | undefined;
}

export const initialLidClosure: LidClosureState = { window: [], closedMs: undefined };

interface LidClosureStep {
  readonly state: LidClosureState;
  /** The blink that ended with this look. */
  readonly blink: Blink | undefined;
}

/** The state after one more look. A look that is not newer than the last changes nothing. */
export function nextLidClosure(
  state: LidClosureState,
  look: ClosureLook,
  policy: LidClosurePolicy,
): LidClosureStep {
  const last = state.window.at(-1);
  if (last !== undefined && look.atMs <= last.atMs) return { state, blink: undefined };
  const window = [...state.window.filter(({ atMs }) => atMs >= look.atMs - policy.windowMs), look];
  const closures = window.map(({ closure }) => closure);
  const openEyes = window.length < policy.fewestLooks ? undefined : percentile(closures, policy.openPart);
  const isFollowed = last !== undefined && look.atMs - last.atMs <= policy.longestGapMs;
  if (openEyes === undefined || !isFollowed)
    return { state: { window, closedMs: undefined }, blink: undefined };
  const rise = look.closure - openEyes;
  // The lids passed the limit somewhere between two looks.
  const passedMs = (last.atMs + look.atMs) / 2;
  if (state.closedMs === undefined) {
    const hasClosed = rise >= policy.closedRise && last.closure - openEyes < policy.closedRise;
    return { state: { window, closedMs: hasClosed ? passedMs : undefined }, blink: undefined };
  }
  if (rise >= policy.closedRise * policy.openAgainPart) {
    return { state: { ...state, window }, blink: undefined };
  }
  const durationMs = passedMs - state.closedMs;
  const blink =
    durationMs <= policy.longestMs ? { atMs: state.closedMs + durationMs / 2, durationMs } : undefined;
  return { state: { window, closedMs: undefined }, blink };
}

/** What the two signals have shown of the eyes of one track. */
export interface EyeBlinkState {
  /** The contour of the eyes. */
  readonly contour: BlinkState;
  /** The blendshapes, where they are known. */
  readonly lids: LidClosureState;
  /** The latest blinks. */
  readonly found: readonly Blink[];
}

export const initialEyeBlinks: EyeBlinkState = {
  contour: initialBlinkState,
  lids: initialLidClosure,
  found: [],
};

export interface EyeBlinkPolicies {
  readonly contour: BlinkPolicy;
  readonly lids: LidClosurePolicy;
}

const defaultPolicies: EyeBlinkPolicies = { contour: defaultBlinkPolicy, lids: defaultLidClosurePolicy };

/** Both signals report a closure at its end, the contour up to a second after that, milliseconds. */
const rememberedMs = 3000;

/** The state after one more sample, and the blinks that either signal shows and none has shown before. */
export function nextEyeBlinks(
  state: EyeBlinkState,
  sample: EyeSample,
  policies: EyeBlinkPolicies = defaultPolicies,
): { readonly state: EyeBlinkState; readonly blinks: readonly Blink[] } {
  const contour = nextBlink(state.contour, sample, policies.contour);
  const { atMs, closure } = sample;
  const lids =
    closure === undefined
      ? { state: state.lids, blink: undefined }
      : nextLidClosure(state.lids, { atMs, closure }, policies.lids);
  const recent = state.found.filter((blink) => blink.atMs >= atMs - rememberedMs);
  const isNew = (blink: Blink): boolean => !recent.some((earlier) => overlap(earlier, blink));
  // Closures that one signal tells apart are different ones, so they are compared with the earlier blinks only.
  const fromContour = contour.blinks.filter(isNew);
  const fromLids = [lids.blink ?? []]
    .flat()
    .filter((blink) => isNew(blink) && !fromContour.some((other) => overlap(other, blink)));
  const blinks = [...fromContour, ...fromLids];
  return {
    state: { contour: contour.state, lids: lids.state, found: [...recent, ...blinks] },
    blinks,
  };
}

/** Whether two closures share a moment. The signals differ by a frame. */
function overlap(a: Blink, b: Blink): boolean {
  return Math.abs(a.atMs - b.atMs) <= (a.durationMs + b.durationMs) / 2 + frameMs;
}
const frameMs = 50;
