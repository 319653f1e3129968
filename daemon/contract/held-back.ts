import { z } from 'zod';
import { holdingCauses } from '../kernel/events/event-delivery.js';
import { eventKinds } from '../kernel/events/event-type.js';
import type { ShowTime } from './command-line.js';
import { says } from './said.js';

/** An event, or a kind of event, that the broker does not accept while it takes others. */
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
  says: says('message', 'remedy'),
});
export type HeldBack = z.infer<typeof heldBack>;

/** `events of the kind unknown, from 12 on` or `event 17 (attendance)`. */
export const whatIsHeldBack = ({ cause, kind, sequence }: HeldBack): string =>
  cause === 'topic-refused'
    ? `events of the kind ${kind}, from ${sequence} on`
    : `event ${sequence} (${kind})`;

export function whyHeldBack({ message, reason, sizeBytes, since, until }: HeldBack, show: ShowTime): string {
  const size = sizeBytes === undefined ? '' : ` (${sizeBytes} bytes)`;
  const answer = reason === undefined ? '' : `: ${reason}`;
  const retry = until === undefined ? 'at the next connection' : `at ${show(until)}`;
  return `${message}${size}${answer}; since ${show(since)}, next attempt ${retry}`;
}

/** The events that the broker does not accept, with reason and remedy. */
export function heldBackLines(heldBack: readonly HeldBack[], show: ShowTime): readonly string[] {
  return heldBack.map(
    (each) =>
      `HELD BACK: ${whatIsHeldBack(each)}; other events are sent: ${whyHeldBack(each, show)}\n  what to do: ${each.remedy}`,
  );
}
