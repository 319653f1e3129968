import type { Clock, Timer } from '../../kernel/clock.js';
import type { BoxCondition } from '../../kernel/events/notice.js';
import type { ConditionPort } from '../delivery/condition-port.js';
import type { SourceStates } from '../records/source-states.js';

interface FadingConditionOptions {
  readonly condition: BoxCondition;
  /** From the last report to the end, milliseconds. */
  readonly lastsMs: number;
  readonly conditions: Pick<ConditionPort, 'begin' | 'end' | 'change'>;
  readonly clock: Clock;
  /** Remembers its end, so that it outlives a restart. Default: a restart ends it. */
  readonly states?: Pick<SourceStates, 'of' | 'set'>;
}

/** How far the end must move before it is stored again, milliseconds. An attacker can cause any number of reports, and must not keep the disk busy. */
const writtenEveryMs = 60_000;

/** A condition that only time ends: nobody knows whether an attempt was the last one. */
export class FadingCondition implements AsyncDisposable {
  readonly #options: FadingConditionOptions;
  #ending: Timer | undefined;
  /** As it is remembered, milliseconds since the epoch. */
  #endsAtMs: number;

  constructor(options: FadingConditionOptions) {
    const { condition, lastsMs, conditions, clock, states } = options;
    this.#options = options;
    this.#endsAtMs = Number(states?.of(condition) ?? 0);
    // A clock that was set back must not keep it for years.
    const leftMs = Math.min(lastsMs, this.#endsAtMs - clock.wallMs());
    if (leftMs > 0) this.#endIn(leftMs);
    else conditions.end(condition);
  }

  /** Begins the condition, or extends it: it ends `lastsMs` after the last report. `subject`: whom it concerns, for a condition with subjects. */
  report(subject?: string): void {
    const { condition, lastsMs, conditions } = this.#options;
    if (subject === undefined) conditions.begin(condition);
    else conditions.change(condition, {}, { active: [subject] });
    this.#endIn(lastsMs);
    this.#remember();
  }

  #endIn(leftMs: number): void {
    const { condition, conditions, clock } = this.#options;
    this.#ending?.cancel();
    this.#ending = clock.after(leftMs, () => conditions.end(condition));
  }

  #remember(): void {
    const { condition, lastsMs, clock, states } = this.#options;
    const endsAtMs = clock.wallMs() + lastsMs;
    if (states === undefined || Math.abs(endsAtMs - this.#endsAtMs) < writtenEveryMs) return;
    states.set(condition, String(endsAtMs));
    this.#endsAtMs = endsAtMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending?.cancel();
  }
}
