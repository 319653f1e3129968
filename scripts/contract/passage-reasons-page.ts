import { passageOutcomes } from '../../daemon/kernel/passage-outcome.js';
import { passageReasons } from '../../daemon/kernel/passages/passage-reason.js';
import { reasonTexts } from '../../daemon/kernel/passages/passage-reason-text.js';
import { english } from '../../daemon/words/language.js';

/** The reference page of all reasons of passages. */
export function passageReasonsPage(): string {
  const sections = passageOutcomes.map((outcome) => {
    const rows = passageReasons.flatMap((reason) => {
      const { outcomes, meaning, remedy } = reasonTexts[reason];
      return outcomes.includes(outcome)
        ? [`| \`${reason}\` | ${meaning} | ${remedy === undefined ? '' : english.textOf(remedy)} |`]
        : [];
    });
    return [`## \`${outcome}\``, '', '| reason | meaning | what to do |', '|---|---|---|', ...rows].join(
      '\n',
    );
  });
  return `${[
    '# Reasons of passages',
    'This page is generated from `daemon/kernel/passages/` by `npm run docs`: change the declarations, not the page.',
    'Each passage has one outcome and one reason. The reason says why the box recorded something, or why it did not. A reason never changes its name or its meaning.',
    'A passage whose outcome a cooldown held back has a reason that ends in `-before`. An `unproven` passage keeps the reason of the missing proof, unless the person has an attendance within the cooldown.',
    ...sections,
  ].join('\n\n')}\n`;
}
