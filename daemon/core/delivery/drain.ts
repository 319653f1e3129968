import type { Clock, Timer } from '../../kernel/clock.js';
import { messageOf, type RollcallError } from '../../kernel/errors.js';
import type { EventKind } from '../../kernel/events/event.js';
import type { Logger } from '../../kernel/logger.js';
import type { OutboxRow, SendingOutbox } from '../records/outbox/outbox.js';
import type { KindRefusal } from './broker-refusals.js';
import {
  asPublishError,
  brokerSilence,
  packetTooLarge,
  refusalCodeOf,
  refusesTopic,
  retryDelayOf,
} from './publish-errors.js';

export interface DrainOptions {
  readonly outbox: SendingOutbox;
  /** Sends in the order of the calls; resolves when the broker has acknowledged. See `BrokerConnection.publish`. */
  readonly publish: (row: OutboxRow) => Promise<void>;
  /** The largest number of unacknowledged messages. */
  readonly window: number;
  /** The connection is given up when the broker acknowledges nothing for so long while messages are on their way. */
  readonly ackTimeoutMs: number;
  /** How long a refused kind of event waits before it is tried again, where the refusal does not say. */
  readonly heldRetryMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Sequences that must not be sent now. Call `rewind` when one of them may be sent again. */
  readonly skipped?: ReadonlySet<number>;
  /** Called for every acknowledgement. */
  readonly onAcknowledged: (kind: EventKind, sequence: number) => void;
  /** Called when the broker refuses the topic of a kind, which is held back from now on. */
  readonly onRefused?: (kind: EventKind, refusal: KindRefusal) => void;
  /** Called when an event is too large for the broker and is held back. */
  readonly onTooLarge?: (sequence: number, kind: EventKind, error: RollcallError) => void;
}

interface HeldKind {
  readonly timer: Timer;
  /** Sequence of the oldest refused event. */
  readonly fromSequence: number;
}

const none: ReadonlySet<number> = new Set();

/**
 * Sends the outbox over one connection, in order, with a bounded number of unacknowledged events. Deletes only what was
 * acknowledged. A kind whose topic the broker refuses is held back and tried again later; the other kinds are sent. An event
 * that is too large for the broker stays in the outbox until the next connection; the following events are sent. Any other
 * failure ends the drain, and the next connection begins with the oldest row that is left.
 */
export class Drain {
  readonly #options: DrainOptions;
  readonly #inFlight = new Set<number>();
  readonly #acknowledged = new Set<number>();
  readonly #held = new Map<EventKind, HeldKind>();
  #cursor = 0;
  #lastProgressMs = 0;
  #silenceCheck: Timer | undefined;
  #deletion: Timer | undefined;
  #hasEnded = false;
  #fail: (error: RollcallError) => void = () => undefined;
  #onIdle: () => void = () => undefined;

  /** Resolves, never rejects, with the reason why nothing more can be sent over this connection. */
  readonly failed: Promise<RollcallError>;

  constructor(options: DrainOptions) {
    this.#options = options;
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
  }

  get inFlightCount(): number {
    return this.#inFlight.size;
  }

