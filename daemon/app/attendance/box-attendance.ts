import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Actor } from '../../audit/actor.js';
import type { AuditLog } from '../../audit/audit-log.js';
import type { Clock } from '../../base/clock.js';
import { badInput } from '../../base/errors.js';
import type { Config } from '../../config/schema.js';
import type {
  AmbiguousPassageRow,
  AttendanceControl,
  AttendanceHead,
  AttendanceQuery,
  AttendanceReport,
  AttendanceRow,
  CorrectionRequest,
  CorrectionResult,
  UnprovenSightingRow,
} from '../../control/attendance-control.js';
import { noSuch } from '../../control/no-such.js';
import {
  type AttendanceDay,
  attendanceDays,
  type DayPeriod,
} from '../../domain/attendance/attendance-day.js';
import { type LocalTime, shiftCalendar } from '../../domain/attendance/shift.js';
import { dateOfDay, datesBetween, dayNumberOf } from '../../domain/attendance/shift-calendar.js';
import { localIso } from '../../domain/attendance/time-text.js';
import { type PersonId, personId } from '../../domain/ids.js';
import { isoTime } from '../../domain/iso-time.js';
import { dueBeforeMs } from '../../domain/retention/retention.js';
import type { AttendanceRecords } from '../../records/attendance/attendance-records.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import { checkCorrection } from './attendance-correction.js';
import type { EnrolledPerson } from './attendance-persons.js';
import { attendancePlan, directions } from './attendance-plan.js';
import { showCorrection, showDay, showPassage, showSighting } from './attendance-rows.js';

const dayMs = 86_400_000;
/** What is read before and after a period: shifts reach over midnight, and a day's marks depend on those before it. */
const marginMs = 3 * dayMs;
const longestDays = 366;
/** How long the event loop may be held at a time. */
const turnMs = 5;
/** Passages that could be of either of two persons in one report, and recognitions without proof of life. */
const mostPassages = 200;
/** Persons looked up in the records at a time. */
const personSlice = 100;

export interface BoxAttendanceParts {
  readonly records: AttendanceRecords;
  /** Undefined while nobody knows who is enrolled. */
  readonly persons: () => Promise<ReadonlyMap<PersonId, EnrolledPerson> | undefined>;
  readonly audit: Pick<AuditLog, 'append'>;
  /** Told of every report that is made for a caller. */
  readonly readings: Pick<ReadingTrail, 'note'>;
  /** The configuration in force. */
  readonly current: () => Config;
  /** Where the box stands: as at its start, for only a restart takes up another place. */
  readonly site: Config['site'];
  readonly localTime: LocalTime;
  readonly clock: Clock;
}

/** What is read and what of it is shown; of one person where `person` is given. */
interface AskedReport {
  readonly asked: DayPeriod;
  readonly shown: DayPeriod;
  readonly isWanted: (day: AttendanceDay) => boolean;
  readonly person?: string | undefined;
  readonly reader?: Actor | undefined;
}

type Persons = ReadonlyMap<PersonId, EnrolledPerson> | undefined;

/** Attendance as the local API sees it: everything is made from the records and the rules in force, at each question. */
export class BoxAttendance implements AttendanceControl {
  readonly #parts: BoxAttendanceParts;

  constructor(parts: BoxAttendanceParts) {
    this.#parts = parts;
  }

