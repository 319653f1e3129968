import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type KeptRequest, keptRequestsOf, type RequestPlace } from '../../daemon/core/api/kept-requests.js';
import { recordsMigrations } from '../../daemon/core/records/records-schema.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { openMemoryDatabase } from '../support/memory-database.js';

const dayMs = 86_400_000;
const keyOf = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const at = (key: string, changes: Partial<RequestPlace> = {}): RequestPlace => ({
  ...{ actor: 'uid:1', operation: 'persons.enrol', key },
  ...changes,
});
const done: KeptRequest = { state: 'done', content: 'c', objectId: 'o', answer: '{}', rights: 'r' };

function start() {
  const database = openMemoryDatabase(recordsMigrations);
  database.db.pragma('foreign_keys = ON');
  const clock = new VirtualClock(10 * dayMs);
  const open = (auditKeys: readonly Uint8Array[] = [keyOf(1)]) =>
    keptRequestsOf(database, { nowMs: () => clock.wallMs(), auditKeys });
  const count = (): unknown => database.db.prepare('SELECT count(*) FROM kept_request').pluck().get();
  return { database, clock, open, count, requests: open() };
}

describe('a kept request', () => {
  test('is found at its place, and says whether it is the same', () => {
    const { requests } = start();
    assert.equal(requests.find(at('k'), 'c'), undefined);
    requests.keep(at('k'), done);
    assert.deepEqual(requests.find(at('k'), 'c'), { ...done, isSame: true });
    assert.deepEqual(requests.find(at('k'), 'other'), { ...done, isSame: false });
    for (const place of [at('l'), at('k', { actor: 'uid:2' }), at('k', { operation: 'persons.erase' })])
      assert.equal(requests.find(place, 'c'), undefined);
  });

  test('replaces what was kept at its place, until the place is free again', () => {
    const { requests, count } = start();
    requests.keep(at('k'), { state: 'begun', content: 'c' });
    requests.keep(at('k'), done);
    requests.keep(at('l'), done);
    assert.equal(count(), 2);
    assert.equal(requests.find(at('k'), 'c')?.state, 'done');
    requests.free(at('k'));
    assert.equal(requests.find(at('k'), 'c'), undefined);
    assert.equal(count(), 1);
  });

  test('is remembered for a day, and not where it is a day or more ahead of the clock', () => {
    const { clock, requests } = start();
    requests.keep(at('k'), done);
    const atMs = clock.wallMs();
    clock.advanceTo(dayMs - 1);
    assert.equal(requests.find(at('k'), 'c')?.state, 'done');
    clock.advanceTo(dayMs);
    assert.equal(requests.find(at('k'), 'c'), undefined);
    assert.equal(clock.wallMs(), atMs + dayMs);
  });

  test('of a clock that was ahead counts up to a day, and no longer', () => {
    const { database, clock, open } = start();
    const ahead = (ms: number) =>
      keptRequestsOf(database, { nowMs: () => clock.wallMs() + ms, auditKeys: [keyOf(1)] });
    ahead(dayMs).keep(at('k'), done);
    assert.equal(open().find(at('k'), 'c')?.state, 'done');
    ahead(dayMs + 1).keep(at('l'), done);
    assert.equal(open().find(at('l'), 'c'), undefined);
  });

  test('expires with a new one, and by itself', () => {
    const { database, clock, requests, count } = start();
    requests.keep(at('a'), done);
    clock.advanceBy(1);
    requests.keep(at('b'), done);
    clock.advanceTo(dayMs);
    requests.keep(at('c'), done);
    assert.equal(count(), 2, 'the first is over');
    clock.advanceBy(1);
    requests.expire();
    assert.equal(count(), 1);
    const move = database.db.prepare('UPDATE kept_request SET at_ms = ?');
    move.run(clock.wallMs() + dayMs);
    requests.expire();
    assert.equal(count(), 1);
    move.run(clock.wallMs() + dayMs + 1);
    requests.expire();
    assert.equal(count(), 0);
  });

  test('that another clock wrote expires with a new one', () => {
    const { database, clock, requests, count } = start();
    requests.keep(at('a'), done);
    requests.keep(at('b'), done);
    database.db.prepare('UPDATE kept_request SET at_ms = ?').run(clock.wallMs() + dayMs + 1);
    requests.keep(at('c'), done);
    assert.equal(count(), 1);
  });

  test('is forgotten with a person whom its answer is about', () => {
    const { requests, count } = start();
    requests.keep(at('a'), done, ['p-1', 'p-2']);
    requests.keep(at('b'), done, ['p-2']);
    requests.keep(at('c'), done);
    requests.forget('p-1');
    assert.equal(requests.find(at('a'), 'c'), undefined);
    assert.equal(count(), 2);
    requests.forget('p-2');
    assert.equal(count(), 1);
  });

  test('opens under a former key of the box, and is replaced under the one in use', () => {
    const { open, count } = start();
    open([keyOf(1)]).keep(at('k'), done);
    const after = open([keyOf(2), keyOf(3), keyOf(1)]);
    assert.deepEqual(after.find(at('k'), 'c'), { ...done, isSame: true });
    after.keep(at('k'), { ...done, objectId: 'new' });
    assert.equal(count(), 1);
    assert.equal(open([keyOf(2)]).find(at('k'), 'c')?.objectId, 'new');
    open([keyOf(1)]).keep(at('l'), done);
    after.free(at('l'));
    assert.equal(count(), 1);
  });

  test('ends with its process where the box has no key', () => {
    const { open } = start();
    const one = open([]);
    one.keep(at('k'), done);
    assert.equal(one.find(at('k'), 'c')?.state, 'done');
    assert.equal(open([]).find(at('k'), 'c'), undefined);
  });

  test('counts as begun, with any content, where somebody else wrote, moved or prolonged it', () => {
    const { database, requests, clock } = start();
    const begun = { state: 'begun', content: 'any', isSame: true };
    const alter = (sql: string): void => {
      requests.keep(at('k'), done);
      database.db.exec(sql);
      assert.deepEqual(requests.find(at('k'), 'any'), begun, sql);
    };
    alter("UPDATE kept_request SET sealed = x'00'");
    alter('UPDATE kept_request SET sealed = substr(sealed, 1, 24)');
    alter('UPDATE kept_request SET sealed = zeroblob(length(sealed))');
    alter(`UPDATE kept_request SET at_ms = ${clock.wallMs() + 1}`);
    alter("UPDATE kept_request SET caller = x'00'");
    requests.keep(at('k'), done);
    requests.keep(at('l'), { ...done, objectId: 'another' });
    const sealed = database.db.prepare('SELECT place, sealed FROM kept_request').raw().all() as Buffer[][];
    database.db.prepare('UPDATE kept_request SET sealed = ?').run(sealed[0]?.[1]);
    const found = [requests.find(at('k'), 'any'), requests.find(at('l'), 'any')];
    assert.equal(found.filter((each) => each?.state === 'begun').length, 1, 'at no other place');
  });

  test('leaves its place to others when its caller has the most of ten thousand', () => {
    const { database, requests, clock, count } = start();
    requests.keep(at('first', { actor: 'uid:2' }), done);
    requests.keep(at('oldest'), done);
    clock.advanceBy(1);
    requests.keep(at('next'), done);
    const fill = database.db.prepare(`
      INSERT INTO kept_request (place, caller, sealed, at_ms)
      WITH RECURSIVE each(number) AS (VALUES (1) UNION ALL SELECT number + 1 FROM each WHERE number < 9997)
      SELECT randomblob(32), (SELECT caller FROM kept_request GROUP BY caller ORDER BY count(*) DESC LIMIT 1), x'00', ?
      FROM each`);
    fill.run(clock.wallMs() + 1);
    assert.equal(count(), 10_000);
    assert.ok(requests.find(at('oldest'), 'c'));
    requests.keep(at('one more', { actor: 'uid:3' }), done);
    assert.equal(count(), 10_000);
    assert.equal(requests.find(at('oldest'), 'c'), undefined);
    for (const place of [at('next'), at('first', { actor: 'uid:2' }), at('one more', { actor: 'uid:3' })])
      assert.equal(requests.find(place, 'c')?.state, 'done');
  });

  test('opens no more after the end: the keys are overwritten', () => {
    const { requests, open } = start();
    requests.keep(at('k'), done);
    requests[Symbol.dispose]();
    assert.equal(requests.find(at('k'), 'c'), undefined);
    const former = open([keyOf(2), keyOf(1)]);
    former[Symbol.dispose]();
    assert.equal(former.find(at('k'), 'c'), undefined);
    assert.equal(open().find(at('k'), 'c')?.state, 'done', 'of others it does');
  });
});
