import { z } from 'zod';
import { eventDeliveries } from '../kernel/events/event-delivery.js';
import { eventKinds } from '../kernel/events/event-type.js';
import { heldBack } from './held-back.js';
import { numberedPageFields, operation } from './operation.js';

const eventKind = z.enum(eventKinds);
const sequence = z.int().positive();
const instant = z.iso.datetime().max(40);

/** A recorded event. Each type has a schema of its own in the event contract; here are the fields that all have. */
export const cloudEvent = z
  .looseObject({
    specversion: z.literal('1.0'),
    id: z.string(),
    source: z
      .string()
      .describe('Site and box, such as `/plant-1/box-1`. Together with `id` it names the event.'),
    type: z.string().describe('Such as `rollcall.attendance.recorded.v1`.'),
    time: z.string().describe('When it happened, ISO 8601 in UTC.'),
    recordedtime: z.string().describe('When it was recorded, ISO 8601 in UTC.'),
    sequence: z.string().describe('A number of 16 digits that grows with every event of the box.'),
    site: z.string(),
    box: z.string(),
    datacontenttype: z.literal('application/json'),
    data: z.record(z.string(), z.unknown()).describe('By type: docs/contract/schemas.'),
  })
  .describe('A CloudEvent as it is recorded: without the fields that are added when it is sent.');

/** A recorded event whose content is damaged. */
export const damagedEvent = z
  .object({
    damaged: z.literal(true),
    sequence: z.string().describe('A number of 16 digits, as in every event.'),
    id: z.string(),
    kind: z.string(),
    recordedtime: z.string().describe('When it was recorded, ISO 8601 in UTC.'),
  })
  .describe(
    'An event whose content the box cannot read: the disk or a fault damaged it. These facts are stored beside it. A receiver that got the event earlier still has it.',
  );
export type DamagedEvent = z.infer<typeof damagedEvent>;

/** A recorded event as readers get it. */
export const shownEvent = z.union([cloudEvent, damagedEvent]);
export type ShownEvent = z.infer<typeof shownEvent>;

/** A recorded event with all known facts. */
export const eventDetails = z.object({
  sequence,
  id: z.string(),
  kind: eventKind,
  recordedAt: instant,
  delivery: z
    .enum(eventDeliveries)
    .describe(
      '`waiting`: no broker has taken it. `kept-for-centre`: the centre has not confirmed it yet. `given-up`: it was dropped, and a gap event reports that. `delivered`: it has left the outbox.',
    ),
  event: shownEvent,
});
export type EventDetails = z.infer<typeof eventDetails>;

/** Sequences from first to last, both included. */
export const sequenceRange = z.object({ first: sequence, last: sequence });
export type SequenceRange = z.infer<typeof sequenceRange>;

/** The outcome of a resend. */
export const resendOutcome = sequenceRange.extend({
  count: z
    .int()
    .nonnegative()
    .describe('Events put back into the outbox. Events that still waited are not counted.'),
  missing: z
    .object({ count: z.int().nonnegative(), ranges: z.array(sequenceRange).readonly() })
    .describe('Events that the records no longer hold; only the first hundred ranges.'),
});
export type ResendOutcome = z.infer<typeof resendOutcome>;

export const outboxKind = z.object({
  kind: eventKind,
  count: z.int().nonnegative(),
  sizeBytes: z.int().nonnegative(),
  oldestSince: instant
    .exactOptional()
    .describe('When the oldest waiting event was recorded. Absent if there is none.'),
  limit: z.object({ events: z.number(), days: z.number() }),
  givenUp: z.int().nonnegative().describe('Dropped events since the records were created.'),
  isHeld: z.boolean().describe('True while the broker refuses the topic of the kind.'),
});
export type OutboxKind = z.infer<typeof outboxKind>;

/** The events that wait to leave the box. */
export const outboxStatus = z.object({
  acknowledgement: z.enum(['broker', 'centre']).describe('Who has to confirm an event.'),
  count: z.int().nonnegative(),
  sizeBytes: z.int().nonnegative(),
  limitMiB: z.number(),
  keptForCentre: z
    .int()
    .nonnegative()
    .describe('How many of these the broker has taken, but the centre has not confirmed.'),
  newestSequence: z.int().nonnegative().describe('The sequence of the newest event; 0 without events.'),
  centreHasUpTo: z.int().nonnegative().describe('The last sequence that a centre has confirmed; 0 if none.'),
  inFlight: z.int().nonnegative().describe('Sent and not yet acknowledged by the broker.'),
  connection: z.object({
    state: z.string(),
    message: z.string().exactOptional(),
    remedy: z.string().exactOptional(),
  }),
  heldBack: z.array(heldBack).readonly().describe('Events that the broker does not take.'),
  kinds: z.array(outboxKind).readonly().describe('The recorded kinds, most important first.'),
});
export type OutboxStatus = z.infer<typeof outboxStatus>;

