import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followEvents } from '../../daemon/cli/events/events-tail.js';
import { positionOf } from '../../daemon/contract/events.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

test('a stream of events goes on behind its newest one, and from the start where the records were replaced', () => {
  assert.equal(positionOf({ kind: 'up-to-date', newestSequence: 7 }), 7);
  assert.equal(positionOf({ kind: 'records-replaced', newestSequence: 7 }), 0);
});

test('rollcall events tail goes on after the newest event that it has shown, each event once', async () => {
  const recorded = [1, 2, 3].map((sequence) => ({ sequence: String(sequence) }));
  const leaving = new AbortController();
  const shown: unknown[] = [];
  const client = {
    call: async (operation: string, { after = 0, limit = 0 }: { after?: number; limit?: number } = {}) => {
      if (operation === 'events.list') return { items: recorded.toReversed().slice(0, limit) };
      assert.equal(operation, 'events.follow');
      return (async function* stream() {
        for (const event of [...recorded, { sequence: '4' }]) {
          if (Number(event.sequence) > after)
            yield { kind: 'event', sequence: Number(event.sequence), event };
        }
        leaving.abort();
      })();
    },
  } as unknown as Parameters<typeof followEvents>[0];
  await followEvents(client, {
    ...{ last: 2, signal: leaving.signal, clock: new VirtualClock(0) },
    show: (event) => void shown.push((event as { readonly sequence: string }).sequence),
    note: (text) => assert.fail(text),
  });
  assert.deepEqual(shown, ['2', '3', '4']);
});
