import type { DetectorRunKind } from './detector-schedule.js';
import type { SceneChange } from './scene-motion.kernel.js';

/** What is known about the motion in front of one camera, and about the looks that were made. */
export interface LookGate {
  /** When something last moved. */
  readonly movedMs: number;
  /** When something last moved that is not a followed face or the body below it. */
  readonly strangeMs: number;
  /** The light changed, and no full look has been made at the whole picture since. */
  readonly isRelit: boolean;
  /** When the last full look at the whole picture was made. */
  readonly wholeMs: number;
  /** When the last full look at one part of a sweep was made. */
  readonly sweptMs: number;
  /** How many of them were made since the last look at the whole picture. */
  readonly swept: number;
}

export const openGate: LookGate = {
  movedMs: Number.NEGATIVE_INFINITY,
  strangeMs: Number.NEGATIVE_INFINITY,
  isRelit: false,
  wholeMs: Number.NEGATIVE_INFINITY,
  sweptMs: Number.NEGATIVE_INFINITY,
  swept: 0,
};

/** Somebody who stopped moving is still searched for this long as if they moved, milliseconds: a single run can miss a face. */
const heldForMs = 3000;
/** A face that nothing announced is found after at most this time, milliseconds. */
const wholeEveryMs = 3000;

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
  return kind === 'full' && isWholeDue(gate, atMs);
}

/** Whether the next full run must see the whole picture, because something may be anywhere in it. */
export function isWholeDue(gate: LookGate, atMs: number): boolean {
  return gate.isRelit || atMs - gate.wholeMs >= wholeEveryMs;
}

/** Whether what moves, or moved a moment ago, may be somebody who is not followed. */
export function isAnyoneStrange(gate: LookGate, atMs: number): boolean {
  return atMs - gate.strangeMs < heldForMs;
}

/** Whether it is time for the next part of a sweep of so many parts, which takes the place of looks at the whole picture. */
export function isSweepDue(gate: LookGate, partCount: number, atMs: number): boolean {
  return atMs - Math.max(gate.wholeMs, gate.sweptMs) >= wholeEveryMs / partCount;
}

/** A full look was made at the whole picture, or at the next part of a sweep. */
export function looked(gate: LookGate, at: 'whole' | 'swept', atMs: number): LookGate {
  return at === 'whole'
    ? { ...gate, wholeMs: atMs, isRelit: false, swept: 0 }
    : { ...gate, sweptMs: atMs, swept: gate.swept + 1 };
}
