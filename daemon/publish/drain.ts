import type { Clock, Timer } from '../base/clock.js';
import { messageOf, type RollcallError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { EventKind } from '../domain/events/event.js';
import type { EventOutbox, OutboxRow } from './event-outbox.js';
import { asPublishError, brokerSilence } from './publish-errors.js';
import { condemnsTopic, packetTooLarge, refusedWith, retryOf } from './publish-refusal.js';
import type { KindRefusal } from './refused-kinds.js';

export interface DrainOptions {
  readonly outbox: EventOutbox;
  /** Sends in the order of the calls; resolves when the broker has acknowledged. See `BrokerConnection.publish`. */
  readonly publish: (row: OutboxRow) => Promise<void>;
  /** Unacknowledged messages at most. */
  readonly window: number;
  /** Silence of the broker, while messages wait for its acknowledgement, after which the connection is given up. */
  readonly ackTimeoutMs: number;
  /** How long a kind that the broker refused waits before it is tried again, where the refusal does not say. */
  readonly heldRetryMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Sequences that are not to be sent at the moment; `rewind` when one of them may be again. */
  readonly passedOver?: ReadonlySet<number>;
  /** Called for every acknowledgement: measured progress. */
  readonly onAcknowledged: (kind: EventKind, sequence: number) => void;
  /** Called when a kind begins to wait because the broker refused its topic. */
  readonly onRefused?: (kind: EventKind, refusal: KindRefusal) => void;
  /** Called when an event begins to wait because the broker says that it is too large. */
  readonly onTooLarge?: (sequence: number, kind: EventKind, error: RollcallError) => void;
}

interface HeldKind {
  readonly timer: Timer;
  /** The oldest of those that were refused. */
  readonly fromSequence: number;
}

const none: ReadonlySet<number> = new Set();

/**
 * Sends the outbox over one connection: in order, a bounded number unacknowledged, deleting only what was
 * acknowledged. A kind whose topic the broker refuses is held back and tried again later, while others flow. What is too
 * large for the broker stays in the outbox until the next connection, and what follows is sent. Any other failure ends
 * the drain; the next connection begins with the oldest row that is left.
 */
export class Drain {
  readonly #options: DrainOptions;
  readonly #inFlight = new Set<number>();
  readonly #acknowledged = new Set<number>();
  readonly #held = new Map<EventKind, HeldKind>();
  #cursor = 0;
  #lastProgressMs = 0;
  #watch: Timer | undefined;
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

  /** Sequences that were sent and are still in the outbox as if they were not. */
  get onTheWay(): readonly number[] {
    return [...this.#inFlight, ...this.#acknowledged];
  }

  /** Kinds whose topics the broker refuses at the moment. */
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

  /** Looks again from `sequence` on: rows came into the outbox that lie before those sent last. */
  rewind(sequence: number): void {
    this.#cursor = Math.min(this.#cursor, sequence - 1);
    // Of a kind that is held back they are not seen now.
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
    this.#watch?.cancel();
    for (const { timer } of this.#held.values()) timer.cancel();
    this.#deletion?.cancel();
    this.#deleteAcknowledged();
  }

  #next(room: number): readonly OutboxRow[] {
    const { outbox, passedOver = none } = this.#options;
    const known = this.#inFlight.size + this.#acknowledged.size + passedOver.size;
    try {
      return outbox
        .pending(this.#cursor, room + known, this.heldKinds)
        .filter(({ sequence }) => !this.#inFlight.has(sequence) && !this.#acknowledged.has(sequence))
        .filter(({ sequence }) => !passedOver.has(sequence))
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
    this.#watch ??= this.#watchSilence(this.#options.ackTimeoutMs);
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
    // Acknowledgements that arrive together are deleted together: one write to the disk instead of many.
    else this.#deletion ??= this.#options.clock.after(0, () => this.#deleteAcknowledged());
    if (this.#inFlight.size === 0) this.#onIdle();
  }

  #onFailure(sequence: number, kind: EventKind, error: unknown): void {
    this.#settle(sequence);
    const reasonCode = refusedWith(error);
    if (reasonCode === packetTooLarge) this.#passOver(kind, sequence, asPublishError(error));
    else if (reasonCode === undefined || !condemnsTopic(reasonCode)) this.#fail(asPublishError(error));
    else this.#hold(kind, sequence, error);
    if (this.#inFlight.size === 0) this.#onIdle();
  }

  /** The cursor is beyond it already. */
  #passOver(kind: EventKind, sequence: number, error: RollcallError): void {
    this.#options.logger.error(
      'an event is too large for the broker; it waits in the outbox while others flow',
      {
        kind,
        sequence,
        reason: error.message,
        remedy: error.remedy,
      },
    );
    this.#options.onTooLarge?.(sequence, kind, error);
    this.pump();
  }

  #settle(sequence: number): void {
    this.#inFlight.delete(sequence);
    this.#lastProgressMs = this.#options.clock.monotonicMs();
  }

  #hold(kind: EventKind, sequence: number, error: unknown): void {
    if (this.#hasEnded) return;
    const { clock, logger, onRefused } = this.#options;
    const retryInMs = retryOf(error) ?? this.#options.heldRetryMs;
    const held = this.#held.get(kind);
    if (held !== undefined) {
      this.#held.set(kind, { ...held, fromSequence: Math.min(held.fromSequence, sequence) });
      return;
    }
    logger.error('the broker refuses one kind of event; it waits in the outbox while others flow', {
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
        // They stay in the outbox and are sent once more after the next connection: twice, but with the same id.
        this.#fail(asPublishError(error));
      }
    }
    this.pump();
  }

  #watchSilence(delayMs: number): Timer {
    const { clock, ackTimeoutMs } = this.#options;
    return clock.after(delayMs, () => {
      this.#watch = undefined;
      if (this.#inFlight.size === 0) return;
      const silentMs = clock.monotonicMs() - this.#lastProgressMs;
      if (silentMs < ackTimeoutMs) this.#watch = this.#watchSilence(ackTimeoutMs - silentMs);
      else this.#fail(brokerSilence(silentMs));
    });
  }
}
