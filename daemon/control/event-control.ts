import type { Actor } from '../audit/actor.js';
import type { EventKind } from '../domain/events/event.js';
import type { PersonId } from '../domain/ids.js';

/** Which events to list: the newest `limit` of those that everything given here is true of. */
export interface EventListQuery {
  readonly limit: number;
  readonly kind?: EventKind | undefined;
  readonly person?: PersonId | undefined;
  /** Sequences, both included. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Recorded since then, wall clock, milliseconds since the epoch. */
  readonly sinceMs?: number | undefined;
}

/** A recorded event with everything that is known about it. Times are ISO 8601 in UTC. */
export interface ShownEvent {
  readonly sequence: number;
  readonly id: string;
  readonly kind: EventKind;
  readonly recordedAt: string;
  /**
   * `waiting`: no broker has taken it; `kept-for-centre`: the broker has, and the centre has not confirmed it; `given-up`: a
   * gap says so; `delivered`: it has left the outbox.
   */
  readonly delivery: 'waiting' | 'kept-for-centre' | 'given-up' | 'delivered';
  /** The CloudEvent, without what is added when it is sent. */
  readonly event: unknown;
}

/** Sequences from first to last, both included. */
export interface ShownRange {
  readonly first: number;
  readonly last: number;
}

/** What a resend came to. */
export interface ResendOutcome extends ShownRange {
  /** Events that came back into the outbox; those that waited anyway are not counted. */
  readonly count: number;
  /** What the records have no more; of the ranges only the first hundred. */
  readonly missing: { readonly count: number; readonly ranges: readonly ShownRange[] };
}

/** An event, or a kind of event, that waits because the broker does not take it, while others flow. Times are ISO 8601. */
export interface ShownHeldBack {
  /**
   * `topic-refused`: the broker refuses the topic of the whole kind; `too-large`: it says that this event is larger than it
   * takes; `ends-connection`: it hangs up whenever this event is sent.
   */
  readonly cause: 'topic-refused' | 'too-large' | 'ends-connection';
  readonly kind: EventKind;
  /** That of the event; of a kind, that of the oldest which was refused. */
  readonly sequence: number;
  /** When that was found first since the daemon was started. */
  readonly since: string;
  /** When it is tried again; absent: over the next connection. */
  readonly until?: string;
  readonly message: string;
  /** What the broker answered, where it did. */
  readonly reason?: string;
  /** Of the message as it was sent, where that is known. */
  readonly sizeBytes?: number;
  readonly remedy: string;
}

export interface OutboxKindStatus {
  readonly kind: EventKind;
  readonly count: number;
  readonly sizeBytes: number;
  /** Since when the oldest is there, ISO 8601; absent where there is none. */
  readonly oldestSince?: string;
  readonly limit: { readonly events: number; readonly days: number };
  /** Given up since the records were made. */
  readonly givenUp: number;
  /** The broker refuses its topic at the moment. */
  readonly isHeld: boolean;
}

export interface OutboxStatus {
  /** Who has to confirm an event. */
  readonly acknowledgement: 'broker' | 'centre';
  readonly count: number;
  readonly sizeBytes: number;
  readonly limitMiB: number;
  /** Of those counted: the broker has them, the centre has not confirmed them. */
  readonly keptForCentre: number;
  /** Of the newest event; 0 where there is none. */
  readonly newestSequence: number;
  /** Up to where a centre has confirmed; 0 where none ever did. */
  readonly centreHasUpTo: number;
  /** Sent and not yet acknowledged by the broker. */
  readonly inFlight: number;
  readonly connection: { readonly state: string; readonly message?: string; readonly remedy?: string };
  /** What waits because the broker does not take it. */
  readonly heldBack: readonly ShownHeldBack[];
  /** Of the kinds that were ever recorded, most worth first. */
  readonly kinds: readonly OutboxKindStatus[];
}

/** What can be asked of events and of their way out. */
export interface EventControl {
  /** CloudEvents as they are recorded, oldest first. */
  list(query: EventListQuery): readonly unknown[];
  /**
   * By sequence, by id, or by the beginning of an id, of at least four characters.
   * @throws `ambiguous` (input) where several ids begin like that
   */
  show(which: string): ShownEvent | undefined;
  /** Calls back with every event recorded from now on; returns how to stop. */
  onEvent(listener: (event: unknown) => void): () => void;
  /**
   * Sends what is still there again, up to the newest where `to` is absent. Written into the audit log.
   * @throws `bad-range` (input) where the range ends before it begins, or begins after the newest event
   */
  resend(from: number, to: number | undefined, by: Actor): Promise<ResendOutcome>;
  outbox(): OutboxStatus;
  /** As in `outbox`, without looking through all that waits. */
  heldBack(): readonly ShownHeldBack[];
}
