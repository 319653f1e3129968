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

/** Asks before discarded strangers are deleted without a way back. `dialog` is the question while it is open. */
export function useForgetNow(
  ids: readonly string[],
  onForgotten: () => void,
): { readonly ask: () => void; readonly dialog: preact.JSX.Element | false } {
  const isAsked = useSignal(false);
  return {
    ask: () => {
      isAsked.value = true;
    },
    dialog: isAsked.value && (
      <Confirm
        title={t('forget-title', { count: ids.length })}
        act={t('forget-now')}
        isDestructive
        onAct={() => discardFinally(ids)}
        onClose={(isDone) => {
          isAsked.value = false;
          if (isDone) onForgotten();
        }}
      >
        <p>{t('forget-text')}</p>
      </Confirm>
    ),
  };
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
  const { id, person } = stranger;
  const forgetting = useForgetNow([id], () => route('/strangers'));
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
          <button type="button" class="small secondary" onClick={forgetting.ask}>
            {t('forget-now')}
          </button>
        )}
      </div>
      <Fault error={doing.fault} />
      {forgetting.dialog}
    </>
  );
}
