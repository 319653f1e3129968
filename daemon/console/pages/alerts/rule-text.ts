import { countings } from '../../../kernel/alerts/alert-rule.js';
import type en from '../../messages/en/alerts.json';
import { subjectWord } from '../../parts/terms.js';
import { wordsOf } from '../../words/words.js';
import type { RuleSetting } from './rule-draft.js';

const t = wordsOf<typeof en>('alerts');

/** What a rule counts. The contract leaves it open: what is newer is shown as it comes. */
export function countingWord(of: string): string {
  const known = countings.find((each) => each === of);
  return known === undefined ? of : t(`count-${known}`);
}

/** A rule in sentences. */
export function ruleText(rule: RuleSetting): string {
  const { on, channels, cameras, threshold, minimumS, quietHours, cooldownMinutes = 10 } = rule;
  const parts = [
    t('rule-on', { on: subjectWord(on), channels: channels.join(', ') }),
    cameras && t('rule-cameras', { cameras: cameras.join(', ') }),
    threshold &&
      t('rule-threshold', {
        count: threshold.count,
        of: countingWord(threshold.of),
        minutes: threshold.withinMinutes ?? 10,
      }),
    minimumS !== undefined && t('rule-minimum', { seconds: minimumS }),
    quietHours && t('rule-quiet', { from: quietHours.from, to: quietHours.to }),
    t('rule-cooldown', { minutes: cooldownMinutes }),
  ];
  return parts.filter(Boolean).join(' ');
}
