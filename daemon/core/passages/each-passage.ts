import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PassageJournal, StoredPassage } from './passage-journal.js';
import type { PassageQuery } from './passage-rows.js';

/** Passages that one query reads and opens: a few milliseconds. */
const batchSize = 100;

/** The passages that match, in the order of their numbers, until the signal aborts. Other work gets its turn between batches. */
export async function* eachPassage(
  journal: Pick<PassageJournal, 'list'>,
  { afterNumber: first = 0, ...query }: Omit<PassageQuery, 'limit' | 'keep'>,
  signal: AbortSignal,
): AsyncGenerator<StoredPassage> {
  for (let afterNumber = first; !signal.aborted; ) {
    const found = journal.list({ ...query, afterNumber, limit: batchSize, keep: 'oldest' });
    yield* found;
    const last = found.at(-1);
    if (last === undefined || found.length < batchSize) return;
    afterNumber = last.number;
    await nextTurn();
  }
}
