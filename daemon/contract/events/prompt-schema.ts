import { z } from 'zod';
import { challengeActions, promptReasons, promptStates } from '../../kernel/liveness/challenge.js';
import { signature, slug, time } from './message-fields.js';

/** One message on `<prefix>/<site>/<box>/prompt/<camera>`, never retained. It contains nothing about the person. */
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
    .enum(promptStates)
    .describe('asked: the person must do the action now; the other states end the challenge'),
  action: z
    .enum(challengeActions)
    .optional()
    .describe('only of asked; left and right are those of the person'),
  position: z.int().min(1).max(9).describe('number of the present or last action, counted from 1'),
  of: z.int().min(1).max(9).describe('number of all actions of the challenge'),
  deadline: time.optional().describe('only of asked: the person must begin before this time'),
  reason: z.enum(promptReasons).optional().describe('only of failed and cancelled: why'),
  time: time.describe('when the box signed the message'),
  sequence: z.int().positive().describe('greater than in every earlier message on this topic'),
  signature,
});

export type PromptMessage = z.infer<typeof promptSchema>;
