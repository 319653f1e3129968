const dayMs = 86_400_000;
const daysPerEra = 146_097;

const padded = (value: number, length: number): string => String(value).padStart(length, '0');

/**
 * ISO 8601 in UTC with milliseconds (`2026-03-01T08:00:00.125Z`), from milliseconds since the Unix epoch, for the years 0 to
 * 9999. The calculation counts days in 400-year eras that begin on 1 March, so that the leap day is the last day of its year
 * (proleptic Gregorian calendar).
 */
export function isoTime(wallMs: number): string {
  const wholeMs = Math.floor(wallMs);
  const days = Math.floor(wholeMs / dayMs);
  const inDayMs = wholeMs - days * dayMs;

  const marchDays = days + 719_468;
  const era = Math.floor(marchDays / daysPerEra);
  const dayOfEra = marchDays - era * daysPerEra;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);

  const hours = Math.floor(inDayMs / 3_600_000);
  const minutes = Math.floor(inDayMs / 60_000) % 60;
  const seconds = Math.floor(inDayMs / 1000) % 60;
  const date = `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}`;
  const time = `${padded(hours, 2)}:${padded(minutes, 2)}:${padded(seconds, 2)}.${padded(inDayMs % 1000, 3)}`;
  return `${date}T${time}Z`;
}

const isoPattern = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})\.(\d{3})Z$/;

/** The inverse of `isoTime`: milliseconds since the Unix epoch; NaN for a text of another form. */
export function wallMsOf(isoText: string): number {
  const match = isoPattern.exec(isoText);
  if (match === null) return Number.NaN;
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0, ms = 0] = match
    .slice(1)
    .map(Number);
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  const days = era * daysPerEra + dayOfEra - 719_468;
  return days * dayMs + hours * 3_600_000 + minutes * 60_000 + seconds * 1000 + ms;
}
