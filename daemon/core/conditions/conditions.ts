import type { Clock, Timer } from '../../kernel/clock.js';
import { isRollcallError } from '../../kernel/errors.js';
import {
  afterPublishing,
  type ConditionScope,
  type ConditionUpdate,
  changeOf,
  isSameScope,
  isSettled,
  isWorse,
  publishedScope,
  updatedScope,
} from '../../kernel/events/condition-scope.js';
import { type BoxCondition, type BoxNotice, boxConditions } from '../../kernel/events/notice.js';
import type { EventId } from '../../kernel/ids.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import type { ConditionDetails, ConditionPort } from '../delivery/condition-port.js';
import type { Records } from '../records/records.js';

export interface ConditionsOptions {
  readonly records: Pick<Records, 'record' | 'onRecorded' | 'sources'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How often recording is tried again after a failure. */
const retryEveryMs = 5_000;
/**
 * An event reports that an item of a condition is over only after this time without a change. An item that returns earlier is not
 * reported again.
 */
export const settledAfterMs = 10 * 60_000;

/** A condition that has begun and not ended. */
interface ActiveCondition {
  readonly scope: ConditionScope;
  readonly details: ConditionDetails;
  /** Runs until an event reports which items are over; undefined if there is nothing to report. */
  readonly settling?: Timer;
}

/**
 * The conditions of the box (faults and states such as `disk-low`). Records one event for each beginning, change and end of a
 * condition, in order.
 */
export class Conditions implements ConditionPort, AsyncDisposable {
  readonly #options: ConditionsOptions;
  readonly #active = new Map<BoxCondition, ActiveCondition>();
  readonly #listeners = new Set<() => void>();
  readonly #unsubscribe: () => void;
  /** True if a kill or a power cut ended the last run, so that its condition `running` never ended. */
  readonly #wasCutShort: boolean;
  /** Events that this object recorded, until `onRecorded` calls back for them. */
  readonly #ownEvents = new Set<EventId>();
  readonly #waiting = new WaitingNotices();
  #timer: Timer | undefined;
  #isFailing = false;

  constructor(options: ConditionsOptions) {
    this.#options = options;
    for (const [condition, about] of options.records.sources.conditions.active()) {
      this.#active.set(condition, { scope: publishedScope(about), details: {} });
    }
    this.#wasCutShort = this.#active.delete('running');
    this.#unsubscribe = options.records.onRecorded((event) => {
      // Some parts record their conditions themselves, in one transaction with other data.
      if (!this.#ownEvents.delete(event.id) && event.kind === 'box') this.#follow(event);
    });
  }

  begin(condition: BoxCondition, details: ConditionDetails = {}): void {
    if (this.#active.has(condition)) return;
    const isAgain = condition === 'running' && this.#wasCutShort;
    this.#begin(condition, isAgain ? { ...details, afterKill: true } : details, []);
  }

  end(condition: BoxCondition, details: ConditionDetails = {}): void {
    const active = this.#active.get(condition);
    if (active === undefined) return;
    active.settling?.cancel();
    this.#active.delete(condition);
    this.#add({ condition, isActive: false, details });
  }

  change(condition: BoxCondition, details: ConditionDetails, update: ConditionUpdate): void {
    const before = this.#active.get(condition);
    const scope = updatedScope(before?.scope ?? publishedScope([]), update);
    if (before === undefined) {
      if (scope.current.length > 0) this.#begin(condition, details, scope.current);
      return;
    }
    if (scope.current.length === 0) {
      if (before.scope.current.length > 0) this.end(condition, details);
      return;
    }
    if (isSameScope(before.scope, scope)) return;
    before.settling?.cancel();
    this.#active.set(condition, { scope, details });
    if (isWorse(scope)) this.#addChange(condition, 'worsened');
    this.#settleLater(condition);
  }

  /** The active conditions, also those that could not be recorded yet, in the order of `boxConditions`. */
  current(): readonly BoxCondition[] {
    return boxConditions.filter((condition) => this.#active.has(condition));
  }

  /** The items that the newest event about each active condition names, also if it could not be recorded yet. */
  about(): Readonly<Partial<Record<BoxCondition, readonly string[]>>> {
    const itemsOf = (condition: BoxCondition): readonly string[] =>
      this.#active.get(condition)?.scope.published ?? [];
    const named = this.current().filter((condition) => itemsOf(condition).length > 0);
    return Object.fromEntries(named.map((condition) => [condition, itemsOf(condition)]));
  }

  /** The number of changes that could not be recorded yet. */
  get waitingCount(): number {
    return this.#waiting.all.length;
  }

  /** Calls back whenever `current` or `about` has changed. The returned function unsubscribes. */
  onChanged(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tries one last time to record the waiting changes. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe();
    for (const { settling } of this.#active.values()) settling?.cancel();
    this.#record();
    this.#timer?.cancel();
    if (this.waitingCount === 0) return;
    const conditions = this.#waiting.all.map(({ condition }) => condition);
    this.#options.logger.error('changes of the state of the box could not be recorded and are lost', {
      conditions,
    });
  }

  #begin(condition: BoxCondition, details: ConditionDetails, about: readonly string[]): void {
    this.#active.set(condition, { scope: publishedScope(about), details });
    this.#add({ condition, isActive: true, ...(about.length === 0 ? {} : { about }), details });
  }

