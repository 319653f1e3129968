import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import type { StrangerSummary } from '../../../contract/strangers.js';
import { can } from '../../api/session.js';
import { useAct } from '../../api/use-fetched.js';
import type en from '../../messages/en/strangers.json';
import { Confirm } from '../../parts/dialog.js';
import { Fault } from '../../parts/fault.js';
import { PersonLink } from '../../parts/person-link.js';
import { clockTime } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import { discardFinally, restore } from './stranger-acts.js';

const t = wordsOf<typeof en>('strangers');

/** What became of a stranger who is set aside, and until when it can be taken back. */
export function AsideNote({ stranger }: { readonly stranger: StrangerSummary }) {
  const { forgottenAt, person } = stranger;
  if (forgottenAt === undefined) return null;
  return (
    <p>
      {person === undefined ? t('was-discarded') : t('was-assigned')}{' '}
      {person !== undefined && can('persons:read') && <PersonLink id={person} />}{' '}
      {t('restorable', { time: clockTime(forgottenAt) })}
    </p>
  );
}

/** Asks before discarded strangers are deleted without a way back. */
export function ForgetNow({
  ids,
  onClose,
}: {
  readonly ids: readonly string[];
  readonly onClose: (isDone: boolean) => void;
}) {
  return (
    <Confirm
      title={t('forget-title', { count: ids.length })}
      act={t('forget-now')}
      isDestructive
      onAct={() => discardFinally(ids)}
      onClose={onClose}
    >
      <p>{t('forget-text')}</p>
    </Confirm>
  );
}

/** What can be done with one stranger who is set aside. */
export function AsideActs({
  stranger,
  onRestored,
}: {
  readonly stranger: StrangerSummary;
  readonly onRestored: () => void;
}) {
  const { route } = useLocation();
  const doing = useAct();
  const isAsked = useSignal(false);
  const { id, person } = stranger;
  const mayRestore = can('strangers:write') && (person === undefined || can('persons:write'));
  return (
    <>
      <AsideNote stranger={stranger} />
      <div class="acts start" role="toolbar" aria-label={t('acts')}>
        {mayRestore && (
          <button
            type="button"
            class="small"
            aria-busy={doing.isRunning}
            onClick={async () => {
              if (await doing.run(() => restore([id]))) onRestored();
            }}
          >
            {t('restore')}
          </button>
        )}
        {mayRestore && person === undefined && (
          <button
            type="button"
            class="small secondary"
            onClick={() => {
              isAsked.value = true;
            }}
          >
            {t('forget-now')}
          </button>
        )}
      </div>
      <Fault error={doing.fault} />
      {isAsked.value && (
        <ForgetNow
          ids={[id]}
          onClose={(isDone) => {
            isAsked.value = false;
            if (isDone) route('/strangers');
          }}
        />
      )}
    </>
  );
}
