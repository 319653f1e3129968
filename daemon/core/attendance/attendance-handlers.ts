import type {
  AmbiguousPassageRow,
  AttendanceHead,
  AttendancePreview,
  AttendanceRow,
  attendanceOperations,
  CorrectionRequest,
  CorrectionResult,
  ReportItem,
} from '../../contract/attendance.js';
import type { Caller } from '../../contract/caller.js';
import type { Handlers } from '../../contract/handlers.js';
import type { Config } from '../../contract/settings/schema.js';
import type { Actor } from '../../kernel/actor.js';
import type { AttendanceDay, DayPeriod } from '../../kernel/attendance/attendance-day.js';
import { dateOfDay, dayNumberOf } from '../../kernel/attendance/shift-calendar.js';
import { localIso } from '../../kernel/attendance/time-text.js';
import { type PersonId, personId } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import { refusal } from '../../words/errors.js';
import { refuseLimited } from '../api/forbidden.js';
import { notFound } from '../api/not-found.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import { checkCorrection } from './attendance-correction.js';
import { AttendanceDays, type AttendanceDaysOptions } from './attendance-days.js';
import { ambiguousPassages, unprovenSightings } from './attendance-doubts.js';
import type { KnownPersons } from './attendance-persons.js';
import { type ProposedRules, previewDays, proposedRules } from './attendance-preview.js';
import { showCorrection, showDay } from './attendance-rows.js';

/** The longest period of a report. */
const longestDays = 366;
/** The longest period of a preview, which calculates every day twice. */
const longestPreviewDays = 31;
export interface AttendanceOptions extends AttendanceDaysOptions {
  readonly persons: () => Promise<KnownPersons>;
  readonly audit: Pick<AuditLog, 'append'>;
  /** Writes into the audit log who reads a report. */
  readonly readings: Pick<ReadingTrail, 'note'>;
  /** The site as it was at the start: a change needs a restart. */
  readonly site: Config['site'];
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

/** Who reads a report, and whether they may see names. */
type Reader = Pick<Caller, 'actor' | 'origin' | 'scopes' | 'cameras'>;

/** The operations on attendance. */
export function attendanceHandlers(attendance: Attendance): Handlers<typeof attendanceOperations> {
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
export class Attendance {
  readonly #options: AttendanceOptions;
  readonly #days: AttendanceDays;

  constructor(options: AttendanceOptions) {
    this.#options = options;
    this.#days = new AttendanceDays(options);
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
      keptFrom: this.#days.keptFrom(nowMs),
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
    const rows = this.#days.of(id, { from: date, to: date }, persons);
    const person = persons?.get(id);
    const about = { id, name: person?.name, ...person?.profile?.() };
    return {
      correction: showCorrection(correction, localTime),
      rows: rows.map((day) => showDay(about, day, localTime)),
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
    const keptFrom = this.#days.keptFrom(nowMs) ?? from;
    const period = { from: keptFrom > from ? keptFrom : from, to };
    this.#noteReading(reader, period, undefined, namesIn(persons, undefined));
    return previewDays({
      ...{ period, localTime, clock, signal, ids: this.#days.persons(persons) },
      nameOf: (id) => persons?.get(id)?.name,
      before: this.#days.calculator(period, persons, { config, nowMs }),
      after: this.#days.calculator(period, persons, { config: after, nowMs }),
    });
  }

  /** The shifts and holidays in force. */
  rules() {
    const { current, site } = this.#options;
    const { pairing, shifts, holidays } = current().attendance;
    return { timeZone: site.timeZone, pairing, shifts, holidays };
  }

  /** The persons with their names, if the reader may see names. @throws `forbidden` */
  async #personsFor(reader: Reader | undefined): Promise<KnownPersons> {
    refuseLimited(reader ?? {}, 'all-cameras:attendance');
    const persons = await this.#options.persons();
    if (persons === undefined || reader === undefined || reader.scopes.has('names:read')) return persons;
    return new Map(
      [...persons].map(([id, person]) => [id, { ...person, name: undefined, profile: undefined }]),
    );
  }

  async #report({ calculated, shown, isWanted, person, reader }: ReportPlan): Promise<AttendanceReport> {
    const { site, clock, localTime, records } = this.#options;
    const nowMs = clock.wallMs();
    const persons = await this.#personsFor(reader);
    const only = person === undefined ? undefined : personId(person);
    if (only !== undefined) this.#requirePerson(only, persons);
    const about = { period: shown, only, persons };
    const ambiguous = ambiguousPassages(this.#options, about);
    const seenNotProven = unprovenSightings(this.#options, about);
    if (reader !== undefined) {
      const seen = only === undefined ? undefined : new Set([only, ...ambiguous.flatMap(personsIn)]);
      this.#noteReading(reader, shown, only, namesIn(persons, seen));
    }
    const keptFrom = this.#days.keptFrom(nowMs);
    const from = keptFrom !== undefined && keptFrom > calculated.from ? keptFrom : calculated.from;
    const areNamesKnown = [...(persons?.values() ?? [])].some(({ name }) => name !== undefined);
    const { fields } = this.#options.current().persons;
    const head: AttendanceHead = {
      site: site.id,
      timeZone: site.timeZone,
      madeAt: localIso(nowMs, localTime),
      ...shown,
      ...(keptFrom !== undefined && keptFrom > shown.from ? { keptFrom } : {}),
      areNamesKnown,
      areAbsencesKnown: persons !== undefined,
      ...(areNamesKnown && fields.length > 0 && { personFields: fields }),
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
    const ids = only === undefined ? this.#days.persons(persons) : [only];
    return { head, rows: this.#days.rows(ids, { from, to: calculated.to }, persons, isWanted) };
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

  #requirePerson(id: PersonId, persons: KnownPersons): void {
    if (persons?.has(id) === true || this.#options.records.hasRecords(id)) return;
    throw notFound('person', id, 'rollcall person list');
  }
}

function refusePeriod({ from, to }: DayPeriod, most: number): void {
  const days = dayNumberOf(to) - dayNumberOf(from) + 1;
  if (days >= 1 && days <= most) return;
  throw days < 1
    ? refusal('period-refused:reversed', { from, to, most })
    : refusal('period-refused:too-long', { days, most });
}

const personsIn = ({ candidates }: AmbiguousPassageRow): readonly string[] =>
  candidates.map(({ person }) => person);

/** The number of names in a report: all known names, or only those of the persons in `seen`. */
function namesIn(persons: KnownPersons, seen: ReadonlySet<string> | undefined): number {
  const named = [...(persons?.values() ?? [])].filter(({ name }) => name !== undefined);
  return seen === undefined ? named.length : named.filter(({ id }) => seen.has(id)).length;
}
