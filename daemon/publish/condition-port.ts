import type { ConditionNews } from '../domain/events/condition-scope.js';
import type { BoxCondition } from '../domain/events/notice.js';

/** What is known about a condition: figures, codes and configured ids. */
export type ConditionDetails = Readonly<Record<string, string | number | boolean>>;

/**
 * Where it is said what is found to be the matter with the box. Saying what was said already changes nothing, and nothing
 * fails because it cannot be recorded: then the event waits. Conditions outlive restarts, so whoever watches one says at the
 * first look either that it begins or that it ends.
 */
export interface ConditionPort {
  begin(condition: BoxCondition, details?: ConditionDetails): void;
  /** It is over, whatever it was about. */
  end(condition: BoxCondition, details?: ConditionDetails): void;
  /**
   * Of a condition that can be about several things: it begins with the first of them, is said again when another one comes to
   * it, and ends when the last is over.
   */
  change(condition: BoxCondition, details: ConditionDetails, news: ConditionNews): void;
}

/** For a publisher that has nobody to tell. */
export const nobodyToTell: ConditionPort = {
  begin: () => undefined,
  end: () => undefined,
  change: () => undefined,
};
