import type { Clock, Timer } from '../base/clock.js';
import type { RollcallError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { EventKind } from '../domain/events/event.js';
import { type HeldBack, heldBackWords } from './held-back.js';

/** An event that was sent over a connection. */
export interface SentEvent {
  readonly sequence: number;
  readonly kind: EventKind;
  /** Of the message as it was sent, with signature and picture. */
  readonly sizeBytes: number;
}

export interface BlockingEventsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long an event is passed over at first; twice as long each time that it ends a connection again. */
  readonly retryMs: number;
  /** The event may be sent again. */
  readonly onRetry: (sequence: number) => void;
}

/** So many connections in a row that end at the same event are no chance. */
const suspiciousCount = 3;
const longestRetryMs = 3_600_000;

interface Blocking {
  readonly timesHeld: number;
  readonly held: HeldBack;
  /** Present while it is passed over. */
  readonly timer: Timer | undefined;
}

/**
 * Finds the event that ends every connection: a broker of MQTT 3.1.1 cannot say how large a message may be, it hangs up.
 * Such an event is passed over for a while, so that what lies behind it flows. What was on its way when a connection ended
 * is sent one by one over the next: an answer to what came before may be lost with the connection.
 */
export class BlockingEvents {
  readonly #options: BlockingEventsOptions;
  readonly #blocking = new Map<number, Blocking>();
  readonly #passedOver = new Set<number>();
  /** Those that the broker refused for their size over the newest connection. */
  readonly #tooLarge = new Map<number, HeldBack>();
  #suspect: number | undefined;
  #count = 0;
  #hasFlowed = true;
  #oneByOne = 0;

  constructor(options: BlockingEventsOptions) {
    this.#options = options;
  }

  /** Sequences that are not to be sent at the moment. */
  get passedOver(): ReadonlySet<number> {
    return this.#passedOver;
  }

  /** What waits for its turn to be tried again. */
  heldBack(): readonly HeldBack[] {
    const blocking = [...this.#blocking.values()].filter(({ timer }) => timer !== undefined);
    return [...blocking.map(({ held }) => held), ...this.#tooLarge.values()];
  }

  /** The broker says that this one is larger than it takes: it waits for the next connection. */
  tooLarge(sequence: number, kind: EventKind, reason: string): void {
    const sinceMs = this.#tooLarge.get(sequence)?.sinceMs ?? this.#options.clock.wallMs();
    this.#tooLarge.set(sequence, { cause: 'too-large', sequence, kind, sinceMs, reason });
  }

  /** So many are to be sent one at a time over the next connection. */
  get oneByOne(): number {
    return this.#oneByOne;
  }

  /** The broker has taken this one. */
  acknowledged(sequence: number): void {
    this.#hasFlowed = true;
    this.#blocking.delete(sequence);
    this.#tooLarge.delete(sequence);
  }

  /**
   * A connection could not be made or has ended; `unanswered` is what the broker did not answer,
   * in the order in which it was sent.
   * Returns whether an event explains the end, which is passed over from now on.
   */
  ended({ code }: RollcallError, unanswered: readonly SentEvent[]): boolean {
    const [first] = unanswered;
    if (first !== undefined) this.#oneByOne = unanswered.length;
    if (code !== 'broker-connection-lost' || first === undefined) {
      this.#suspect = undefined;
      return false;
    }
    const { sequence } = first;
    this.#count = this.#suspect === sequence ? this.#count + 1 : 1;
    this.#suspect = sequence;
    if (this.#count < suspiciousCount && !this.#blocking.has(sequence)) return false;
    this.#passOver(first);
    // Where one after the other is passed over and nothing flows, the cause lies elsewhere.
    const isExplained = this.#hasFlowed;
    this.#hasFlowed = false;
    return isExplained;
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#blocking.values()) timer?.cancel();
  }

  #passOver({ sequence, kind, sizeBytes }: SentEvent): void {
    const { clock, logger, retryMs, onRetry } = this.#options;
    const before = this.#blocking.get(sequence);
    const timesHeld = (before?.timesHeld ?? 0) + 1;
    const delayMs = Math.max(retryMs, Math.min(longestRetryMs, retryMs * 2 ** (timesHeld - 1)));
    logger.error('the broker ends the connection whenever this event is sent; it waits while others flow', {
      sequence,
      kind,
      sizeBytes,
      retryInS: delayMs / 1000,
      remedy: heldBackWords['ends-connection'].remedy,
    });
    const nowMs = clock.wallMs();
    const since = { sinceMs: before?.held.sinceMs ?? nowMs, untilMs: nowMs + delayMs };
    const held: HeldBack = { cause: 'ends-connection', sequence, kind, sizeBytes, ...since };
    const timer = clock.after(delayMs, () => {
      this.#passedOver.delete(sequence);
      this.#blocking.set(sequence, { timesHeld, held, timer: undefined });
      onRetry(sequence);
    });
    this.#suspect = undefined;
    this.#passedOver.add(sequence);
    this.#blocking.set(sequence, { timesHeld, held, timer });
  }
}
