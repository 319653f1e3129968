import { effect, signal } from '@preact/signals';
import { me, unsent } from '../../api/session.js';
import { reviewBox } from './review-answers.js';
import { ReviewQueue } from './review-queue.js';

/** The queue of one user, from their first visit of the page to their logout. */
const open = signal<{ readonly actor: string | undefined; readonly queue: ReviewQueue } | undefined>(
  undefined,
);

/** The queue of the user. It outlives the page, whose answers go on to the box while the user is elsewhere. */
export function queueOfUser(): ReviewQueue {
  open.value ??= { actor: me.value?.actor, queue: new ReviewQueue(reviewBox) };
  return open.value.queue;
}

// What one user said is never sent in the name of the next.
effect(() => {
  const actor = me.value?.actor;
  const ended = open.peek();
  if (ended === undefined || ended.actor === actor) return;
  ended.queue.end();
  open.value = undefined;
});

effect(() => {
  unsent.value = open.value?.queue.pending.value ?? 0;
});
