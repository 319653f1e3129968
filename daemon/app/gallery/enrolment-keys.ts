import { webcrypto } from 'node:crypto';
import { z } from 'zod';
import { badInput, type RollcallError } from '../../base/errors.js';
import {
  type EnrolmentRequest,
  type EnrolmentWarning,
  type PhotographResult,
  photographResult,
} from '../../contract/enrolment.js';

/** What the answer to an enrolment says beside the person. Names are read again when it is repeated. */
const keptAnswer = z.object({
  photographs: z.array(photographResult).readonly(),
  resembles: z.array(z.object({ personId: z.string(), similarity: z.number() })).readonly(),
});
export type KeptAnswer = z.infer<typeof keptAnswer>;

export function writeAnswer(
  photographs: readonly PhotographResult[],
  { resembles = [] }: EnrolmentWarning,
): string {
  const others = resembles.map(({ personId, similarity }) => ({ personId, similarity }));
  return JSON.stringify({ photographs, resembles: others } satisfies KeptAnswer);
}

export function readAnswer(text: string): KeptAnswer {
  return keptAnswer.parse(JSON.parse(text));
}

export function keyReused(): RollcallError {
  return badInput(
    'idempotency-key-reused',
    'The person was not enrolled: the idempotency key belongs to an earlier request with other content.',
    { remedy: 'Choose a new random key for every enrolment. Use a key again only to repeat a request.' },
  );
}

/** A hash of everything that an enrolment holds. Computed in other threads: photographs may have 64 MiB. */
export async function contentOf({ photographs, ...request }: EnrolmentRequest): Promise<string> {
  const hashes: string[] = [];
  for (const photograph of photographs) hashes.push(await hashOf(photograph));
  const { idempotencyKey: _, ...profile } = request;
  return await hashOf(Buffer.from(JSON.stringify([Object.entries(profile).sort(), hashes])));
}

async function hashOf(bytes: Buffer): Promise<string> {
  // The hash takes no views of a shared buffer by their type.
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', new Uint8Array(bytes))).toString('hex');
}
