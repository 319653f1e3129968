import type { DetectorRunKind } from './detector-schedule.js';
import type { SceneChange } from './scene-motion.kernel.js';

/** What is known about the motion in front of one camera, and about the looks that were made. */
export interface LookGate {
  /** When something last moved. */
  readonly movedMs: number;
  /** When something last moved that is not a followed face or the body below it. */
  readonly strangeMs: number;
  /** When the light first changed after the last full look at the whole picture. Undefined: it has not. */
  readonly relitMs: number | undefined;
  /** When the last full look at the whole picture was made. */
  readonly wholeMs: number;
  /** When the last full look at one part of a sweep was made. */
  readonly sweptMs: number;
  /** How many of them were made since the last look at the whole picture. */
  readonly swept: number;
  /** When the last look of any kind was made, and the last full one. */
  readonly lookedMs: number;
  readonly fullMs: number;
}

export const openGate: LookGate = {
  movedMs: Number.NEGATIVE_INFINITY,
  strangeMs: Number.NEGATIVE_INFINITY,
  relitMs: undefined,
  wholeMs: Number.NEGATIVE_INFINITY,
  sweptMs: Number.NEGATIVE_INFINITY,
  swept: 0,
  lookedMs: Number.NEGATIVE_INFINITY,
  fullMs: Number.NEGATIVE_INFINITY,
};

/** How long a scene is searched, milliseconds. */
export interface GatePolicy {
  /** Somebody who stopped moving is still searched for this long as if they moved: a single run can miss a face. */
  readonly heldForMs: number;
  /** A face that nothing announced is found after at most this time while something moves elsewhere. */
  readonly wholeEveryMs: number;
  /** The same in a scene that has been still for long. Between both, looks come as far apart as the scene was still before. */
  readonly seldomEveryMs: number;
}

export const usualGate: GatePolicy = { heldForMs: 3000, wholeEveryMs: 3000, seldomEveryMs: 15_000 };
/** The same for a sweep, which costs a third more: its parts then take the turns of full runs. */
const sweepEveryMs = 4000;
/**
 * While frames are lost, full looks are at least this far apart, and looks of any kind, milliseconds: liveness needs the frames more
 * than newcomers need to be found at once.
 */
const shortOfTime = { fullEveryMs: 2000, lookEveryMs: 700 } as const;

/** `isExplained`: everything that moved belongs to faces that are followed. */
export function sawScene(
  gate: LookGate,
  { change, isExplained }: { readonly change: SceneChange; readonly isExplained: boolean },
  atMs: number,
): LookGate {
  if (change === 'moving') return { ...gate, movedMs: atMs, strangeMs: isExplained ? gate.strangeMs : atMs };
  return change === 'relit' && gate.relitMs === undefined ? { ...gate, relitMs: atMs } : gate;
}

/**
 * Whether nothing has moved for a while, a full look was made since, and the light has not changed either. Frames can come late, so a
 * while alone does not say that anybody looked.
 */
export function isResting(gate: LookGate, atMs: number, { heldForMs } = usualGate): boolean {
  return gate.relitMs === undefined && atMs - gate.movedMs >= heldForMs && gate.fullMs >= gate.movedMs;
}

/**
 * From when on a full look is due although nothing moves any more: the one after the last motion, where none was made in time, the one
 * after the light has changed, or the next one at the whole picture.
 */
export function fullLookDueMs(gate: LookGate, policy = usualGate): number {
  const { movedMs, relitMs, fullMs } = gate;
  if (fullMs < movedMs) return movedMs + policy.heldForMs;
  return Math.min(relitMs ?? Number.POSITIVE_INFINITY, stillLookDueMs(gate, policy));
}

/**
 * When the next look at the whole picture of a still scene is due. Whoever comes in moves, so such a look can only find somebody whom the
 * looks before it missed, and each of those makes that less likely.
 */
function stillLookDueMs({ movedMs, wholeMs }: LookGate, { wholeEveryMs, seldomEveryMs }: GatePolicy): number {
  const wasStillMs = wholeMs > movedMs ? wholeMs - movedMs : 0;
  return wholeMs + Math.min(Math.max(wholeEveryMs, wasStillMs), seldomEveryMs);
}

/**
 * Whether a detector run that is due is worth its cost while no face is followed. Where nothing moves, only full runs are made, more and
 * more seldom, and one after the light has changed.
 */
export function isWorthLooking(
  gate: LookGate,
  kind: DetectorRunKind,
  atMs: number,
  policy = usualGate,
): boolean {
  if (!isResting(gate, atMs, policy)) return true;
  return kind === 'full' && atMs >= stillLookDueMs(gate, policy);
}

/** Whether the next full run must see the whole picture, because something may be anywhere in it. */
export function isWholeDue(gate: LookGate, atMs: number, { wholeEveryMs } = usualGate): boolean {
  return gate.relitMs !== undefined || atMs - gate.wholeMs >= wholeEveryMs;
}

/** Whether what moves, or moved a moment ago, may be somebody who is not followed. */
export function isAnyoneStrange(gate: LookGate, atMs: number): boolean {
  return atMs - gate.strangeMs < usualGate.heldForMs;
}

/** What is made of a run that is due while frames are lost. */
export function affordable(
  { lookedMs, fullMs }: LookGate,
  kind: DetectorRunKind,
  atMs: number,
): DetectorRunKind | undefined {
  if (kind === 'full' && atMs - fullMs >= shortOfTime.fullEveryMs) return 'full';
  return atMs - lookedMs >= shortOfTime.lookEveryMs ? 'quick' : undefined;
}

/** Whether it is time for the next part of a sweep of so many parts, which takes the place of looks at the whole picture. */
export function isSweepDue(gate: LookGate, partCount: number, atMs: number): boolean {
  const everyMs = partCount === 1 ? usualGate.wholeEveryMs : sweepEveryMs / partCount;
  return atMs - Math.max(gate.wholeMs, gate.sweptMs) >= everyMs;
}

/** A look was made: at the whole picture, at the next part of a sweep, or only where something moves. */
export function looked(
  gate: LookGate,
  kind: DetectorRunKind,
  at: 'whole' | 'swept' | 'moving',
  atMs: number,
): LookGate {
  const next = { ...gate, lookedMs: atMs };
  if (kind === 'quick') return next;
  const full = { ...next, fullMs: atMs };
  if (at === 'whole') return { ...full, wholeMs: atMs, relitMs: undefined, swept: 0 };
  return at === 'swept' ? { ...full, sweptMs: atMs, swept: gate.swept + 1 } : full;
}
