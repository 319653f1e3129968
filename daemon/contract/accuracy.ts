import { z } from 'zod';
import { counted } from '../kernel/counted.js';
import { ownThresholdReasons } from '../kernel/identification/calibration.js';
import { table } from '../kernel/text-table.js';
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
    .describe(
      'Expected share of unknown people who are mistaken for an enrolled person. Absent if too few are enrolled.',
    ),
  expectedFnir: rate
    .exactOptional()
    .describe(
      'Expected share of the passages of enrolled persons that are missed, at their own thresholds. Absent if no person has two photos.',
    ),
  persons: count.describe('Persons with templates.'),
  det: z.object({
    genuine: count.describe('Comparisons of photos of one person.'),
    impostor: count.describe('Comparisons of photos of different persons: a sample of the persons.'),
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
          from: z
            .string()
            .exactOptional()
            .describe('Id of the person who was there. Absent: an unknown person.'),
          to: z
            .string()
            .exactOptional()
            .describe('ID of the person whom the box named. Absent if it named no enrolled person.'),
          similarity: z
            .number()
            .exactOptional()
            .describe('Expected similarity of the one to the references of the other, from their photos.'),
          marked: count.describe('Passages that operators marked so.'),
        }),
      )
      .readonly()
      .describe('Cells that are not here are empty: no mark, and not among the eight nearest.'),
  }),
});
export type AccuracyReport = z.infer<typeof accuracyReport>;

/** Persons with a threshold of their own that the text lists. */
const shownPersons = 20;

const percent = (rate: number): string => `${(100 * rate).toPrecision(3)} %`;
const rateOf = (rate: number | undefined): string => (rate === undefined ? '-' : percent(rate));

function describeAccuracy(report: AccuracyReport): string {
  const { recogniser, threshold, margin, targetFpir, persons, det, ownThresholds, ownThresholdCount } =
    report;
  const { expectedFpir, expectedFnir } = report;
  const { inForce } = det;
  const rows = ownThresholds
    .slice(0, shownPersons)
    .map(({ person, threshold: own, reason, fmr, fnmr }) => [
      ...[person.name ?? person.id, own.toFixed(3), reason, rateOf(fmr), rateOf(fnmr)],
    ]);
  return [
    `${counted(persons, 'person')}, recogniser ${recogniser}, threshold ${threshold.toFixed(3)}, margin ${margin.toFixed(3)}`,
    ...(targetFpir === undefined ? [] : [`wanted: FPIR at most ${percent(targetFpir)}`]),
    ...(expectedFpir === undefined && expectedFnir === undefined
      ? []
      : [
          `expected: FPIR ${rateOf(expectedFpir)}, FNIR ${rateOf(expectedFnir)}; FNIR is higher at the cameras`,
        ]),
    `comparisons of photos: ${det.genuine} of one person, ${det.impostor} of different persons`,
    ...(inForce === undefined
      ? ['too few comparisons for a rate: enrol more persons with several photos']
      : [
          `FMR ${percent(inForce.fmr)} (95 %: ${inForce.fmrInterval.map(percent).join(' to ')})`,
          `FNMR ${percent(inForce.fnmr)} (95 %: ${inForce.fnmrInterval.map(percent).join(' to ')}); higher at the cameras`,
        ]),
    `${ownThresholdCount} with a threshold of their own`,
    ...(rows.length === 0 ? [] : [table(['person', 'threshold', 'reason', 'FMR', 'FNMR'], rows)]),
  ].join('\n');
}

export const accuracyOperations = {
  'reports.accuracy': operation({
    method: 'GET',
    path: '/reports/accuracy',
    summary: 'Report how well the box can tell the enrolled persons apart.',
    description:
      'Makes no new comparisons. It uses those that the box makes at each start, every night, and after each change. Photos of an enrolment are more alike than views of a camera, so FNMR at the cameras is higher.',
    answer: { kind: 'json', schema: accuracyReport },
    errors: ['gallery-sealed', 'gallery-closed', 'shutting-down'],
    scope: 'gallery:read',
    audit: 'personal',
    rate: 'heavy',
    isLong: true,
    commandLines: [
      {
        words: 'report accuracy',
        does: 'show how well the box tells the enrolled persons apart, by their own photos',
        text: describeAccuracy,
        examples: [['rollcall report accuracy', 'how well the box tells its persons apart']],
      },
    ],
  }),
} as const;
