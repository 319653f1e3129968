import {
  type BlinkPolicy,
  type BlinkState,
  defaultBlinkPolicy,
  initialBlinkState,
  nextBlink,
} from './blink.js';
import {
  defaultLidClosurePolicy,
  initialLidClosure,
  type LidClosurePolicy,
  type LidClosureState,
  nextLidClosure,
} from './lid-closure.js';
import type { Blink, EyeSample } from './liveness.js';

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
