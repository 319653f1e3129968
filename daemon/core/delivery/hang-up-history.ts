import type { Clock, Timer } from '../../kernel/clock.js';
import type { RollcallError } from '../../kernel/errors.js';
import type { EventKind } from '../../kernel/events/event.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import { describeHeldBack, type HeldBackEvent } from './held-back-event.js';
import {
  hangUpError,
  isHangUp,
  isLargeEvent,
  packetTooLarge,
  reasonCodeOf,
  refusesTopic,
} from './publish-errors.js';

/** A message, or a subscription, as it goes over a connection. */
export interface SentMessage {
  /** The topic with `+` for the levels that differ within one kind of message, as in access rules. */
  readonly pattern: string;
  readonly topic: string;
  readonly sizeBytes: number;
  /** Only of an event: its place in the outbox. */
  readonly event?: { readonly sequence: number; readonly kind: EventKind };
}

export interface HangUpHistoryOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long an event waits after the first hang-ups, milliseconds. The pause doubles with each further hang-up. */
  readonly retryMs: number;
  /** Called when events from this sequence on may be sent again. */
  readonly onRetry: (sequence: number) => void;
}

/** What the end of a connection shows. */
export interface Ending {
  /** The broker hung up because of a message of this box, not because of another client with the same client id. */
  readonly isOurs: boolean;
  /** The cause is known and is not sent next, so the next connection will get further. */
  readonly isExplained: boolean;
}

/** Hang-ups on an event that was sent alone, from which on the event is the cause and not chance. */
const eventStrikes = 2;
/** The same for a group of messages; of events, at least two different ones must be among them. */
const groupStrikes = 3;
const longestRetryMs = 3_600_000;
/** Reasons of a DISCONNECT (MQTT 5, section 3.14.2.1): not authorised, topic name invalid, payload format invalid. */
const messageReasons: ReadonlySet<number> = new Set([0x87, 0x90, 0x99]);
const unrelated: Ending = { isOurs: false, isExplained: false };

/** Messages that a broker treats alike: those of one pattern. Large events form a group of their own. */
interface Group {
  readonly strikes: number;
  /** Keys of the messages that were alone on the way at these hang-ups. */
  readonly struck: ReadonlySet<string>;
  readonly timesHeld: number;
  /** On the monotonic clock; absent while the group is not held back. */
  readonly heldUntilMs?: number;
}

/** An event on which the broker hung up while it was alone on the way. */
interface StruckEvent {
  readonly timesHeld: number;
  readonly held: HeldBackEvent;
  /** Present while the event is skipped. */
  readonly timer: Timer | undefined;
}

/**
 * Learns over several connections which messages the broker takes and on which it hangs up. A broker of MQTT 3.1.1 cannot
 * refuse a message that is not allowed or too large: it ends the connection. The messages that were on the way then go
 * alone over the next connection, so that the next hang-up identifies its cause. An event on which the broker hangs up
 * repeatedly is skipped. When the same happens to the next event of its group, the whole group is held back as if the broker
 * had refused its topic. All of them are tried again after a growing pause, or after the broker was away.
 */
export class HangUpHistory implements Disposable {
  readonly #options: HangUpHistoryOptions;
  readonly #suspects = new Set<string>();
  readonly #groups = new Map<string, Group>();
  /** Groups of which the broker took a message over this connection. */
  #taken = new Set<string>();
  readonly #struckEvents = new Map<number, StruckEvent>();
  readonly #skipped = new Set<number>();
  readonly #tooLarge = new Map<number, HeldBackEvent>();
  readonly #refusedPatterns = new Set<string>();
  readonly #timers = new Map<string, Timer>();
  #lastStruck: { readonly key: string; readonly count: number } | undefined;

  constructor(options: HangUpHistoryOptions) {
    this.#options = options;
  }

  /** Sequences of events that must not be sent now. */
  get skipped(): ReadonlySet<number> {
    return this.#skipped;
  }

