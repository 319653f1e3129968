import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Answer, type ReviewBox, ReviewQueue } from '../../daemon/console/pages/review/review-queue.js';
import type { ReviewItem } from '../../daemon/contract/review.js';

const cameraItem = (id: string): ReviewItem => ({
  ...{ id, kind: 'camera', at: '2026-03-02T07:00:00.000Z', camera: id, name: id },
  ...{ code: 'no-route', message: 'the camera does not answer', remedy: 'Check its cable.' },
});
const itemsOf = (...ids: readonly string[]): readonly ReviewItem[] => ids.map(cameraItem);
const nobody: Answer = { is: 'nobody' };
const skipped: Answer = { is: 'skipped' };

const overtaken = new Error('somebody has answered since');

/** A box whose answers a test lets through one by one. */
function scripted(...ids: readonly string[]) {
  const asked: string[] = [];
  const signals: AbortSignal[] = [];
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const listed = { items: itemsOf(...ids), hasMore: false };
  const ask = (what: string, signal: AbortSignal): Promise<void> => {
    asked.push(what);
    signals.push(signal);
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  };
  let listing = Promise.resolve();
  const box: ReviewBox = {
    async list() {
      const answer = { ...listed };
      await listing;
      return answer;
    },
    give: ({ id }, { is }, signal) => ask(`${is} ${id}`, signal),
    takeBack: ({ id }, { is }, signal) => ask(`not ${is} ${id}`, signal),
    isOvertaken: (error) => error === overtaken,
  };
  const queue = new ReviewQueue(box);
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    ...{ queue, asked, signals, listed },
    /** Lists stay on their way until the returned function is called. */
    holdLists() {
      let release = (): void => undefined;
      listing = new Promise((resolve) => {
        release = resolve;
      });
      return () => release();
    },
    shown: () => queue.current.value?.item.id,
    /** Lets the oldest request through, and waits until what follows from it has happened. */
    async settle(error?: Error) {
      await turn();
      const [first] = waiting.splice(0, 1);
      if (error === undefined) first?.resolve();
      else first?.reject(error);
      await turn();
    },
  };
}

