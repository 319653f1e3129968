import { call } from '../../api/call.js';
import type en from '../../messages/en/strangers.json';
import { say } from '../../parts/notes.js';
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
export async function discardFinally(ids: readonly string[]): Promise<void> {
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
