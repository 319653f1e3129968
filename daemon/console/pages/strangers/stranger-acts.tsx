import { useLocation } from 'preact-iso';
import type { StrangerSummary } from '../../../contract/strangers.js';
import { isApiError } from '../../api/api-error.js';
import { addressOf, call } from '../../api/call.js';
import { can } from '../../api/session.js';
import type en from '../../messages/en/strangers.json';
import type { Action } from '../../parts/actions.js';
import { ActionBar } from '../../parts/actions.js';
import { say } from '../../parts/notes.js';
import { PersonLink } from '../../parts/person-link.js';
import { Picture } from '../../parts/shown-picture.js';
import { clockTime } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { keepMerge, type Merged } from './last-merge.js';

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
async function discard(ids: readonly string[]): Promise<void> {
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

/** Says that these strangers are one person, and tells the id of that one. */
export async function merge(ids: readonly string[]): Promise<string> {
  const before = await Promise.all(ids.map((stranger) => call('strangers.show', { stranger })));
  const [first = '', ...others] = ids;
  const { id: into } = await call('strangers.merge', { stranger: first, others });
  const gone = before.filter(({ id }) => id !== into);
  keepMerge({ into, others: gone.map(({ history }) => history.map(({ passage }) => passage)) });
  say(t('merged-done', { count: ids.length }), { href: '/strangers', text: t('take-back') });
  return into;
}

/** Takes the last merge back: each of the others becomes a stranger again, under a new id. */
export async function unmerge({ into, others }: Merged): Promise<void> {
  for (const [index, passages] of others.entries()) {
    const rest = others.slice(index + 1);
    const forget = (): void => keepMerge(rest.length === 0 ? undefined : { into, others: rest });
    await call('strangers.split', { stranger: into, passages: [...passages] }).catch((error: unknown) => {
      // This will be refused again, and all else can be tried again.
      if (isApiError(error, 'split-refused', 'no-such-stranger')) forget();
      throw error;
    });
    forget();
  }
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

/** Deletes discarded strangers without a way back, after a question. */
export const forgetAction = (ids: readonly string[], onForgotten: () => unknown): Action => ({
  text: t('forget-now'),
  ask: {
    title: t('forget-title', { count: ids.length }),
    text: t('forget-text'),
    isDestructive: true,
  },
  onAct: () => discardFinally(ids),
  onDone: onForgotten,
});

/** Sets strangers aside, after a question. */
export const discardAction = (strangers: readonly StrangerSummary[], onDiscarded: () => unknown): Action => ({
  text: t('discard'),
  ask: {
    title: t('discard-title', { count: strangers.length }),
    text: t('discard-text', {
      visits: strangers.reduce((sum, { visits }) => sum + visits, 0),
      passages: strangers.reduce((sum, { passages }) => sum + passages, 0),
    }),
    isDestructive: true,
  },
  onAct: () => discard(strangers.map(({ id }) => id)),
  onDone: onDiscarded,
});

interface AsideActsProps {
  readonly stranger: StrangerSummary;
  readonly onRestored: () => void;
}

/** What can be done with one stranger who is set aside. */
export function AsideActs({ stranger, onRestored }: AsideActsProps) {
  const { route } = useLocation();
  const { id, person } = stranger;
  const mayRestore = can('strangers:write') && (person === undefined || can('persons:write'));
  return (
    <>
      <AsideNote stranger={stranger} />
      <ActionBar
        isSmall
        place="start"
        label={t('acts')}
        of={[
          {
            text: t('restore'),
            look: 'primary',
            isOffered: mayRestore,
            onAct: () => restore([id]),
            onDone: onRestored,
          },
          {
            ...forgetAction([id], () => route('/strangers')),
            isOffered: mayRestore && person === undefined,
          },
        ]}
      />
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
