import { isWithinHours } from '../../kernel/alerts/alert-hours.js';
import {
  initialRuleState,
  isConcerned,
  nextRuleState,
  type RuleInput,
  type RuleState,
} from '../../kernel/alerts/alert-machine.js';
import { type AlertMessage, alertMessage } from '../../kernel/alerts/alert-message.js';
import type { RuleAlert } from '../../kernel/alerts/alert-rule.js';
import type { AlertSignal } from '../../kernel/alerts/alert-signal.js';
import type { LocalTime } from '../../kernel/attendance/shift.js';
import type { BoxIds } from '../../kernel/ids.js';
import type { AlertPlan, PlannedRule } from './alert-plan.js';

export interface RuleBoardOptions {
  readonly identity: BoxIds;
  readonly localTime: LocalTime;
  /** Makes the id of an alert. */
  readonly newId: (nowMs: number) => string;
}

/** Changed rule states and new alerts that are not written yet. */
export interface RuleChanges {
  /** JSON by rule id; null: the rule is gone. */
  readonly rules: ReadonlyMap<string, string | null>;
  readonly alerts: readonly { readonly message: AlertMessage; readonly channels: readonly string[] }[];
}

/** The states of all rules. Changes count only once they are written: before `commit`, `abandon` reverts them. */
export class RuleBoard {
  readonly #options: RuleBoardOptions;
  #written: ReadonlyMap<string, RuleState>;
  #states: Map<string, RuleState>;
  #alerts: { readonly message: AlertMessage; readonly channels: readonly string[] }[] = [];

  /** @param written - the stored states of the rules, JSON by rule id */
  constructor(written: ReadonlyMap<string, string>, options: RuleBoardOptions) {
    this.#options = options;
    this.#written = new Map(
      [...written].flatMap(([id, text]) => {
        const state = readState(text);
        return state === undefined ? [] : [[id, state]];
      }),
    );
    this.#states = new Map(this.#written);
  }

  /** An event happened. */
  signal(plan: AlertPlan, signal: AlertSignal, nowMs: number): void {
    for (const rule of plan.rules) {
      if (isConcerned(rule, signal)) this.#feed(plan, rule, { kind: 'signal', signal }, nowMs);
    }
  }

  /** Lets time pass for all rules, and forgets rules that are no longer planned. */
  tick(plan: AlertPlan, nowMs: number): void {
    const planned = new Set(plan.rules.map(({ id }) => id));
    for (const id of this.#states.keys()) if (!planned.has(id)) this.#states.delete(id);
    const { cameras } = plan;
    for (const rule of plan.rules) {
      if (this.#states.has(rule.id)) this.#feed(plan, rule, { kind: 'tick', cameras }, nowMs);
    }
  }

  /** The changes since the last `commit`. */
  changes(): RuleChanges {
    const rules = new Map<string, string | null>();
    for (const [id, state] of this.#states) {
      if (this.#written.get(id) !== state) rules.set(id, JSON.stringify(state));
    }
    for (const id of this.#written.keys()) if (!this.#states.has(id)) rules.set(id, null);
    return { rules, alerts: this.#alerts };
  }

  commit(): void {
    this.#written = new Map(this.#states);
    this.#alerts = [];
  }

  abandon(): void {
    this.#states = new Map(this.#written);
    this.#alerts = [];
  }

  #feed(plan: AlertPlan, rule: PlannedRule, input: RuleInput, nowMs: number): void {
    const { localTime } = this.#options;
    const known = this.#states.get(rule.id);
    // A rule with another `on` is a new rule.
    const before = known?.on === rule.on ? known : initialRuleState(rule);
    const isQuiet = rule.quietHours !== undefined && isWithinHours(rule.quietHours, nowMs, localTime);
    const { state, alerts } = nextRuleState(rule, before, input, { nowMs, isQuiet });
    this.#states.set(rule.id, state);
    for (const alert of alerts) {
      this.#alerts.push({ message: this.#worded(plan, rule, alert, nowMs), channels: rule.channels });
    }
  }

  #worded(plan: AlertPlan, { templates }: PlannedRule, alert: RuleAlert, nowMs: number): AlertMessage {
    const { identity, localTime, newId } = this.#options;
    const wording = { ...plan, localTime };
    return alertMessage(alert, { id: newId(nowMs), nowMs, identity, wording, templates });
  }
}

/** The state of a rule; undefined for a row that this program did not write: its rule begins anew, and the others go on. */
function readState(text: string): RuleState | undefined {
  try {
    const state: unknown = JSON.parse(text);
    return typeof state === 'object' && state !== null ? (state as RuleState) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
