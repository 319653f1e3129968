import type { FormerKey } from './identity-state.js';

/** What former keys have left of their overlap. */
export interface OverlapCount {
  /** When it was counted, by the wall clock. */
  readonly atMs: number;
  /** By thumbprint, milliseconds from 0. */
  readonly leftMs: Readonly<Record<string, number>>;
}

/**
 * So much of the time in which the box was off counts at most: nobody but the wall clock knows how long that was, and a wall
 * clock that starts far ahead must not end an overlap.
 */
export const longestOffMs = 86_400_000;

/**
 * Counts on, by the time that went by and not by what the wall clock was set to in between. A key that is new here has what the
 * wall clock says: it was replaced just now.
 * @param times.upMs - since `before` was counted, where this process has counted it; monotonic
 */
export function countOverlaps(
  before: OverlapCount | undefined,
  former: readonly FormerKey[],
  times: { readonly nowMs: number; readonly upMs: number | undefined },
): OverlapCount {
  const { nowMs, upMs } = times;
  const offMs = Math.min(longestOffMs, Math.max(0, nowMs - (before?.atMs ?? nowMs)));
  const goneMs = upMs ?? offMs;
  const leftMs = former.map(({ keyId, untilMs }) => {
    const counted = before?.leftMs[keyId];
    return [keyId, Math.max(0, counted === undefined ? untilMs - nowMs : counted - goneMs)];
  });
  return { atMs: nowMs, leftMs: Object.fromEntries(leftMs) };
}