/** An item of the event stream. */
export const followedItem = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('event'), event: shownEvent }),
  z
    .object({ kind: z.literal('up-to-date'), newestSequence: z.int().nonnegative() })
    .describe(
      'The reader has all events up to this sequence. Give it as `after` to continue later. Comes once at the beginning, after the events that were recorded before, and whenever no event came for 30 seconds.',
    ),
  z
    .object({ kind: z.literal('records-replaced'), newestSequence: z.int().nonnegative() })
    .describe(
      'The records hold fewer events than `after` says, because they were replaced. All events of the new records follow.',
    ),
]);
export type FollowedItem = z.infer<typeof followedItem>;

/** After which sequence a reader goes on who has this item. */
function positionOf(item: FollowedItem): number {
  if (item.kind === 'event') return Number(item.event.sequence);
  // All events of the new records follow.
  return item.kind === 'records-replaced' ? 0 : item.newestSequence;
}

const filters = {
  kind: eventKind.optional(),
  person: z.string().min(1).max(128).optional().describe('Only events that name the person with this id.'),
  camera: z.string().min(1).max(64).optional().describe('Only events of the camera with this id.'),
};

const whichEvent = z
  .string()
  .min(1)
  .max(128)
  .describe('Its sequence, its id, or the beginning of its id with at least four characters.');

const readEvents = {
  'events.list': operation({
    method: 'GET',
    path: '/events',
    summary: 'List recorded events.',
    description:
      'The newest first, unless `order` says otherwise. A caller who is limited to cameras gets the events of these cameras only.',
    input: z.strictObject({
      ...numberedPageFields,
      order: z.enum(['newest-first', 'oldest-first']).default('newest-first'),
      ...filters,
      from: sequence.optional().describe('From this sequence on.'),
      to: sequence.optional().describe('Up to this sequence, included.'),
      since: instant.optional().describe('Recorded at this time or later.'),
      until: instant.optional().describe('Recorded before this time.'),
    }),
    answer: { kind: 'page', item: shownEvent },
    errors: [],
    scope: 'events:read',
    centre: { scope: 'events', command: 'list-events', answerAs: 'page' },
    rate: 'default',
  }),
  'events.show': operation({
    method: 'GET',
    path: '/events/{event}',
    summary: 'Show an event in full, and whether it has left the box.',
    input: z.strictObject({ event: whichEvent }),
    answer: { kind: 'json', schema: eventDetails },
    errors: ['no-such-event', 'ambiguous'],
    scope: 'events:read',
    rate: 'default',
  }),
  'events.picture': operation({
    method: 'GET',
    path: '/events/{event}/picture',
    summary: 'Read the picture that the box keeps with an event.',
    description: 'The configuration decides which pictures the box keeps: `evidence`.',
    input: z.strictObject({ event: whichEvent }),
    answer: { kind: 'file', mediaType: 'image/jpeg' },
    errors: ['no-such-event', 'no-such-picture', 'ambiguous', 'gallery-sealed'],
    scope: 'passages:pictures',
    audit: 'personal',
    rate: 'pictures',
  }),
  'events.follow': operation({
    method: 'GET',
    path: '/events/stream',
    summary: 'Receive events as they are recorded.',
    description:
      'With `after`, the events recorded after that one come first, so that a reader that was away misses none. Events are read from the records when the reader takes them: a slow reader gets them later, and all of them. The answer ends when the reader leaves.',
    input: z.strictObject({
      after: z
        .int()
        .nonnegative()
        .optional()
        .describe('The sequence of the last event that was read. Absent: only new events.'),
      ...filters,
    }),
    answer: { kind: 'lines', item: followedItem, resume: { field: 'after', positionOf } },
    errors: [],
    scope: 'events:read',
    rate: 'stream',
    isLong: true,
  }),
} as const;

export const eventOperations = {
  ...readEvents,
  'events.resend': operation({
    method: 'POST',
    path: '/events/resends',
    summary: 'Send the recorded events of a range again.',
    description: 'They are marked `historical`. Receivers recognise repeated events by their id.',
    input: z.strictObject({
      from: sequence,
      to: sequence.optional().describe('Included. Default: the newest event.'),
    }),
    answer: { kind: 'json', schema: resendOutcome },
    errors: ['bad-range'],
    scope: 'events:write',
    audit: 'write',
    rate: 'heavy',
    isLong: true,
  }),
  'outbox.show': operation({
    method: 'GET',
    path: '/outbox',
    summary: 'Show the events that wait to leave the box.',
    description: 'By kind with their limits; and the events that the broker refuses, with the reason.',
    answer: { kind: 'json', schema: outboxStatus },
    errors: [],
    scope: 'status:read',
    rate: 'default',
  }),
} as const;