  async today(actor: Actor): Promise<AttendanceReport> {
    const { clock, localTime } = this.#parts;
    const nowMs = clock.wallMs();
    const { date } = localTime.at(nowMs);
    const yesterday = dateOfDay(dayNumberOf(date) - 1);
    return this.#report({
      asked: { from: yesterday, to: date },
      shown: { from: date, to: date },
      isWanted: (day) => day.date === date || (day.on !== undefined && nowMs < day.on.endMs),
      reader: actor,
    });
  }

  /** Without `reader` the report is for the box itself: no person sees it, and the audit log gets no entry. */
  async report({ from, to, person }: AttendanceQuery, reader?: Actor): Promise<AttendanceReport> {
    const days = dayNumberOf(to) - dayNumberOf(from) + 1;
    if (days < 1 || days > longestDays) {
      const message =
        days < 1
          ? `the report cannot end on ${to}, before it begins on ${from}`
          : `a report covers at most ${longestDays} days, not ${days}`;
      throw badInput('period-refused', message, {
        remedy: 'give a --to that is not before --from and not more than a year after it',
      });
    }
    const period = { from, to };
    return this.#report({ asked: period, shown: period, isWanted: () => true, person, reader });
  }

  async correct(request: CorrectionRequest, actor: Actor): Promise<CorrectionResult> {
    const { records, audit, clock, localTime } = this.#parts;
    const id = personId(request.person);
    const persons = await this.#parts.persons();
    this.#requirePerson(id, persons);
    const nowMs = clock.wallMs();
    const made = checkCorrection(request, {
      before: records.corrections.of(id, request.date, request.date),
      keptFrom: this.#keptFrom(nowMs),
      localTime,
      nowMs,
    });
    const { kind, date, atMs } = made;
    const correction = records.corrections.add(
      { ...made, personId: id, by: actor.actor, recordedAtMs: nowMs },
      (sequence) => {
        const at = atMs === null ? {} : { at: isoTime(atMs) };
        const details = { correction: sequence, kind, date, ...at };
        audit.append({ by: actor, action: 'attendance.corrected', subject: id, details });
      },
    );
    const rows = this.#daysOf(id, { from: date, to: date }, persons);
    return {
      correction: showCorrection(correction, localTime),
      rows: rows.map((day) => showDay({ id, name: persons?.get(id)?.name }, day, localTime)),
    };
  }

  async #report({ asked, shown, isWanted, person, reader }: AskedReport): Promise<AttendanceReport> {
    const { site, clock, localTime, records } = this.#parts;
    const nowMs = clock.wallMs();
    const persons = await this.#parts.persons();
    const only = person === undefined ? undefined : personId(person);
    if (only !== undefined) this.#requirePerson(only, persons);
    const ambiguous = this.#passages(shown, only, persons);
    const seenNotProven = this.#seenNotProven(shown, only, persons);
    if (reader !== undefined) {
      const seen = only === undefined ? undefined : new Set([only, ...ambiguous.flatMap(personsIn)]);
      this.#noteReading(reader, shown, only, namesIn(persons, seen));
    }
    const keptFrom = this.#keptFrom(nowMs);
    const from = keptFrom !== undefined && keptFrom > asked.from ? keptFrom : asked.from;
    const head: AttendanceHead = {
      site: site.id,
      timeZone: site.timeZone,
      madeAt: localIso(nowMs, localTime),
      ...shown,
      ...(keptFrom !== undefined && keptFrom > shown.from ? { keptFrom } : {}),
      areNamesKnown: [...(persons?.values() ?? [])].some(({ name }) => name !== undefined),
      areAbsencesKnown: persons !== undefined,
      ...(ambiguous.length === 0 ? {} : { ambiguous }),
      ...(seenNotProven.length === 0 ? {} : { seenNotProven }),
      ...(only === undefined
        ? {}
        : {
            corrections: records.corrections
              .of(only, asked.from, asked.to)
              .map((each) => showCorrection(each, localTime)),
          }),
    };
    const ids = only === undefined ? this.#allPersons(persons) : [only];
    return { head, rows: this.#rows(ids, { from, to: asked.to }, persons, isWanted) };
  }

  #noteReading(by: Actor, { from, to }: DayPeriod, only: PersonId | undefined, names: number): void {
    const subject = only === undefined ? {} : { subject: only };
    const details = { from, to, names };
    this.#parts.readings.note({ by, action: 'attendance.read', ...subject, details });
  }

  /** Passages of the days from `from` to `to` that could be of either of two persons; of `only` where that is given. */
  #passages(
    { from, to }: DayPeriod,
    only: PersonId | undefined,
    persons: Persons,
  ): readonly AmbiguousPassageRow[] {
    const { records, current, localTime } = this.#parts;
    const directionOf = directions(current());
    const [fromMs, toMs] = [from, dateOfDay(dayNumberOf(to) + 1)].map((date) => localTime.instantOf(date, 0));
    if (fromMs === undefined || toMs === undefined) return [];
    return records.ambiguousPassages(fromMs, toMs, { person: only, limit: mostPassages }).map((passage) => {
      const { date } = localTime.at(passage.atMs);
      const isCorrected = passage.candidates.some((id) => records.corrections.of(id, date, date).length > 0);
      const direction = directionOf(passage.cameraId);
      return showPassage(passage, { direction, persons, isCorrected, localTime });
    });
  }

  /** Recognitions without proof of life on days on which the person did not attend; of `only` where that is given. */
  #seenNotProven(
    { from, to }: DayPeriod,
    only: PersonId | undefined,
    persons: Persons,
  ): readonly UnprovenSightingRow[] {
    const { records, current, localTime } = this.#parts;
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

  async *#rows(
    ids: Iterable<PersonId>,
    period: DayPeriod,
    persons: Persons,
    isWanted: (day: AttendanceDay) => boolean,
  ): AsyncGenerator<readonly AttendanceRow[]> {
    const { clock, localTime } = this.#parts;
    let rows: AttendanceRow[] = [];
    let sinceMs = clock.monotonicMs();
    const daysOf = this.#dayMaker(period, persons);
    for (const id of ids) {
      const about = { id, name: persons?.get(id)?.name };
      for (const day of daysOf(id)) if (isWanted(day)) rows.push(showDay(about, day, localTime));
      if (clock.monotonicMs() - sinceMs < turnMs) continue;
      yield rows;
      rows = [];
      await nextTurn();
      sinceMs = clock.monotonicMs();
    }
    yield rows;
  }

  #daysOf(id: PersonId, period: DayPeriod, persons: Persons): readonly AttendanceDay[] {
    return this.#dayMaker(period, persons)(id);
  }

  /** By one state of the rules and one moment for the whole report. */
  #dayMaker(period: DayPeriod, persons: Persons): (id: PersonId) => readonly AttendanceDay[] {
    const { records, current, clock, localTime } = this.#parts;
    const config = current();
    const calendar = shiftCalendar(attendancePlan(config), localTime);
    const directionOf = directions(config);
    const nowMs = clock.wallMs();
    const fromMs = localTime.instantOf(period.from, 0) - marginMs;
    const toMs = localTime.instantOf(period.to, 0) + dayMs + marginMs;
    const dayAway = (date: string, days: number): string => dateOfDay(dayNumberOf(date) + days);
    return (id) => {
      const marks = records
        .attendancesOf(id, fromMs, toMs)
        .map(({ cameraId, ...mark }) => ({ ...mark, direction: directionOf(cameraId) }));
      const unprovenMs = records.unprovenTimesOf(id, fromMs, toMs);
      const corrections = records.corrections.of(id, dayAway(period.from, -3), dayAway(period.to, 3));
      const expectedFromMs = persons?.get(id)?.expectedFromMs;
      return attendanceDays({ marks, unprovenMs, corrections, expectedFromMs }, calendar, period, nowMs);
    };
  }

  /** By id: those enrolled and those of whom there are records only, as of somebody erased. */
  *#allPersons(persons: Persons): Generator<PersonId> {
    const { records } = this.#parts;
    const enrolled = [...(persons?.keys() ?? [])].sort();
    let position = 0;
    for (let last = ''; ; ) {
      const recorded = records.personsAfter(last, personSlice);
      for (const id of recorded) {
        for (let next = enrolled[position]; next !== undefined && next < id; next = enrolled[position]) {
          yield next;
          position += 1;
        }
        if (enrolled[position] === id) position += 1;
        yield id;
      }
      const end = recorded.at(-1);
      if (end === undefined) break;
      last = end;
    }
    yield* enrolled.slice(position);
  }

  #requirePerson(id: PersonId, persons: Persons): void {
    if (persons?.has(id) === true || this.#parts.records.hasRecords(id)) return;
    throw noSuch('person', id, 'rollcall person list');
  }

  /** The first day of which nothing was forgotten; undefined where nothing ever is. */
  #keptFrom(nowMs: number): string | undefined {
    const { current, localTime } = this.#parts;
    const beforeMs = dueBeforeMs(current().retention.attendanceRecords, nowMs);
    return beforeMs === undefined ? undefined : dateOfDay(dayNumberOf(localTime.at(beforeMs).date) + 1);
  }
}

const personsIn = ({ candidates }: AmbiguousPassageRow): readonly string[] =>
  candidates.map(({ person }) => person);

/** How many persons a report names; all whose names are known, or those of them who are in `seen`. */
function namesIn(persons: Persons, seen: ReadonlySet<string> | undefined): number {
  const named = [...(persons?.values() ?? [])].filter(({ name }) => name !== undefined);
  return seen === undefined ? named.length : named.filter(({ id }) => seen.has(id)).length;
}
