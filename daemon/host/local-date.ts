/** The day at `wallMs` in an IANA time zone, `YYYY-MM-DD`. */
export function localDate(wallMs: number, timeZone: string): string {
  // Swedish writes dates as ISO 8601 does.
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(wallMs);
}
