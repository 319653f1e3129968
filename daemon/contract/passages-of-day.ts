import { z } from 'zod';
import { passageOutcomes } from '../kernel/passage-outcome.js';

/** Passages that ended, of the last day. */
export const passagesOfDay = z.object({
  count: z.int().nonnegative(),
  byOutcome: z
    .partialRecord(z.enum(passageOutcomes), z.int().nonnegative())
    .readonly()
    .describe('Outcomes that no passage had are left out.'),
});
export type PassagesOfDay = z.infer<typeof passagesOfDay>;
