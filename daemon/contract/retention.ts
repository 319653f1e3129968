import { z } from 'zod';
import { retentionKinds } from '../kernel/retention/retention-rules.js';
import { fault } from './api-errors.js';
import { operation } from './operation.js';

/** The result of a run, without personal data. */
export const retentionReport = z.object({
  startedAt: z.iso.datetime(),
  durationMs: z.number(),
  by: z.string().describe('The actor who started it; `retention` for the daily run.'),
  forgotten: z
    .partialRecord(z.enum(retentionKinds), z.int().nonnegative())
    .readonly()
    .describe('Number of deleted items of each kind. Absent for a kind without due items.'),
  batches: z.int().nonnegative().describe('Number of transactions.'),
  longestBatchMs: z.number().describe('The longest time that a transaction blocked the daemon.'),
  failures: z
    .array(
      z.object({
        kind: z
          .enum([...retentionKinds, 'writeAheadLog', 'report'])
          .describe('`writeAheadLog`: deleted data may still be in the log beside the database.'),
        code: z.string(),
        message: z.string(),
        remedy: z.string().exactOptional(),
      }),
    )
    .readonly()
    .describe('What could not be deleted. The next run tries again.'),
});
export type RetentionReport = z.infer<typeof retentionReport>;

export const retentionStatus = z.object({
  rules: z
    .array(
      z.object({
        kind: z.enum(retentionKinds),
        keep: z.union([z.number(), z.literal('forever')]).describe('Days, or `forever`.'),
        due: z.int().nonnegative().describe('Number of items that a run would delete now.'),
      }),
    )
    .readonly(),
  atHour: z.number().describe('Hour of the day at the site from which the daily run may begin.'),
  isRunning: z.boolean(),
  clockDoubt: fault
    .exactOptional()
    .describe('Why the daily run deletes nothing until a person confirms that the clock is right.'),
  lastRun: retentionReport.exactOptional().describe('Absent before the first run.'),
});
export type RetentionStatus = z.infer<typeof retentionStatus>;

/** Retention in the status of the box. It counts nothing. */
export const retentionSummary = z.object({
  lastRunAt: z.iso.datetime().exactOptional().describe('Absent before the first run.'),
  failures: z.int().nonnegative().describe('Number of failures in the last run.'),
  clockDoubt: fault.exactOptional(),
});
export type RetentionSummary = z.infer<typeof retentionSummary>;

export const retentionOperations = {
  'retention.show': operation({
    method: 'GET',
    path: '/retention',
    summary: 'Show how long data is kept, how much is due, and what the last run deleted.',
    answer: { kind: 'json', schema: retentionStatus },
    errors: [],
    scope: 'retention:read',
    rate: 'default',
  }),
  'retention.run': operation({
    method: 'POST',
    path: '/retention/runs',
    summary: 'Permanently delete everything that is due now.',
    input: z.strictObject({
      isClockConfirmed: z
        .boolean()
        .default(false)
        .describe('The caller confirms that the clock of the box is right.'),
    }),
    answer: { kind: 'json', schema: retentionReport },
    errors: ['retention-running', 'clock-doubtful'],
    scope: 'retention:write',
    audit: 'write',
    needsStepUp: true,
    rate: 'heavy',
    isLong: true,
  }),
} as const;
