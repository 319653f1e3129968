import type { FormerKey } from './identity-state.js';

/** The remaining overlap of former keys. */
export interface OverlapCount {
  /** When it was counted, by the wall clock. */
  readonly atMs: number;
  /** By thumbprint, milliseconds from 0. */
  readonly leftMs: Readonly<Record<string, number>>;
}

/**
 * The largest part of a time while the box was off that counts. Only the wall clock knows how long that was, and a clock that starts
 * far ahead must not end an overlap.
 */
export const longestOffMs = 86_400_000;

/**
 * Reduces the remaining overlaps by the elapsed time, regardless of changes of the wall clock. A new former key gets its overlap from
 * the wall clock, because it was replaced just now.
 * @param times.upMs - monotonic time since `before`, where this process has counted it
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
