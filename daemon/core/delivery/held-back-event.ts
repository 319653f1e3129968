import type { EventKind } from '../../kernel/events/event.js';
import type { HoldingCause } from '../../kernel/events/event-delivery.js';
import { isLargeEvent } from './publish-errors.js';

/** An event, or a kind of event, that waits in the outbox because the broker does not accept it. */
export interface HeldBackEvent {
  readonly cause: HoldingCause;
  readonly kind: EventKind;
  /** The sequence of the event; for a kind, of its oldest refused event. */
  readonly sequence: number;
  /** When this process first found that the broker does not accept it. Wall clock, milliseconds since the epoch. */
  readonly sinceMs: number;
  /** When the box tries again, wall clock; absent: at the next connection. */
  readonly untilMs?: number;
  /** The reason that the broker gave; absent without one. */
  readonly reason?: string;
  /** The size of the message as it was sent, if known. */
  readonly sizeBytes?: number;
}

interface Description {
  readonly message: string;
  readonly remedy: string;
}

const sizeLimit = 'mosquitto: max_packet_size; RabbitMQ 4: mqtt.max_packet_size_authenticated';

const descriptions: Readonly<Record<HoldingCause, Description>> = {
  'topic-refused': {
    message: 'the broker refuses the topic of this kind',
    remedy: 'Allow this box to publish on the topic, as the example for your broker in config/ does.',
  },
  'too-large': {
    message: 'this event is larger than the broker takes',
    remedy: `Raise the message size limit of the broker (${sizeLimit}).`,
  },
  'ends-connection': {
    message: 'the broker ends the connection whenever this event is sent',
    remedy: `The broker probably does not allow this box to publish on the topic of this kind. Allow it, as the example for your broker in config/ does. If it is allowed, raise the message size limit of the broker (${sizeLimit}).`,
  },
};
const sizeRemedy = `The event is probably too large for the broker. Raise its message size limit (${sizeLimit}).`;

/** What happened, and what to do about it. */
export function describeHeldBack({
  cause,
  kind,
  sizeBytes = 0,
}: Pick<HeldBackEvent, 'cause' | 'kind' | 'sizeBytes'>): Description {
  const found = descriptions[cause];
  const isTooLarge = cause === 'ends-connection' && isLargeEvent({ event: kind, sizeBytes });
  return isTooLarge ? { ...found, remedy: sizeRemedy } : found;
}
