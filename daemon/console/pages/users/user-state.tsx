import type { Output } from '../../api/call.js';
import type { ItemOf } from '../../api/request.js';
import type en from '../../messages/en/users.json';
import { Badge } from '../../parts/page.js';
import { ShownOnce } from '../../parts/shown-once.js';
import { dayAndTime } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('users');

export type User = ItemOf<'users.list'>;

/** Whether a user can log in. */
export function UserState({ of: { isDisabled, lockedUntil, mustChangePassword } }: { readonly of: User }) {
  if (isDisabled) return <Badge tone="quiet">{t('disabled')}</Badge>;
  if (lockedUntil !== undefined)
    return <Badge tone="bad">{t('locked', { time: dayAndTime(lockedUntil) })}</Badge>;
  if (mustChangePassword) return <Badge tone="warn">{t('must-change')}</Badge>;
  return <Badge tone="ok">{t('active')}</Badge>;
}

/** Shows the password that the box made, once. */
export function InitialPassword({
  of,
  onClose,
}: {
  readonly of: Output<'users.create'>;
  readonly onClose: () => void;
}) {
  return (
    <ShownOnce
      title={t('password-title', { name: of.user.userName })}
      label={t('initial-password')}
      secret={of.initialPassword ?? ''}
      onClose={onClose}
    >
      {t('password-once')}
    </ShownOnce>
  );
}
