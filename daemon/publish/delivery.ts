import { isDeepStrictEqual } from 'node:util';
import type { Clock, Timer } from '../base/clock.js';
import type { RollcallError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { Recurring } from '../base/recurring.js';
import type { BoxIdentity } from '../domain/events/box-identity.js';
import type { BrokerConnection } from './broker/broker-connection.js';
import type { Companion } from './companion.js';
import { Drain, type DrainOptions } from './drain.js';
import { type BoxState, type StateToSay, stateText } from './encoding.js';
import type { EventOutbox } from './event-outbox.js';
import type { PictureOf, SendingFacts } from './outgoing.js';
import { asPublishError, brokerSilence } from './publish-errors.js';
import { refusedWith, retryOf } from './publish-refusal.js';
import type { PublisherTimings } from './publisher-timings.js';
import { repeatEveryMs } from './retained-documents.js';
import { Sender } from './sender.js';
import type { Signer } from './signer.js';
import type { Topics } from './topics.js';
import { within } from './within.js';

export interface DeliveryOptions {
  readonly connection: BrokerConnection;
  /** Order of the message that says `online`; those up to `offlineSequence`, the end, are for changes meanwhile. */
  readonly onlineSequence: number;
  readonly offlineSequence: number;
  readonly boxState: () => BoxState;
  readonly outbox: EventOutbox;
  readonly topics: Topics;
  readonly signer: Signer;
  readonly nameOf?: SendingFacts['nameOf'];
  readonly pictureOf?: PictureOf;
  readonly companions: readonly Companion[];
  readonly from: BoxIdentity;
  readonly timings: PublisherTimings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly passedOver: ReadonlySet<number>;
  readonly onOnline: () => void;
  readonly onAcknowledged: DrainOptions['onAcknowledged'];
  readonly onRefused: NonNullable<DrainOptions['onRefused']>;
  readonly onTooLarge: NonNullable<DrainOptions['onTooLarge']>;
}

/** More in flight gains nothing on a local broker, and less is sent again after a lost connection. */
const largestWindow = 64;

/** The life of one connection: says that the box is online, drains the outbox, says goodbye. */
export class Delivery {
  readonly drain: Drain;
  readonly #options: DeliveryOptions;
  readonly #ended = new AbortController();
  #sequence: number;
  #isOnline = false;
  #said: BoxState | undefined;
  /** The state message that was published last. */
  #standing: Uint8Array | undefined;
  #again: Timer | undefined;

  constructor(options: DeliveryOptions) {
    const { connection, timings } = options;
    const sender = new Sender(options);
    this.#options = options;
    this.#sequence = options.onlineSequence;
    this.drain = new Drain({
      outbox: options.outbox,
      publish: (row) => sender.send(row),
      window: Math.min(largestWindow, connection.receiveMaximum),
      ackTimeoutMs: timings.ackTimeoutMs,
      heldRetryMs: timings.heldRetryMs,
      clock: options.clock,
      logger: options.logger,
      passedOver: options.passedOver,
      onAcknowledged: options.onAcknowledged,
      onRefused: options.onRefused,
      onTooLarge: options.onTooLarge,
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
      this.#ended.abort();
      this.#again?.cancel();
      this.drain.end();
      connection.abort();
    }
  }

  async #deliver(signal: AbortSignal): Promise<RollcallError | undefined> {
    const { clock, companions, connection, logger, onOnline, outbox } = this.#options;
    let onAbort = (): void => undefined;
    const stopped = new Promise<undefined>((resolve) => {
      onAbort = () => resolve(undefined);
    });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const repeating = new Recurring({
      clock,
      everyMs: repeatEveryMs,
      work: () => this.#repeatState(),
      onFailure: (error) =>
        logger.warn('the state of this box was not published again', {
          reason: asPublishError(error).message,
        }),
    });
    try {
      repeating.start();
      const failure = await Promise.race([this.#greet(), stopped]);
      if (failure || signal.aborted) return failure;
      this.#isOnline = true;
      outbox.begin();
      onOnline();
      void this.sayChange();
      for (const companion of companions) companion.join(connection, this.#ended.signal);
      this.drain.pump();
      return await Promise.race([connection.closed, this.drain.failed, stopped]);
    } finally {
      signal.removeEventListener('abort', onAbort);
      void repeating[Symbol.asyncDispose]();
    }
  }

  /** The same message, with its number: it says nothing new, and stands there again if somebody else has written there. */
  async #repeatState(): Promise<void> {
    if (this.#standing !== undefined) await this.#publishState(this.#standing);
  }

  /** Where the broker refuses it, it is said again after a while: the broker may allow it by then. */
  async #publishState(message: Uint8Array): Promise<void> {
    const { clock, connection, timings, topics } = this.#options;
    try {
      await connection.publish(topics.state, message, { isRetained: true });
    } catch (error) {
      if (refusedWith(error) !== undefined && !this.#ended.signal.aborted) {
        this.#again?.cancel();
        const retryInMs = retryOf(error) ?? timings.heldRetryMs;
        // A failure has asked for the next try already, or the connection has ended.
        this.#again = clock.after(retryInMs, () => void this.#repeatState().catch(() => undefined));
      }
      throw error;
    }
  }

  /** Says again that the box is online, where its state is no longer as was said; when it is online, if not yet. */
  async sayChange(): Promise<void> {
    const { boxState, logger, offlineSequence } = this.#options;
    if (!this.#isOnline || isDeepStrictEqual(boxState(), this.#said)) return;
    if (this.#sequence + 1 >= offlineSequence) return;
    this.#sequence += 1;
    try {
      await this.#say({ state: 'online', reason: 'changed', sequence: this.#sequence });
    } catch (error) {
      logger.warn('the broker was not told of a change', { reason: asPublishError(error).message });
    }
  }

  /** What comes before all events: keys to verify them with, and that the box is there. */
  async #greet(): Promise<RollcallError | undefined> {
    const { clock, companions, connection, timings } = this.#options;
    const led = Promise.all(companions.map((companion) => companion.lead?.(connection, this.#ended.signal)));
    const answer = await Promise.race([within(clock, timings.ackTimeoutMs, led), connection.closed]);
    if (answer === 'late') return brokerSilence(timings.ackTimeoutMs);
    return Array.isArray(answer) ? this.#sayOnline() : answer;
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

  async #say(message: Omit<StateToSay, 'timeMs' | 'lastSequence' | keyof BoxState>): Promise<void> {
    const { clock, from, boxState, outbox, signer } = this.#options;
    this.#said = boxState();
    const lastSequence = outbox.newestSequence();
    const text = stateText({ ...message, ...this.#said, lastSequence, timeMs: clock.wallMs() }, from);
    const payload = new TextEncoder().encode(await signer.sign(text));
    this.#standing = payload;
    await this.#publishState(payload);
  }
}
