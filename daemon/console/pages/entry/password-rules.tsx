import type en from '../../messages/en/entry.json';
import { Icon } from '../../parts/icon.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('entry');

/** As in daemon/core/accounts/password-rules.ts, which decides. */
const shortest = 12;
const leastBeside = 8;
const leastDifferent = 5;

/** Shows while one types which rules a new password follows. The list of common passwords is on the box alone. */
export function PasswordRules({
  password,
  userName,
}: {
  readonly password: string;
  readonly userName: string;
}) {
  const plain = password.normalize('NFKC').toLowerCase();
  const length = [...plain].length;
  const name = userName.trim().toLowerCase();
  const isMoreThanName =
    name.length < 3 || !plain.includes(name) || [...plain.replaceAll(name, '')].length >= leastBeside;
  const rules = [
    [t('rule-length', { shortest, length }), length >= shortest],
    [t('rule-different', { least: leastDifferent }), new Set(plain).size >= leastDifferent],
    [t('rule-name'), length > 0 && isMoreThanName],
  ] as const;
  return (
    <ul class="rules" aria-live="polite">
      {rules.map(([text, isMet]) => (
        <li key={text} class={isMet ? 'met' : ''}>
          <Icon name={isMet ? 'check' : 'close'} />
          {text}
          <span class="unseen">{isMet ? t('rule-met') : t('rule-not-met')}</span>
        </li>
      ))}
      <li class="quiet">{t('rule-common')}</li>
    </ul>
  );
}
