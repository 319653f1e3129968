import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ageingRows } from '../../daemon/core/retention/ageing-rows.js';
import {
  ageingImports,
  ageingRemovedPersons,
  ageingTombstones,
} from '../../daemon/core/retention/retention-persons.js';
import { ageingEvidence, ageingPhotographs } from '../../daemon/core/retention/retention-pictures.js';
import type { OpenDatabase } from '../../daemon/host/sqlite.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import type { Ageing } from '../../daemon/kernel/retention/retention-rules.js';

/** A database in memory with these tables, and how many transactions changed it. */
function open(schema: string) {
  const db = new Sqlite(':memory:');
  db.exec(schema);
  let transactions = 0;
  const database = {
    db,
    read: <T>(work: () => T): T => work(),
    transaction<T>(work: () => T): T {
      transactions += 1;
      return db.transaction(work)();
    },
  } as unknown as OpenDatabase;
  const column = (sql: string): readonly unknown[] => db.prepare(sql).pluck().all();
  return { database, db, column, transactions: () => transactions };
}

/** What each batch of at most `limit` deletes, until nothing more is due. */
function batches(ageing: Ageing, beforeMs: number, limit: number): readonly number[] {
  const step = ageing.begin(beforeMs);
  const counts: number[] = [];
  for (let isMoreDue = true; isMoreDue; ) {
    assert.ok(counts.length < 20, 'it never ends');
    const batch = step(limit);
    counts.push(batch.count);
    ({ isMoreDue } = batch);
  }
  return counts;
}

describe('rows that age', () => {
  const seven = 'CREATE TABLE row (number INTEGER PRIMARY KEY, at INTEGER)';
  const filled = () => {
    const opened = open(seven);
    // Written in another order than that of their times.
    for (const at of [3, 1, 7, 5, 2, 6, 4]) opened.db.prepare('INSERT INTO row (at) VALUES (?)').run(at);
    return { ...opened, ageing: ageingRows(opened.database, { table: 'row', key: 'number', time: 'at' }) };
  };

  test('are due from the moment after their time, and counted as they are deleted', () => {
    const { ageing, column } = filled();
    assert.equal(ageing.countDue(6), 5);
    assert.equal(ageing.countDue(1), 0);
    assert.deepEqual(batches(ageing, 6, 100), [5]);
    assert.deepEqual(column('SELECT at FROM row ORDER BY at'), [6, 7]);
    assert.deepEqual(batches(ageing, 6, 100), [0], 'nothing is left');
  });

  test('go in batches, the oldest first, each in a transaction', () => {
    const { ageing, column, transactions } = filled();
    const step = ageing.begin(6);
    assert.deepEqual(step(2), { count: 2, isMoreDue: true });
    assert.deepEqual(column('SELECT at FROM row ORDER BY at'), [3, 4, 5, 6, 7]);
    assert.deepEqual(step(2), { count: 2, isMoreDue: true });
    assert.deepEqual(step(2), { count: 1, isMoreDue: false });
    assert.equal(transactions(), 3);
  });

  test('end also where the last batch was full', () => {
    assert.deepEqual(batches(filled().ageing, 6, 5), [5, 0]);
  });
});

test('a picture of an unknown person goes with its key, and one of a person without', () => {
  const { database, db, column } = open(
    `CREATE TABLE evidence (id TEXT, kind TEXT, taken_at_ms INTEGER, data_key_id TEXT, person_id TEXT);
     CREATE TABLE data_key (id TEXT)`,
  );
  const keep = (id: string, kind: string, atMs: number, personId: string | null): void => {
    db.prepare('INSERT INTO evidence VALUES (?, ?, ?, ?, ?)').run(id, kind, atMs, `key-${id}`, personId);
    db.prepare('INSERT INTO data_key VALUES (?)').run(`key-${id}`);
  };
  keep('ada', 'attack', 1, 'p1');
  keep('unknown', 'attack', 2, null);
  keep('third', 'attack', 3, null);
  keep('young', 'attack', 4, null);
  keep('other', 'passage', 1, null);
  const ageing = ageingEvidence(database, 'attack');
  assert.equal(ageing.countDue(4), 3);
  assert.deepEqual(batches(ageing, 4, 2), [2, 1]);
  assert.deepEqual(column('SELECT id FROM evidence ORDER BY id'), ['other', 'young']);
  assert.deepEqual(column('SELECT id FROM data_key ORDER BY id'), ['key-ada', 'key-other', 'key-young']);
});

test('a photo goes, and only its own templates forget it', () => {
  const { database, db, column } = open(
    `CREATE TABLE photograph (id TEXT, person_id TEXT, added_at_ms INTEGER);
     CREATE TABLE template (person_id TEXT, photograph_id TEXT)`,
  );
  for (const [id, person, atMs] of [
    ['f1', 'ada', 1],
    ['f2', 'ada', 5],
    ['f3', 'ben', 2],
  ] as const) {
    db.prepare('INSERT INTO photograph VALUES (?, ?, ?)').run(id, person, atMs);
    db.prepare('INSERT INTO template VALUES (?, ?)').run(person, id);
  }
  db.prepare("INSERT INTO template VALUES ('cleo', 'f1')").run();
  const ageing = ageingPhotographs(database);
  assert.equal(ageing.countDue(5), 2);
  assert.deepEqual(batches(ageing, 5, 1), [1, 1, 0]);
  assert.deepEqual(column('SELECT id FROM photograph'), ['f2']);
  assert.deepEqual(column("SELECT person_id || ' ' || coalesce(photograph_id, '-') FROM template"), [
    'ada -',
    'ada f2',
    'ben -',
    'cleo f1',
  ]);
});

