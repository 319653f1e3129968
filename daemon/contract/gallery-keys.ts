import { z } from 'zod';
import { rotationStates } from '../kernel/gallery/gallery-job.js';
import { keyProviderKinds } from '../kernel/gallery/key-provider-kind.js';
import { fault } from './fault.js';

/** A key-encryption key in force. */
export const keySlot = z.object({
  keyId: z.string().describe('Public; reveals nothing about the key.'),
  provider: z.enum(keyProviderKinds),
  isCurrent: z.boolean().describe('False for a key that a running rotation replaces.'),
  createdAt: z.iso.datetime(),
  ageS: z.number().describe('Seconds.'),
});
export type KeySlot = z.infer<typeof keySlot>;

/** The running key rotation, or the latest one since the start of the daemon. */
export const keyRotation = z.object({
  depth: z.enum(['wrap', 'deep']).describe('`deep`: every field is encrypted again, too.'),
  fromKeyId: z.string(),
  toKeyId: z.string(),
  startedAt: z.iso.datetime(),
  state: z
    .enum(rotationStates)
    .describe(
      '`waiting`: a step failed and is tried again. `stopped` and `failed`: it continues when the gallery is next opened.',
    ),
  total: z.int().nonnegative().describe('Number of data keys.'),
  done: z.int().nonnegative().describe('Of these, the ones that are rotated.'),
  damaged: z.int().nonnegative().describe('Persons and pictures with a damaged field. Their bytes are kept.'),
  problem: fault.exactOptional().describe('Why it waits or failed.'),
});
export type KeyRotation = z.infer<typeof keyRotation>;
