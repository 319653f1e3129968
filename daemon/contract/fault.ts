import { z } from 'zod';

/** Why a part of the box does not work, and what a person can do about it. */
export const fault = z.object({
  code: z.string().describe('Stable and never translated: programs match on it.'),
  message: z.string(),
  remedy: z.string().describe('What a person can do about it.'),
});
export type Fault = z.infer<typeof fault>;
