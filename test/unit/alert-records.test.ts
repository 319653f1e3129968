import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { alertDeliveriesOf } from '../../daemon/core/alerts/alert-deliveries.js';
import { alertJournalOf } from '../../daemon/core/alerts/alert-journal.js';
import { alertMutesOf } from '../../daemon/core/alerts/alert-mutes.js';
import { recordsMigrations } from '../../daemon/core/records/records-schema.js';
import { GrantSeal } from '../../daemon/core/records/seals/grant-seal.js';
import { alertMessageOf } from '../support/alert-messages.js';
import { openMemoryDatabase } from '../support/memory-database.js';

const atMs = 1_000_000;
const failure = { code: 'channel-refused', reason: 'nothing listens' };
const nothing = (): void => undefined;

function start() {
  const database = openMemoryDatabase(recordsMigrations);
  const mutes = alertMutesOf(database, new GrantSeal('site/box', [new Uint8Array(32).fill(1)]));
  const journal = alertJournalOf(database, mutes);
  const deliveries = alertDeliveriesOf(database);
  let alerts = 0;
  const say = (channels: readonly string[], changes: { atMs?: number; rule?: string } = {}): void => {
    alerts += 1;
    const message = alertMessageOf({ id: `alert-${alerts}`, atMs, ...changes });
    journal.advance({ cursor: alerts, rules: new Map(), alerts: [{ message, channels }] });
  };
  const dueAt = (nowMs: number, busy: readonly string[] = []) => deliveries.due(nowMs, 900_000, busy);
  const ids = (query: Partial<Parameters<typeof deliveries.history>[0]> = {}) =>
    deliveries.history({ limit: 100, ...query }).map(({ message }) => message.id);
  return { database, mutes, journal, deliveries, say, dueAt, ids };
}

describe('the delivery of an alert', () => {
  test('is due at its time, in whole milliseconds, and as it was worded', () => {
    const { say, dueAt } = start();
    say(['a'], { atMs: atMs + 0.75 });
    assert.equal(dueAt(atMs - 1), undefined);
    assert.deepEqual(dueAt(atMs), {
      ...{ number: 1, channelId: 'a', attempts: 0 },
      message: alertMessageOf({ id: 'alert-1', atMs: atMs + 0.75 }),
    });
    assert.equal(dueAt(atMs, ['a']), undefined);
  });

  test('that failed is tried again at the next time, and keeps why', () => {
    const { deliveries, say, dueAt } = start();
    say(['a']);
    deliveries.settle(1, { state: 'pending', atMs: atMs + 1.9, nextAtMs: atMs + 10.9, failure });
    assert.equal(dueAt(atMs + 9), undefined);
    assert.equal(dueAt(atMs + 10)?.attempts, 1);
    assert.deepEqual(deliveries.history({ limit: 1 })[0]?.deliveries, [
      { channelId: 'a', state: 'pending', attempts: 1, lastAtMs: atMs + 1, nextAtMs: atMs + 10, ...failure },
    ]);
  });

  test('is due where the clock was set back by more than the longest wait', () => {
    const { deliveries, say, dueAt } = start();
    say(['a']);
    deliveries.settle(1, { state: 'pending', atMs, nextAtMs: atMs, failure });
    assert.equal(dueAt(atMs - 900_000), undefined);
    assert.equal(dueAt(atMs - 900_001)?.number, 1);
  });

  test('ends with a note or with its failure, and the history says when', () => {
    const { deliveries, say, dueAt } = start();
    say(['a', 'b']);
    deliveries.settle(1, { state: 'delivered', atMs: atMs + 5.5, note: 'accepted' });
    deliveries.settle(2, { state: 'failed', atMs: atMs + 6, failure });
    assert.equal(dueAt(atMs + 1_000_000), undefined);
    assert.deepEqual(deliveries.history({ limit: 1 })[0]?.deliveries, [
      {
        ...{ channelId: 'a', state: 'delivered', attempts: 1, lastAtMs: atMs + 5, nextAtMs: atMs + 5 },
        ...{ code: null, reason: 'accepted' },
      },
      { channelId: 'b', state: 'failed', attempts: 1, lastAtMs: atMs + 6, nextAtMs: atMs + 6, ...failure },
    ]);
  });

  test('is counted while it waits and where it failed', () => {
    const { deliveries, say } = start();
    assert.deepEqual(deliveries.counts(), { pending: 0, failed: 0 });
    say(['a', 'b', 'c']);
    say(['a']);
    deliveries.settle(1, { state: 'delivered', atMs, note: null });
    deliveries.settle(2, { state: 'failed', atMs, failure });
    assert.deepEqual(deliveries.counts(), { pending: 2, failed: 1 });
  });
});

