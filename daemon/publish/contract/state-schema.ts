import { z } from 'zod';
import { boxConditions } from '../../domain/events/notice.js';
import { signature, slug, subject, time } from './terms.js';

/** One message on `<prefix>/<site>/<box>/state`. */
export const stateSchema = z.strictObject({
  version: z.literal(1),
  state: z.enum(['online', 'offline']),
  reason: z.enum(['connected', 'changed', 'stopped', 'connection-lost']),
  sequence: z.int().positive().describe('greater than in every state message before it'),
  time: time.describe(
    'when the box said so; for connection-lost, when the connection that was lost had begun',
  ),
  site: slug,
  box: slug,
  gallery: z.enum(['open', 'sealed']).describe('sealed: the box sees people and recognises nobody'),
  lastSequence: z
    .int()
    .nonnegative()
    .describe(
      'of the newest event recorded when the box said so, 0 for none: whoever has less is to wait or to ask',
    ),
  conditions: z.array(z.enum(boxConditions)).describe('what is the matter with the box'),
  about: z
    .partialRecord(z.enum(boxConditions), z.array(subject))
    .optional()
    .describe(
      'of conditions that can be about several things: about which they are, as their newest event says',
    ),
  signature,
});

export type StateMessage = z.infer<typeof stateSchema>;
