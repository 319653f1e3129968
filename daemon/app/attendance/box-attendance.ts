import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Actor } from '../../audit/actor.js';
import type { AuditLog } from '../../audit/audit-log.js';
import type { Clock } from '../../base/clock.js';
import { badInput } from '../../base/errors.js';
import type { Config } from '../../config/schema.js';
import type {
  AmbiguousPassageRow,
  AttendanceHead,
  AttendancePreview,
  AttendanceRow,
  attendanceOperations,
  CorrectionRequest,
  CorrectionResult,
  ReportItem,
  UnprovenSightingRow,
} from '../../contract/attendance.js';
import type { Caller } from '../../contract/caller.js';
import type { Handlers } from '../../contract/handlers.js';
import { notFound } from '../../control/not-found.js';
import {
  type AttendanceDay,
  attendanceDays,
  type DayPeriod,
} from '../../domain/attendance/attendance-day.js';
import { withMarkedPassages } from '../../domain/attendance/attendance-day-correction.js';
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
import { type ProposedRules, previewDays, proposedRules } from './attendance-preview.js';
import { showCorrection, showDay, showPassage, showSighting } from './attendance-rows.js';

const dayMs = 86_400_000;
/**
 * Records are also read from this many days before and after a period, because shifts cross midnight and a day depends on the
 * marks before it.
 */
const marginDays = 3;
/** The longest period of a report. */
const longestDays = 366;
/** The longest period of a preview, which calculates every day twice. */
const longestPreviewDays = 31;
/** How long the event loop may be blocked at a time. */
const turnMs = 5;
/** Maximum number of ambiguous passages in one report, and of recognitions without proof of life. */
const mostPassages = 200;
/** Number of persons that one query reads from the records. */
const personSlice = 100;

export interface BoxAttendanceOptions {
  readonly records: AttendanceRecords;
  /** Resolves with undefined while it is unknown who is enrolled. */
  readonly persons: () => Promise<ReadonlyMap<PersonId, EnrolledPerson> | undefined>;
  readonly audit: Pick<AuditLog, 'append'>;
  /** Writes into the audit log who reads a report. */
  readonly readings: Pick<ReadingTrail, 'note'>;
  /** The configuration in force. */
  readonly current: () => Config;
  /** The site as it was at the start: a change needs a restart. */
  readonly site: Config['site'];
  readonly localTime: LocalTime;
  readonly clock: Clock;
}

/** A report to make. It is about one person if `person` is given. */
interface ReportPlan {
  /** The days to calculate. For today these include yesterday, because a night shift lasts until today. */
  readonly calculated: DayPeriod;
  /** The days that the report names as its period. */
  readonly shown: DayPeriod;
  /** Whether a calculated day is a row of the report. */
  readonly isWanted: (day: AttendanceDay) => boolean;
  readonly person?: string | undefined;
  readonly reader?: Reader | undefined;
}

/** The days of a report, `YYYY-MM-DD`, both included; and a person, if it is about one. */
export interface AttendanceQuery {
  readonly from: string;
  readonly to: string;
  readonly person?: string | undefined;
}

type PreviewQuery = ProposedRules & DayPeriod;

/** Calculated while it is read, so that a large report needs little memory and does not block the event loop. */
export interface AttendanceReport {
  readonly head: AttendanceHead;
  /** By person and by day. */
  readonly rows: AsyncIterable<AttendanceRow>;
}

/** What days are calculated by, and when. */
interface DayRules {
  readonly config: Config;
  readonly nowMs: number;
}

/** Who reads a report, and whether they may see names. */
type Reader = Pick<Caller, 'actor' | 'origin' | 'scopes' | 'cameras'>;

type Persons = ReadonlyMap<PersonId, EnrolledPerson> | undefined;

/** The operations on attendance. */
export function attendanceHandlers(attendance: BoxAttendance): Handlers<typeof attendanceOperations> {
  return {
    'attendance.today': (_input, { caller }) => itemsOf(attendance.today(caller)),
    'attendance.report': (query, { caller }) => itemsOf(attendance.report(query, caller)),
    'attendance.correct': (request, { caller }) => attendance.correct(request, caller),
    'attendance.preview': (query, { caller, signal }) => attendance.preview(query, caller, signal),
    'attendance.shifts': () => attendance.rules(),
  };
}

async function* itemsOf(report: Promise<AttendanceReport>): AsyncGenerator<ReportItem> {
  const { head, rows } = await report;
  yield { kind: 'head', head };
  for await (const row of rows) yield { kind: 'row', row };
}

/** Attendance. Every answer is calculated from the records and the rules in force. */
export class BoxAttendance {
  readonly #options: BoxAttendanceOptions;

  constructor(options: BoxAttendanceOptions) {
    this.#options = options;
  }

