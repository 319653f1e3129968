import type { Clock, Timer } from '../../base/clock.js';
import { isRollcallError, messageOf, operational } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { Random } from '../../base/random.js';
import type { AlertDeliveries, DeliveryResult, DueDelivery } from '../../records/alerts/alert-deliveries.js';
import type { AlertChannel, SendOutcome } from './channel.js';
import { failedForNow } from './channel-errors.js';
import { nextResult, retryPolicy } from './delivery-result.js';

export interface AlertDelivererOptions {
  readonly deliveries: AlertDeliveries;
  /** The channel of an id, as configured now. */
  readonly channel: (id: string) => AlertChannel | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** How often waiting deliveries are looked at. */
export const lookMs = 5_000;
/** To so many channels at a time; to each of them one alert after the other. */
const largestInFlight = 4;
const keptMs = 90 * 86_400_000;
const keptAlerts = 20_000;
const pruneEveryMs = 3_600_000;
const pruneBatch = 500;

/** Brings alerts to their channels, at least once each, until they have arrived, are refused or are too old. */
export class AlertDeliverer implements AsyncDisposable {
  readonly #options: AlertDelivererOptions;
  readonly #abort = new AbortController();
  /** By channel; those that are being sent, and those whose result could not be written yet. */
  readonly #busy = new Map<string, Promise<void>>();
  readonly #unwritten = new Map<string, { readonly number: number; readonly result: DeliveryResult }>();
  #timer: Timer | undefined;
  #prunedAtMs = Number.NEGATIVE_INFINITY;
  #trouble: string | undefined;

  constructor(options: AlertDelivererOptions) {
    this.#options = options;
  }

  start(): this {
    const look = (): void => {
      this.wake();
      this.#timer = this.#options.clock.after(lookMs, look);
    };
    look();
    return this;
  }

  /** There may be something to send. */
  wake(): void {
    if (this.#abort.signal.aborted) return;
    this.#attempt(() => {
      for (const [channelId, { number, result }] of this.#unwritten) {
        this.#options.deliveries.settle(number, result);
        this.#unwritten.delete(channelId);
      }
      while (this.#busy.size < largestInFlight && this.#sendNext());
      this.#prune();
    });
  }

  /** What is being sent is given up, and sent again after the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.cancel();
    this.#abort.abort(operational('shutting-down', 'the box is shutting down'));
    await Promise.all(this.#busy.values());
  }

  #sendNext(): boolean {
    const { deliveries, clock } = this.#options;
    const occupied = [...this.#busy.keys(), ...this.#unwritten.keys()];
    const due = deliveries.due(clock.wallMs(), retryPolicy.capMs, occupied);
    if (due === undefined) return false;
    const sending = this.#deliver(due).finally(() => {
      this.#busy.delete(due.channelId);
      this.wake();
    });
    this.#busy.set(due.channelId, sending);
    return true;
  }

  async #deliver(due: DueDelivery): Promise<void> {
    const { clock, random } = this.#options;
    const sent = await this.#send(due);
    if (this.#abort.signal.aborted && sent.outcome === 'failed') return;
    const result = nextResult(due, sent, { nowMs: clock.wallMs(), random });
    this.#tell(due, result);
    this.#unwritten.set(due.channelId, { number: due.number, result });
    this.#attempt(() => {
      this.#options.deliveries.settle(due.number, result);
      this.#unwritten.delete(due.channelId);
    });
  }

  async #send({ channelId, message }: DueDelivery): Promise<SendOutcome> {
    const { channel, logger } = this.#options;
    const open = channel(channelId);
    if (open === undefined) {
      const error = operational('channel-removed', 'the channel is no longer configured');
      return { outcome: 'failed', error, isFinal: true };
    }
    try {
      return await open.send(message, this.#abort.signal);
    } catch (error) {
      logger.error('sending an alert met a defect', { channel: channelId, error });
      return failedForNow(operational('internal', messageOf(error)));
    }
  }

  /** Codes only: what servers answer may hold addresses. */
  #tell({ channelId, message, attempts }: DueDelivery, result: DeliveryResult): void {
    const { logger } = this.#options;
    const about = { channel: channelId, alert: message.id, rule: message.rule, attempts: attempts + 1 };
    if (result.state === 'delivered') logger.info('an alert was delivered', about);
    else if (result.state === 'failed') {
      logger.error('an alert was given up', { ...about, code: result.failure.code });
    } else if (attempts === 0) {
      logger.warn('an alert could not be delivered yet', { ...about, code: result.failure.code });
    }
  }

  #prune(): void {
    const { clock, deliveries } = this.#options;
    const sinceMs = clock.monotonicMs() - this.#prunedAtMs;
    if (sinceMs < pruneEveryMs) return;
    const limits = { beforeMs: clock.wallMs() - keptMs, keep: keptAlerts, limit: pruneBatch };
    // A full batch: the next look takes the next.
    if (deliveries.prune(limits) < pruneBatch) this.#prunedAtMs = clock.monotonicMs();
  }

  #attempt(work: () => void): void {
    const { logger } = this.#options;
    try {
      work();
      this.#trouble = undefined;
    } catch (error) {
      const code = isRollcallError(error) ? error.code : 'internal';
      if (code === this.#trouble) return;
      this.#trouble = code;
      logger.error('what became of alerts cannot be written', { code, reason: messageOf(error) });
    }
  }
}
