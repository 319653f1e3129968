import { z } from 'zod';
import { cancelReasons, challengeActions, failureReasons } from '../../domain/liveness/challenge.js';
import { signature, slug, time } from './terms.js';

/** One message on `<prefix>/<site>/<box>/prompt/<camera>`, never retained. It says nothing about who is asked. */
export const promptSchema = z.strictObject({
  version: z.literal(1),
  site: slug,
  box: slug,
  camera: slug.describe('configured id'),
  nonce: z
    .string()
    .regex(/^[A-Za-z0-9_-]{22}$/)
    .describe('of the whole challenge: 16 random bytes, base64url; the same in all its messages'),
  state: z
    .enum(['asked', 'passed', 'failed', 'cancelled'])
    .describe('asked: the person is to do the action now; the others end the challenge'),
  action: z.enum(challengeActions).optional().describe("of asked; left and right are the person's own"),
  position: z.int().min(1).max(9).describe('of the action that is asked, or was asked last, from 1'),
  of: z.int().min(1).max(9).describe('how many actions are asked in all'),
  deadline: time.optional().describe('of asked: until when the person has to begin'),
  reason: z
    .enum([...failureReasons, ...cancelReasons, 'not-shown'])
    .optional()
    .describe('of failed and cancelled: why'),
  time: time.describe('when the box said so'),
  sequence: z.int().positive().describe('greater than in every earlier message on this topic'),
  signature,
});

export type PromptMessage = z.infer<typeof promptSchema>;
