import { type AlertSignal, alertingKinds, alertSignals } from '../../kernel/alerts/alert-signal.js';
import type { Clock, Timer } from '../../kernel/clock.js';
import { isRollcallError, messageOf } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import type { AlertJournal, FollowedEvent } from './alert-journal.js';
import type { AlertPlan } from './alert-plan.js';
import { RuleBoard, type RuleBoardOptions } from './rule-board.js';

export interface AlertFollowerOptions extends RuleBoardOptions {
  readonly journal: AlertJournal;
  /** The present rules. */
  readonly plan: () => AlertPlan;
  /** Calls back whenever an event was recorded; returns a function that stops it. */
  readonly onRecorded: (listener: () => void) => () => void;
  /** Called when there are new deliveries. */
  readonly onAlerts: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How often the rules get a tick, milliseconds. */
export const tickMs = 5_000;
const batchSize = 200;
/** The cursor is written at least after so many events. Events that concern no rule may be read again after a kill. */
const longestUnwritten = 1_000;

/**
 * Follows the recorded events from its last cursor, and writes alerts. The cursor, the states of the rules and the alerts are one
 * transaction, so that a kill neither loses nor repeats an alert.
 */
export class AlertFollower implements AsyncDisposable {
  readonly #options: AlertFollowerOptions;
  #board: RuleBoard | undefined;
  #cursor = 0;
  #writtenCursor = 0;
  /** Code of the last logged failure. */
  #loggedFailure: string | undefined;
  #timer: Timer | undefined;
  #soon: Timer | undefined;
  #unsubscribe: () => void = () => undefined;

  constructor(options: AlertFollowerOptions) {
    this.#options = options;
  }

  start(): this {
    const { clock, onRecorded } = this.#options;
    this.#unsubscribe = onRecorded(() => this.#followSoon());
    const tick = (): void => {
      this.#attempt(() => this.#tick());
      this.#timer = clock.after(tickMs, tick);
    };
    tick();
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe();
    this.#timer?.cancel();
    this.#soon?.cancel();
  }

  #followSoon(): void {
    this.#soon ??= this.#options.clock.after(0, () => {
      this.#soon = undefined;
      this.#attempt(() => this.#follow());
    });
  }

  #tick(): void {
    this.#follow();
    if (this.#board === undefined) return;
    const { clock, plan } = this.#options;
    this.#board.tick(plan(), clock.wallMs());
    this.#write();
  }

  /** Reads the next events, and continues in another turn of the event loop where there are more. */
  #follow(): void {
    const { journal, plan, clock } = this.#options;
    const planned = plan();
    if (planned.rules.length === 0) {
      if (journal.cursor() !== undefined) journal.leave();
      this.#board = undefined;
      return;
    }
    this.#board ??= this.#begin();
    const events = journal.eventsAfter(this.#cursor, batchSize, alertingKinds);
    const nowMs = clock.wallMs();
    for (const event of events) {
      for (const signal of this.#signalsOf(event)) this.#board.signal(planned, signal, nowMs);
    }
    this.#cursor = events.at(-1)?.sequence ?? this.#cursor;
    this.#write();
    if (events.length === batchSize) this.#followSoon();
  }

  /** Events from before the first rule cause no alerts. */
  #begin(): RuleBoard {
    const { journal } = this.#options;
    const board = new RuleBoard(journal.rules(), this.#options);
    const newest = journal.newestSequence();
    const written = journal.cursor();
    // Beyond the newest event the rules would wait for events that others were to cause.
    const isBeyond = written !== undefined && written > newest;
    if (isBeyond) {
      this.#options.logger.error('the place of the alert rules in the events was changed by someone else', {
        written,
        newest,
        remedy: 'Find out who can write records.db; events before this moment may have caused no alert.',
      });
    }
    const cursor = isBeyond ? undefined : written;
    this.#cursor = cursor ?? newest;
    if (cursor === undefined) journal.advance({ cursor: this.#cursor, rules: new Map(), alerts: [] });
    this.#writtenCursor = this.#cursor;
    return board;
  }

  #write(): void {
    const { journal, onAlerts } = this.#options;
    const board = this.#board;
    if (board === undefined) return;
    const { rules, alerts } = board.changes();
    const unwritten = this.#cursor - this.#writtenCursor;
    if (rules.size === 0 && alerts.length === 0 && unwritten < longestUnwritten) return;
    journal.advance({ cursor: this.#cursor, rules, alerts });
    board.commit();
    this.#writtenCursor = this.#cursor;
    if (alerts.length > 0) onAlerts();
  }

  /** After a failed write, the next tick reads the events again from the written cursor. */
  #attempt(work: () => void): void {
    const { logger } = this.#options;
    try {
      work();
      if (this.#loggedFailure !== undefined) logger.info('alerts can be written again');
      this.#loggedFailure = undefined;
    } catch (error) {
      this.#board?.abandon();
      this.#cursor = this.#writtenCursor;
      const code = isRollcallError(error) ? error.code : 'internal';
      if (code === this.#loggedFailure) return;
      this.#loggedFailure = code;
      logger.error('alerts cannot be written; they are made later', { code, reason: messageOf(error) });
    }
  }

  /** A damaged row must not block the following events. */
  #signalsOf({ payload, ...event }: FollowedEvent): readonly AlertSignal[] {
    if (payload === null) return [];
    const { sequence, kind, cameraId, occurredAtMs: atMs } = event;
    try {
      const { data } = JSON.parse(new TextDecoder().decode(payload)) as { data: Record<string, unknown> };
      return alertSignals({ sequence, kind, cameraId, atMs, data });
    } catch (error) {
      const reason = messageOf(error);
      this.#options.logger.error('an event cannot be read; it causes no alert', { sequence, reason });
      return [];
    }
  }
}
