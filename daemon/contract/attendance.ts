import { z } from 'zod';
import { attendanceStatuses } from '../kernel/attendance/attendance-day.js';
import { correctionKinds, requestedCorrections } from '../kernel/attendance/attendance-day-correction.js';
import { weekdays } from '../kernel/attendance/shift-calendar.js';
import { directions } from '../kernel/events/event.js';
import { operation } from './operation.js';

/** A day at the site. */
const day = z.iso.date().max(10).describe('A day at the site, `YYYY-MM-DD`.');
/** A time by the clock of the site. */
const siteTime = z.string().describe('ISO 8601 with the UTC offset of the site.');
const minutes = z.int().nonnegative();
export const direction = z.enum(directions);
const name = z
  .string()
  .exactOptional()
  .describe(
    'Absent while the gallery is sealed, for an erased person, and for callers without `names:read`.',
  );

export const attendanceStatus = z.enum(attendanceStatuses);

/** One stay of a person on a day, or a day without one. Minutes are whole, rounded down. */
export const attendanceRow = z.object({
  person: z.string().describe('Opaque id.'),
  name,
  externalId: z
    .string()
    .exactOptional()
    .describe('The number of the person in another system. Absent if there is none, and if `name` is.'),
  fields: z
    .record(z.string(), z.string())
    .readonly()
    .exactOptional()
    .describe('The values of custom fields, by ID. Absent if there are none, and if `name` is.'),
  date: day,
  shift: z
    .string()
    .nullable()
    .describe('Null on a day without a shift, and for an absence on a day with several shifts.'),
  shiftFrom: siteTime.nullable(),
  shiftTo: siteTime.nullable(),
  firstIn: siteTime.nullable(),
  lastOut: siteTime.nullable(),
  statuses: z.array(attendanceStatus).readonly(),
  workedMin: minutes,
  workedSoFarMin: minutes
    .exactOptional()
    .describe(
      'For a present person: the time worked until the report was made. `workedMin` does not include it yet.',
    ),
  breakMin: minutes,
  awayMin: minutes,
  earlyMin: minutes,
  lateMin: minutes,
  leftEarlyMin: minutes,
  overtimeMin: minutes,
  isCorrected: z.boolean(),
});
export type AttendanceRow = z.infer<typeof attendanceRow>;

export const correctionKind = z.enum(requestedCorrections);

export const attendanceCorrection = z.object({
  number: z.int().positive().describe('The audit log uses the same number.'),
  person: z.string(),
  date: day,
  kind: z
    .enum(correctionKinds)
    .describe(
      '`seen` and `not-seen`: an operator marked a passage, and the person was, or was not, at that camera at that time.',
    ),
  at: siteTime.nullable(),
  camera: z.string().exactOptional().describe('Of `seen` and `not-seen`.'),
  reason: z.string().describe('Empty for an erased person.'),
  by: z.string(),
  madeAt: siteTime,
});
export type ShownCorrection = z.infer<typeof attendanceCorrection>;

/** A passage that could be of either of two persons. No row contains it until a correction assigns it. */
export const ambiguousPassage = z.object({
  date: day,
  at: siteTime,
  camera: z.string(),
  direction: direction.describe('The direction of this camera.'),
  event: z.int().positive().describe('The sequence of the event.'),
  candidates: z
    .array(z.object({ person: z.string(), name }))
    .readonly()
    .describe('The two persons, the more similar one first.'),
  isCorrected: z.boolean().describe('True if the day of one of the two has a correction.'),
});
export type AmbiguousPassageRow = z.infer<typeof ambiguousPassage>;

/** A recognition without proof of life, on a day without attendance: "seen, not proven". */
export const unprovenSighting = z.object({
  person: z.string(),
  name,
  date: day,
  at: siteTime,
  camera: z.string(),
  direction: direction.describe('The direction of this camera.'),
  reason: z.string().describe('Why the proof is missing: `liveness.reason` of the event.'),
  event: z.int().positive().describe('The sequence of the event.'),
  isCorrected: z.boolean().describe('True if the day of the person has a correction.'),
});
export type UnprovenSightingRow = z.infer<typeof unprovenSighting>;

