/** Times from `fromMs` to before `toMs`, milliseconds since the epoch: a day, or the part of it that a timeline shows. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** No part of a day is shown larger than this. */
export const leastShownMs = 60_000;

export const lengthOf = ({ fromMs, toMs }: TimeSpan): number => toMs - fromMs;

/** Whether nothing can be shown larger. */
export const isDeepest = (view: TimeSpan): boolean => lengthOf(view) <= leastShownMs;

/** The part of the day with this length and beginning, moved so that it lies within the day. */
function within(day: TimeSpan, fromMs: number, lengthMs: number): TimeSpan {
  const length = Math.min(lengthOf(day), Math.max(leastShownMs, lengthMs));
  const from = Math.min(day.toMs - length, Math.max(day.fromMs, fromMs));
  return { fromMs: from, toMs: from + length };
}

/** Shows `factor` times as much; above 1 is farther away. The time `atMs` keeps its place on the screen. */
export function zoomed(view: TimeSpan, day: TimeSpan, factor: number, atMs: number): TimeSpan {
  const length = Math.min(lengthOf(day), Math.max(leastShownMs, lengthOf(view) * factor));
  const place = (atMs - view.fromMs) / lengthOf(view);
  return within(day, atMs - place * length, length);
}

/** Shows what is later, or earlier. */
export const moved = (view: TimeSpan, day: TimeSpan, byMs: number): TimeSpan =>
  within(day, view.fromMs + byMs, lengthOf(view));

/** Shows a time: the same view if it is in it, and not at its very edge. */
export function showing(view: TimeSpan, day: TimeSpan, atMs: number): TimeSpan {
  const edgeMs = lengthOf(view) / 20;
  if (atMs < view.fromMs + edgeMs) return moved(view, day, atMs - view.fromMs - edgeMs);
  if (atMs > view.toMs - edgeMs) return moved(view, day, atMs - view.toMs + edgeMs);
  return view;
}

/** Shows these times as large as they fit, with some room around them. */
export function fitting(day: TimeSpan, { fromMs, toMs }: TimeSpan): TimeSpan {
  const length = Math.max(leastShownMs, (toMs - fromMs) * 1.2);
  return within(day, (fromMs + toMs - length) / 2, length);
}

/** A view as it stands in an address: seconds from the beginning of the day. Empty for the whole day. */
export function viewText({ fromMs, toMs }: TimeSpan, day: TimeSpan): string {
  if (fromMs === day.fromMs && toMs === day.toMs) return '';
  return [fromMs, toMs].map((atMs) => Math.round((atMs - day.fromMs) / 1000)).join('-');
}

/** The view in an address; the whole day for a text that is none. */
export function viewOf(text: string, day: TimeSpan): TimeSpan {
  const [, from, to] = /^(\d{1,6})-(\d{1,6})$/.exec(text) ?? [];
  if (from === undefined || to === undefined || Number(to) <= Number(from)) return day;
  return within(day, day.fromMs + Number(from) * 1000, (Number(to) - Number(from)) * 1000);
}
