import { isDeepStrictEqual } from 'node:util';
import type { Clock, Timer } from '../../kernel/clock.js';
import type { RollcallError } from '../../kernel/errors.js';
import type { BoxIds } from '../../kernel/ids.js';
import type { Logger } from '../../kernel/logger.js';
import { raceTimeout } from '../../kernel/race-timeout.js';
import { Recurring } from '../../kernel/recurring.js';
import type { OutboxRow, SendingOutbox } from '../records/outbox/outbox.js';
import type { BrokerConnection } from './broker/broker-connection.js';
import type { ConnectionTask } from './connection-task.js';
import { Drain, type DrainOptions } from './drain.js';
import { type BoxState, type PassagesOfDay, type StateFacts, stateText } from './encoding.js';
import { asPublishError, brokerSilence, refusalCodeOf, retryDelayOf } from './publish-errors.js';
import type { PublisherTimings } from './publisher-options.js';
import { repeatEveryMs } from './retained-documents.js';
import { type PictureOf, Sender, type SendingFacts } from './sender.js';
import type { Signer } from './signer.js';
import type { Topics } from './topics.js';

export interface DeliveryOptions {
  readonly connection: BrokerConnection;
  /** Number of the first state message; those before `offlineSequence`, the last one, are for changes in between. */
  readonly onlineSequence: number;
  readonly offlineSequence: number;
  readonly boxState: () => BoxState;
  readonly passages: () => PassagesOfDay;
  readonly outbox: SendingOutbox;
  readonly topics: Topics;
  readonly signer: Signer;
  readonly nameOf?: SendingFacts['nameOf'];
  readonly pictureOf?: PictureOf;
  readonly connectionTasks: readonly ConnectionTask[];
  readonly from: BoxIds;
  readonly timings: PublisherTimings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly skipped: ReadonlySet<number>;
  readonly onOnline: () => void;
  readonly onAcknowledged: DrainOptions['onAcknowledged'];
  readonly onDelivered?: (row: OutboxRow) => void;
  readonly onRefused: NonNullable<DrainOptions['onRefused']>;
  readonly onTooLarge: NonNullable<DrainOptions['onTooLarge']>;
}

/** A larger window gains nothing on a local broker, and repeats more events after a lost connection. */
const largestWindow = 64;

/** The life of one connection: publishes that the box is online, drains the outbox, says goodbye. */
export class Delivery {
  readonly drain: Drain;
  readonly #options: DeliveryOptions;
  readonly #ended = new AbortController();
  #sequence: number;
  #isOnline = false;
  /** The state in the last state message, and that message. */
  #publishedState: BoxState | undefined;
  #publishedPassages: PassagesOfDay | undefined;
  #stateMessage: Uint8Array | undefined;
  #stateRetry: Timer | undefined;

  constructor(options: DeliveryOptions) {
    const { connection, timings } = options;
    const sender = new Sender(options);
    this.#options = options;
    this.#sequence = options.onlineSequence;
    this.drain = new Drain({
      outbox: options.outbox,
      publish: async (row) => {
        await sender.send(row);
        options.onDelivered?.(row);
      },
      window: Math.min(largestWindow, connection.receiveMaximum),
      ackTimeoutMs: timings.ackTimeoutMs,
      heldRetryMs: timings.heldRetryMs,
      clock: options.clock,
      logger: options.logger,
      skipped: options.skipped,
      onAcknowledged: options.onAcknowledged,
      onRefused: options.onRefused,
      onTooLarge: options.onTooLarge,
    });
  }

  /**
   * Delivers until the connection ends, and resolves with the reason. When `signal` aborts, it says goodbye and resolves with
   * undefined. Never rejects.
   */
  async run(signal: AbortSignal): Promise<RollcallError | undefined> {
    const { connection } = this.#options;
    try {
      const failure = await this.#deliver(signal);
      if (failure === undefined) await this.#farewell();
      return failure;
    } finally {
      this.#ended.abort();
      this.#stateRetry?.cancel();
      this.drain.end();
      connection.abort();
    }
  }

