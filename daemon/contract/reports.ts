import { z } from 'zod';
import { filteredCamera } from './cameras.js';
import { operation } from './operation.js';
import { passageOutcomes, passageReasons } from './passage-terms.js';
import { personRef } from './passages.js';

const count = z.int().nonnegative();
const day = z.iso.date().max(10).describe('A day at the site, `YYYY-MM-DD`.');
const byOutcome = z.partialRecord(z.enum(passageOutcomes), count).readonly();

/** Passages that lasted a certain time, and what came of them. */
const dwell = z.object({
  fromS: z.number().describe('Seconds in sight, at least.'),
  toS: z.number().nullable().describe('Less than so many seconds. Null: any longer time.'),
  passages: count,
  answered: count.describe('Passages that gave an event.'),
  heldBack: count.describe(
    'Passages without an event because a cooldown held it back: the box had answered.',
  ),
  unanswered: count.describe('The other passages: the box gave no answer.'),
});

const cameraReport = z.object({
  camera: z.string(),
  passages: count,
  byOutcome,
  reasons: z
    .array(
      z.object({
        outcome: z.enum(passageOutcomes),
        reason: z.enum(passageReasons),
        count,
        remedy: z.string().exactOptional().describe('Absent where there is nothing to do.'),
      }),
    )
    .readonly()
    .describe('The most frequent first.'),
  byDay: z.array(z.object({ date: day, passages: count, byOutcome })).readonly(),
  byHour: z
    .array(z.object({ hour: z.int().min(0).max(23), passages: count, byOutcome }))
    .readonly()
    .describe('By the hour of the day at the site, over all days. Hours without passages are left out.'),
  byDwell: z
    .array(dwell)
    .readonly()
    .describe('By the time in sight, without attacks and passages that cannot be opened.'),
});
export type CameraReport = z.infer<typeof cameraReport>;

/** What the cameras saw and lost in a period. */
export const recognitionReport = z.object({
  from: day,
  to: day,
  timeZone: z.string(),
  passages: count,
  unreadable: count.describe('Passages that cannot be opened. They count in everything except the dwell.'),
  cameras: z.array(cameraReport).readonly(),
  marks: z
    .array(
      z.object({
        date: day,
        camera: z.string(),
        person: personRef.describe('For whom another person was taken, or who was missed.'),
        falseMatches: count,
        misses: count,
      }),
    )
    .readonly()
    .describe('What operators said of passages: the errors by day, camera and person.'),
  marked: count.describe('Passages that operators marked, right ones among them.'),
});
export type RecognitionReport = z.infer<typeof recognitionReport>;

export const reportOperations = {
  'reports.recognition': operation({
    method: 'GET',
    path: '/reports/recognition',
    summary: 'Report what each camera saw, what the box answered, and what it lost and why.',
    description:
      'Counts of ended passages, and the errors that operators marked. At most 31 days; older passages may have been deleted (`retention.passages`). A caller who is limited to cameras gets these cameras only.',
    input: z.strictObject({
      from: day,
      to: day.describe('The last day, included.'),
      camera: filteredCamera.optional().describe('Only this camera.'),
    }),
    answer: { kind: 'json', schema: recognitionReport },
    errors: ['period-refused', 'gallery-sealed'],
    scope: 'passages:read',
    audit: 'personal',
    rate: 'heavy',
    isLong: true,
  }),
} as const;
