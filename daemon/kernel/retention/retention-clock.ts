const dayMs = 86_400_000;

/** If a box was off longer than this, a person must confirm the time. */
export const longestAbsenceDays = 31;
/** Small steps back, by people and by time servers, are normal. */
const toleratedBackMs = dayMs;

/** The reason why nothing may be deleted by this clock. */
export interface ClockDoubt {
  readonly code: 'clock-behind' | 'clock-ahead';
  /** The deviation, rounded to days. */
  readonly days: number;
}

/**
 * Whether the wall clock can be trusted to decide the age of data. A clock that is ahead would delete everything, which cannot
 * be undone; a clock that is behind its own past was or is wrong.
 *
 * @param seenMs - the last time at which the clock was trusted
 * @param upMs - how long this process has run since then, or since its start if that was later; monotonic
 * @param newestRecordMs - the time of the newest record
 */
export function doubtOf(times: {
  readonly nowMs: number;
  readonly seenMs: number;
  readonly upMs: number;
  readonly newestRecordMs: number | undefined;
}): ClockDoubt | undefined {
  const { nowMs, seenMs, upMs, newestRecordMs = seenMs } = times;
  const backMs = Math.max(seenMs, newestRecordMs) - nowMs;
  if (backMs > toleratedBackMs) return { code: 'clock-behind', days: Math.round(backMs / dayMs) };
  const unaccountedMs = nowMs - seenMs - upMs;
  if (unaccountedMs > longestAbsenceDays * dayMs) {
    return { code: 'clock-ahead', days: Math.round(unaccountedMs / dayMs) };
  }
  return undefined;
}
