import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { followStream } from '../../daemon/cli/follow-stream.js';
import { operational } from '../../daemon/kernel/errors.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

const away = () => operational('daemon-unreachable', 'rollcalld does not answer');
const restarts = () => operational('vision-unavailable', 'the vision process ended');

/** Follows streams of numbers, one after another. A stream ends with an error, or at its end. */
async function follow(streams: readonly (readonly (number | Error)[])[], isPassing?: () => boolean) {
  const clock = new VirtualClock(0);
  const leaving = new AbortController();
  const [asked, taken, notes]: [number[], number[], string[]] = [[], [], []];
  const left = [...streams];
  const isOver = followStream<number>({
    ...{ after: 0, clock, signal: leaving.signal, ...(isPassing && { isPassing }) },
    async open(after) {
      asked.push(after);
      const items = left.shift();
      return (async function* stream() {
        if (items === undefined) leaving.abort();
        for (const item of items ?? []) {
          if (item instanceof Error) throw item;
          yield item;
        }
      })();
    },
    take(item) {
      taken.push(item);
      return item;
    },
    note: (text) => void notes.push(text),
  }).then(
    () => undefined,
    (error: unknown) => error,
  );
  let hasEnded = false;
  void isOver.then(() => {
    hasEnded = true;
  });
  while (!hasEnded) {
    clock.advanceBy(500);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { asked, taken, notes, error: await isOver };
}

describe('a stream that a command follows', () => {
  test('goes on after the last item when the daemon answers again', async () => {
    const { asked, taken, notes, error } = await follow([[1, 2, away()], [away()], [3]]);
    assert.deepEqual(taken, [1, 2, 3]);
    assert.deepEqual(asked.slice(0, 3), [0, 2, 2]);
    assert.deepEqual(notes, ['rollcalld does not answer; waiting until it does', 'rollcalld answers again']);
    assert.equal(error, undefined);
  });

  test('goes on after what passes, once it has begun', async () => {
    const { taken, notes } = await follow([[1, restarts()], [restarts()], [2]], () => true);
    assert.deepEqual(taken, [1, 2]);
    assert.deepEqual(notes, ['the vision process ended; trying again', 'it goes on']);
    const never = await follow([[restarts()], [2]], () => true);
    assert.deepEqual([never.taken, (never.error as Error).message], [[], 'the vision process ended']);
    const other = await follow([[1, restarts()], [2]]);
    assert.deepEqual(other.taken, [1], 'other errors end it');
  });
});
