import type { EventKind } from '../domain/events/event.js';
import { isLarge } from './publish-refusal.js';

/**
 * Why something waits while other events flow. `topic-refused`: the broker refuses the topic of the whole kind; `too-large`: it
 * says that this event is larger than it takes; `ends-connection`: it hangs up whenever this event is sent.
 */
export type HoldingCause = 'topic-refused' | 'too-large' | 'ends-connection';

/** An event, or a kind of event, that waits on the box because the broker does not take it. */
export interface HeldBack {
  readonly cause: HoldingCause;
  readonly kind: EventKind;
  /** That of the event; of a kind, that of the oldest which was refused. */
  readonly sequence: number;
  /** When that was found first, in the life of this process. Wall clock, milliseconds since the epoch. */
  readonly sinceMs: number;
  /** When it is tried again; absent: over the next connection. */
  readonly untilMs?: number;
  /** The broker's answer, where it gave one. */
  readonly reason?: string;
  /** Of the message as it was sent, where that is known. */
  readonly sizeBytes?: number;
}

interface Words {
  readonly message: string;
  readonly remedy: string;
}

const words: Readonly<Record<HoldingCause, Words>> = {
  'topic-refused': {
    message: 'the broker refuses the topic of this kind',
    remedy: 'Let the broker allow this box to publish on it, as config/mosquitto-acl.example does.',
  },
  'too-large': {
    message: 'the broker says that this event is larger than it takes',
    remedy: 'Raise the limit of the broker for the size of messages (mosquitto: max_packet_size).',
  },
  'ends-connection': {
    message: 'the broker ends the connection whenever this event is sent',
    remedy:
      'The broker probably does not allow this box to publish on the topic of this kind. Allow it, as config/mosquitto-acl.example does. If it is allowed, raise the limit of the broker for the size of messages (mosquitto: max_packet_size).',
  },
};
const endsForItsSize =
  'It is probably too large for the broker: raise its limit for the size of messages (mosquitto: max_packet_size).';

/** What is the matter, and what a person can do about it. */
export function wordsOf({
  cause,
  kind,
  sizeBytes = 0,
}: Pick<HeldBack, 'cause' | 'kind' | 'sizeBytes'>): Words {
  const found = words[cause];
  const isForItsSize = cause === 'ends-connection' && isLarge({ event: kind, sizeBytes });
  return isForItsSize ? { ...found, remedy: endsForItsSize } : found;
}
