import type { Clock } from '../base/clock.js';
import type { RollcallError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { BoxIdentity } from '../domain/event-payload.js';
import { type BrokerConnection, refusedWith } from './broker-connection.js';
import { Drain } from './drain.js';
import { encodeState, type StateToSay } from './encoding.js';
import type { EventOutbox } from './event-outbox.js';
import { asPublishError, brokerSilence } from './publish-errors.js';
import type { PublisherTimings } from './publisher-timings.js';
import type { Topics } from './topics.js';
import { within } from './within.js';

export interface DeliveryOptions {
  readonly connection: BrokerConnection;
  /** Order of the message that says `online`; those up to `offlineSequence`, the end, are for changes meanwhile. */
  readonly onlineSequence: number;
  readonly offlineSequence: number;
  readonly galleryState: () => StateToSay['gallery'];
  readonly outbox: EventOutbox;
  readonly topics: Topics;
  readonly from: BoxIdentity;
  readonly timings: PublisherTimings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onOnline: () => void;
  readonly onAcknowledged: () => void;
}

/** More in flight gains nothing on a local broker, and less is sent again after a lost connection. */
const largestWindow = 64;

/** The life of one connection: says that the box is online, drains the outbox, says goodbye. */
export class Delivery {
  readonly drain: Drain;
  readonly #options: DeliveryOptions;
  #sequence: number;
  #isOnline = false;
  #saidGallery: StateToSay['gallery'] | undefined;

  constructor(options: DeliveryOptions) {
    const { connection, topics, timings } = options;
    this.#options = options;
    this.#sequence = options.onlineSequence;
    this.drain = new Drain({
      outbox: options.outbox,
      publish: (kind, payload) => connection.publish(topics.event(kind), payload, { isRetained: false }),
      window: Math.min(largestWindow, connection.receiveMaximum),
      ackTimeoutMs: timings.ackTimeoutMs,
      heldRetryMs: timings.heldRetryMs,
      clock: options.clock,
      logger: options.logger,
      onAcknowledged: options.onAcknowledged,
    });
  }

  /**
   * Delivers until the connection ends, and resolves with the reason; or, when `signal` aborts, says goodbye and
   * resolves with undefined. Never rejects.
   */
  async run(signal: AbortSignal): Promise<RollcallError | undefined> {
    const { connection } = this.#options;
    try {
      const failure = await this.#deliver(signal);
      if (failure === undefined) await this.#farewell();
      return failure;
    } finally {
      this.drain.end();
      connection.abort();
    }
  }

  async #deliver(signal: AbortSignal): Promise<RollcallError | undefined> {
    const { connection, onOnline } = this.#options;
    let onAbort = (): void => undefined;
    const stopped = new Promise<undefined>((resolve) => {
      onAbort = () => resolve(undefined);
    });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      const failure = await Promise.race([this.#sayOnline(), stopped]);
      if (failure || signal.aborted) return failure;
      this.#isOnline = true;
      onOnline();
      void this.sayChange();
      this.drain.pump();
      return await Promise.race([connection.closed, this.drain.failed, stopped]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Says again that the box is online, where the gallery is no longer as was said; when it is online, if not yet. */
  async sayChange(): Promise<void> {
    const { galleryState, logger, offlineSequence } = this.#options;
    if (!this.#isOnline || galleryState() === this.#saidGallery) return;
    if (this.#sequence + 1 >= offlineSequence) return;
    this.#sequence += 1;
    try {
      await this.#say({ state: 'online', reason: 'gallery-changed', sequence: this.#sequence });
    } catch (error) {
      logger.warn('the broker was not told of a change', { reason: asPublishError(error).message });
    }
  }

  async #sayOnline(): Promise<RollcallError | undefined> {
    const { clock, logger, timings, onlineSequence } = this.#options;
    const { ackTimeoutMs } = timings;
    const message = { state: 'online', reason: 'connected', sequence: onlineSequence } as const;
    try {
      const answer = await within(clock, ackTimeoutMs, this.#say(message));
      return answer === 'late' ? brokerSilence(ackTimeoutMs) : undefined;
    } catch (error) {
      if (refusedWith(error) === undefined) return asPublishError(error);
      logger.error('the broker refuses to publish whether this box is connected; events flow all the same', {
        reason: asPublishError(error).message,
      });
      return undefined;
    }
  }

  async #farewell(): Promise<void> {
    const { clock, connection, logger, timings, offlineSequence } = this.#options;
    const goodbye = async (): Promise<void> => {
      this.drain.end();
      await Promise.race([this.drain.idle(), connection.closed]);
      await this.#say({ state: 'offline', reason: 'stopped', sequence: offlineSequence });
      await connection.end();
    };
    try {
      const result = await within(clock, timings.farewellMs, goodbye());
      if (result === 'late') logger.warn('the broker did not take the goodbye in time');
    } catch (error) {
      logger.warn('no goodbye to the broker', { reason: asPublishError(error).message });
    }
  }

  async #say(message: Omit<StateToSay, 'timeMs' | 'gallery'>): Promise<void> {
    const { clock, connection, from, galleryState, topics } = this.#options;
    this.#saidGallery = galleryState();
    const payload = encodeState({ ...message, gallery: this.#saidGallery, timeMs: clock.wallMs() }, from);
    await connection.publish(topics.state, payload, { isRetained: true });
  }
}
