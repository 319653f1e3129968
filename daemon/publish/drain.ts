import type { Clock, Timer } from '../base/clock.js';
import { messageOf, type RollcallError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { refusedWith } from './broker-connection.js';
import type { EventKind, EventOutbox, OutboxRow } from './event-outbox.js';
import { asPublishError, brokerSilence } from './publish-errors.js';

export interface DrainOptions {
  readonly outbox: EventOutbox;
  /** Resolves when the broker has acknowledged; see `BrokerConnection.publish`. */
  readonly publish: (kind: EventKind, payload: Uint8Array) => Promise<void>;
  /** Unacknowledged messages at most. */
  readonly window: number;
  /** Silence of the broker, while messages wait for its acknowledgement, after which the connection is given up. */
  readonly ackTimeoutMs: number;
  /** How long a kind that the broker refused waits before it is tried again. */
  readonly heldRetryMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called for every acknowledgement: measured progress. */
  readonly onAcknowledged: () => void;
}

/** MQTT 5 reason codes that condemn the topic, not the connection: not authorised, topic name invalid. */
const topicRefusals: ReadonlySet<number> = new Set([0x87, 0x90]);

/**
 * Sends the outbox over one connection: in order, a bounded number unacknowledged, deleting only what was
 * acknowledged. A kind whose topic the broker refuses is held back and tried again later, while others flow. Any
 * other failure ends the drain; the next connection begins with the oldest row that is left.
 */
export class Drain {
  readonly #options: DrainOptions;
  readonly #inFlight = new Set<number>();
  readonly #acknowledged = new Set<number>();
  readonly #held = new Map<EventKind, Timer>();
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
    for (const timer of this.#held.values()) timer.cancel();
    this.#deleteAcknowledged();
    this.#deletion?.cancel();
  }

  #next(room: number): readonly OutboxRow[] {
    const known = this.#inFlight.size + this.#acknowledged.size;
    try {
      return this.#options.outbox
        .pending(this.#cursor, room + known, this.heldKinds)
        .filter(({ sequence }) => !this.#inFlight.has(sequence) && !this.#acknowledged.has(sequence))
        .slice(0, room);
    } catch (error) {
      this.#fail(asPublishError(error));
      return [];
    }
  }

  #send({ sequence, kind, payload }: OutboxRow): void {
    const { clock, publish } = this.#options;
    if (this.#inFlight.size === 0) this.#lastProgressMs = clock.monotonicMs();
    this.#inFlight.add(sequence);
    this.#watch ??= this.#watchSilence(this.#options.ackTimeoutMs);
    publish(kind, payload).then(
      () => this.#onAck(sequence),
      (error: unknown) => this.#onFailure(sequence, kind, error),
    );
  }

  #onAck(sequence: number): void {
    this.#settle(sequence);
    this.#acknowledged.add(sequence);
    this.#options.onAcknowledged();
    if (this.#hasEnded) this.#deleteAcknowledged();
    // Acknowledgements that arrive together are deleted together: one write to the disk instead of many.
    else this.#deletion ??= this.#options.clock.after(0, () => this.#deleteAcknowledged());
    if (this.#inFlight.size === 0) this.#onIdle();
  }

  #onFailure(sequence: number, kind: EventKind, error: unknown): void {
    this.#settle(sequence);
    const reasonCode = refusedWith(error);
    if (reasonCode === undefined || !topicRefusals.has(reasonCode)) this.#fail(asPublishError(error));
    else this.#hold(kind, error);
    if (this.#inFlight.size === 0) this.#onIdle();
  }

  #settle(sequence: number): void {
    this.#inFlight.delete(sequence);
    this.#lastProgressMs = this.#options.clock.monotonicMs();
  }

  #hold(kind: EventKind, error: unknown): void {
    if (this.#hasEnded || this.#held.has(kind)) return;
    const { clock, heldRetryMs, logger } = this.#options;
    logger.error('the broker refuses one kind of event; it waits in the outbox while others flow', {
      kind,
      reason: messageOf(error),
      retryInS: heldRetryMs / 1000,
    });
    const retry = clock.after(heldRetryMs, () => {
      this.#held.delete(kind);
      this.#cursor = 0;
      this.pump();
    });
    this.#held.set(kind, retry);
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