describe('the history of alerts', () => {
  test('is listed by state, before a number and by id, the newest first', () => {
    const { deliveries, say, ids } = start();
    say(['a', 'b']);
    say([]);
    say(['a']);
    deliveries.settle(1, { state: 'failed', atMs, failure });
    assert.deepEqual(ids(), ['alert-3', 'alert-2', 'alert-1']);
    assert.deepEqual(ids({ limit: 2 }), ['alert-3', 'alert-2']);
    assert.deepEqual(ids({ beforeNumber: 3 }), ['alert-2', 'alert-1']);
    assert.deepEqual(ids({ state: 'failed' }), ['alert-1']);
    assert.deepEqual(ids({ state: 'pending' }), ['alert-3', 'alert-1']);
    assert.deepEqual(ids({ id: 'alert-2' }), ['alert-2']);
    const [, second] = deliveries.history({ limit: 2 });
    assert.deepEqual(second, {
      ...{ number: 2, message: alertMessageOf({ id: 'alert-2', atMs }) },
      ...{ acknowledgedAtMs: null, acknowledgedBy: null, deliveries: [] },
    });
  });

  test('says who acknowledged an alert first, which is noted once', () => {
    const { deliveries, say } = start();
    say(['a']);
    say(['a']);
    const noted: number[] = [];
    const acknowledge = (id: string, actor: string, when: number) => {
      const alert = deliveries.acknowledge(id, { actor, atMs: when }, () => void noted.push(when));
      return alert && [alert.message.id, alert.acknowledgedBy, alert.acknowledgedAtMs];
    };
    assert.deepEqual(acknowledge('alert-1', 'uid:1', atMs + 1.75), ['alert-1', 'uid:1', atMs + 1]);
    assert.deepEqual(acknowledge('alert-1', 'uid:2', atMs + 2), ['alert-1', 'uid:1', atMs + 1]);
    assert.equal(acknowledge('alert-9', 'uid:1', atMs), undefined);
    assert.deepEqual(noted, [atMs + 1.75]);
    assert.equal(deliveries.history({ limit: 1 })[0]?.acknowledgedBy, null);
  });

  test('is not acknowledged where that cannot be noted', () => {
    const { deliveries, say } = start();
    say(['a']);
    const failing = (): void => {
      throw new Error('the log is full');
    };
    assert.throws(() => deliveries.acknowledge('alert-1', { actor: 'uid:1', atMs }, failing), /full/);
    assert.equal(deliveries.history({ limit: 1 })[0]?.acknowledgedBy, null);
  });

  test('loses old and surplus alerts, a few at a time, but none that waits', () => {
    const { deliveries, say, ids } = start();
    for (const offset of [0, 1, 2, 3]) say(['a'], { atMs: atMs + offset });
    for (const number of [1, 3, 4]) deliveries.settle(number, { state: 'delivered', atMs, note: null });
    assert.equal(deliveries.prune({ beforeMs: atMs, keep: 4, limit: 10 }), 0);
    assert.equal(deliveries.prune({ beforeMs: atMs + 9, keep: 4, limit: 1 }), 1);
    assert.deepEqual(ids(), ['alert-4', 'alert-3', 'alert-2']);
    assert.equal(deliveries.prune({ beforeMs: 0, keep: 1, limit: 10 }), 1);
    assert.deepEqual(ids(), ['alert-4', 'alert-2']);
  });
});

