import { logOut } from '../../api/call.js';
import { me } from '../../api/session.js';
import { useAct } from '../../api/use-fetched.js';
import type en from '../../messages/en/entry.json';
import { wordsOf } from '../../words/words.js';
import { EntryFrame } from './entry-frame.js';
import { enter } from './login.js';
import { PasswordForm } from './password-form.js';

const t = wordsOf<typeof en>('entry');

/** An account whose password another user made can do nothing else before it has its own. */
export function NewPassword() {
  const doing = useAct();
  const userName = me.value?.user?.userName ?? '';
  return (
    <EntryFrame title={t('must-change-title')} lead={t('must-change-lead')}>
      <PasswordForm userName={userName} onChanged={() => void doing.run(enter)} />
      <button type="button" class="plain" onClick={() => void logOut()}>
        {t('logout')}
      </button>
    </EntryFrame>
  );
}
