import type { EyeLevel } from './eye-level.js';

/** The times at which the lids closed and opened. */
export interface ClosurePart {
  readonly closingMs: number;
  readonly openingMs: number;
}

/** A dip of both eyes from open to a lowest point and back; its times are at half depth. */
export interface EyeClosure extends ClosurePart {
  /** Depth of the mean of both eyes, in levels. */
  readonly depth: number;
  /** Depth of the eye that closed less, in levels. */
  readonly lesserDepth: number;
}

/**
 * - `none`: the sample is not the lowest point of a dip.
 * - `open-ended`: the eyes are still closed at the last sample.
 */
type ClosureAt = EyeClosure | 'none' | 'open-ended';

interface ClosureSearch {
  /** Minimum depth of a dip. */
  readonly leastDepth: number;
  /** The eyes must have been open within this time before the lowest point, milliseconds. */
  readonly reachMs: number;
  /** Earlier samples belong to another closure, milliseconds. */
  readonly sinceMs: number;
  /** Longest gap between samples across which a closure is followed, milliseconds. */
  readonly longestGapMs: number;
}

/** The closure whose lowest point is the sample at `lowest` and which began at most `reachMs` before. */
export function closureAt(levels: readonly EyeLevel[], lowest: number, search: ClosureSearch): ClosureAt {
  const bottom = levels[lowest];
  const shoulder = bottom === undefined ? undefined : shoulderBefore(levels, lowest, bottom.atMs, search);
  if (bottom === undefined || shoulder === undefined) return 'none';
  const depth = shoulder.mean - bottom.mean;
  if (depth < search.leastDepth) return 'none';
  const halfWay = (shoulder.mean + bottom.mean) / 2;
  const closing = edge(levels, lowest, -1, halfWay, bottom.mean, search.longestGapMs);
  if (closing.kind !== 'found') return 'none';
  const opening = edge(levels, lowest, 1, halfWay, bottom.mean, search.longestGapMs);
  if (opening.kind === 'ran-out') return 'open-ended';
  if (opening.kind === 'broken') return 'none';
  const lesserDepth = Math.min(shoulder.left - bottom.left, shoulder.right - bottom.right);
  return { closingMs: closing.atMs, openingMs: opening.atMs, depth, lesserDepth };
}

/** The most open sample before `lowest` within reach. */
function shoulderBefore(
  levels: readonly EyeLevel[],
  lowest: number,
  atMs: number,
  { reachMs, sinceMs }: ClosureSearch,
): EyeLevel | undefined {
  let shoulder: EyeLevel | undefined;
  for (let index = lowest - 1; index >= 0; index--) {
    const level = levels[index];
    if (level === undefined || level.atMs < sinceMs || level.atMs < atMs - reachMs) break;
    if (shoulder === undefined || level.mean > shoulder.mean) shoulder = level;
  }
  return shoulder;
}

type Edge =
  | { readonly kind: 'found'; readonly atMs: number }
  | { readonly kind: 'ran-out' }
  /** Another sample is lower, or samples are missing. */
  | { readonly kind: 'broken' };

/** The time at which the level passes `halfWay`, from the lowest sample outwards, with linear interpolation. */
function edge(
  levels: readonly EyeLevel[],
  lowest: number,
  step: 1 | -1,
  halfWay: number,
  bottom: number,
  longestGapMs: number,
): Edge {
  for (let index = lowest + step; ; index += step) {
    const inner = levels[index - step];
    const outer = levels[index];
    if (inner === undefined || outer === undefined) return { kind: 'ran-out' };
    if (Math.abs(outer.atMs - inner.atMs) > longestGapMs) return { kind: 'broken' };
    // Of two equally low samples, the first counts as the lowest.
    if (outer.mean < bottom || (step === -1 && outer.mean === bottom)) return { kind: 'broken' };
    if (outer.mean >= halfWay) {
      const part = (halfWay - inner.mean) / (outer.mean - inner.mean);
      return { kind: 'found', atMs: inner.atMs + part * (outer.atMs - inner.atMs) };
    }
  }
}

/**
 * Divides a closure where the lids opened by at least `rise` and closed as far again: two quick blinks between which the lids
 * open only partly.
 */
export function partsOf(
  levels: readonly EyeLevel[],
  { closingMs, openingMs }: EyeClosure,
  rise: number,
): readonly ClosurePart[] {
  const parts: ClosurePart[] = [];
  let fromMs = closingMs;
  let low = Number.POSITIVE_INFINITY;
  let peak: EyeLevel | undefined;
  for (const level of levels) {
    if (level.atMs < closingMs || level.atMs > openingMs) continue;
    if (peak === undefined) low = Math.min(low, level.mean);
    if (level.mean >= low + rise && level.mean > (peak?.mean ?? 0)) peak = level;
    if (peak === undefined || level.mean > peak.mean - rise) continue;
    parts.push({ closingMs: fromMs, openingMs: peak.atMs });
    fromMs = peak.atMs;
    low = level.mean;
    peak = undefined;
  }
  return [...parts, { closingMs: fromMs, openingMs }];
}
