const dayMs = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Making a format takes much longer than using it. */
export function formatOf(tag: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = tag + JSON.stringify(options);
  const known = formats.get(key) ?? new Intl.DateTimeFormat(tag, options);
  formats.set(key, known);
  return known;
}

/** How far the clock of a zone is ahead of UTC at a time. */
export function offsetMs(timeZone: string, ms: number): number {
  const shown = formatOf('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(ms);
  return Date.parse(`${shown.replace(' ', 'T')}Z`) - Math.floor(ms / 1000) * 1000;
}

/**
 * When the clock of a zone shows this time ("09:14") on this day (`YYYY-MM-DD`), milliseconds. Of a time that the clock shows twice,
 * this is the first. A time that the clock skips counts on from before the change, so that a day without a midnight begins when the
 * clock changes. No zone changes its clock twice in two days.
 */
export function instantIn(timeZone: string, day: string, time: string): number {
  const shownMs = Date.parse(`${day}T${time}Z`);
  const candidates = [shownMs - dayMs, shownMs + dayMs].map((ms) => shownMs - offsetMs(timeZone, ms));
  const earlier = Math.min(...candidates);
  const isShown = earlier + offsetMs(timeZone, earlier) === shownMs;
  return isShown ? earlier : Math.max(...candidates);
}