  /** Today at the site, and shifts that began yesterday and still run. */
  async today(reader: Reader): Promise<AttendanceReport> {
    const { clock, localTime } = this.#options;
    const nowMs = clock.wallMs();
    const { date } = localTime.at(nowMs);
    const yesterday = dateOfDay(dayNumberOf(date) - 1);
    return this.#report({
      calculated: { from: yesterday, to: date },
      shown: { from: date, to: date },
      isWanted: (day) => day.date === date || (day.on !== undefined && nowMs < day.on.endMs),
      reader,
    });
  }

  /**
   * Without `reader` the report is for the box itself: no person reads it, and the audit log gets no entry.
   * @throws `no-such-person`, `period-refused`
   */
  async report({ from, to, person }: AttendanceQuery, reader?: Reader): Promise<AttendanceReport> {
    const period = { from, to };
    refusePeriod(period, longestDays);
    return this.#report({ calculated: period, shown: period, isWanted: () => true, person, reader });
  }

  /** @throws `no-such-person`, `correction-refused`, `no-such-time`, `ambiguous-time` */
  async correct(request: CorrectionRequest, caller: Reader): Promise<CorrectionResult> {
    const { records, audit, clock, localTime } = this.#options;
    const id = personId(request.person);
    const persons = await this.#personsFor(caller);
    const by: Actor = { actor: caller.actor, origin: caller.origin };
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
      { ...made, personId: id, by: by.actor, recordedAtMs: nowMs },
      (sequence) => {
        const at = atMs === null ? {} : { at: isoTime(atMs) };
        const details = { correction: sequence, kind, date, ...at };
        audit.append({ by, action: 'attendance.corrected', subject: id, details });
      },
    );
    const rows = this.#daysOf(id, { from: date, to: date }, persons);
    return {
      correction: showCorrection(correction, localTime),
      rows: rows.map((day) => showDay({ id, name: persons?.get(id)?.name }, day, localTime)),
    };
  }

  /**
   * What proposed rules would make of days that are recorded.
   * `signal` stops it. @throws `period-refused`, `settings-refused`
   */
  async preview(
    { from, to, ...proposed }: PreviewQuery,
    reader: Reader,
    signal: AbortSignal,
  ): Promise<AttendancePreview> {
    refusePeriod({ from, to }, longestPreviewDays);
    const { current, clock, localTime } = this.#options;
    const config = current();
    const after = { ...config, attendance: proposedRules(config.attendance, proposed) };
    const nowMs = clock.wallMs();
    const persons = await this.#personsFor(reader);
    const keptFrom = this.#keptFrom(nowMs) ?? from;
    const period = { from: keptFrom > from ? keptFrom : from, to };
    this.#noteReading(reader, period, undefined, namesIn(persons, undefined));
    return previewDays({
      ...{ period, localTime, clock, signal, ids: this.#allPersons(persons) },
      nameOf: (id) => persons?.get(id)?.name,
      before: this.#dayCalculator(period, persons, { config, nowMs }),
      after: this.#dayCalculator(period, persons, { config: after, nowMs }),
    });
  }

  /** The shifts and holidays in force. */
  rules() {
    const { current, site } = this.#options;
    const { pairing, shifts, holidays } = current().attendance;
    return { timeZone: site.timeZone, pairing, shifts, holidays };
  }

  /** The persons with their names, if the reader may see names. @throws `forbidden` */
  async #personsFor(reader: Reader | undefined): Promise<Persons> {
    if (reader?.cameras !== undefined) {
      throw badInput('forbidden', 'attendance counts all cameras, and you may use some of them only', {
        remedy: 'ask an administrator for a role without a limit to cameras',
      });
    }
    const persons = await this.#options.persons();
    if (persons === undefined || reader === undefined || reader.scopes.has('names:read')) return persons;
    return new Map([...persons].map(([id, person]) => [id, { ...person, name: undefined }]));
  }

  async #report({ calculated, shown, isWanted, person, reader }: ReportPlan): Promise<AttendanceReport> {
    const { site, clock, localTime, records } = this.#options;
    const nowMs = clock.wallMs();
    const persons = await this.#personsFor(reader);
    const only = person === undefined ? undefined : personId(person);
    if (only !== undefined) this.#requirePerson(only, persons);
    const ambiguous = this.#passages(shown, only, persons);
    const seenNotProven = this.#seenNotProven(shown, only, persons);
    if (reader !== undefined) {
      const seen = only === undefined ? undefined : new Set([only, ...ambiguous.flatMap(personsIn)]);
      this.#noteReading(reader, shown, only, namesIn(persons, seen));
    }
    const keptFrom = this.#keptFrom(nowMs);
    const from = keptFrom !== undefined && keptFrom > calculated.from ? keptFrom : calculated.from;
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
              .of(only, calculated.from, calculated.to)
              .map((each) => showCorrection(each, localTime)),
          }),
    };
    const ids = only === undefined ? this.#allPersons(persons) : [only];
    return { head, rows: this.#rows(ids, { from, to: calculated.to }, persons, isWanted) };
  }

  #noteReading(
    { actor, origin }: Reader,
    { from, to }: DayPeriod,
    only: PersonId | undefined,
    names: number,
  ): void {
    const subject = only === undefined ? {} : { subject: only };
    const details = { from, to, names };
    const by = { actor, origin };
    this.#options.readings.note({ by, action: 'attendance.read', ...subject, details });
  }

  /** Passages from `from` to `to` that could be of either of two persons. If `only` is given, only those of this person. */
  #passages(
    { from, to }: DayPeriod,
    only: PersonId | undefined,
    persons: Persons,
  ): readonly AmbiguousPassageRow[] {
    const { records, current, localTime } = this.#options;
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
  #seenNotProven(
    { from, to }: DayPeriod,
    only: PersonId | undefined,
    persons: Persons,
  ): readonly UnprovenSightingRow[] {
    const { records, current, localTime } = this.#options;
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
  ): AsyncGenerator<AttendanceRow> {
    const { clock, localTime } = this.#options;
    let sinceMs = clock.monotonicMs();
    const daysOf = this.#dayCalculator(period, persons);
    for (const id of ids) {
      const about = { id, name: persons?.get(id)?.name };
      for (const day of daysOf(id)) if (isWanted(day)) yield showDay(about, day, localTime);
      if (clock.monotonicMs() - sinceMs < turnMs) continue;
      await nextTurn();
      sinceMs = clock.monotonicMs();
    }
  }

  #daysOf(id: PersonId, period: DayPeriod, persons: Persons): readonly AttendanceDay[] {
    return this.#dayCalculator(period, persons)(id);
  }

  /** A function that calculates the days of a person, with the same rules and the same moment for all persons of a report. */
  #dayCalculator(
    period: DayPeriod,
    persons: Persons,
    { config, nowMs }: DayRules = this.#rulesNow(),
  ): (id: PersonId) => readonly AttendanceDay[] {
    const { records, localTime } = this.#options;
    const calendar = shiftCalendar(attendancePlan(config), localTime);
    const directionOf = directions(config);
    const fromMs = localTime.instantOf(period.from, 0) - marginDays * dayMs;
    const toMs = localTime.instantOf(period.to, 0) + (1 + marginDays) * dayMs;
    const correctedFrom = dateOfDay(dayNumberOf(period.from) - marginDays);
    const correctedTo = dateOfDay(dayNumberOf(period.to) + marginDays);
    return (id) => {
      const unprovenMs = records.unprovenTimesOf(id, fromMs, toMs);
      const corrections = records.corrections.of(id, correctedFrom, correctedTo);
      const marks = withMarkedPassages(records.attendancesOf(id, fromMs, toMs), corrections).map(
        ({ cameraId, ...mark }) => ({ ...mark, direction: directionOf(cameraId) }),
      );
      const expectedFromMs = persons?.get(id)?.expectedFromMs;
      return attendanceDays({ marks, unprovenMs, corrections, expectedFromMs }, calendar, period, nowMs);
    };
  }

  /**
   * All enrolled persons, and persons who only have records, such as erased ones. Merges the two lists, which are sorted by id,
   * because the records are read in slices.
   */
  *#allPersons(persons: Persons): Generator<PersonId> {
    const { records } = this.#options;
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

  #rulesNow(): DayRules {
    const { current, clock } = this.#options;
    return { config: current(), nowMs: clock.wallMs() };
  }

  #requirePerson(id: PersonId, persons: Persons): void {
    if (persons?.has(id) === true || this.#options.records.hasRecords(id)) return;
    throw notFound('person', id, 'rollcall person list');
  }

  /** The first day with complete records; undefined if retention keeps them forever. */
  #keptFrom(nowMs: number): string | undefined {
    const { current, localTime } = this.#options;
    const beforeMs = dueBeforeMs(current().retention.attendanceRecords, nowMs);
    return beforeMs === undefined ? undefined : dateOfDay(dayNumberOf(localTime.at(beforeMs).date) + 1);
  }
}

function refusePeriod({ from, to }: DayPeriod, most: number): void {
  const days = dayNumberOf(to) - dayNumberOf(from) + 1;
  if (days >= 1 && days <= most) return;
  const message =
    days < 1
      ? `the report cannot end on ${to}, before it begins on ${from}`
      : `the report covers at most ${most} days; this one would cover ${days}`;
  throw badInput('period-refused', message, {
    remedy: `give an end that is not before the begin, and at most ${most} days`,
  });
}

const personsIn = ({ candidates }: AmbiguousPassageRow): readonly string[] =>
  candidates.map(({ person }) => person);

/** The number of names in a report: all known names, or only those of the persons in `seen`. */
function namesIn(persons: Persons, seen: ReadonlySet<string> | undefined): number {
  const named = [...(persons?.values() ?? [])].filter(({ name }) => name !== undefined);
  return seen === undefined ? named.length : named.filter(({ id }) => seen.has(id)).length;
}
