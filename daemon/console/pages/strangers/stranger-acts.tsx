import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import type { StrangerSummary } from '../../../contract/strangers.js';
import { addressOf, call } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useAct } from '../../api/use-fetched.js';
import type en from '../../messages/en/strangers.json';
import { Confirm } from '../../parts/dialog.js';
import { Fault } from '../../parts/fault.js';
import { say } from '../../parts/notes.js';
import { PersonLink } from '../../parts/person-link.js';
import { Picture } from '../../parts/picture.js';
import { clockTime } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('strangers');

/** Causes no more events about strangers, or events again. */
export async function setIgnored(ids: readonly string[], isIgnored: boolean): Promise<void> {
  for (const stranger of ids) {
    if (isIgnored) await call('strangers.ignore', { stranger });
    else await call('strangers.notice', { stranger });
  }
  say(t(isIgnored ? 'ignored-done' : 'noticed-done', { count: ids.length }));
}

/** The strangers who can be restored. */
export const asideHref = '/strangers?state=set-aside';

/** Sets strangers aside. Those before a refusal stay so. */
export async function discard(ids: readonly string[]): Promise<void> {
  for (const stranger of ids) await call('strangers.discard', { stranger });
  say(t('discarded-done', { count: ids.length }), { href: asideHref, text: t('take-back') });
}

/** Deletes discarded strangers without a way back. Those before a refusal are gone. */
async function discardFinally(ids: readonly string[]): Promise<void> {
  for (const stranger of ids) await call('strangers.discard', { stranger, isFinal: true });
  say(t('forgotten-done', { count: ids.length }));
}

/** Takes back that strangers were discarded or assigned. */
export async function restore(ids: readonly string[]): Promise<void> {
  for (const stranger of ids) await call('strangers.restore', { stranger });
  say(t('restored-done', { count: ids.length }));
}

/** What a merge joined, so that it can be taken back. */
export interface Merged {
  readonly into: string;
  /** The passages of each of the others, as they were before. */
  readonly others: readonly (readonly string[])[];
}

/** Says that these strangers are one person. */
export async function merge(ids: readonly string[]): Promise<Merged> {
  const before = await Promise.all(ids.map((stranger) => call('strangers.show', { stranger })));
  const [first = '', ...others] = ids;
  const { id: into } = await call('strangers.merge', { stranger: first, others });
  say(t('merged-done', { count: ids.length }));
  const gone = before.filter(({ id }) => id !== into);
  return { into, others: gone.map(({ history }) => history.map(({ passage }) => passage)) };
}

/** Takes a merge back: each of the others becomes a stranger again, under a new id. */
export async function unmerge({ into, others }: Merged): Promise<void> {
  for (const passages of others) await call('strangers.split', { stranger: into, passages: [...passages] });
  say(t('unmerged-done'));
}

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

/** The picture of a passage of a stranger, for callers who may see pictures. */
export function PassageShot({
  passage,
  alt = '',
  class: name = '',
}: {
  /** Absent: the box keeps no picture. */
  readonly passage: string | undefined;
  readonly alt?: string;
  readonly class?: string;
}) {
  const src =
    passage !== undefined && can('passages:pictures')
      ? addressOf('passages.picture', { passage })
      : undefined;
  return <Picture src={src} alt={alt} class={name} absent="stranger" />;
}

/** Enough of the id of a stranger to tell them apart: they have no names. */
export const shortId = (id: string): string => id.slice(0, 6);
