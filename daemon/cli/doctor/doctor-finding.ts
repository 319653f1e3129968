import { isRollcallError, messageOf } from '../../base/errors.js';
import { type Paint, plain } from '../colour.js';

/** What one check found. `warning`: works, but somebody should look. */
export interface Finding {
  readonly check: string;
  readonly outcome: 'ok' | 'warning' | 'failed';
  readonly message: string;
  readonly remedy?: string;
}

/** One line, and a second one with the remedy. */
export function describeFinding({ check, outcome, message, remedy }: Finding, paint: Paint = plain): string {
  return `${paint(outcome, outcome.padEnd(8))} ${check}: ${message}${remedy === undefined ? '' : `\n         what to do: ${remedy}`}`;
}

export const ok = (check: string, message: string): Finding => ({ check, outcome: 'ok', message });

/** An error as a finding, with its remedy. */
export function failed(check: string, error: unknown): Finding {
  const remedy = isRollcallError(error) ? error.remedy : undefined;
  return { check, outcome: 'failed', message: messageOf(error), ...(remedy === undefined ? {} : { remedy }) };
}

/** What `work` says, or why it fails. */
export async function attempt(check: string, work: () => Promise<string>): Promise<Finding> {
  try {
    return ok(check, await work());
  } catch (error) {
    return failed(check, error);
  }
}