  /** Patterns of topics that the broker refused or hung up on, and of which it has taken no message since. */
  get refusedTopics(): readonly string[] {
    return [...this.#refusedPatterns].sort();
  }

  /** Events that wait until they are tried again. */
  heldBack(): readonly HeldBackEvent[] {
    const struck = [...this.#struckEvents.values()].filter(({ timer }) => timer !== undefined);
    return [...struck.map(({ held }) => held), ...this.#tooLarge.values()];
  }

  /** Whether the message must be sent alone, so that a hang-up proves that it is the cause. */
  mustGoAlone(message: SentMessage): boolean {
    const { event } = message;
    return (
      this.#suspects.has(keyOf(message)) ||
      (this.#groups.get(groupOf(message))?.strikes ?? 0) > 0 ||
      (event !== undefined && this.#struckEvents.has(event.sequence))
    );
  }

  /** Why the message must not be sent now, as a refusal of the broker; undefined where it may be sent. */
  refusalOf(message: SentMessage): RollcallError | undefined {
    const { heldUntilMs, strikes = 0 } = this.#groups.get(groupOf(message)) ?? {};
    const retryInMs = (heldUntilMs ?? 0) - this.#options.clock.monotonicMs();
    return heldUntilMs === undefined || retryInMs <= 0 ? undefined : hangUpError(message, strikes, retryInMs);
  }

  /** The broker has acknowledged the message. */
  took(message: SentMessage): void {
    const group = groupOf(message);
    this.#suspects.delete(keyOf(message));
    this.#taken.add(group);
    this.#groups.delete(group);
    this.#refusedPatterns.delete(message.pattern);
    if (message.event === undefined) return;
    this.#struckEvents.delete(message.event.sequence);
    this.#tooLarge.delete(message.event.sequence);
  }

  /** The broker has refused the message with a reason code. */
  refused(message: SentMessage, reasonCode: number): void {
    this.#suspects.delete(keyOf(message));
    if (refusesTopic(reasonCode)) this.#refusedPatterns.add(message.pattern);
  }

  /** The event is larger than the broker takes. Without `retryInMs` in the error it waits for the next connection. */
  tooLarge(sequence: number, kind: EventKind, { message, details }: RollcallError): void {
    const nowMs = this.#options.clock.wallMs();
    const sinceMs = this.#tooLarge.get(sequence)?.sinceMs ?? nowMs;
    const { retryInMs } = details;
    const untilMs = typeof retryInMs === 'number' ? nowMs + retryInMs : undefined;
    const held = { cause: 'too-large', sequence, kind, sinceMs, reason: message } as const;
    this.#tooLarge.set(sequence, { ...held, ...present({ untilMs }) });
  }

  /** The connection is steady: the messages that were on the way when an earlier one ended are no longer suspects. */
  lasted(): void {
    this.#suspects.clear();
  }

  /** A connection failed or has ended. `onTheWay`: the messages that the broker had not answered. */
  ended(failure: RollcallError, onTheWay: readonly SentMessage[]): Ending {
    const taken = this.#taken;
    this.#taken = new Set();
    const [first, ...others] = onTheWay;
    const lastStruck = this.#lastStruck;
    this.#lastStruck = undefined;
    if (!isHangUp(failure)) this.#endPauses();
    if (first === undefined || !isHangUp(failure)) return unrelated;
    for (const message of onTheWay) this.#suspects.add(keyOf(message));
    // A broker that has just taken a message of the same group probably ended the connection for another reason.
    const isNew = onTheWay.some((message) => !taken.has(groupOf(message)));
    if (others.length > 0) return { isOurs: isNew, isExplained: false };
    const key = keyOf(first);
    const count = lastStruck?.key === key ? lastStruck.count + 1 : 1;
    this.#lastStruck = { key, count };
    const isExplained = this.#strike(first, count, failure);
    return { isOurs: isNew || count > 1 || isExplained, isExplained };
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#struckEvents.values()) timer?.cancel();
    for (const timer of this.#timers.values()) timer.cancel();
  }

  /** A broker that was away may have new rules: everything is tried again, each message alone. */
  #endPauses(): void {
    for (const [name, { strikes, struck }] of this.#groups)
      this.#groups.set(name, { strikes, struck, timesHeld: 0 });
    for (const [sequence, { held, timer }] of this.#struckEvents) {
      timer?.cancel();
      this.#struckEvents.set(sequence, { timesHeld: 0, held, timer: undefined });
    }
    this.#skipped.clear();
  }

  /** Notes a hang-up on a message that was alone on the way. Returns whether another message will be sent in its place. */
  #strike(message: SentMessage, count: number, failure: RollcallError): boolean {
    const { event } = message;
    const name = groupOf(message);
    const before = this.#groups.get(name);
    const strikes = (before?.strikes ?? 0) + 1;
    const struck = new Set(before?.struck).add(keyOf(message));
    this.#groups.set(name, { strikes, struck, timesHeld: before?.timesHeld ?? 0 });
    const reasonCode = reasonCodeOf(failure);
    const isRefusal = reasonCode !== undefined && messageReasons.has(reasonCode);
    const isGroupAtFault = event === undefined || struck.size > 1;
    if (isRefusal || (strikes >= groupStrikes && isGroupAtFault)) {
      this.#holdGroup(name, message);
      return true;
    }
    if (event === undefined) return strikes > 1;
    const isEventAtFault = count >= eventStrikes || this.#struckEvents.has(event.sequence);
    if (!isEventAtFault && reasonCode !== packetTooLarge) return false;
    this.#skip(event, message);
    return true;
  }

  #holdGroup(name: string, { pattern, event, sizeBytes }: SentMessage): void {
    const { clock, onRetry } = this.#options;
    const { strikes = 1, struck = new Set<string>(), timesHeld = 0 } = this.#groups.get(name) ?? {};
    const delayMs = this.#pauseMs(timesHeld + 1);
    // The whole group is held back from now on instead of its single events, so their order is kept.
    for (const [sequence, { timer }] of this.#struckEvents) {
      if (!struck.has(eventKey(sequence))) continue;
      timer?.cancel();
      this.#struckEvents.delete(sequence);
      this.#skipped.delete(sequence);
    }
    const heldUntilMs = clock.monotonicMs() + delayMs;
    this.#groups.set(name, { strikes, struck, timesHeld: timesHeld + 1, heldUntilMs });
    if (!isLargeEvent({ event, sizeBytes })) {
      this.#refusedPatterns.add(pattern);
      return;
    }
    // The drain skips events that are too large and never returns to them by itself.
    this.#timers.get(name)?.cancel();
    const timer = clock.after(delayMs, () => {
      this.#timers.delete(name);
      onRetry(1);
    });
    this.#timers.set(name, timer);
  }

  #skip({ sequence, kind }: NonNullable<SentMessage['event']>, { sizeBytes }: SentMessage): void {
    const { clock, logger, onRetry } = this.#options;
    const before = this.#struckEvents.get(sequence);
    const timesHeld = (before?.timesHeld ?? 0) + 1;
    const delayMs = this.#pauseMs(timesHeld);
    const nowMs = clock.wallMs();
    const since = { sinceMs: before?.held.sinceMs ?? nowMs, untilMs: nowMs + delayMs };
    const held: HeldBackEvent = { cause: 'ends-connection', sequence, kind, sizeBytes, ...since };
    logger.error('the broker ends the connection whenever this event is sent; it waits, others are sent', {
      sequence,
      kind,
      sizeBytes,
      retryInS: delayMs / 1000,
      remedy: describeHeldBack(held).remedy,
    });
    const timer = clock.after(delayMs, () => {
      this.#skipped.delete(sequence);
      this.#struckEvents.set(sequence, { timesHeld, held, timer: undefined });
      onRetry(sequence);
    });
    this.#skipped.add(sequence);
    this.#struckEvents.set(sequence, { timesHeld, held, timer });
  }

  #pauseMs(timesHeld: number): number {
    const { retryMs } = this.#options;
    return Math.max(retryMs, Math.min(longestRetryMs, retryMs * 2 ** (timesHeld - 1)));
  }
}

const eventKey = (sequence: number): string => `event ${sequence}`;
const keyOf = ({ event, topic }: SentMessage): string =>
  event === undefined ? topic : eventKey(event.sequence);
const groupOf = (message: SentMessage): string =>
  isLargeEvent(message) ? `${message.pattern} large` : message.pattern;