  /** Publishes the state of the box where it has changed since the last state message. Does nothing before the box is online. */
  async publishChange(): Promise<void> {
    const { boxState } = this.#options;
    if (!this.#isOnline || isDeepStrictEqual(boxState(), this.#publishedState)) return;
    await this.#publishNext();
  }

  async #publishNext(): Promise<void> {
    const { logger, offlineSequence } = this.#options;
    if (this.#sequence + 1 >= offlineSequence) return;
    this.#sequence += 1;
    try {
      await this.#publishState({ state: 'online', reason: 'changed', sequence: this.#sequence });
    } catch (error) {
      const { message: reason } = asPublishError(error);
      logger.warn('the new state of this box could not be published', { reason });
    }
  }

  async #deliver(signal: AbortSignal): Promise<RollcallError | undefined> {
    const { clock, connectionTasks, connection, logger, onOnline, outbox } = this.#options;
    let onAbort = (): void => undefined;
    const stopped = new Promise<undefined>((resolve) => {
      onAbort = () => resolve(undefined);
    });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const repeating = new Recurring({
      clock,
      everyMs: repeatEveryMs,
      work: () => this.#repeatOrRenew(),
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
      void this.publishChange();
      for (const task of connectionTasks) task.whenOnline(connection, this.#ended.signal);
      this.drain.pump();
      return await Promise.race([connection.closed, this.drain.failed, stopped]);
    } finally {
      signal.removeEventListener('abort', onAbort);
      void repeating[Symbol.asyncDispose]();
    }
  }

  /** Before all events: lets the connection tasks publish the keys, then publishes that the box is online. */
  async #greet(): Promise<RollcallError | undefined> {
    const { clock, connectionTasks, connection, timings } = this.#options;
    const prepared = Promise.all(
      connectionTasks.map((task) => task.beforeOnline?.(connection, this.#ended.signal)),
    );
    const answer = await Promise.race([
      raceTimeout(clock, timings.ackTimeoutMs, prepared),
      connection.closed,
    ]);
    if (answer === 'late') return brokerSilence(timings.ackTimeoutMs);
    return Array.isArray(answer) ? this.#publishOnline() : answer;
  }

  async #publishOnline(): Promise<RollcallError | undefined> {
    const { clock, logger, timings, onlineSequence } = this.#options;
    const { ackTimeoutMs } = timings;
    const message = { state: 'online', reason: 'connected', sequence: onlineSequence } as const;
    try {
      const answer = await raceTimeout(clock, ackTimeoutMs, this.#publishState(message));
      return answer === 'late' ? brokerSilence(ackTimeoutMs) : undefined;
    } catch (error) {
      if (refusalCodeOf(error) === undefined) return asPublishError(error);
      const { message: reason } = asPublishError(error);
      logger.error('the broker refuses the state of this box; events are delivered', { reason });
      return undefined;
    }
  }

  async #farewell(): Promise<void> {
    const { clock, connection, logger, timings, offlineSequence } = this.#options;
    const goodbye = async (): Promise<void> => {
      this.drain.end();
      await Promise.race([this.drain.idle(), connection.closed]);
      await this.#publishState({ state: 'offline', reason: 'stopped', sequence: offlineSequence });
      await connection.end();
    };
    try {
      const result = await raceTimeout(clock, timings.farewellMs, goodbye());
      if (result === 'late') logger.warn('the broker did not take the goodbye in time');
    } catch (error) {
      logger.warn('no goodbye to the broker', { reason: asPublishError(error).message });
    }
  }

  async #publishState(
    facts: Omit<StateFacts, 'timeMs' | 'lastSequence' | 'passages' | keyof BoxState>,
  ): Promise<void> {
    const { clock, from, boxState, passages, outbox, signer } = this.#options;
    this.#publishedState = boxState();
    this.#publishedPassages = passages();
    const lastSequence = outbox.newestSequence();
    const content = { ...facts, ...this.#publishedState, passages: this.#publishedPassages };
    const text = stateText({ ...content, lastSequence, timeMs: clock.wallMs() }, from);
    const message = new TextEncoder().encode(await signer.sign(text));
    this.#stateMessage = message;
    await this.#sendState(message);
  }

  /** A change of the numbers alone is not worth a message of its own. */
  async #repeatOrRenew(): Promise<void> {
    const isOld = !isDeepStrictEqual(this.#options.passages(), this.#publishedPassages);
    if (this.#isOnline && isOld) await this.#publishNext();
    else await this.#repeatState();
  }

  /** Publishes the same message again, with its number, in case another client has overwritten it. */
  async #repeatState(): Promise<void> {
    if (this.#stateMessage !== undefined) await this.#sendState(this.#stateMessage);
  }

  /** When the broker refuses the state, it is tried again later: the broker may allow it by then. */
  async #sendState(message: Uint8Array): Promise<void> {
    const { clock, connection, timings, topics } = this.#options;
    try {
      await connection.publish(topics.state, message, { isRetained: true });
    } catch (error) {
      if (refusalCodeOf(error) !== undefined && !this.#ended.signal.aborted) {
        this.#stateRetry?.cancel();
        const retryInMs = retryDelayOf(error) ?? timings.heldRetryMs;
        // A failed retry has scheduled the next one here, or the connection has ended.
        this.#stateRetry = clock.after(retryInMs, () => void this.#repeatState().catch(() => undefined));
      }
      throw error;
    }
  }
}