/** The head of a report, before its rows. */
export const attendanceHead = z.object({
  site: z.string(),
  timeZone: z.string(),
  madeAt: siteTime,
  from: day,
  to: day,
  keptFrom: day
    .exactOptional()
    .describe('Present if the report was to begin earlier, but those records were deleted.'),
  areNamesKnown: z.boolean(),
  areAbsencesKnown: z
    .boolean()
    .describe('False if the box does not know who is enrolled. Then the report shows no absences.'),
  personFields: z
    .array(z.object({ id: z.string(), name: z.string() }))
    .readonly()
    .exactOptional()
    .describe(
      'The custom fields of persons, as the setting `persons.fields` defines them: columns of a table of the rows. Absent if there are none, and if no row has a name.',
    ),
  ambiguous: z
    .array(ambiguousPassage)
    .readonly()
    .exactOptional()
    .describe(
      'The first 200 passages of the period that could be of either of two persons, by time. Absent if there are none.',
    ),
  seenNotProven: z
    .array(unprovenSighting)
    .readonly()
    .exactOptional()
    .describe(
      'The first 200 recognitions without proof of life on days without attendance, by time. Absent if there are none.',
    ),
  corrections: z
    .array(attendanceCorrection)
    .readonly()
    .exactOptional()
    .describe('Only in a report on one person: every correction of the period, oldest first.'),
});
export type AttendanceHead = z.infer<typeof attendanceHead>;

/** A line of a report: first the head, then the rows by person and by day. */
export const reportItem = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('head'), head: attendanceHead }),
  z.object({ kind: z.literal('row'), row: attendanceRow }),
]);
export type ReportItem = z.infer<typeof reportItem>;

const correctionRequest = z.strictObject({
  person: z.string().min(1).max(128).describe('The id of the person.'),
  date: day,
  kind: correctionKind,
  time: z
    .string()
    .max(64)
    .optional()
    .describe(
      'For `in` and `out`: `08:05` by the clock of the site on that day, `06:10+1` on the next day, or a time with its UTC offset (`2026-10-25T02:30+01:00`).',
    ),
  reason: z.string().max(1000).describe('1 to 200 characters for a later check. Write no names in it.'),
});
export type CorrectionRequest = z.infer<typeof correctionRequest>;

export const correctionResult = z.object({
  correction: attendanceCorrection,
  rows: z.array(attendanceRow).readonly().describe('The day after the correction.'),
});
export type CorrectionResult = z.infer<typeof correctionResult>;

/** The time of a shift. */
const clockTime = z.string().describe('By the clock of the site, such as `08:00`.');

const seconds = z.int().nonnegative();

/** A configured shift. */
export const shownShift = z.object({
  id: z.string(),
  days: z.array(z.enum(weekdays)).readonly(),
  from: clockTime,
  to: clockTime.describe('By the clock of the site. If it is not after `from`, it is on the next day.'),
  lateGraceS: seconds.describe('A person who comes with a smaller difference is on time.'),
  earlyLeaveGraceS: seconds.describe('A person who leaves so long before the end does not leave early.'),
  overtimeAfterS: seconds.describe('A person who leaves so long after the end has worked overtime.'),
  breakS: seconds.describe('Unpaid break, deducted from the time worked.'),
  breakAfterS: seconds.describe('Presence after which the break is deducted.'),
  validFrom: day.exactOptional(),
  validUntil: day.exactOptional(),
});

export const pairing = z
  .enum(['first-in-last-out', 'pairs'])
  .describe(
    '`first-in-last-out`: all time from the first coming to the last leaving counts as worked. `pairs`: only the time between each coming and the leaving that follows it.',
  );

/** The rules that reports apply. */
export const attendanceRules = z.object({
  timeZone: z.string(),
  pairing,
  shifts: z.array(shownShift).readonly(),
  holidays: z.array(day).readonly(),
});

export const dayTotals = z
  .object({
    statuses: z
      .partialRecord(attendanceStatus, z.int().positive())
      .describe('How many rows have each status; a status that no row has is absent.'),
    workedMin: minutes,
    lateMin: minutes,
    overtimeMin: minutes,
  })
  .describe('Sums over all rows of the period.');

