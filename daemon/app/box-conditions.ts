import type { Clock, Timer } from '../base/clock.js';
import { isRollcallError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { EventId } from '../domain/ids.js';
import { type BoxCondition, type BoxNotice, boxConditions } from '../domain/notice.js';
import type { ConditionDetails, ConditionPort } from '../publish/condition-port.js';
import type { Records } from '../records/open-records.js';

export interface BoxConditionsOptions {
  readonly records: Pick<Records, 'record' | 'onRecorded' | 'sources'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How often it is tried again to record what could not be. */
const retryEveryMs = 5_000;
/** Changes of one condition that wait at most; of those beyond, a beginning and its end are left out together. */
const mostWaitingOfOne = 20;

/** What is the matter with the box: every beginning and every end becomes an event, once, and in turn. */
export class BoxConditions implements ConditionPort, AsyncDisposable {
  readonly #options: BoxConditionsOptions;
  readonly #active: Set<BoxCondition>;
  readonly #listeners = new Set<() => void>();
  readonly #forget: () => void;
  /** Cut short by a kill or a power cut: the program last said that it runs, and did not say that it stops. */
  readonly #wasCutShort: boolean;
  /** Events recorded here that the records have not called back about yet. */
  readonly #own = new Set<EventId>();
  #waiting: BoxNotice[] = [];
  #timer: Timer | undefined;
  #isFailing = false;

  constructor(options: BoxConditionsOptions) {
    this.#options = options;
    this.#active = new Set(options.records.sources.conditions.active());
    this.#wasCutShort = this.#active.delete('running');
    this.#forget = options.records.onRecorded((event) => {
      // Some parts record what they find themselves, together with what they remember of it.
      if (!this.#own.delete(event.id) && event.kind === 'box') this.#set(event.condition, event.isActive);
    });
  }

  begin(condition: BoxCondition, details: ConditionDetails = {}): void {
    if (this.#active.has(condition)) return;
    const isAgain = condition === 'running' && this.#wasCutShort;
    this.#say(condition, true, isAgain ? { ...details, afterKill: true } : details);
  }

  end(condition: BoxCondition, details: ConditionDetails = {}): void {
    if (this.#active.has(condition)) this.#say(condition, false, details);
  }

  /** Those that hold now, recorded or not, in the order of `boxConditions`. */
  current(): readonly BoxCondition[] {
    return boxConditions.filter((condition) => this.#active.has(condition));
  }

  /** How many beginnings and ends could not be recorded yet. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Calls back whenever `current` has changed. Returns how to stop. */
  onChanged(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tries a last time to record what waits. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#forget();
    this.#record();
    this.#timer?.cancel();
    if (this.#waiting.length === 0) return;
    const conditions = this.#waiting.map(({ condition }) => condition);
    this.#options.logger.error('changes of the state of the box are lost: they could not be recorded', {
      conditions,
    });
  }

  #say(condition: BoxCondition, isActive: boolean, details: ConditionDetails): void {
    const occurredAtMs = this.#options.clock.wallMs();
    this.#wait({ kind: 'box', condition, isActive, occurredAtMs, details });
    this.#record();
    this.#set(condition, isActive);
  }

  #wait(notice: BoxNotice): void {
    const ofThis = this.#waiting.filter(({ condition }) => condition === notice.condition);
    const last = ofThis.at(-1);
    if (ofThis.length < mostWaitingOfOne || last === undefined) this.#waiting.push(notice);
    else this.#waiting = this.#waiting.filter((each) => each !== last);
  }

  #record(): void {
    const { records, clock, logger } = this.#options;
    this.#timer?.cancel();
    this.#timer = undefined;
    try {
      for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
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

  #set(condition: BoxCondition, isActive: boolean): void {
    if (this.#active.has(condition) === isActive) return;
    if (isActive) this.#active.add(condition);
    else this.#active.delete(condition);
    for (const listener of [...this.#listeners]) listener();
  }
}
