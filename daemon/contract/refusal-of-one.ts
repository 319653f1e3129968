import { z } from 'zod';

/** Why one of many subjects of a call stays as it is. */
export const refusalOfOne = z.object({
  code: z.string(),
  message: z.string(),
  remedy: z.string().exactOptional(),
});
export type RefusalOfOne = z.infer<typeof refusalOfOne>;
