import { z } from 'zod';

const rate = z.number().min(0).max(1);

/** What the box expects of its gallery at the thresholds in force, from the enrolled photographs alone. */
export const expectedRates = z.object({
  targetFpir: rate.exactOptional().describe('`identification.targetFpir`. Absent if it is `off`.'),
  fpir: rate
    .exactOptional()
    .describe(
      'Expected share of strangers taken for an enrolled person. Absent if too few persons are enrolled for an estimate; the box then raises the thresholds by a margin.',
    ),
  fnir: rate
    .exactOptional()
    .describe(
      'Expected share of the passages of enrolled persons that are missed; higher at the cameras. Absent if no person has two photographs.',
    ),
});
export type ExpectedRates = z.infer<typeof expectedRates>;
