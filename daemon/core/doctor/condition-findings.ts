import type { BoxStatus } from '../../contract/status.js';
import type { BoxCondition } from '../../kernel/events/notice.js';
import { type Said, said } from '../../kernel/said.js';
import { doctor, type Finding, finding } from './finding.js';

type ShownConditions = Pick<BoxStatus, 'conditions' | 'conditionsAbout'>;

/** What is wrong, and with which parts: `… (attendance, unknown)`. */
function messageOf({ conditionsAbout = {} }: ShownConditions, condition: BoxCondition): Said {
  const about = conditionsAbout[condition] ?? [];
  const what = said(`conditions/${condition}`);
  return about.length === 0 ? what : said('conditions/about', { what, items: about.join(', ') });
}

/** One warning for each condition except `running`. */
export function conditionFindings(status: ShownConditions): readonly Finding[] {
  const troubles = status.conditions.filter((condition) => condition !== 'running');
  return troubles.map((condition) =>
    finding(doctor('check-condition', { condition }), 'warning', {
      message: messageOf(status, condition),
      remedy: said(`conditions/remedy-${condition}`),
    }),
  );
}
