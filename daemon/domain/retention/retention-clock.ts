const dayMs = 86_400_000;

/** A box may be off for so long before somebody has to confirm that so much time went by. */
export const longestAbsenceDays = 31;
/** Clocks are set back a little, by people and by time servers. */
const toleratedBackMs = dayMs;

/** Why nothing may be deleted by this clock. */
export interface ClockDoubt {
  readonly code: 'clock-behind' | 'clock-ahead';
  /** How far, rounded to days. */
  readonly days: number;
}

/**
 * Whether the wall clock can be trusted to say what is old. A clock that stands ahead would delete everything at once, and
 * nothing brings it back; one that stands behind shows that it was, or is, wrong.
 *
 * @param seenMs - the time at the latest moment at which the clock was trusted
 * @param upMs - how long this process has run since then, or since its start where that was later; monotonic
 * @param newestRecordMs - when the newest record was written, by the clock of that moment
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
