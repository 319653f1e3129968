import type { AmbiguousPassageRow, UnprovenSightingRow } from '../../contract/attendance.js';
import type { DayPeriod } from '../../kernel/attendance/attendance-day.js';
import { dateOfDay, datesBetween, dayNumberOf } from '../../kernel/attendance/shift-calendar.js';
import type { PersonId } from '../../kernel/ids.js';
import type { AttendanceDaysOptions } from './attendance-days.js';
import type { KnownPersons } from './attendance-persons.js';
import { directions } from './attendance-plan.js';
import { showPassage, showSighting } from './attendance-rows.js';

/** Maximum number of ambiguous passages in one report, and of recognitions without proof of life. */
const mostPassages = 200;

type DoubtOptions = Pick<AttendanceDaysOptions, 'records' | 'current' | 'localTime'>;

/** A report whose doubts are wanted. `only`: it is about one person. */
interface Doubted {
  readonly period: DayPeriod;
  readonly only: PersonId | undefined;
  readonly persons: KnownPersons;
}

/** Passages from `from` to `to` that could be of either of two persons. If `only` is given, only those of this person. */
export function ambiguousPassages(
  { records, current, localTime }: DoubtOptions,
  { period: { from, to }, only, persons }: Doubted,
): readonly AmbiguousPassageRow[] {
  const directionOf = directions(current());
  const fromMs = localTime.instantOf(from, 0);
  const toMs = localTime.instantOf(dateOfDay(dayNumberOf(to) + 1), 0);
  return records.ambiguousPassages(fromMs, toMs, { person: only, limit: mostPassages }).map((passage) => {
    const { date } = localTime.at(passage.atMs);
    const isCorrected = passage.candidates.some((id) => records.corrections.of(id, date, date).length > 0);
    const direction = directionOf(passage.cameraId);
    return showPassage(passage, { direction, persons, isCorrected, localTime });
  });
}

/** Recognitions without proof of life on days without attendance. If `only` is given, only those of this person. */
export function unprovenSightings(
  { records, current, localTime }: DoubtOptions,
  { period: { from, to }, only, persons }: Doubted,
): readonly UnprovenSightingRow[] {
  const directionOf = directions(current());
  const rows: UnprovenSightingRow[] = [];
  for (const date of datesBetween(from, to)) {
    const limit = mostPassages - rows.length;
    if (limit === 0) break;
    const fromMs = localTime.instantOf(date, 0);
    const toMs = localTime.instantOf(dateOfDay(dayNumberOf(date) + 1), 0);
    for (const sighting of records.unprovenSightings(fromMs, toMs, { person: only, limit })) {
      const isCorrected = records.corrections.of(sighting.personId, date, date).length > 0;
      const direction = directionOf(sighting.cameraId);
      rows.push(showSighting(sighting, { date, direction, persons, isCorrected, localTime }));
    }
  }
  return rows;
}
