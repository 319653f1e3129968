import type { ReviewItem } from '../../../contract/review.js';
import { call, isApiError } from '../../api/call.js';
import { askForLogin, loginWanted } from '../../api/questions.js';
import type en from '../../messages/en/review.json';
import { shortId } from '../../parts/short-id.js';
import { wordsOf } from '../../words/words.js';
import { patiently } from './patiently.js';
import type { Answer, ReviewBox } from './review-queue.js';

const t = wordsOf<typeof en>('review');

/** Items fetched at once. The box opens each of them. */
const pageSize = 50;

export type PassageToReview = Extract<ReviewItem, { readonly kind: 'unproven' | 'near-match' }>;

export const isPassage = (item: ReviewItem): item is PassageToReview =>
  item.kind === 'unproven' || item.kind === 'near-match';

/** An answer, and the key that gives it. */
export interface Choice {
  readonly key: string;
  readonly text: string;
  readonly answer: Answer;
}

/** What can be said of an item. Skipping is always possible, and not one of these. */
export function choicesOf(item: ReviewItem): readonly Choice[] {
  const done: Answer = { is: 'done' };
  if (isPassage(item)) {
    const candidates = item.candidates.map(({ person: { id, name = id } }, index) => ({
      key: String(index + 1),
      text: item.kind === 'unproven' ? t('yes-person', { name }) : name,
      answer: { is: 'person', person: id, name } as const,
    }));
    return [
      ...candidates,
      { key: 'u', text: t('stranger'), answer: { is: 'stranger' } },
      { key: 'n', text: t('nobody'), answer: { is: 'nobody' } },
      { key: 'd', text: t('cannot-tell'), answer: done },
    ];
  }
  switch (item.kind) {
    case 'unknown-person':
      return [
        { key: 'i', text: t('ignore'), answer: { is: 'ignored' } },
        { key: 'd', text: t('keep-watching'), answer: done },
      ];
    case 'look-alikes':
      return [{ key: 'd', text: t('two-people'), answer: done }];
    case 'camera':
      return [{ key: 'd', text: t('being-repaired'), answer: done }];
  }
}

/** What an answer says, for the user who can undo it. */
export function answerText(answer: Answer): string {
  return answer.is === 'person' ? t('said-person', { name: answer.name }) : t(`said-${answer.is}`);
}

/** What an item asks. */
export function questionOf(item: ReviewItem): string {
  switch (item.kind) {
    case 'unproven':
      return t('ask-unproven', { name: nameOf(item.candidates[0]?.person) });
    case 'near-match':
      return item.candidates.length === 1
        ? t('ask-unproven', { name: nameOf(item.candidates[0]?.person) })
        : t('ask-near-match');
    case 'unknown-person':
      return t('ask-unknown-person', { id: shortId(item.stranger.id), visits: item.stranger.visits });
    case 'look-alikes':
      return t('ask-look-alikes', {
        one: nameOf(item.persons[0]?.person),
        other: nameOf(item.persons[1]?.person),
      });
    case 'camera':
      return t('ask-camera', { name: item.name });
  }
}

const nameOf = (person: { readonly id: string; readonly name?: string } | undefined): string =>
  person?.name ?? person?.id ?? '';

/** Where more is said of an item, and more can be done. */
export function placeOf(item: ReviewItem): { readonly href: string; readonly text: string } {
  if (isPassage(item)) return { href: `/passages/${item.passage.id}`, text: t('to-passage') };
  switch (item.kind) {
    case 'unknown-person':
      return { href: `/strangers/${item.stranger.id}`, text: t('to-stranger') };
    case 'look-alikes':
      return { href: `/people/${item.persons[0]?.person.id}`, text: t('to-person') };
    case 'camera':
      return { href: `/cameras/${item.camera}`, text: t('to-camera') };
  }
}

/** The review queue of the box. */
export const reviewBox: ReviewBox = {
  async list() {
    const { items, nextCursor } = await call('review.list', { limit: pageSize });
    return { items, hasMore: nextCursor !== undefined };
  },
  give: (item, answer, signal) => patiently(() => asOneUser(signal, () => give(item, answer)), { signal }),
  takeBack: (item, answer, signal) =>
    patiently(() => asOneUser(signal, () => takeBack(item, answer)), { signal }),
  isOvertaken: (error) => isApiError(error, 'changed-meanwhile'),
};

/** While the console asks for a login, nobody knows whether the same user goes on. */
async function asOneUser<Outcome>(signal: AbortSignal, work: () => Promise<Outcome>): Promise<Outcome> {
  if (loginWanted.value !== undefined) {
    await askForLogin();
    signal.throwIfAborted();
  }
  return await work();
}

/** The last mark that was given here, by passage: undoing takes back no other. */
const ownMarks = new Map<string, string>();

async function give(item: ReviewItem, answer: Answer): Promise<unknown> {
  if (answer.is === 'done') return await call('review.set-aside', { item: item.id, for: 'everyone' });
  if (answer.is === 'ignored' && item.kind === 'unknown-person')
    return await call('strangers.ignore', { stranger: item.stranger.id });
  if (answer.is === 'skipped' || answer.is === 'ignored' || !isPassage(item))
    return await call('review.set-aside', { item: item.id, for: 'me' });
  const passage = item.passage.id;
  const person = answer.is === 'person' ? { person: answer.person } : {};
  const { event } = await call('passages.mark', { passage, was: answer.is, ...person });
  ownMarks.set(passage, event);
  return event;
}

async function takeBack(item: ReviewItem, answer: Answer): Promise<unknown> {
  if (answer.is === 'ignored' && item.kind === 'unknown-person')
    return await call('strangers.notice', { stranger: item.stranger.id });
  if (answer.is === 'done' || answer.is === 'skipped' || !isPassage(item))
    return await call('review.restore', { item: item.id, for: answer.is === 'done' ? 'everyone' : 'me' });
  const passage = item.passage.id;
  const ifMark = ownMarks.get(passage);
  return await call('passages.unmark', { passage, ...(ifMark !== undefined && { ifMark }) });
}
