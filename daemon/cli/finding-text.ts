import { remedyBelow } from '../contract/command-line.js';
import type { Finding } from '../core/doctor/finding.js';
import { english, inLanguage, type Language } from '../words/language.js';
import { type Paint, plain } from './colour.js';

/** A finding, or a step of a check that has no title of its own. */
export type ShownFinding = Omit<Finding, 'title' | 'says'> & Partial<Pick<Finding, 'title' | 'says'>>;

/** One line, and a second one with the remedy. */
export function describeFinding(
  finding: ShownFinding,
  paint: Paint = plain,
  language: Language = english,
): string {
  const { check, title = check, outcome, message, remedy } = inLanguage(finding, language);
  const label = language.say(`terminal/outcome-${outcome}`).padEnd(outcomeWidth);
  const line = `${paint(outcome, label)} ${language.say('terminal/titled', { title, text: message })}`;
  return `${line}${remedyBelow(language.say, remedy, ' '.repeat(outcomeWidth + 1))}`;
}

const outcomeWidth = 8;

/** The findings that are not ok, each with its remedy on a line of its own. */
export function troubleLines(
  findings: readonly Finding[],
  paint: Paint = plain,
  language: Language = english,
): readonly string[] {
  return findings
    .filter(({ outcome }) => outcome !== 'ok')
    .map((finding) => {
      const { title, outcome, message, remedy } = inLanguage(finding, language);
      const label = paint(outcome, language.say('terminal/attention'));
      const text = language.say('terminal/titled', { title, text: message });
      return `${language.say('terminal/titled', { title: label, text })}${remedyBelow(language.say, remedy)}`;
    });
}
