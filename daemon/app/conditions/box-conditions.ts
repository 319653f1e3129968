import type { Clock, Timer } from '../../base/clock.js';
import { isRollcallError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import {
  afterSaying,
  type ConditionNews,
  type ConditionScope,
  changeOf,
  isAsBefore,
  isSettled,
  isWorse,
  saidScope,
  withNews,
} from '../../domain/events/condition-scope.js';
import { type BoxCondition, type BoxNotice, boxConditions } from '../../domain/events/notice.js';
import type { EventId } from '../../domain/ids.js';
import type { ConditionDetails, ConditionPort } from '../../publish/condition-port.js';
import type { Records } from '../../records/open-records.js';
import { WaitingNotices } from './waiting-notices.js';

export interface BoxConditionsOptions {
  readonly records: Pick<Records, 'record' | 'onRecorded' | 'sources'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How often it is tried again to record what could not be. */
const retryEveryMs = 5_000;
/** For so long a part of a condition has to be over before that is said, and before it is news when it comes back. */
export const settledAfterMs = 10 * 60_000;

/** A condition that holds. */
interface Held {
  readonly scope: ConditionScope;
  readonly details: ConditionDetails;
  /** Until what is no longer part of it is said to be over. */
  readonly settling?: Timer;
}

/**
 * What is the matter with the box: every beginning, every end, and everything that comes to a condition in between becomes an
 * event, once, and in turn.
 */
export class BoxConditions implements ConditionPort, AsyncDisposable {
  readonly #options: BoxConditionsOptions;
  readonly #held = new Map<BoxCondition, Held>();
  readonly #listeners = new Set<() => void>();
  readonly #forget: () => void;
  /** Cut short by a kill or a power cut: the program last said that it runs, and did not say that it stops. */
  readonly #wasCutShort: boolean;
  /** Events recorded here that the records have not called back about yet. */
  readonly #own = new Set<EventId>();
  readonly #waiting = new WaitingNotices();
  #timer: Timer | undefined;
  #isFailing = false;

  constructor(options: BoxConditionsOptions) {
    this.#options = options;
    for (const [condition, about] of options.records.sources.conditions.active()) {
      this.#held.set(condition, { scope: saidScope(about), details: {} });
    }
    this.#wasCutShort = this.#held.delete('running');
    this.#forget = options.records.onRecorded((event) => {
      // Some parts record what they find themselves, together with what they remember of it.
      if (!this.#own.delete(event.id) && event.kind === 'box') this.#follow(event);
    });
  }

  begin(condition: BoxCondition, details: ConditionDetails = {}): void {
    if (this.#held.has(condition)) return;
    const isAgain = condition === 'running' && this.#wasCutShort;
    this.#begin(condition, isAgain ? { ...details, afterKill: true } : details, []);
  }

  end(condition: BoxCondition, details: ConditionDetails = {}): void {
    const held = this.#held.get(condition);
    if (held === undefined) return;
    held.settling?.cancel();
    this.#held.delete(condition);
    this.#say({ condition, isActive: false, details });
  }

  change(condition: BoxCondition, details: ConditionDetails, news: ConditionNews): void {
    const before = this.#held.get(condition);
    const scope = withNews(before?.scope ?? saidScope([]), news);
    if (before === undefined) {
      if (scope.holds.length > 0) this.#begin(condition, details, scope.holds);
      return;
    }
    if (scope.holds.length === 0) {
      if (before.scope.holds.length > 0) this.end(condition, details);
      return;
    }
    if (isAsBefore(before.scope, scope)) return;
    before.settling?.cancel();
    this.#held.set(condition, { scope, details });
    if (isWorse(scope)) this.#sayAgain(condition, 'worsened');
    this.#settleLater(condition);
  }

  /** Those that hold now, recorded or not, in the order of `boxConditions`. */
  current(): readonly BoxCondition[] {
    return boxConditions.filter((condition) => this.#held.has(condition));
  }

  /** Of those that hold now and are about something: what the newest event says, recorded or not. */
  about(): Readonly<Partial<Record<BoxCondition, readonly string[]>>> {
    const said = this.current().map((condition) => [condition, this.#held.get(condition)?.scope.said ?? []]);
    return Object.fromEntries(said.filter(([, about = []]) => about.length > 0));
  }

  /** How many changes could not be recorded yet. */
  get waitingCount(): number {
    return this.#waiting.all.length;
  }

  /** Calls back whenever `current` or `about` has changed. Returns how to stop. */
  onChanged(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tries a last time to record what waits. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#forget();
    for (const { settling } of this.#held.values()) settling?.cancel();
    this.#record();
    this.#timer?.cancel();
    if (this.waitingCount === 0) return;
    const conditions = this.#waiting.all.map(({ condition }) => condition);
    this.#options.logger.error('changes of the state of the box are lost: they could not be recorded', {
      conditions,
    });
  }

  #begin(condition: BoxCondition, details: ConditionDetails, about: readonly string[]): void {
    this.#held.set(condition, { scope: saidScope(about), details });
    this.#say({ condition, isActive: true, ...(about.length === 0 ? {} : { about }), details });
  }

  #sayAgain(condition: BoxCondition, change: 'worsened' | 'eased'): void {
    const held = this.#held.get(condition);
    if (held === undefined) return;
    const { scope, details } = held;
    this.#held.set(condition, { scope: afterSaying(scope), details });
    this.#say({ condition, isActive: true, change, about: scope.holds, details });
  }

  /** Says what is over once that has lasted: what comes and goes is said once. */
  #settleLater(condition: BoxCondition): void {
    const held = this.#held.get(condition);
    if (held === undefined || isSettled(held.scope)) return;
    const { scope, details } = held;
    const settling = this.#options.clock.after(settledAfterMs, () => {
      const change = changeOf(scope);
      if (change !== undefined) this.#sayAgain(condition, change);
      this.#held.set(condition, { scope: saidScope(scope.holds), details });
    });
    this.#held.set(condition, { ...held, settling });
  }

  #say(notice: Omit<BoxNotice, 'kind' | 'occurredAtMs'>): void {
    this.#waiting.add({ kind: 'box', ...notice, occurredAtMs: this.#options.clock.wallMs() });
    this.#record();
    this.#changed();
  }

  #record(): void {
    const { records, clock, logger } = this.#options;
    this.#timer?.cancel();
    this.#timer = undefined;
    try {
      for (let [next] = this.#waiting.all; next !== undefined; [next] = this.#waiting.all) {
        this.#own.add(records.record(next).id);
        this.#waiting.shift();
      }
      this.#isFailing = false;
    } catch (error) {
      if (!isRollcallError(error) || error.kind === 'defect') throw error;
      if (!this.#isFailing)
        logger.error('the state of the box cannot be recorded; it is tried again', { error });
      this.#isFailing = true;
      this.#timer = clock.after(retryEveryMs, () => this.#record());
    }
  }

  #follow({ condition, isActive, about = [], details = {} }: BoxNotice): void {
    this.#held.get(condition)?.settling?.cancel();
    if (isActive) this.#held.set(condition, { scope: saidScope(about), details });
    else this.#held.delete(condition);
    this.#changed();
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