  #addChange(condition: BoxCondition, change: 'worsened' | 'eased'): void {
    const active = this.#active.get(condition);
    if (active === undefined) return;
    const { scope, details } = active;
    this.#active.set(condition, { scope: afterPublishing(scope), details });
    this.#add({ condition, isActive: true, change, about: scope.current, details });
  }

  /** Reports after a delay that items are over, so that an item that comes and goes repeatedly is reported once. */
  #settleLater(condition: BoxCondition): void {
    const active = this.#active.get(condition);
    if (active === undefined || isSettled(active.scope)) return;
    const { scope, details } = active;
    const settling = this.#options.clock.after(settledAfterMs, () => {
      const change = changeOf(scope);
      if (change !== undefined) this.#addChange(condition, change);
      this.#active.set(condition, { scope: publishedScope(scope.current), details });
    });
    this.#active.set(condition, { ...active, settling });
  }

  #add(notice: Omit<BoxNotice, 'kind' | 'occurredAtMs'>): void {
    this.#waiting.add({ kind: 'box', ...notice, occurredAtMs: this.#options.clock.wallMs() });
    this.#record();
    this.#changed();
  }

  #record(): void {
    const { records, clock, logger } = this.#options;
    this.#timer?.cancel();
    this.#timer = undefined;
    try {
      for (const notice of this.#waiting.all) {
        this.#ownEvents.add(records.record(notice).id);
        this.#waiting.removeFirst();
      }
      this.#isFailing = false;
    } catch (error) {
      if (!isRollcallError(error) || error.kind === 'defect') throw error;
      if (!this.#isFailing) logger.error('the state of the box cannot be recorded; retrying', { error });
      this.#isFailing = true;
      this.#timer = clock.after(retryEveryMs, () => this.#record());
    }
  }

  /** Takes over a change that another part of the program has recorded. */
  #follow({ condition, isActive, about = [], details = {} }: BoxNotice): void {
    this.#active.get(condition)?.settling?.cancel();
    if (isActive) this.#active.set(condition, { scope: publishedScope(about), details });
    else this.#active.delete(condition);
    this.#changed();
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** The most waiting changes of one condition. */
const mostOfOne = 20;

/**
 * Changes that could not be recorded yet, in order. When one condition changes too often, its newest changes are combined; the
 * final state stays the same.
 */
class WaitingNotices {
  #notices: BoxNotice[] = [];

  get all(): readonly BoxNotice[] {
    return this.#notices;
  }

  add(notice: BoxNotice): void {
    const ofCondition = this.#notices.filter(({ condition }) => condition === notice.condition);
    const [before, last] = ofCondition.slice(-2);
    if (ofCondition.length < mostOfOne || before === undefined || last === undefined) {
      this.#notices.push(notice);
      return;
    }
    this.#notices = this.#notices.filter((each) => each !== last);
    if (before.isActive !== notice.isActive) this.#notices.push(notice);
    else if (notice.isActive) this.#replace(before, notice);
  }

  /** Removes the oldest change after it was recorded. */
  removeFirst(): void {
    this.#notices = this.#notices.slice(1);
  }

  /** Gives the beginning of a condition the content of a later change. */
  #replace(before: BoxNotice, { about, details }: BoxNotice): void {
    const combined = { ...before, ...present({ about, details }) };
    this.#notices = this.#notices.map((each) => (each === before ? combined : each));
  }
}
