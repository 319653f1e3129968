import type { Clock, Timer } from '../../kernel/clock.js';
import { defect, isRollcallError, messageOf } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import type { Random } from '../../kernel/random.js';
import { jitteredWaitMs } from '../../kernel/retry.js';
import { failure } from '../../words/errors.js';
import type { AlertDeliveries, DeliveryResult, DueDelivery } from './alert-deliveries.js';
import type { AlertChannel, SendOutcome } from './channel.js';
import { failedForNow } from './channel-errors.js';

export interface AlertDelivererOptions {
  readonly deliveries: AlertDeliveries;
  /** The present channel of an id. */
  readonly channel: (id: string) => AlertChannel | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** How often waiting deliveries are checked, milliseconds. */
export const checkMs = 5_000;
/** Largest number of channels in use at a time. Each channel sends one alert after the other. */
const largestInFlight = 4;
const keptMs = 90 * 86_400_000;
const keptAlerts = 20_000;
const pruneEveryMs = 3_600_000;
const pruneBatch = 500;

/** Sends alerts to their channels, each at least once, until they are delivered, refused or too old. */
export class AlertDeliverer implements AsyncDisposable {
  readonly #options: AlertDelivererOptions;
  readonly #abort = new AbortController();
  /** By channel: alerts that are being sent, and results that are not written yet. */
  readonly #busy = new Map<string, Promise<void>>();
  readonly #unwritten = new Map<string, { readonly number: number; readonly result: DeliveryResult }>();
  #timer: Timer | undefined;
  #prunedAtMs = Number.NEGATIVE_INFINITY;
  /** Code of the last logged failure. */
  #loggedFailure: string | undefined;

  constructor(options: AlertDelivererOptions) {
    this.#options = options;
  }

  start(): this {
    const check = (): void => {
      this.wake();
      this.#timer = this.#options.clock.after(checkMs, check);
    };
    check();
    return this;
  }

  /** Call when there may be an alert to send. */
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

  /** Alerts that are being sent are aborted, and sent again after the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.cancel();
    this.#abort.abort(failure('shutting-down'));
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
    this.#log(due, result);
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
      const error = failure('channel-removed');
      return { outcome: 'failed', error, isFinal: true };
    }
    try {
      return await open.send(message, this.#abort.signal);
    } catch (error) {
      logger.error('sending an alert failed with a defect', { channel: channelId, error });
      return failedForNow(defect('internal', messageOf(error)));
    }
  }

  /** Logs only codes, because answers of servers can contain addresses. */
  #log({ channelId, message, attempts }: DueDelivery, result: DeliveryResult): void {
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
    // After a full batch, the next check continues.
    if (deliveries.prune(limits) < pruneBatch) this.#prunedAtMs = clock.monotonicMs();
  }

  #attempt(work: () => void): void {
    const { logger } = this.#options;
    try {
      work();
      this.#loggedFailure = undefined;
    } catch (error) {
      const code = isRollcallError(error) ? error.code : 'internal';
      if (code === this.#loggedFailure) return;
      this.#loggedFailure = code;
      logger.error('the results of alerts cannot be written', { code, reason: messageOf(error) });
    }
  }
}

/** Waits between attempts: uniform in [0, 5 s × 2ⁿ], at most 15 minutes. */
export const retryPolicy = { baseMs: 5_000, capMs: 15 * 60_000 } as const;
/** An alert that could not be delivered for so long is no longer useful. */
export const giveUpAfterMs = 24 * 3_600_000;

/** The new state of a delivery after one attempt. */
export function nextResult(
  { attempts, message }: Pick<DueDelivery, 'attempts' | 'message'>,
  sent: SendOutcome,
  { nowMs, random }: { readonly nowMs: number; readonly random: Random },
): DeliveryResult {
  if (sent.outcome === 'delivered') return { state: 'delivered', atMs: nowMs, note: sent.note };
  const { code, message: reason, remedy } = sent.error;
  const failure = { code, reason: remedy === undefined ? reason : `${reason}. ${remedy}` };
  if (sent.isFinal) return { state: 'failed', atMs: nowMs, failure };
  if (Math.abs(nowMs - message.atMs) >= giveUpAfterMs) {
    return {
      state: 'failed',
      atMs: nowMs,
      failure: { ...failure, reason: `given up after 24 hours: ${failure.reason}` },
    };
  }
  const nextAtMs = nowMs + jitteredWaitMs(retryPolicy, attempts, random);
  return { state: 'pending', atMs: nowMs, nextAtMs, failure };
}