describe('the queue of the review page', () => {
  test('shows the next item at once, while the box has confirmed nothing', async () => {
    const { queue, asked, shown, settle } = scripted('a', 'b', 'c');
    assert.equal(queue.isLoaded.value, false);
    await queue.load();
    assert.equal(queue.isLoaded.value, true);
    for (const id of ['a', 'b', 'c']) {
      assert.equal(shown(), id);
      queue.answer(nobody);
    }
    assert.equal(shown(), undefined);
    assert.deepEqual([queue.waiting.value, queue.answered.value, queue.pending.value], [0, 3, 3]);
    await settle();
    await settle();
    await settle();
    assert.deepEqual(asked, ['nobody a', 'nobody b', 'nobody c'], 'one after the other');
    assert.equal(queue.pending.value, 0);
  });

  test('shows what is new to somebody who has left the last item unanswered', async () => {
    const { queue, listed, shown } = scripted('a', 'b');
    await queue.load();
    queue.forward();
    queue.forward();
    assert.equal(shown(), undefined);
    listed.items = itemsOf('a', 'b', 'c');
    await queue.load();
    assert.equal(shown(), 'c');
  });

  test('keeps an answer that reached the box after the box had made its list', async () => {
    const { queue, shown, settle, holdLists } = scripted('a', 'b');
    await queue.load();
    queue.answer(nobody);
    const release = holdLists();
    const loading = queue.load();
    await settle();
    assert.equal(queue.pending.value, 0);
    release();
    await loading;
    assert.deepEqual([shown(), queue.waiting.value], ['b', 1]);
  });

  test('undoes the last answers one by one, and never before they were given', async () => {
    const { queue, asked, shown, settle } = scripted('a', 'b');
    await queue.load();
    queue.answer(nobody);
    queue.answer(skipped);
    assert.equal(queue.last.value?.item.id, 'b');
    await settle();
    await settle();
    queue.undo();
    assert.equal(shown(), 'b');
    queue.undo();
    assert.equal(shown(), 'a');
    assert.equal(queue.last.value, undefined);
    queue.undo();
    await settle();
    await settle();
    assert.deepEqual(asked, ['nobody a', 'skipped b', 'not skipped b', 'not nobody a']);
    assert.equal(queue.waiting.value, 2);
  });

  test('goes back to an answered item, whose answer another one replaces', async () => {
    const { queue, asked, shown, settle } = scripted('a', 'b');
    await queue.load();
    queue.answer(nobody);
    await settle();
    queue.back();
    assert.deepEqual([shown(), queue.current.value?.answer], ['a', nobody]);
    queue.answer({ is: 'stranger' });
    assert.equal(shown(), 'b');
    await settle();
    await settle();
    queue.undo();
    assert.deepEqual([shown(), queue.current.value?.answer], ['a', nobody]);
    queue.forward();
    assert.equal(shown(), 'b');
    await settle();
    await settle();
    assert.deepEqual(asked, ['nobody a', 'not nobody a', 'stranger a', 'not stranger a', 'nobody a']);
  });

  test('sends what is undone at once not at all, or takes it back after it has arrived', async () => {
    const { queue, asked, settle } = scripted('a', 'b');
    await queue.load();
    queue.answer(nobody);
    await settle();
    queue.answer(nobody);
    queue.undo();
    queue.undo();
    await settle();
    assert.deepEqual(asked, ['nobody a', 'not nobody a']);
    assert.deepEqual([queue.pending.value, queue.waiting.value], [0, 2]);
  });

  test('sends of two answers to one item, both given at once, only the second, and it once', async () => {
    const { queue, asked, settle } = scripted('a', 'b');
    await queue.load();
    queue.answer(nobody);
    queue.back();
    queue.answer({ is: 'stranger' });
    await settle();
    await settle();
    assert.deepEqual([asked, queue.pending.value], [['stranger a'], 0]);
  });

  test('shows the old answer again where it could not be taken back, and tries again', async () => {
    const { queue, asked, shown, settle } = scripted('a', 'b');
    await queue.load();
    queue.answer(nobody);
    await settle();
    queue.undo();
    assert.equal(queue.waiting.value, 2);
    await settle(new Error('the box is away'));
    assert.deepEqual([queue.failure.value?.standing, queue.waiting.value], [nobody, 1]);
    assert.deepEqual([shown(), queue.current.value?.answer], ['a', nobody], 'it still counts');
    assert.equal(queue.last.value?.item.id, 'a');
    queue.undo();
    await settle();
    assert.deepEqual(asked, ['nobody a', 'not nobody a', 'not nobody a']);
    assert.deepEqual([queue.failure.value, queue.waiting.value, queue.last.value], [undefined, 2, undefined]);

    // The same where another answer was to replace it; where only that one fails, nothing was said.
    queue.answer(nobody);
    await settle();
    queue.back();
    queue.answer(skipped);
    await settle(new Error('the box is away'));
    assert.deepEqual(asked.slice(3), ['nobody a', 'not nobody a']);
    queue.back();
    assert.equal(queue.current.value?.answer, nobody);
    queue.answer(skipped);
    await settle();
    await settle(new Error('the box is away'));
    assert.deepEqual(asked.slice(5), ['not nobody a', 'skipped a']);
    assert.deepEqual([queue.failure.value?.standing, queue.waiting.value], [undefined, 2]);
  });

  test('does not touch what somebody else has answered since', async () => {
    const { queue, asked, shown, settle } = scripted('a', 'b');
    await queue.load();
    queue.answer(nobody);
    await settle();
    queue.undo();
    await settle(overtaken);
    assert.deepEqual([shown(), queue.current.value?.isGone, queue.waiting.value], ['a', true, 1]);
    assert.equal(queue.last.value, undefined, 'there is nothing to undo');
    queue.answer(nobody);
    await settle();
    assert.deepEqual(asked, ['nobody a', 'not nobody a']);
  });

  test('takes an answer that failed back into the queue, and goes on with the others', async () => {
    const { queue, asked, shown, settle } = scripted('a', 'b');
    await queue.load();
    queue.answer(nobody);
    queue.answer(nobody);
    assert.equal(shown(), undefined);
    await settle(new Error('the box is away'));
    assert.deepEqual([shown(), queue.failure.value?.item.id], ['a', 'a']);
    await settle();
    assert.deepEqual(asked, ['nobody a', 'nobody b']);
    assert.equal(queue.last.value?.item.id, 'b', 'what failed cannot be undone');
    queue.answer(nobody);
    await settle();
    assert.deepEqual([shown(), queue.failure.value], [undefined, undefined]);
  });

  test('takes in what is new, and drops what somebody else answered, except the item in view', async () => {
    const { queue, asked, listed, shown, settle } = scripted('a', 'b', 'c', 'd');
    await queue.load();
    queue.answer(nobody);
    listed.items = itemsOf('d', 'e');
    await queue.load();
    assert.equal(queue.waiting.value, 4, 'a list from before the answer arrived only adds');
    await settle();
    await queue.load();
    assert.deepEqual([shown(), queue.waiting.value], ['b', 2]);
    assert.equal(queue.current.value?.isGone, true);
    queue.answer(nobody);
    assert.equal(shown(), 'b', 'it takes no answer');
    queue.answer(skipped);
    assert.equal(shown(), 'd');
    assert.deepEqual([asked, queue.answered.value], [['nobody a'], 1], 'there is nothing to skip at the box');
    queue.back();
    listed.items = itemsOf('b', 'd', 'e');
    await queue.load();
    assert.deepEqual([shown(), queue.current.value?.isGone, queue.waiting.value], ['b', undefined, 3]);
    queue.answer(skipped);
    assert.equal(shown(), 'd');
    await settle();
    // Of a queue that is longer than one page, only what lies before a listed item is known to be gone.
    assert.equal(queue.hasMore.value, false);
    listed.items = itemsOf('d');
    listed.hasMore = true;
    await queue.load();
    assert.deepEqual([queue.waiting.value, queue.hasMore.value], [2, true]);
    listed.hasMore = false;
    await queue.load();
    assert.equal(queue.waiting.value, 1);
  });

  test('does not take the item in view for answered while it may follow in a list that goes on', async () => {
    const { queue, listed, shown } = scripted('a', 'b', 'c');
    await queue.load();
    queue.forward();
    queue.forward();
    assert.equal(shown(), 'c');
    const isGoneWith = async (...ids: readonly string[]) => {
      Object.assign(listed, { items: itemsOf(...ids), hasMore: true });
      await queue.load();
      return queue.current.value?.isGone === true;
    };
    assert.equal(await isGoneWith('a', 'b'), false, 'it may come after the last one');
    assert.equal(await isGoneWith('a', 'b', 'd'), false, 'where the new one stands is not known yet');
    assert.equal(await isGoneWith('a', 'b', 'd'), true, 'it would stand between these two');
  });

  test('sends nothing after its end, also not what has begun to wait', async () => {
    const { queue, asked, signals, settle } = scripted('a', 'b');
    await queue.load();
    queue.answer(nobody);
    queue.answer(nobody);
    await settle();
    assert.deepEqual(asked, ['nobody a', 'nobody b']);
    queue.answer(skipped);
    queue.undo();
    queue.end();
    assert.equal(signals[1]?.aborted, true, 'the answer that waits is told');
    await settle(new Error('it has ended'));
    await settle();
    assert.deepEqual(asked, ['nobody a', 'nobody b']);
    assert.deepEqual([queue.pending.value, queue.failure.value], [0, undefined]);
  });

  test('shows again what the box lists again, but not what it listed before an answer arrived', async () => {
    const { queue, listed, shown, settle } = scripted('a', 'b');
    await queue.load();
    queue.answer(nobody);
    queue.answer(nobody);
    await settle();
    await queue.load();
    assert.equal(queue.answered.value, 2, 'one of them is on its way');
    await settle();
    listed.items = itemsOf('a');
    await queue.load();
    assert.deepEqual([shown(), queue.waiting.value, queue.last.value?.item.id], ['a', 1, 'b']);
  });
});
