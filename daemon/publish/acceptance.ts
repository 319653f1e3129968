import type { Clock, Timer } from '../base/clock.js';
import type { RollcallError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { EventKind } from '../domain/events/event.js';
import { type HeldBack, wordsOf } from './held-back.js';
import {
  condemnsTopic,
  hungUpOn,
  isHangUp,
  isLarge,
  packetTooLarge,
  reasonCodeOf,
} from './publish-refusal.js';

/** A message, or a subscription, as it goes over a connection. */
export interface SentMessage {
  /** The topic; levels that differ within one kind of message are `+`. Access rules name it like this. */
  readonly pattern: string;
  readonly topic: string;
  readonly sizeBytes: number;
  /** Of an event: its place in the outbox. */
  readonly event?: { readonly sequence: number; readonly kind: EventKind };
}

export interface AcceptanceOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The first pause of what the broker hangs up on, milliseconds; twice as long each time that it hangs up again. */
  readonly retryMs: number;
  /** Events from this sequence on may be sent again. */
  readonly onRetry: (sequence: number) => void;
}

/** What the end of a connection tells. */
export interface Ending {
  /** The broker hung up on a message of this box. It is not another client with the same client id that ended it. */
  readonly isOurs: boolean;
  /** The cause is known and is not sent next, so that the next connection will get further. */
  readonly isExplained: boolean;
}

/** So many hang-ups on an event that was sent alone are not a coincidence. */
const eventStrikes = 2;
/** So many on a group of messages: of events, those on two different ones among them. */
const groupStrikes = 3;
const longestRetryMs = 3_600_000;
/** Reasons of a DISCONNECT (MQTT 5, section 3.14.2.1): not authorised, topic name invalid, payload format invalid. */
const namesTheMessage: ReadonlySet<number> = new Set([0x87, 0x90, 0x99]);
const unrelated: Ending = { isOurs: false, isExplained: false };

/** Messages that a broker would treat alike: those of one pattern, the large ones apart. */
interface Group {
  readonly strikes: number;
  /** What was alone on its way at these hang-ups. */
  readonly struck: ReadonlySet<string>;
  readonly timesHeld: number;
  /** On the monotonic clock; absent: not held back. */
  readonly heldUntilMs?: number;
}

interface Blocking {
  readonly timesHeld: number;
  readonly held: HeldBack;
  /** Present while the event is passed over. */
  readonly timer: Timer | undefined;
}

/**
 * Learns over connections what the broker takes and on what it hangs up. A broker of MQTT 3.1.1 has no word for a message
 * that it does not allow or that is too large: it ends the connection. What was on its way then goes alone over the next
 * connection, so that the next hang-up names its message. An event on which the broker hangs up again and again is passed
 * over; when the next one of its group meets the same, the whole group is held back as if the broker had refused its topic.
 * Each is tried again after a pause that grows, or when the broker was away.
 */
export class Acceptance implements Disposable {
  readonly #options: AcceptanceOptions;
  readonly #suspects = new Set<string>();
  readonly #groups = new Map<string, Group>();
  /** Groups of which the broker took a message over this connection. */
  #taken = new Set<string>();
  readonly #blocking = new Map<number, Blocking>();
  readonly #passedOver = new Set<number>();
  readonly #tooLarge = new Map<number, HeldBack>();
  readonly #refusedPatterns = new Set<string>();
  readonly #timers = new Map<string, Timer>();
  #lastStruck: { readonly key: string; readonly count: number } | undefined;

  constructor(options: AcceptanceOptions) {
    this.#options = options;
  }

  /** Events that are not to be sent at the moment. */
  get passedOver(): ReadonlySet<number> {
    return this.#passedOver;
  }

