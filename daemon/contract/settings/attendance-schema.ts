import { z } from 'zod';
import { weekdays } from '../../kernel/attendance/shift-calendar.js';
import { isCalendarDate } from '../../kernel/calendar-date.js';
import { refuseRepeatedIds, whenList } from './cross-checks.js';
import { slugField } from './scalars.js';
import { field } from './setting-field.js';

const daySeconds = 86_400;

/** A quoted text: YAML 1.1 readers take an unquoted 08:00 for a number. */
export const timeOfDay = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, {
  error: 'must be a time of day from "00:00" to "23:59"',
});

const calendarDate = z.string().refine(isCalendarDate, { error: 'must be a date such as "2026-12-25"' });

const shiftSchema = z
  .strictObject({
    id: field(slugField, 'live', 'Name of the shift in reports.'),
    days: z
      .array(
        field(
          z.enum(weekdays),
          'live',
          'Days of the week on which the shift starts. Absent: Monday to Friday.',
        ),
      )
      .min(1)
      .default(['mon', 'tue', 'wed', 'thu', 'fri']),
    from: field(timeOfDay, 'live', 'Local time at which the shift starts, such as `"08:00"`.'),
    to: field(
      timeOfDay,
      'live',
      'Local time at which the shift ends. A time that is not after `from` is on the next day; the shift counts for the day on which it starts.',
    ),
    lateGraceS: field(
      z.int().min(0).max(14_400).default(300),
      'live',
      'A person who arrives at most this many seconds before or after the start is on time. If the difference is larger, all of it counts as early or late.',
    ),
    earlyLeaveGraceS: field(
      z.int().min(0).max(14_400).default(300),
      'live',
      'A person who leaves at most this many seconds before the end does not leave early.',
    ),
    overtimeAfterS: field(
      z.int().min(0).max(14_400).default(900),
      'live',
      'When a person leaves at least this many seconds after the end, all time after the end is overtime.',
    ),
    breakS: field(
      z.int().min(0).max(14_400).default(0),
      'live',
      'Seconds of unpaid break, deducted from the time worked.',
    ),
    breakAfterS: field(
      z.int().min(0).max(daySeconds).default(21_600),
      'live',
      'Seconds of presence after which the break is deducted. At most the presence beyond this time is deducted.',
    ),
    validFrom: field(
      calendarDate.exactOptional(),
      'live',
      'First day on which the shift starts. Absent: no first day.',
    ),
    validUntil: field(
      calendarDate.exactOptional(),
      'live',
      'Last day on which the shift starts. Absent: no last day.',
    ),
  })
  .superRefine(
    ({ validFrom, validUntil }, context) => {
      if (validFrom === undefined || validUntil === undefined || validFrom <= validUntil) return;
      context.addIssue({ code: 'custom', path: ['validUntil'], message: 'must not be before validFrom' });
    },
    { when: () => true },
  );

const shiftsSchema = z
  .array(shiftSchema)
  .superRefine((shifts, context) => void refuseRepeatedIds({ '': shifts }, 'shift', context), whenList);

const cameraIds = (description: string) => z.array(field(slugField, 'live', description)).default([]);

/** Each report is computed from the records when it is asked for, so a change also applies to past days. */
export const attendanceSchema = z.strictObject({
  pairing: field(
    z.enum(['first-in-last-out', 'pairs']).default('first-in-last-out'),
    'live',
    'How time worked is counted: from the first entry to the last exit, or only between each entry and the exit that follows it.',
  ),
  dailySummary: field(
    z.boolean().default(true),
    'live',
    'Publish a summary after the end of each day, with the attendance of each enrolled person by opaque ID. Requires at least one shift.',
  ),
  shifts: shiftsSchema.default([]),
  holidays: z
    .array(field(calendarDate, 'live', 'Dates on which no shift starts, such as `"2026-12-25"`.'))
    .default([]),
  entryCameras: cameraIds(
    'IDs of cameras where attendance counts as an entry, regardless of their `direction`. The list may contain cameras that are no longer configured.',
  ),
  exitCameras: cameraIds(
    'IDs of cameras where attendance counts as an exit. At a camera in both lists, it can be either.',
  ),
});
