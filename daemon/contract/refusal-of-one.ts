import { z } from 'zod';
import { says } from './said.js';

/** Why one of many subjects of a call stays as it is. */
export const refusalOfOne = z.object({
  code: z.string(),
  message: z.string(),
  remedy: z.string().exactOptional(),
  says: says('message', 'remedy'),
});
export type RefusalOfOne = z.infer<typeof refusalOfOne>;
