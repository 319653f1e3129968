import type { Clock, Timer } from '../../kernel/clock.js';
import type { BoxCondition } from '../../kernel/events/notice.js';
import type { ConditionPort } from '../delivery/condition-port.js';

interface FadingConditionOptions {
  readonly condition: BoxCondition;
  /** From the last report to the end, milliseconds. */
  readonly lastsMs: number;
  readonly conditions: Pick<ConditionPort, 'begin' | 'end' | 'change'>;
  readonly clock: Clock;
}

/** A condition that only time ends: nobody knows whether an attempt was the last one. */
export class FadingCondition implements AsyncDisposable {
  readonly #options: FadingConditionOptions;
  #ending: Timer | undefined;

  constructor(options: FadingConditionOptions) {
    this.#options = options;
    // The condition of the last run: its timer ended with it.
    options.conditions.end(options.condition);
  }

  /** Begins the condition, or its time anew. `subject`: whom it concerns, for a condition with subjects. */
  report(subject?: string): void {
    const { condition, lastsMs, conditions, clock } = this.#options;
    if (subject === undefined) conditions.begin(condition);
    else conditions.change(condition, {}, { active: [subject] });
    this.#ending?.cancel();
    this.#ending = clock.after(lastsMs, () => conditions.end(condition));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending?.cancel();
  }
}
