import { lengthOf, type TimeSpan } from './time-view.js';

const minuteMs = 60_000;
/** Clocks differ from UTC, and change, by quarters of an hour. */
const quarterMs = 15 * minuteMs;
const stepsMs = [0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map((minutes) => minutes * minuteMs);

/** A quarter of an hour of a day at the site. */
export interface Quarter {
  readonly atMs: number;
  /** What the clock of the site shows, minutes after midnight. */
  readonly clockMin: number;
}

/** The quarters of a day, which has 23 or 25 hours when the clock changes. `clockMinOf`: what the clock of the site shows. */
export function quartersOf(day: TimeSpan, clockMinOf: (atMs: number) => number): readonly Quarter[] {
  const count = Math.ceil(lengthOf(day) / quarterMs);
  return Array.from({ length: count }, (_, index) => {
    const atMs = day.fromMs + index * quarterMs;
    return { atMs, clockMin: clockMinOf(atMs) };
  });
}

/** The times in view at which the clock of the site shows round figures, at least `leastPx` apart on a screen of this width. */
export function ticksOf(
  view: TimeSpan,
  quarters: readonly Quarter[],
  { widthPx, leastPx }: { readonly widthPx: number; readonly leastPx: number },
): readonly number[] {
  const wantedMs = (lengthOf(view) * leastPx) / widthPx;
  const stepMs = stepsMs.find((each) => each >= wantedMs) ?? 720 * minuteMs;
  const isInView = (atMs: number): boolean => view.fromMs <= atMs && atMs <= view.toMs;
  if (stepMs > quarterMs) {
    const stepMin = stepMs / minuteMs;
    return quarters
      .filter(({ atMs, clockMin }) => isInView(atMs) && clockMin % stepMin === 0)
      .map(({ atMs }) => atMs);
  }
  // Within a quarter, all clocks run alike.
  const origin = quarters[0]?.atMs ?? view.fromMs;
  const first = origin + Math.ceil((view.fromMs - origin) / stepMs) * stepMs;
  const count = Math.max(0, Math.floor((view.toMs - first) / stepMs) + 1);
  return Array.from({ length: count }, (_, index) => first + index * stepMs);
}
