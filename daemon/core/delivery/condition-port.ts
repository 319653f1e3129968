import type { ConditionUpdate } from '../../kernel/events/condition-scope.js';
import type { BoxCondition } from '../../kernel/events/notice.js';

/** What is known about a condition: figures, codes and configured ids. */
export type ConditionDetails = Readonly<Record<string, string | number | boolean>>;

/**
 * Receives the conditions of the box. Reporting an unchanged condition has no effect. A report never fails: an event that
 * cannot be recorded now is recorded later. Conditions outlive restarts, so a watcher reports at its first check either
 * that its condition begins or that it ends.
 */
export interface ConditionPort {
  begin(condition: BoxCondition, details?: ConditionDetails): void;
  /** Ends the condition for all its subjects. */
  end(condition: BoxCondition, details?: ConditionDetails): void;
  /**
   * For a condition with several subjects: it begins with the first subject, is published again when a subject is added,
   * and ends with the last one.
   */
  change(condition: BoxCondition, details: ConditionDetails, news: ConditionUpdate): void;
}

export const ignoredConditions: ConditionPort = {
  begin: () => undefined,
  end: () => undefined,
  change: () => undefined,
};
