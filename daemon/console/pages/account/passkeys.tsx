import { useSignal } from '@preact/signals';
import { call } from '../../api/call.js';
import { learnMe } from '../../api/learn-me.js';
import { addPasskey, canUsePasskeys } from '../../api/passkey.js';
import { useAct, useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/account.json';
import { bound } from '../../parts/bound.js';
import { Confirm } from '../../parts/dialog.js';
import { Fault } from '../../parts/fault.js';
import { Field } from '../../parts/field.js';
import { say } from '../../parts/notes.js';
import { Loaded, Section } from '../../parts/page.js';
import { ago, dayOf } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('account');

/** The passkeys of the account. */
export function Passkeys() {
  const passkeys = useFetched('auth.passkeys', {});
  const removed = useSignal<{ readonly id: string; readonly name: string } | undefined>(undefined);
  const name = useSignal('');
  const doing = useAct();
  const add = async (event: Event): Promise<void> => {
    event.preventDefault();
    let isMade = false;
    const isAnswered = await doing.run(async () => {
      isMade = await addPasskey(name.value.trim());
    });
    if (!isAnswered) return;
    say(isMade ? t('passkey-added') : t('passkey-not-made'));
    await Promise.all([passkeys.reload(), learnMe()]);
  };
  return (
    <Section title={t('passkeys')}>
      <p>{t('passkeys-what')}</p>
      <Loaded of={passkeys}>
        {(all) =>
          all.length === 0 ? (
            <p class="quiet">{t('passkeys-none')}</p>
          ) : (
            <ul class="plain-list">
              {all.map((each) => (
                <li key={each.id} class="row">
                  <span>
                    {each.name}{' '}
                    <span class="quiet">
                      {t('added', { time: dayOf(each.createdAt) })}
                      {each.lastUsedAt !== undefined && `, ${t('used', { ago: ago(each.lastUsedAt) })}`}
                    </span>
                  </span>
                  <button
                    type="button"
                    class="small secondary"
                    onClick={() => {
                      removed.value = each;
                    }}
                  >
                    {t('remove')}
                  </button>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {canUsePasskeys ? (
        <form onSubmit={add}>
          <Field label={t('passkey-name')} required maxLength={64} {...bound(name)} />
          <Fault error={doing.fault} />
          <button type="submit" class="secondary" aria-busy={doing.isRunning}>
            {t('passkey-add')}
          </button>
        </form>
      ) : (
        <p class="quiet">{t('passkeys-impossible')}</p>
      )}
      {removed.value !== undefined && (
        <Confirm
          title={t('passkey-remove', { name: removed.value.name })}
          act={t('remove')}
          isDestructive
          onAct={() => call('auth.remove-passkey', { id: removed.value?.id ?? '' })}
          onClose={(isDone) => {
            removed.value = undefined;
            if (isDone) void Promise.all([passkeys.reload(), learnMe()]);
          }}
        >
          <p>{t('passkey-remove-what')}</p>
        </Confirm>
      )}
    </Section>
  );
}
