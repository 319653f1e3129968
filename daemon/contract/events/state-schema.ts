import { z } from 'zod';
import { boxConditions } from '../../kernel/events/notice.js';
import { passageOutcomes } from '../../kernel/passage-outcome.js';
import { signature, slug, subject, time } from './message-fields.js';

/** One message on `<prefix>/<site>/<box>/state`. */
export const stateSchema = z.strictObject({
  version: z.literal(1),
  state: z.enum(['online', 'offline']),
  reason: z.enum(['connected', 'changed', 'stopped', 'connection-lost']),
  sequence: z.int().positive().describe('greater than in every state message before it'),
  time: time.describe('when the box signed the message; for connection-lost, when that connection began'),
  site: slug,
  box: slug,
  gallery: z.enum(['open', 'sealed']).describe('sealed: the box sees people but cannot recognise them'),
  lastSequence: z
    .int()
    .nonnegative()
    .describe(
      'sequence of the newest recorded event, 0 for none: a receiver that has fewer events must wait or request them',
    ),
  conditions: z.array(z.enum(boxConditions)).describe('active conditions of the box'),
  about: z
    .partialRecord(z.enum(boxConditions), z.array(subject))
    .optional()
    .describe('the subjects of conditions that can have several, as in their newest event'),
  passages: z
    .strictObject({
      count: z.int().nonnegative(),
      byOutcome: z.partialRecord(z.enum(passageOutcomes), z.int().nonnegative()),
    })
    .optional()
    .describe('passages that ended in the current hour and the 23 hours before'),
  signature,
});

export type StateMessage = z.infer<typeof stateSchema>;