test('the ids of erased persons go, the oldest first', () => {
  const { database, db, column } = open('CREATE TABLE tombstone (person_id TEXT, erased_at_ms INTEGER)');
  for (const [id, atMs] of Object.entries({ c: 3, a: 1, b: 2, d: 4 }))
    db.prepare('INSERT INTO tombstone VALUES (?, ?)').run(id, atMs);
  const ageing = ageingTombstones(database);
  assert.equal(ageing.countDue(4), 3);
  assert.deepEqual(ageing.begin(4)(1), { count: 1, isMoreDue: true });
  assert.deepEqual(column('SELECT person_id FROM tombstone ORDER BY person_id'), ['b', 'c', 'd']);
  assert.deepEqual(batches(ageing, 4, 2), [2, 0]);
});

describe('persons that age', () => {
  const schema = `CREATE TABLE person (id TEXT, state TEXT, changed_at_ms INTEGER, enrolled_at_ms INTEGER, import_id TEXT, data_key_id TEXT);
    CREATE TABLE data_key (id TEXT)`;
  function openPersons() {
    const opened = open(schema);
    const insert = opened.db.prepare('INSERT INTO person VALUES (?, ?, ?, ?, ?, ?)');
    const add = (id: string, state: string, atMs: number, importId: string | null = null): void => {
      insert.run(id, state, atMs, atMs, importId, `key-${id}`);
      opened.db.prepare('INSERT INTO data_key VALUES (?)').run(`key-${id}`);
    };
    return { ...opened, add };
  }

  test('are erased one by one, in the order in which they were removed', () => {
    const { database, add } = openPersons();
    add('late', 'removed', 2);
    add('first', 'removed', 1);
    add('young', 'removed', 5);
    add('active', 'active', 1);
    const erased: string[] = [];
    const ageing = ageingRemovedPersons(database, (id) => {
      erased.push(id);
      return true;
    });
    assert.equal(ageing.countDue(5), 2);
    assert.deepEqual(batches(ageing, 5, 100), [1, 1, 0]);
    assert.deepEqual(erased, ['first', 'late']);
  });

  test('stay if they were restored or removed anew meanwhile, and do not count if they have gone', () => {
    const { database, db, add } = openPersons();
    for (const [index, id] of ['gone', 'restored', 'again', 'last'].entries()) add(id, 'removed', index);
    const erased: string[] = [];
    const ageing = ageingRemovedPersons(database, (id) => {
      erased.push(id);
      return id !== 'gone';
    });
    const step = ageing.begin(5);
    db.exec("UPDATE person SET state = 'active' WHERE id = 'restored'");
    db.exec("UPDATE person SET changed_at_ms = 5 WHERE id = 'again'");
    const counts = Array.from({ length: 5 }, () => step(100).count);
    assert.deepEqual(counts, [0, 0, 0, 1, 0]);
    assert.deepEqual(erased, ['gone', 'last']);
  });

  test('of an import go when its last one is due, in the gallery that made it or row by row', () => {
    const { database, add, column } = openPersons();
    for (const [index, id] of ['o1', 'o2', 'o3'].entries()) add(id, 'staged', index, 'orphan');
    for (const [index, id] of ['k1', 'k2'].entries()) add(id, 'staged', index, 'known');
    for (const [index, id] of ['g1', 'g2'].entries()) add(id, 'staged', 5 * index, 'growing');
    add('ada', 'active', 0, 'orphan');
    const abandoned: string[] = [];
    const ageing = ageingImports(database, (importId) => {
      if (importId !== 'known') return undefined;
      abandoned.push(importId);
      return Number(database.db.prepare("DELETE FROM person WHERE import_id = 'known'").run().changes);
    });
    assert.equal(ageing.countDue(5), 5);
    const counts = batches(ageing, 5, 2);
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      5,
    );
    assert.ok(Math.max(...counts) <= 2, `${counts}`);
    assert.deepEqual(abandoned, ['known'], 'once, as a whole');
    assert.deepEqual(column('SELECT id FROM person ORDER BY id'), ['ada', 'g1', 'g2']);
    const keys = ['key-ada', 'key-g1', 'key-g2', 'key-k1', 'key-k2'];
    assert.deepEqual(column('SELECT id FROM data_key ORDER BY id'), keys, 'those of the known are its own');
  });

  test('of an import that its gallery cannot abandon end the run of their kind', () => {
    const { database, add } = openPersons();
    add('k1', 'staged', 0, 'known');
    assert.deepEqual(
      batches(
        ageingImports(database, () => 0),
        5,
        2,
      ),
      [0],
    );
  });
});
