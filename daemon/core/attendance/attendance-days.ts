import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AttendanceRow } from '../../contract/attendance.js';
import type { Config } from '../../contract/settings/schema.js';
import {
  type AttendanceDay,
  attendanceDays,
  type DayPeriod,
} from '../../kernel/attendance/attendance-day.js';
import { withMarkedPassages } from '../../kernel/attendance/attendance-day-correction.js';
import { type LocalTime, shiftCalendar } from '../../kernel/attendance/shift.js';
import { dateOfDay, dayNumberOf } from '../../kernel/attendance/shift-calendar.js';
import type { Clock } from '../../kernel/clock.js';
import type { PersonId } from '../../kernel/ids.js';
import { dueBeforeMs } from '../../kernel/retention/retention-rules.js';
import type { KnownPersons } from './attendance-persons.js';
import { attendancePlan, directions } from './attendance-plan.js';
import type { AttendanceRecords } from './attendance-records.js';
import { showDay } from './attendance-rows.js';

const dayMs = 86_400_000;
/**
 * Records are also read from this many days before and after a period, because shifts cross midnight and a day depends on the
 * marks before it.
 */
const marginDays = 3;
/** How long the event loop may be blocked at a time. */
const turnMs = 5;
/** Number of persons that one query reads from the records. */
const personSlice = 100;

export interface AttendanceDaysOptions {
  readonly records: AttendanceRecords;
  /** The configuration in force. */
  readonly current: () => Config;
  readonly localTime: LocalTime;
  readonly clock: Clock;
}

/** What days are calculated by, and when. */
interface DayRules {
  readonly config: Config;
  readonly nowMs: number;
}

/** The days of persons, calculated from the records and the rules in force. */
export class AttendanceDays {
  readonly #options: AttendanceDaysOptions;

  constructor(options: AttendanceDaysOptions) {
    this.#options = options;
  }

  /** The wanted days of these persons, with turns of the event loop. */
  async *rows(
    ids: Iterable<PersonId>,
    period: DayPeriod,
    persons: KnownPersons,
    isWanted: (day: AttendanceDay) => boolean,
  ): AsyncGenerator<AttendanceRow> {
    const { clock, localTime } = this.#options;
    let sinceMs = clock.monotonicMs();
    const daysOf = this.calculator(period, persons);
    for (const id of ids) {
      const days = daysOf(id).filter(isWanted);
      if (days.length > 0) {
        const person = persons?.get(id);
        const about = { id, name: person?.name, ...person?.profile?.() };
        for (const day of days) yield showDay(about, day, localTime);
      }
      if (clock.monotonicMs() - sinceMs < turnMs) continue;
      await nextTurn();
      sinceMs = clock.monotonicMs();
    }
  }

  of(id: PersonId, period: DayPeriod, persons: KnownPersons): readonly AttendanceDay[] {
    return this.calculator(period, persons)(id);
  }

  /** A function that calculates the days of a person, with the same rules and the same moment for all persons of a report. */
  calculator(
    period: DayPeriod,
    persons: KnownPersons,
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
  *persons(persons: KnownPersons): Generator<PersonId> {
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

  /** The first day with complete records; undefined if retention keeps them forever. */
  keptFrom(nowMs: number): string | undefined {
    const { current, localTime } = this.#options;
    const beforeMs = dueBeforeMs(current().retention.attendanceRecords, nowMs);
    return beforeMs === undefined ? undefined : dateOfDay(dayNumberOf(localTime.at(beforeMs).date) + 1);
  }

  #rulesNow(): DayRules {
    const { current, clock } = this.#options;
    return { config: current(), nowMs: clock.wallMs() };
  }
}
