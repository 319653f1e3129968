import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeEvent } from '../../daemon/core/delivery/encoding.js';
import { PassageJournal } from '../../daemon/core/passages/passage-journal.js';
import { temporaryPassageSeal } from '../../daemon/core/passages/passage-seal.js';
import { eventTableOf } from '../../daemon/core/records/event-table.js';
import { recordsMigrations } from '../../daemon/core/records/records-schema.js';
import { reviewRecordsOf } from '../../daemon/core/review/review-records.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { migrate } from '../../daemon/host/sqlite-migrations.js';
import type { MarkNotice } from '../../daemon/kernel/events/notice.js';
import { cameraId, eventId, type PersonId, personId, recogniserId } from '../../daemon/kernel/ids.js';
import type { Passage } from '../../daemon/kernel/passages/passage.js';
import { openMemoryDatabase } from '../support/memory-database.js';
import { passageEpochMs, passageIdOf, passageOf } from '../support/passage-fixture.js';
import { box } from '../support/published-box.js';

const nowMs = passageEpochMs + 3_600_000;
const kinds = ['unproven', 'near-match'] as const;
const queryOf = (kind: (typeof kinds)[number]) => ({
  ...{ kind, actor: 'user:anna', cameraIds: undefined, nowMs },
});

function start() {
  const database = openMemoryDatabase(recordsMigrations);
  database.db.pragma('foreign_keys = ON');
  const passages = new PassageJournal(database, temporaryPassageSeal());
  const events = eventTableOf(database, {});
  const review = reviewRecordsOf(database);
  let sequence = 0;
  const mark = (passage: number, was: MarkNotice['was']): void => {
    sequence += 1;
    const event = {
      ...({ kind: 'mark', cameraId: cameraId('gate'), was } as const),
      decided: {
        passageId: passageIdOf(passage),
        outcome: 'unproven',
        recogniser: recogniserId('r'),
      } as const,
      ...{ seenAtMs: passageEpochMs, occurredAtMs: nowMs, recordedAtMs: nowMs },
      ...{ id: eventId(`e-${sequence}`), sequence },
    };
    events.insert(event, encodeEvent(event, box, {}));
  };
  const waiting = (kind: (typeof kinds)[number]) => {
    const found = review.waiting(queryOf(kind), 100).map(({ id }) => id);
    assert.equal(review.countWaiting(queryOf(kind)), found.length);
    return found;
  };
  return { database, passages, mark, waiting };
}

const unproven = (number: number): Passage => passageOf(number, { outcome: 'unproven', reason: 'no-blink' });

describe('the records of the review queue', () => {
  test('find the marks of a passage through the index', () => {
    const { database } = start();
    const statements: string[] = [];
    const db = new Proxy(database.db, {
      get: (target, name) => (sql: string) => {
        statements.push(sql);
        return target[name as 'prepare'](sql);
      },
    });
    reviewRecordsOf({ ...database, db });
    const ofMarks = statements.filter((sql) => sql.includes("kind = 'mark'"));
    assert.equal(ofMarks.length, 2 * kinds.length, 'a list and a count of each kind');
    const [actor, cameras, sinceMs, asideSinceMs, before, limit] = ['', null, 0, 0, 0, 0];
    for (const sql of ofMarks) {
      const plan = database.db
        .prepare<[Record<string, unknown>], { readonly detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
        .all({ actor, cameras, sinceMs, asideSinceMs, before, limit })
        .map(({ detail }) => detail);
      assert.ok(plan.includes('SEARCH event USING INDEX mark_by_passage (<expr>=?)'), plan.join('\n'));
    }
  });

  test('leave out a near match whose only candidate was erased', () => {
    const { passages, waiting } = start();
    const [ada, grace] = ['p-ada', 'p-grace'].map(personId) as [PersonId, PersonId];
    const nearMatch = (number: number, ...persons: readonly PersonId[]): Passage => {
      const nearest = persons.map((id) => ({ personId: id, similarity: 0.37, threshold: 0.4 }));
      const { personId: _, ...nobody } = passageOf(number, { nearest });
      return { ...nobody, outcome: 'stranger', reason: 'below-threshold' };
    };
    passages.put(nearMatch(1, ada));
    passages.put(nearMatch(2, ada, grace));
    assert.deepEqual(waiting('near-match'), [passageIdOf(2), passageIdOf(1)]);
    passages.forgetPerson(ada);
    assert.deepEqual(waiting('near-match'), [passageIdOf(2)]);
  });

  test('leave a damaged mark out of account, when they migrate and later', () => {
    const { database, passages, mark, waiting } = start();
    for (const number of [1, 2]) passages.put(unproven(number));
    mark(1, 'nobody');
    mark(1, 'taken-back');
    mark(2, 'nobody');
    assert.deepEqual(waiting('unproven'), [passageIdOf(1)]);
    const damage = database.db.prepare('UPDATE event SET payload = ? WHERE sequence = ?');
    damage.run(Buffer.from('{"specversion":"1.'), 2);
    assert.deepEqual(waiting('unproven'), [], 'the last readable mark counts');
    damage.run(Buffer.from('{"specversion":"1.'), 3);
    assert.deepEqual(waiting('unproven'), [passageIdOf(2)]);

    const before = recordsMigrations.findIndex(({ name }) => name === 'review queue');
    const db = new Sqlite(':memory:');
    migrate(db, ':memory:', recordsMigrations.slice(0, before));
    db.exec(`INSERT INTO event (sequence, id, kind, occurred_at_ms, recorded_at_ms, payload)
      VALUES (1, 'e-1', 'mark', 0, 0, CAST('{"specversion":"1.' AS BLOB))`);
    migrate(db, ':memory:', recordsMigrations);
    assert.equal(db.prepare('SELECT count(*) FROM event').pluck().get(), 1);
    db.close();
  });
});
