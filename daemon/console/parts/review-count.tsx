import { signal } from '@preact/signals';
import { useFetched } from '../api/use-fetched.js';
import type en from '../messages/en/review.json';
import { number } from '../time/site-format.js';
import { wordsOf } from '../words/words.js';

const t = wordsOf<typeof en>('review');

const everyMs = 60_000;

/** How many items the review page knows of, while it is open: it knows what has just been answered. */
export const waitingHere = signal<number | undefined>(undefined);

/** How many items of the review queue wait for the user. Shows nothing where none does. */
export function ReviewCount() {
  const counts = useFetched('review.counts', {}, { everyMs });
  const waiting = waitingHere.value ?? counts.value?.waiting ?? 0;
  if (waiting === 0) return null;
  return (
    <span class="badge info">
      {number(waiting)}
      <span class="unseen"> {t('waiting-word')}</span>
    </span>
  );
}