  /** Sequences that were sent and not yet deleted from the outbox. */
  get onTheWay(): readonly number[] {
    return [...this.#inFlight, ...this.#acknowledged];
  }

  /** Kinds whose topics the broker refuses now. */
  get heldKinds(): readonly EventKind[] {
    return [...this.#held.keys()];
  }

  /** Sends what the window has room for. Call when something was recorded. */
  pump(): void {
    const room = this.#options.window - this.#inFlight.size;
    if (this.#hasEnded || room <= 0) return;
    for (const row of this.#next(room)) {
      this.#cursor = row.sequence;
      this.#send(row);
    }
  }

  /** Reads the outbox again from `sequence` on, because rows before the cursor were added or may be sent again. */
  rewind(sequence: number): void {
    this.#cursor = Math.min(this.#cursor, sequence - 1);
    // A held-back kind is not read now: its rows are found when it is tried again.
    for (const [kind, held] of this.#held)
      this.#held.set(kind, { ...held, fromSequence: Math.min(held.fromSequence, sequence) });
    this.pump();
  }

  /** Resolves when everything that was sent is acknowledged. */
  idle(): Promise<void> {
    if (this.#inFlight.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Sends nothing more, and deletes what was acknowledged so far. */
  end(): void {
    this.#hasEnded = true;
    this.#silenceCheck?.cancel();
    for (const { timer } of this.#held.values()) timer.cancel();
    this.#deletion?.cancel();
    this.#deleteAcknowledged();
  }

  #next(room: number): readonly OutboxRow[] {
    const { outbox, skipped = none } = this.#options;
    const known = this.#inFlight.size + this.#acknowledged.size + skipped.size;
    try {
      return outbox
        .pending(this.#cursor, room + known, this.heldKinds)
        .filter(({ sequence }) => !this.#inFlight.has(sequence) && !this.#acknowledged.has(sequence))
        .filter(({ sequence }) => !skipped.has(sequence))
        .slice(0, room);
    } catch (error) {
      this.#fail(asPublishError(error));
      return [];
    }
  }

  #send(row: OutboxRow): void {
    const { sequence, kind } = row;
    const { clock, publish } = this.#options;
    if (this.#inFlight.size === 0) this.#lastProgressMs = clock.monotonicMs();
    this.#inFlight.add(sequence);
    this.#silenceCheck ??= this.#checkSilenceAfter(this.#options.ackTimeoutMs);
    publish(row).then(
      () => this.#onAck(sequence, kind),
      (error: unknown) => this.#onFailure(sequence, kind, error),
    );
  }

  #onAck(sequence: number, kind: EventKind): void {
    this.#settle(sequence);
    this.#acknowledged.add(sequence);
    this.#options.onAcknowledged(kind, sequence);
    if (this.#hasEnded) this.#deleteAcknowledged();
    // Acknowledgements that arrive together are deleted together, in one write to the disk.
    else this.#deletion ??= this.#options.clock.after(0, () => this.#deleteAcknowledged());
    if (this.#inFlight.size === 0) this.#onIdle();
  }

  #onFailure(sequence: number, kind: EventKind, error: unknown): void {
    this.#settle(sequence);
    const reasonCode = refusalCodeOf(error);
    if (reasonCode === packetTooLarge) this.#skip(kind, sequence, asPublishError(error));
    else if (reasonCode === undefined || !refusesTopic(reasonCode)) this.#fail(asPublishError(error));
    else this.#hold(kind, sequence, error);
    if (this.#inFlight.size === 0) this.#onIdle();
  }

  /** The cursor has already passed the event. */
  #skip(kind: EventKind, sequence: number, error: RollcallError): void {
    const { logger, onTooLarge } = this.#options;
    const { message: reason, remedy } = error;
    logger.error('an event is too large for the broker; it waits in the outbox, others are sent', {
      kind,
      sequence,
      reason,
      remedy,
    });
    onTooLarge?.(sequence, kind, error);
    this.pump();
  }

  #settle(sequence: number): void {
    this.#inFlight.delete(sequence);
    this.#lastProgressMs = this.#options.clock.monotonicMs();
  }

  #hold(kind: EventKind, sequence: number, error: unknown): void {
    if (this.#hasEnded) return;
    const { clock, logger, onRefused } = this.#options;
    const retryInMs = retryDelayOf(error) ?? this.#options.heldRetryMs;
    const held = this.#held.get(kind);
    if (held !== undefined) {
      this.#held.set(kind, { ...held, fromSequence: Math.min(held.fromSequence, sequence) });
      return;
    }
    logger.error('the broker refuses one kind of event; it waits in the outbox, others are sent', {
      kind,
      reason: messageOf(error),
      retryInS: Math.round(retryInMs / 1000),
    });
    const timer = clock.after(retryInMs, () => {
      const { fromSequence } = this.#held.get(kind) ?? { fromSequence: 1 };
      this.#held.delete(kind);
      this.rewind(fromSequence);
    });
    this.#held.set(kind, { timer, fromSequence: sequence });
    onRefused?.(kind, { sequence, reason: messageOf(error), retryInMs });
    this.pump();
  }

  #deleteAcknowledged(): void {
    this.#deletion = undefined;
    if (this.#acknowledged.size > 0) {
      try {
        this.#options.outbox.acknowledge([...this.#acknowledged]);
        this.#acknowledged.clear();
      } catch (error) {
        // The rows stay in the outbox. The next connection sends the events again, with the same ids.
        this.#fail(asPublishError(error));
      }
    }
    this.pump();
  }

  #checkSilenceAfter(delayMs: number): Timer {
    const { clock, ackTimeoutMs } = this.#options;
    return clock.after(delayMs, () => {
      this.#silenceCheck = undefined;
      if (this.#inFlight.size === 0) return;
      const silentMs = clock.monotonicMs() - this.#lastProgressMs;
      if (silentMs < ackTimeoutMs) this.#silenceCheck = this.#checkSilenceAfter(ackTimeoutMs - silentMs);
      else this.#fail(brokerSilence(silentMs));
    });
  }
}
