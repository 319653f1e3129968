import { z } from 'zod';
import { weekdays } from '../domain/attendance/shift-calendar.js';
import { isCalendarDate } from '../domain/calendar-date.js';
import { field } from './field.js';
import { slugField } from './scalars.js';

const daySeconds = 86_400;

/** `08:00`, as a quoted text: YAML 1.1 readers take it for a number otherwise. */
export const timeOfDay = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, {
  error: 'must be a time of day from "00:00" to "23:59"',
});

const calendarDate = z
  .string()
  .refine(isCalendarDate, { error: 'must be a day of the calendar, as "2026-12-25"' });

const shiftSchema = z
  .strictObject({
    id: field(slugField, 'live', 'Name of the shift in reports.'),
    days: z
      .array(
        field(
          z.enum(weekdays),
          'live',
          'Days of the week on which it begins; Monday to Friday unless told otherwise.',
        ),
      )
      .min(1)
      .default(['mon', 'tue', 'wed', 'thu', 'fri']),
    from: field(timeOfDay, 'live', 'When it begins, as `"08:00"`, by the clock on the wall of the site.'),
    to: field(
      timeOfDay,
      'live',
      'When it ends. Not after `from`: on the next day, and it counts for the day on which it begins.',
    ),
    lateGraceS: field(
      z.int().min(0).max(14_400).default(300),
      'live',
      'Coming so many seconds before or after the beginning is on time; beyond, all of it counts as early or late.',
    ),
    earlyLeaveGraceS: field(
      z.int().min(0).max(14_400).default(300),
      'live',
      'Leaving so many seconds before the end is not leaving early.',
    ),
    overtimeAfterS: field(
      z.int().min(0).max(14_400).default(900),
      'live',
      'Leaving so many seconds after the end makes all time after it overtime.',
    ),
    breakS: field(
      z.int().min(0).max(14_400).default(0),
      'live',
      'Break that is not paid and taken off the time worked.',
    ),
    breakAfterS: field(
      z.int().min(0).max(daySeconds).default(21_600),
      'live',
      'Presence from which the break is taken off, and never more of it than what is beyond.',
    ),
    validFrom: field(calendarDate.exactOptional(), 'live', 'First day on which it begins. Absent: always.'),
    validUntil: field(calendarDate.exactOptional(), 'live', 'Last day on which it begins. Absent: for ever.'),
  })
  .superRefine(
    ({ validFrom, validUntil }, context) => {
      if (validFrom === undefined || validUntil === undefined || validFrom <= validUntil) return;
      context.addIssue({ code: 'custom', path: ['validUntil'], message: 'must not be before validFrom' });
    },
    { when: () => true },
  );

const shiftsSchema = z.array(shiftSchema).superRefine(
  (shifts, context) => {
    const seen = new Set<string>();
    for (const [index, shift] of shifts.entries()) {
      // Runs on what did not validate, too, so that all problems are told at once.
      const id: unknown = shift?.id;
      if (typeof id !== 'string') continue;
      if (seen.has(id)) {
        const message = `is the id of an earlier shift, too: "${id}"`;
        context.addIssue({ code: 'custom', path: [index, 'id'], message });
      }
      seen.add(id);
    }
  },
  { when: (payload) => Array.isArray(payload.value) },
);

const cameraIds = (description: string) => z.array(field(slugField, 'live', description)).default([]);

/** Reports are made from the records whenever somebody asks: every change counts at once, and for days gone by. */
export const attendanceSchema = z.strictObject({
  pairing: field(
    z.enum(['first-in-last-out', 'pairs']).default('first-in-last-out'),
    'live',
    'What counts as worked: all from the first coming to the last leaving, or only the times between an in and its out.',
  ),
  dailySummary: field(
    z.boolean().default(true),
    'live',
    'Publish every day, once it is over, what the rules make of it: everybody enrolled by their opaque ids. Only where there are shifts.',
  ),
  shifts: shiftsSchema.default([]),
  holidays: z
    .array(field(calendarDate, 'live', 'Days, as `"2026-12-25"`, on which no shift begins.'))
    .default([]),
  entryCameras: cameraIds(
    'Cameras at which being seen means coming in, whatever their `direction` says; those no longer configured, too.',
  ),
  exitCameras: cameraIds('Cameras at which being seen means going out. A camera in both lists means either.'),
});
