import type { Finding } from '../core/doctor/finding.js';
import { type Paint, plain } from './colour.js';

/** One line, and a second one with the remedy. */
export function describeFinding({ check, outcome, message, remedy }: Finding, paint: Paint = plain): string {
  return `${paint(outcome, outcome.padEnd(8))} ${check}: ${message}${remedy === undefined ? '' : `\n         what to do: ${remedy}`}`;
}

/** The findings that are not ok, each with its remedy on a line of its own. */
export function troubleLines(findings: readonly Finding[], paint: Paint = plain): readonly string[] {
  return findings
    .filter(({ outcome }) => outcome !== 'ok')
    .map(({ check, outcome, message, remedy = '' }) => {
      const what = remedy === '' ? '' : `\n  what to do: ${remedy}`;
      return `${paint(outcome, 'ATTENTION')}: ${check}: ${message}${what}`;
    });
}
