import { z } from 'zod';
import { brokerNotConfigured } from '../kernel/broker.js';
import { counted } from '../kernel/counted.js';
import { eventDeliveries } from '../kernel/events/event-delivery.js';
import { eventKinds } from '../kernel/events/event-type.js';
import { table } from '../kernel/text-table.js';
import { personForms, type SiteClock, timeForms, writtenAs } from './command-line.js';
import { describeNumberedEvent, describeRanges } from './events/event-text.js';
import { heldBack, heldBackLines } from './held-back.js';
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
    .describe('How many of these the broker has accepted but the centre has not confirmed.'),
  newestSequence: z.int().nonnegative().describe('The sequence of the newest event; 0 without events.'),
  centreHasUpTo: z.int().nonnegative().describe('The last sequence that a centre has confirmed; 0 if none.'),
  inFlight: z.int().nonnegative().describe('Sent and not yet acknowledged by the broker.'),
  connection: z.object({
    state: z.string(),
    message: z.string().exactOptional(),
    remedy: z.string().exactOptional(),
  }),
  heldBack: z.array(heldBack).readonly().describe('Events that the broker does not accept.'),
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
export function positionOf(item: FollowedItem): number {
  if (item.kind === 'event') return Number(item.event.sequence);
  // All events of the new records follow.
  return item.kind === 'records-replaced' ? 0 : item.newestSequence;
}

const filters = {
  kind: eventKind.optional(),
  person: z
    .string()
    .min(1)
    .max(128)
    .register(writtenAs, { as: 'person' })
    .optional()
    .describe('Only events that name the person with this id.'),
  camera: z.string().min(1).max(64).optional().describe('Only events of the camera with this id.'),
};

const whichEvent = z
  .string()
  .min(1)
  .max(128)
  .describe('Its sequence, its id, or the beginning of its id with at least four characters.');

const deliveryWords: Readonly<Record<EventDetails['delivery'], string>> = {
  waiting: 'waiting in the outbox: the broker has not received it yet',
  'kept-for-centre': 'the broker has received it; kept until the centre confirms it',
  'given-up': 'given up, and published as a gap. "rollcall events resend" can still send it',
  delivered: 'delivered',
};

function describeEventDetails(shown: EventDetails, { show }: SiteClock): string {
  return [
    `event ${shown.sequence}, ${shown.kind}, recorded ${show(shown.recordedAt)}`,
    `delivery: ${deliveryWords[shown.delivery]}`,
    JSON.stringify(shown.event, null, 2),
  ].join('\n');
}

/** The result of a resend. */
export function describeResend({ first, last, count, missing }: ResendOutcome): string {
  const lines = [`sending ${counted(count, 'event')} from ${first} to ${last} again`];
  if (missing.count > 0) {
    lines.push(
      `${counted(missing.count, 'event is', 'events are')} no longer in the records: ${describeRanges(missing.ranges)}`,
    );
  }
  return lines.join('\n');
}

const mebibyte = 1024 * 1024;

/** The state of the broker and of the centre. */
function deliveryLines(status: OutboxStatus): readonly string[] {
  const { acknowledgement, keptForCentre, inFlight, centreHasUpTo, connection } = status;
  if (connection.state === brokerNotConfigured) {
    return [
      'broker: not configured. Events stay on this box until "mqtt" in the configuration names a broker.',
    ];
  }
  const advice = connection.remedy === undefined ? '' : `\n  what to do: ${connection.remedy}`;
  const problem = connection.message === undefined ? '' : `: ${connection.message}${advice}`;
  return [
    `broker: ${connection.state}, ${counted(inFlight, 'event')} in transit${problem}`,
    acknowledgement === 'centre'
      ? `centre: has confirmed up to ${centreHasUpTo}; ${counted(keptForCentre, 'event is', 'events are')} at the broker and kept until the centre confirms`
      : 'an event leaves the outbox when the broker has received it (mqtt.acknowledgement: broker)',
  ];
}

/** The outbox: waiting events by kind with their limits, the broker and the centre. */
export function describeOutbox(status: OutboxStatus, { show }: SiteClock): string {
  const { count, sizeBytes, limitMiB, newestSequence, heldBack, kinds } = status;
  const rows = kinds.map(({ kind, count: waiting, oldestSince, limit, givenUp, isHeld }) => [
    kind,
    String(waiting),
    oldestSince === undefined ? '-' : show(oldestSince),
    `${limit.events} / ${limit.days} d`,
    String(givenUp),
    isHeld ? 'REFUSED by the broker' : '',
  ]);
  return [
    `outbox: ${counted(count, 'event')}, ${(sizeBytes / mebibyte).toFixed(1)} of ${limitMiB} MiB; newest event ${newestSequence}`,
    ...deliveryLines(status),
    ...heldBackLines(heldBack, show),
    table(['kind', 'events', 'oldest since', 'limit', 'given up', ''], rows),
  ].join('\n');
}

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
    commandLines: [
      {
        words: 'events list',
        does: 'list recorded events, oldest first',
        options: {
          kind: ['--kind <kind>', 'only events of this kind'],
          from: ['--from <sequence>', 'from this sequence on'],
          to: ['--to <sequence>', 'up to this sequence'],
          since: ['--since <time>', `recorded since this time: ${timeForms}`],
          person: ['--person <person>', `only events about this person: ${personForms}`],
        },
        most: {
          flags: '-n, --limit <count>',
          help: 'number of newest matching events',
          usual: 100,
          isOldestFirst: true,
        },
        text: (events: readonly ShownEvent[], { show }) =>
          events.length === 0
            ? 'no events found'
            : events.map((event) => describeNumberedEvent(event, show)).join('\n'),
        examples: [
          ["rollcall events list --since 1h --person 'Ada King'", 'events of the last hour about one person'],
          ['rollcall events list --kind unknown --since today', 'unknown people since midnight'],
        ],
      },
    ],
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
    commandLines: [
      {
        words: 'events show',
        does: 'show an event in full, whether it has left the box, and its picture',
        arguments: { event: ['event', 'sequence, id, or start of the id of the event'] },
        text: describeEventDetails,
        picture: ({ id }: EventDetails) => ({
          operation: 'events.picture',
          input: { event: id },
          name: `event-${id}`,
        }),
        examples: [
          ['rollcall events show 1234', 'show an event by its sequence'],
          [
            'rollcall events show 1234 --picture door.jpg',
            'also save the picture that the box keeps with it',
          ],
        ],
      },
    ],
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
    commandLines: [
      {
        words: 'events resend',
        does: 'send recorded events again, marked "historical"; receivers recognise repeated events by their id',
        options: {
          from: ['--from <sequence>', 'the first event to send again'],
          to: ['--to <sequence>', 'the last event; default: the newest'],
        },
        confirms: ({ input: { from, to = 'the newest' } }) =>
          `This sends the events from ${from} to ${to} again.`,
        text: describeResend,
        examples: [
          [
            'rollcall events resend --from 100 --to 200',
            'ask for confirmation, then send these events again',
          ],
        ],
      },
    ],
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
    commandLines: [
      {
        words: 'outbox status',
        does: 'show waiting events by kind with their limits, and events that the broker refuses, with the reason',
        text: describeOutbox,
        examples: [['rollcall outbox status', 'show which events wait for the broker, and why']],
      },
    ],
  }),
} as const;