describe('the progress of alert rules', () => {
  test('is absent while there are no rules, and is stored with their states', () => {
    const { journal } = start();
    assert.equal(journal.cursor(), undefined);
    assert.equal(journal.newestSequence(), 0);
    journal.advance({
      ...{ cursor: 4, alerts: [] },
      rules: new Map([
        ['r-1', '{"a":1}'],
        ['r-2', '{}'],
      ]),
    });
    journal.advance({
      ...{ cursor: 5, alerts: [] },
      rules: new Map([
        ['r-1', '{"a":2}'],
        ['r-2', null],
      ]),
    });
    assert.equal(journal.cursor(), 5);
    assert.deepEqual([...journal.rules()], [['r-1', '{"a":2}']]);
    journal.leave();
    assert.equal(journal.cursor(), undefined);
    assert.deepEqual([...journal.rules()], []);
  });

  test('reads the events after a sequence, with what the asked kinds say', () => {
    const { database, journal } = start();
    const add = database.db.prepare(
      `INSERT INTO event (sequence, id, kind, camera_id, occurred_at_ms, recorded_at_ms, payload)
       VALUES (?, 'e-' || ?, ?, 'gate', 7, 8, x'01')`,
    );
    for (const [sequence, kind] of [
      [1, 'attack'],
      [2, 'unknown'],
      [3, 'attack'],
    ] as const)
      add.run(sequence, sequence, kind);
    database.db.prepare("UPDATE counter SET value = 3 WHERE name = 'event'").run();
    assert.equal(journal.newestSequence(), 3);
    assert.deepEqual(
      journal.eventsAfter(1, 10, ['unknown']).map((event) => ({ ...event, payload: event.payload?.length })),
      [
        { sequence: 2, kind: 'unknown', cameraId: 'gate', occurredAtMs: 7, payload: 1 },
        { sequence: 3, kind: 'attack', cameraId: 'gate', occurredAtMs: 7, payload: undefined },
      ],
    );
    assert.deepEqual(
      journal.eventsAfter(0, 1, []).map(({ sequence }) => sequence),
      [1],
    );
    database.db.exec('DELETE FROM counter');
    assert.equal(journal.newestSequence(), 0);
  });
});

describe('a muted rule', () => {
  const mute = { ruleId: 'strangers', untilMs: atMs + 100, by: 'uid:0', sinceMs: atMs };

  test('keeps its alerts from every channel, and has them in the history', () => {
    const { mutes, say, dueAt, ids } = start();
    mutes.set(mute, nothing);
    say(['a'], { atMs: atMs + 99.9 });
    say(['a'], { rule: 'attacks' });
    say(['a'], { atMs: atMs + 100 });
    assert.equal(dueAt(atMs + 500)?.message.id, 'alert-2', 'another rule');
    assert.deepEqual(ids({ state: 'pending' }), ['alert-3', 'alert-2']);
    assert.deepEqual(ids(), ['alert-3', 'alert-2', 'alert-1']);
  });

  test('is in force up to its end, by name, and the newest mute counts', () => {
    const { mutes } = start();
    assert.deepEqual(mutes.inForce(0), []);
    mutes.set(mute, nothing);
    mutes.set({ ...mute, ruleId: 'attacks' }, nothing);
    assert.deepEqual(
      mutes.inForce(atMs + 99.5).map(({ ruleId }) => ruleId),
      ['attacks', 'strangers'],
    );
    assert.deepEqual(mutes.inForce(atMs + 100), []);
    const longer = { ...mute, untilMs: atMs + 900, by: 'uid:1', sinceMs: atMs + 50 };
    mutes.set({ ...longer, sinceMs: longer.sinceMs + 0.75 }, nothing);
    assert.deepEqual(mutes.inForce(atMs + 100), [longer]);
    assert.equal(mutes.isMuted('strangers', atMs + 100), true);
    assert.equal(mutes.isMuted('attacks', atMs + 100), false);
  });

  test('is not muted by a row that somebody else wrote or altered', () => {
    const { database, mutes } = start();
    mutes.set(mute, nothing);
    database.db.prepare('UPDATE alert_mute SET until_ms = until_ms + 1').run();
    assert.deepEqual(mutes.inForce(atMs), []);
    assert.equal(mutes.isMuted('strangers', atMs), false);
  });

  test('ends by hand once, and is noted or stays', () => {
    const { mutes } = start();
    const noted: string[] = [];
    const failing = (): void => {
      throw new Error('the log is full');
    };
    assert.throws(() => mutes.set(mute, failing), /full/);
    assert.deepEqual(mutes.inForce(atMs), []);
    mutes.set(mute, () => void noted.push('set'));
    assert.throws(() => mutes.end('strangers', atMs, failing), /full/);
    assert.equal(mutes.inForce(atMs).length, 1);
    assert.equal(mutes.end('attacks', atMs, failing), false);
    assert.equal(
      mutes.end('strangers', atMs + 99.5, () => void noted.push('ended')),
      true,
    );
    assert.equal(mutes.end('strangers', atMs, failing), false);
    mutes.set(mute, nothing);
    assert.equal(mutes.end('strangers', atMs + 100, failing), false, 'it was over by itself');
    assert.deepEqual(noted, ['set', 'ended']);
  });
});
