import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { alertAtMs, alertMessageOf } from '../support/alert-messages.js';
import { unknownFact } from '../support/facts.js';
import { openTestRecords, temporaryFolder } from '../support/published-box.js';

const longestWaitMs = 900_000;
const failure = { code: 'channel-refused', reason: 'nothing listens' };

function openStore() {
  const folder = temporaryFolder();
  const records = openTestRecords(join(folder.path, 'records.db'));
  const { journal, deliveries } = records.alerts;
  let alerts = 0;
  return {
    ...{ records, journal, deliveries },
    say(channels: readonly string[], atMs = alertAtMs): void {
      alerts += 1;
      const message = alertMessageOf({ id: `alert-${alerts}`, atMs });
      journal.advance({ cursor: alerts, rules: new Map(), alerts: [{ message, channels }] });
    },
    due: (nowMs = alertAtMs, busy: readonly string[] = []) => deliveries.due(nowMs, longestWaitMs, busy),
    ids: (limit = 100) => deliveries.history({ limit }).map(({ message }) => message.id),
    async [Symbol.asyncDispose]() {
      await records[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

describe('deliveries in the records', () => {
  test('come oldest first, and never for a busy channel', async () => {
    await using store = openStore();
    store.say(['a', 'b']);
    store.say(['b', 'c']);
    const order: string[] = [];
    const busy: string[] = [];
    for (let next = store.due(alertAtMs, busy); next !== undefined; next = store.due(alertAtMs, busy)) {
      order.push(`${next.message.id} ${next.channelId}`);
      busy.push(next.channelId);
    }
    assert.deepEqual(order, ['alert-1 a', 'alert-1 b', 'alert-2 c']);
  });

  test('wait until they are due, unless the clock was set back', async () => {
    await using store = openStore();
    store.say(['a']);
    const first = store.due();
    assert.equal(first?.attempts, 0);
    const nextAtMs = alertAtMs + 10_000;
    store.deliveries.settle(first.number, { state: 'pending', atMs: alertAtMs, nextAtMs, failure });
    assert.equal(store.due(nextAtMs - 1), undefined);
    assert.equal(store.due(nextAtMs)?.attempts, 1);
    assert.equal(store.due(alertAtMs - 3_600_000)?.attempts, 1);
  });

  test('that are delivered or failed are not due again, and appear in the history', async () => {
    await using store = openStore();
    store.say(['a', 'b', 'c']);
    store.say(['a']);
    const [one, two] = [1, 2];
    store.deliveries.settle(one, { state: 'delivered', atMs: alertAtMs + 5, note: 'refused for 1 of 2' });
    store.deliveries.settle(two, { state: 'failed', atMs: alertAtMs + 6, failure });
    const [, first] = store.deliveries.history({ limit: 10 });
    assert.deepEqual(
      first?.deliveries.map(({ channelId, state, attempts, lastAtMs, code, reason }) => [
        ...[channelId, state, attempts, lastAtMs, code, reason],
      ]),
      [
        ['a', 'delivered', 1, alertAtMs + 5, null, 'refused for 1 of 2'],
        ['b', 'failed', 1, alertAtMs + 6, 'channel-refused', 'nothing listens'],
        ['c', 'pending', 0, null, null, null],
      ],
    );
    assert.deepEqual(store.deliveries.counts(), { pending: 2, failed: 1 });
    assert.deepEqual(
      (['delivered', 'failed', 'pending'] as const).map((state) =>
        store.deliveries.history({ limit: 10, state }).map(({ message }) => message.id),
      ),
      [['alert-1'], ['alert-1'], ['alert-2', 'alert-1']],
    );
    assert.deepEqual(store.ids(1), ['alert-2']);
  });

  test('are forgotten by age and by number, but not while they wait', async () => {
    await using store = openStore();
    for (const atMs of [1, 2, 3, 4, 5]) store.say(['a'], atMs);
    for (const number of [1, 3, 4, 5]) {
      store.deliveries.settle(number, { state: 'delivered', atMs: 9, note: null });
    }
    assert.equal(store.deliveries.prune({ beforeMs: 4, keep: 100, limit: 1 }), 1);
    assert.deepEqual(store.ids(), ['alert-5', 'alert-4', 'alert-3', 'alert-2']);
    assert.equal(store.deliveries.prune({ beforeMs: 4, keep: 100, limit: 10 }), 1);
    assert.equal(store.deliveries.prune({ beforeMs: 0, keep: 1, limit: 10 }), 1);
    assert.deepEqual(store.ids(), ['alert-5', 'alert-2']);
    assert.deepEqual(store.deliveries.counts(), { pending: 1, failed: 0 });
  });
});

describe('the cursor of the rules in the records', () => {
  test('is written together with the states of the rules, and leaves with them', async () => {
    await using store = openStore();
    const { journal, records } = store;
    assert.equal(journal.cursor(), undefined);
    for (const _person of [1, 2, 3]) records.record(unknownFact());
    assert.equal(journal.newestSequence(), 3);
    journal.advance({
      cursor: 2,
      rules: new Map([
        ['r', '{"a":1}'],
        ['s', '{}'],
      ]),
      alerts: [],
    });
    journal.advance({
      cursor: 3,
      rules: new Map([
        ['r', '{"a":2}'],
        ['s', null],
      ]),
      alerts: [],
    });
    assert.equal(journal.cursor(), 3);
    assert.deepEqual([...journal.rules()], [['r', '{"a":2}']]);
    journal.leave();
    assert.equal(journal.cursor(), undefined);
    assert.deepEqual([...journal.rules()], []);
  });

  test('reads events in order, with the content of the requested kinds only', async () => {
    await using store = openStore();
    for (const _person of [1, 2, 3]) store.records.record(unknownFact());
    const read = (kinds: Parameters<typeof store.journal.eventsAfter>[2]) =>
      store.journal.eventsAfter(1, 10, kinds).map(({ sequence, payload }) => [sequence, payload === null]);
    assert.deepEqual(read(['unknown']), [
      [2, false],
      [3, false],
    ]);
    assert.deepEqual(read(['attack']), [
      [2, true],
      [3, true],
    ]);
    assert.equal(store.journal.eventsAfter(0, 2, []).length, 2);
  });

  test('an alert leaves nothing behind when writing it fails', async () => {
    await using store = openStore();
    store.say(['a']);
    const message = alertMessageOf({ id: 'alert-1' });
    const again = { cursor: 9, rules: new Map([['r', '{}']]), alerts: [{ message, channels: ['a'] }] };
    assert.throws(() => store.journal.advance(again));
    assert.equal(store.journal.cursor(), 1);
    assert.deepEqual([...store.journal.rules()], []);
    assert.equal(store.deliveries.counts().pending, 1);
  });
});