/** What proposed rules would make of days that are recorded. */
export const attendancePreview = z.object({
  from: day.describe('The first day that was calculated: records from before it may have been deleted.'),
  to: day,
  persons: z.int().nonnegative(),
  before: dayTotals,
  after: dayTotals,
  changedDays: z.int().nonnegative().describe('Days of persons that the proposed rules change.'),
  changed: z
    .array(
      z.object({
        person: z.string().describe('Opaque id.'),
        name,
        date: day,
        before: z.array(attendanceRow).readonly(),
        after: z.array(attendanceRow).readonly(),
      }),
    )
    .readonly()
    .describe('The first 200 of these days, by person and by day.'),
});
export type AttendancePreview = z.infer<typeof attendancePreview>;
export type DayTotals = z.infer<typeof dayTotals>;

export const attendanceOperations = {
  'attendance.today': operation({
    method: 'GET',
    path: '/attendance/today',
    summary: 'Report who came, who left and who is still expected today.',
    description: 'With shifts that began yesterday and still run. The first item is the head.',
    answer: { kind: 'lines', item: reportItem, isBounded: true },
    errors: [],
    scope: 'attendance:read',
    audit: 'personal',
    rate: 'default',
    isLong: true,
  }),
  'attendance.report': operation({
    method: 'GET',
    path: '/attendance',
    summary: 'Report times, hours worked and status of every day, by the rules now in force.',
    description: 'At most 366 days. The first item is the head; the rows follow by person and by day.',
    input: z.strictObject({
      from: day,
      to: day.describe('The last day, included.'),
      person: z
        .string()
        .min(1)
        .max(128)
        .optional()
        .describe('Only the person with this id, and with all corrections of the period.'),
    }),
    answer: { kind: 'lines', item: reportItem, isBounded: true },
    errors: ['no-such-person', 'period-refused'],
    scope: 'attendance:read',
    audit: 'personal',
    centre: { scope: 'attendance', command: 'report-attendance', answerAs: 'items' },
    rate: 'default',
    isLong: true,
  }),
  'attendance.correct': operation({
    method: 'POST',
    path: '/attendance/corrections',
    summary: 'Correct one fact about a day of a person.',
    description: 'The recordings of the cameras are kept. The correction is stored next to them.',
    input: correctionRequest,
    answer: { kind: 'json', schema: correctionResult },
    creates: { id: 'correction.number', foundBy: 'attendance.report' },
    errors: ['no-such-person', 'correction-refused', 'no-such-time', 'ambiguous-time'],
    scope: 'attendance:write',
    audit: 'write',
    rate: 'default',
  }),
  'attendance.preview': operation({
    method: 'POST',
    path: '/attendance/previews',
    summary: 'Tell what other shifts or holidays would have made of days that are recorded.',
    description:
      'Nothing is changed. `config.apply` puts the settings `attendance.shifts`, `attendance.holidays` and `attendance.pairing` in force, and each later report goes by them, also on past days. At most 31 days.',
    input: z.strictObject({
      from: day,
      to: day.describe('The last day, included.'),
      pairing: pairing.optional(),
      shifts: z
        .array(z.record(z.string().max(64), z.unknown()))
        .max(100)
        .optional()
        .describe('All shifts, in the form of the setting `attendance.shifts`. Absent: those in force.'),
      holidays: z.array(day).max(1000).optional().describe('All holidays. Absent: those in force.'),
    }),
    answer: { kind: 'json', schema: attendancePreview },
    errors: ['period-refused', 'settings-refused'],
    scope: 'attendance:read',
    audit: 'personal',
    rate: 'heavy',
    isLong: true,
  }),
  'attendance.shifts': operation({
    method: 'GET',
    path: '/shifts',
    summary: 'Show the shifts and holidays that reports apply.',
    description: 'They are settings of the box: `config.show`.',
    answer: { kind: 'json', schema: attendanceRules },
    errors: [],
    scope: 'attendance:read',
    rate: 'default',
  }),
} as const;
