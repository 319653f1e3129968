import type { DetectorRunKind } from './detector-schedule.js';
import type { SceneChange } from './scene-motion.kernel.js';

/** What is known about the motion in front of one camera. */
export interface LookGate {
  /** When something last moved. */
  readonly movedMs: number;
  /** When something last moved that is not a followed face or the body below it. */
  readonly strangeMs: number;
  /** The light changed, and no full run has been made since. */
  readonly isRelit: boolean;
  /** When the last full run was made. */
  readonly fullMs: number;
}

export const openGate: LookGate = {
  movedMs: Number.NEGATIVE_INFINITY,
  strangeMs: Number.NEGATIVE_INFINITY,
  isRelit: false,
  fullMs: Number.NEGATIVE_INFINITY,
};

/** Somebody who stopped moving is still searched for this long as if they moved, milliseconds: a single run can miss a face. */
const heldForMs = 3000;
/** A face that nothing announced is found after at most this time, milliseconds. */
const restFullEveryMs = 3000;

/** `isExplained`: everything that moved belongs to faces that are followed. */
export function sawScene(
  gate: LookGate,
  { change, isExplained }: { readonly change: SceneChange; readonly isExplained: boolean },
  atMs: number,
): LookGate {
  if (change === 'moving') return { ...gate, movedMs: atMs, strangeMs: isExplained ? gate.strangeMs : atMs };
  return change === 'relit' && !gate.isRelit ? { ...gate, isRelit: true } : gate;
}

/**
 * Whether a detector run that is due is worth its cost while no face is followed. Where nothing moves, only every third full run
 * is made, and one after the light has changed.
 */
export function isWorthLooking(gate: LookGate, kind: DetectorRunKind, atMs: number): boolean {
  if (gate.isRelit || atMs - gate.movedMs < heldForMs) return true;
  return kind === 'full' && atMs - gate.fullMs >= restFullEveryMs;
}

/** Whether a full run that is due while faces are followed is worth more than a quick one: it may find somebody else, far away. */
export function isWorthLookingFully(gate: LookGate, atMs: number): boolean {
  return gate.isRelit || atMs - gate.strangeMs < heldForMs || atMs - gate.fullMs >= restFullEveryMs;
}

export function looked(gate: LookGate, kind: DetectorRunKind, atMs: number): LookGate {
  return kind === 'full' ? { ...gate, fullMs: atMs, isRelit: false } : gate;
}
