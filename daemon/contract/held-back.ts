import { z } from 'zod';
import { holdingCauses } from '../kernel/events/event-delivery.js';
import { eventKinds } from '../kernel/events/event-type.js';

/** An event, or a kind of event, that the broker does not take while it takes others. */
export const heldBack = z.object({
  cause: z
    .enum(holdingCauses)
    .describe(
      '`topic-refused`: the broker refuses the topic of the whole kind. `too-large`: the event exceeds the size limit of the broker. `ends-connection`: the broker closes the connection whenever this event is sent.',
    ),
  kind: z.enum(eventKinds),
  sequence: z.int().describe('The sequence of the event, or of the oldest refused event of the kind.'),
  since: z.iso.datetime().describe('When this was first detected since the start.'),
  until: z.iso.datetime().exactOptional().describe('The next try. Absent if that needs a new connection.'),
  message: z.string(),
  reason: z.string().exactOptional().describe('The answer of the broker, if any.'),
  sizeBytes: z.int().nonnegative().exactOptional().describe('The size of the message, if known.'),
  remedy: z.string(),
});
export type HeldBack = z.infer<typeof heldBack>;
