import { z } from 'zod';
import { type EnrolmentWarning, type PhotographResult, photographResult } from '../../contract/enrolment.js';

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