  /** Patterns of topics that the broker refused, by its answer or by hanging up, and has not taken since. */
  get refusedTopics(): readonly string[] {
    return [...this.#refusedPatterns].sort();
  }

  /** Events that wait for their turn to be tried again. */
  heldBack(): readonly HeldBack[] {
    const blocking = [...this.#blocking.values()].filter(({ timer }) => timer !== undefined);
    return [...blocking.map(({ held }) => held), ...this.#tooLarge.values()];
  }

  /** Whether this message must be sent alone: if the broker hangs up then, this message is the cause. */
  mustGoAlone(message: SentMessage): boolean {
    const { event } = message;
    return (
      this.#suspects.has(keyOf(message)) ||
      (this.#groups.get(groupOf(message))?.strikes ?? 0) > 0 ||
      (event !== undefined && this.#blocking.has(event.sequence))
    );
  }

  /** Why this is not to be sent now, as the broker would say it if it could; undefined where it may be sent. */
  refusalOf(message: SentMessage): RollcallError | undefined {
    const { heldUntilMs, strikes = 0 } = this.#groups.get(groupOf(message)) ?? {};
    const retryInMs = (heldUntilMs ?? 0) - this.#options.clock.monotonicMs();
    return heldUntilMs === undefined || retryInMs <= 0 ? undefined : hungUpOn(message, strikes, retryInMs);
  }

  /** The broker has acknowledged this. */
  took(message: SentMessage): void {
    const group = groupOf(message);
    this.#suspects.delete(keyOf(message));
    this.#taken.add(group);
    this.#groups.delete(group);
    this.#refusedPatterns.delete(message.pattern);
    if (message.event === undefined) return;
    this.#blocking.delete(message.event.sequence);
    this.#tooLarge.delete(message.event.sequence);
  }

  /** The broker has answered this with a reason that means no. */
  refused(message: SentMessage, reasonCode: number): void {
    this.#suspects.delete(keyOf(message));
    if (condemnsTopic(reasonCode)) this.#refusedPatterns.add(message.pattern);
  }

  /** This event is larger than the broker takes; `retryInMs` absent: it waits for the next connection. */
  tooLarge(sequence: number, kind: EventKind, { message, details }: RollcallError): void {
    const nowMs = this.#options.clock.wallMs();
    const sinceMs = this.#tooLarge.get(sequence)?.sinceMs ?? nowMs;
    const { retryInMs } = details;
    const until = typeof retryInMs === 'number' ? { untilMs: nowMs + retryInMs } : {};
    this.#tooLarge.set(sequence, { cause: 'too-large', sequence, kind, sinceMs, ...until, reason: message });
  }

  /** A connection has lasted: messages that were on their way when an earlier one ended are no longer suspects. */
  lasted(): void {
    this.#suspects.clear();
  }

  /** A connection could not be made or has ended; `onTheWay` is what the broker had not answered. */
  ended(failure: RollcallError, onTheWay: readonly SentMessage[]): Ending {
    const taken = this.#taken;
    this.#taken = new Set();
    const [first, ...others] = onTheWay;
    const lastStruck = this.#lastStruck;
    this.#lastStruck = undefined;
    if (!isHangUp(failure)) this.#endPauses();
    if (first === undefined || !isHangUp(failure)) return unrelated;
    for (const message of onTheWay) this.#suspects.add(keyOf(message));
    // A broker that has just taken a message like this one has probably ended the connection for another reason.
    const isNew = onTheWay.some((message) => !taken.has(groupOf(message)));
    if (others.length > 0) return { isOurs: isNew, isExplained: false };
    const key = keyOf(first);
    const count = lastStruck?.key === key ? lastStruck.count + 1 : 1;
    this.#lastStruck = { key, count };
    const isExplained = this.#strike(first, count, failure);
    return { isOurs: isNew || count > 1 || isExplained, isExplained };
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#blocking.values()) timer?.cancel();
    for (const timer of this.#timers.values()) timer.cancel();
  }

  /** A broker that was away may have other rules now: everything is tried again, alone. */
  #endPauses(): void {
    for (const [name, { strikes, struck }] of this.#groups)
      this.#groups.set(name, { strikes, struck, timesHeld: 0 });
    for (const [sequence, { held, timer }] of this.#blocking) {
      timer?.cancel();
      this.#blocking.set(sequence, { timesHeld: 0, held, timer: undefined });
    }
    this.#passedOver.clear();
  }

  /** Returns whether something else will be sent in its place, or will be soon. */
  #strike(message: SentMessage, count: number, failure: RollcallError): boolean {
    const { event } = message;
    const name = groupOf(message);
    const before = this.#groups.get(name);
    const strikes = (before?.strikes ?? 0) + 1;
    const struck = new Set(before?.struck).add(keyOf(message));
    this.#groups.set(name, { strikes, struck, timesHeld: before?.timesHeld ?? 0 });
    const reasonCode = reasonCodeOf(failure);
    const isRefusal = reasonCode !== undefined && namesTheMessage.has(reasonCode);
    const isKnown = event === undefined || struck.size > 1;
    if (isRefusal || (strikes >= groupStrikes && isKnown)) {
      this.#hold(name, message);
      return true;
    }
    if (event === undefined) return strikes > 1;
    const isBlocking = count >= eventStrikes || this.#blocking.has(event.sequence);
    if (!isBlocking && reasonCode !== packetTooLarge) return false;
    this.#passOver(event, message);
    return true;
  }

  #hold(name: string, { pattern, event, sizeBytes }: SentMessage): void {
    const { clock, onRetry } = this.#options;
    const { strikes = 1, struck = new Set<string>(), timesHeld = 0 } = this.#groups.get(name) ?? {};
    const delayMs = this.#pauseMs(timesHeld + 1);
    // From now on the whole group is held back, no longer these events one by one: so their order stays.
    for (const [sequence, { timer }] of this.#blocking) {
      if (!struck.has(eventKey(sequence))) continue;
      timer?.cancel();
      this.#blocking.delete(sequence);
      this.#passedOver.delete(sequence);
    }
    const heldUntilMs = clock.monotonicMs() + delayMs;
    this.#groups.set(name, { strikes, struck, timesHeld: timesHeld + 1, heldUntilMs });
    if (!isLarge({ event, sizeBytes })) {
      this.#refusedPatterns.add(pattern);
      return;
    }
    // The sender passes over events that are too large and does not come back to them without a reason.
    this.#timers.get(name)?.cancel();
    const timer = clock.after(delayMs, () => {
      this.#timers.delete(name);
      onRetry(1);
    });
    this.#timers.set(name, timer);
  }

  #passOver({ sequence, kind }: NonNullable<SentMessage['event']>, { sizeBytes }: SentMessage): void {
    const { clock, logger, onRetry } = this.#options;
    const before = this.#blocking.get(sequence);
    const timesHeld = (before?.timesHeld ?? 0) + 1;
    const delayMs = this.#pauseMs(timesHeld);
    const nowMs = clock.wallMs();
    const since = { sinceMs: before?.held.sinceMs ?? nowMs, untilMs: nowMs + delayMs };
    const held: HeldBack = { cause: 'ends-connection', sequence, kind, sizeBytes, ...since };
    logger.error('the broker ends the connection whenever this event is sent; it waits while others flow', {
      sequence,
      kind,
      sizeBytes,
      retryInS: delayMs / 1000,
      remedy: wordsOf(held).remedy,
    });
    const timer = clock.after(delayMs, () => {
      this.#passedOver.delete(sequence);
      this.#blocking.set(sequence, { timesHeld, held, timer: undefined });
      onRetry(sequence);
    });
    this.#passedOver.add(sequence);
    this.#blocking.set(sequence, { timesHeld, held, timer });
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
  isLarge(message) ? `${message.pattern} large` : message.pattern;
