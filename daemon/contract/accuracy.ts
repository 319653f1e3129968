import { z } from 'zod';
import { ownThresholdReasons } from '../kernel/identification/calibration.js';
import { operation } from './operation.js';
import { personRef } from './passages.js';

const count = z.int().nonnegative();
const rate = z.number().min(0).max(1);

export const detPoint = z.object({
  threshold: z.number(),
  fmr: rate.describe('Share of comparisons of different persons that reach the threshold.'),
  fnmr: rate.describe('Share of comparisons of one person that do not.'),
});

const interval = z.array(z.number()).length(2).readonly().describe('95 % interval (Wilson).');

/** How well the box tells its persons apart, from their own photographs and from what operators marked. */
export const accuracyReport = z.object({
  recogniser: z.string(),
  threshold: z.number().describe('In force. No person has a lower one.'),
  margin: z.number(),
  targetFpir: rate.exactOptional().describe('`identification.targetFpir`. Absent if it is `off`.'),
  expectedFpir: rate
    .exactOptional()
    .describe('Expected share of strangers taken for an enrolled person. Absent if too few are enrolled.'),
  expectedFnir: rate
    .exactOptional()
    .describe(
      'Expected share of the passages of enrolled persons that are missed, at their own thresholds. Absent if no person has two photographs.',
    ),
  persons: count.describe('Persons with templates.'),
  det: z.object({
    genuine: count.describe('Comparisons of photographs of one person.'),
    impostor: count.describe('Comparisons of photographs of different persons: a sample of the persons.'),
    points: z
      .array(detPoint)
      .readonly()
      .describe('The detection error trade-off (ISO/IEC 19795-1), by ascending threshold.'),
    inForce: detPoint
      .extend({ fmrInterval: interval, fnmrInterval: interval })
      .exactOptional()
      .describe('At the threshold in force. Absent without comparisons of both kinds.'),
  }),
  ownThresholds: z
    .array(
      z.object({
        person: personRef,
        threshold: z.number(),
        reason: z.enum(ownThresholdReasons).describe('As in `gallery.calibrate`.'),
        fmr: rate.exactOptional(),
        fnmr: rate.exactOptional(),
      }),
    )
    .readonly()
    .describe('Persons with a threshold above that of the box, the highest first, at most 200.'),
  ownThresholdCount: count.describe('How many persons have one.'),
  confusion: z.object({
    persons: z
      .array(personRef)
      .readonly()
      .describe('At most 24: those with the most marks, then the most alike.'),
    cells: z
      .array(
        z.object({
          from: z.string().exactOptional().describe('Id of the person who was there. Absent: a stranger.'),
          to: z
            .string()
            .exactOptional()
            .describe('Id of whom the box named. Absent: it named no enrolled person.'),
          similarity: z
            .number()
            .exactOptional()
            .describe(
              'Expected similarity of the one to the references of the other, from their photographs.',
            ),
          marked: count.describe('Passages that operators marked so.'),
        }),
      )
      .readonly()
      .describe('Cells that are not here are empty: no mark, and not among the eight nearest.'),
  }),
});
export type AccuracyReport = z.infer<typeof accuracyReport>;

export const accuracyOperations = {
  'reports.accuracy': operation({
    method: 'GET',
    path: '/reports/accuracy',
    summary: 'Report how well the box tells the enrolled persons apart.',
    description:
      'Compares nothing anew: it uses the comparisons that the box makes at the start, every night and after each change. Photographs of an enrolment are more alike than views of a camera, so FNMR at the cameras is higher.',
    answer: { kind: 'json', schema: accuracyReport },
    errors: ['gallery-sealed', 'gallery-closed', 'shutting-down'],
    scope: 'gallery:read',
    audit: 'personal',
    rate: 'heavy',
    isLong: true,
  }),
} as const;
