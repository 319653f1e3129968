import type { CheckOutcome } from '../../kernel/check-outcome.js';
import { isRollcallError, messageOf } from '../../kernel/errors.js';
import { present } from '../../kernel/present.js';

/** The result of one check. `warning`: it works, but needs attention. */
export interface Finding {
  readonly check: string;
  readonly outcome: CheckOutcome;
  readonly message: string;
  readonly remedy?: string;
}

export const ok = (check: string, message: string): Finding => ({ check, outcome: 'ok', message });

/** An error as a finding, with its remedy. */
export function failed(check: string, error: unknown): Finding {
  const remedy = isRollcallError(error) ? error.remedy : undefined;
  return { check, outcome: 'failed', message: messageOf(error), ...present({ remedy }) };
}

/** Runs a check. `work` resolves with its message. */
export async function findingOf(check: string, work: () => Promise<string>): Promise<Finding> {
  try {
    return ok(check, await work());
  } catch (error) {
    return failed(check, error);
  }
}
