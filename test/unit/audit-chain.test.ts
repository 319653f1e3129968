import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AuditRows } from '../../daemon/core/audit/audit-rows.js';
import { auditKeyId } from '../../daemon/core/audit/audit-seal.js';
import { readLog, replaceLog } from '../../daemon/core/audit/carry-log.js';
import { ChainCheck } from '../../daemon/core/audit/chain-check.js';
import {
  type AuditFixture,
  auditEpochMs,
  auditKeyOf,
  openAuditFixture,
  somebody,
} from '../support/audit-fixture.js';

const entry = { by: somebody, action: 'person.enrolled' } as const;
const others = 'ffffffffffffffff';

/** The number that the next entry gets, and whether the log is whole with it. */
function nextAfter(count: number, change: (fixture: AuditFixture) => void): readonly [number, string] {
  using fixture = openAuditFixture();
  fixture.fill(count);
  change(fixture);
  const { sequence } = fixture.log.append(entry);
  return [sequence, fixture.log.verify().outcome];
}

describe('the next entry of the audit log', () => {
  const headTo = (sql: string) => (fixture: AuditFixture) =>
    fixture.tamper(`UPDATE audit_mark SET ${sql} WHERE kind = 'head'`);
  const cases: readonly (readonly [
    what: string,
    change: (fixture: AuditFixture) => void,
    next: number,
    outcome: string,
  ])[] = [
    ['follows the newest', () => undefined, 4, 'whole'],
    [
      'follows the record of the newest entry if that entry is gone',
      ({ tamper }) => tamper('DELETE FROM audit WHERE sequence > 1'),
      4,
      'broken',
    ],
    [
      'leaves out a number if the record is gone',
      ({ tamper }) => tamper('DELETE FROM audit_mark'),
      5,
      'broken',
    ],
    ['leaves out a number if the record was altered', headTo('sequence = 7'), 5, 'broken'],
    [
      'leaves out a number if the record is older',
      ({ tamper, fill, database }) => {
        const head = database.db.prepare("SELECT * FROM audit_mark WHERE kind = 'head'").get();
        fill(1);
        tamper(
          'UPDATE audit_mark SET sequence = @sequence, hash = @hash, seal = @seal WHERE kind = @kind',
          head,
        );
      },
      6,
      'broken',
    ],
    [
      'follows the last pruned entry if no entry is left',
      ({ log, clock, tamper }) => {
        log.prune(clock.wallMs(), somebody);
        tamper('DELETE FROM audit');
        tamper("DELETE FROM audit_mark WHERE kind = 'head'");
      },
      5,
      'broken',
    ],
    [
      'has number 2 if only an altered record is left',
      ({ tamper }) => {
        tamper('DELETE FROM audit');
        headTo('sequence = 9')({ tamper } as AuditFixture);
      },
      2,
      'broken',
    ],
  ];
  for (const [what, change, next, outcome] of cases) {
    test(what, () => assert.deepEqual(nextAfter(3, change), [next, outcome]));
  }

  // The record of another key cannot be proven. It is trusted if it matches the newest entry.
  const underOther = (fixture: AuditFixture): void => {
    fixture.tamper(`UPDATE audit SET key_id = '${others}'`);
    fixture.tamper(`UPDATE audit_mark SET key_id = '${others}'`);
  };
  const foreign: readonly (readonly [what: string, sql: string | undefined, next: number])[] = [
    ['that names the newest entry is used', undefined, 5],
    ['that names another number is not used', 'UPDATE audit_mark SET sequence = 2', 6],
    ['that names another hash is not used', 'UPDATE audit_mark SET hash = zeroblob(32)', 6],
    [
      'that is under another key than the newest entry is not used',
      "UPDATE audit SET key_id = 'eeeeeeeeeeeeeeee'",
      6,
    ],
    ['without any entry is not used', 'DELETE FROM audit', 2],
  ];
  for (const [what, sql, next] of foreign) {
    test(`under a new key: a record under a lost key ${what}`, () => {
      const [sequence] = nextAfter(3, (fixture) => {
        underOther(fixture);
        if (sql !== undefined) fixture.tamper(sql);
      });
      assert.equal(sequence, next);
    });
  }

  test('under a new key follows one that names the former key, unless that is malformed', () => {
    for (const [keyId, formerKey] of [
      [others, others],
      ['Erika', 'unreadable'],
      [`${others}0`, 'unreadable'],
    ] as const) {
      using fixture = openAuditFixture();
      fixture.fill(1);
      fixture.tamper('UPDATE audit SET key_id = ?', keyId);
      fixture.tamper('UPDATE audit_mark SET key_id = ?', keyId);
      assert.equal(fixture.log.foreignKeyId, keyId);
      const written = fixture.log.append(entry);
      const [, changed, last] = fixture.log.list({});
      assert.deepEqual([changed?.action, changed?.details], ['audit.key-changed', { formerKey }]);
      assert.deepEqual({ sequence: last?.sequence, hash: last?.hash }, written);
      assert.equal(fixture.log.foreignKeyId, undefined);
    }
  });

  test('has its time in whole milliseconds, and reads back as it was written', () => {
    using fixture = openAuditFixture();
    fixture.clock.advanceBy(0.75);
    fixture.log.append(entry);
    fixture.log.append({ ...entry, subject: 'p-1', details: { templates: 2 } });
    fixture.tamper("UPDATE audit SET details = '{' WHERE sequence = 1");
    const [first, second] = fixture.log.list({});
    const { hash: _first, ...bare } = first ?? {};
    const { hash, ...whole } = second ?? {};
    const common = { atMs: auditEpochMs, ...somebody, action: 'person.enrolled' };
    assert.deepEqual(bare, { ...common, sequence: 1, details: { unreadable: true } });
    assert.deepEqual(whole, { ...common, sequence: 2, subject: 'p-1', details: { templates: 2 } });
    assert.deepEqual(fixture.log.newest(), { sequence: 2, hash, keyId: fixture.log.keyId });
    assert.equal(fixture.log.oldest()?.sequence, 1);
    assert.deepEqual(
      fixture.log.from(2, 5).map(({ sequence }) => sequence),
      [2],
    );
  });
});

describe('a log that is copied to another file', () => {
  test('is the same there, replaces the other log, and stays protected', () => {
    using from = openAuditFixture();
    from.fill(5);
    from.log.prune(auditEpochMs + 2_000, somebody);
    using to = openAuditFixture();
    to.fill(9);
    const carried = readLog(from.database.db);
    to.database.transaction(() => replaceLog(to.database.db, carried));
    const all = ({ database: { db } }: AuditFixture) =>
      ['audit', 'audit_mark'].map((table) => db.prepare(`SELECT * FROM ${table} ORDER BY sequence`).all());
    assert.deepEqual(all(to), all(from));
    assert.deepEqual(
      carried.entries.map((row) => row['sequence']),
      [3, 4, 5, 6],
    );
    const there = to.reopened(auditKeyOf(7));
    assert.deepEqual(there.verify(), from.log.verify());
    assert.equal(there.verify().outcome, 'whole');
    assert.throws(() => to.database.db.exec("UPDATE audit SET actor = 'daemon'"), /never changed/);
    assert.equal(there.append(entry).sequence, 7);
  });
});

describe('the check of the chain', () => {
  /** What is said of a log of three entries after `change`: `reason sequence`, or how whole it is. */
  const saidOf = (change: (fixture: AuditFixture) => void, key = auditKeyOf(7)): string => {
    using fixture = openAuditFixture();
    fixture.fill(3);
    change(fixture);
    const { outcome, breakage, segments } = fixture.reopened(key).verify();
    if (breakage !== undefined) return `${breakage.reason} ${breakage.sequence}`;
    return `${outcome} ${segments.map(({ first, last, isProven }) => `${first}-${last}${isProven ? '' : '?'}`)}`;
  };
  const sql =
    (...statements: readonly string[]) =>
    ({ tamper }: AuditFixture): void => {
      for (const each of statements) tamper(each);
    };
  const stranger = (sequence: number, action = 'audit.key-changed'): string =>
    `UPDATE audit SET key_id = '${others}', action = '${action}' WHERE sequence = ${sequence}`;
  const headUnder = (keyId: string): string => `UPDATE audit_mark SET key_id = '${keyId}'`;

  const cases: readonly (readonly [what: string, change: (fixture: AuditFixture) => void, said: string])[] = [
    ['nothing changed', () => undefined, 'whole 1-3'],
    ['an empty log with the record of an entry', sql('DELETE FROM audit'), 'truncated 1'],
    ['an empty log without any', sql('DELETE FROM audit', 'DELETE FROM audit_mark'), 'whole '],
    ['the record gone', sql('DELETE FROM audit_mark'), 'truncated 4'],
    ['the record of a newer entry than there is', sql('DELETE FROM audit WHERE sequence = 3'), 'truncated 3'],
    [
      'an entry before the first',
      sql(
        'INSERT INTO audit SELECT 0, at_ms, actor, origin, action, subject, details, key_id, previous, hash FROM audit WHERE sequence = 1',
      ),
      'altered 0',
    ],
    ['the first gone', sql('DELETE FROM audit WHERE sequence = 1'), 'cut 1'],
    ['one in the middle gone', sql('DELETE FROM audit WHERE sequence = 2'), 'missing 2'],
    ['one under a key without an entry of the change to it', sql(stranger(2, 'person.changed')), 'altered 2'],
    ['one under a strange key with the action of a key change', sql(stranger(2)), 'altered 2'],
    [
      'the newest under a strange key, with its record',
      sql(stranger(3), headUnder(others)),
      'unproven 1-2,3-3?',
    ],
    ['the newest under a strange key', sql(stranger(3)), 'altered 3'],
    ['the first under a strange key', sql(stranger(1)), 'altered 1'],
    ['the record under a strange key, the newest entry proven', sql(headUnder(others)), 'truncated 4'],
    [
      'a link to another entry under a strange key',
      sql(stranger(3), headUnder(others), 'UPDATE audit SET previous = zeroblob(32) WHERE sequence = 3'),
      'altered 3',
    ],
    [
      'a first entry that names one before it',
      sql(stranger(1), 'UPDATE audit SET previous = randomblob(32) WHERE sequence = 1'),
      'cut 1',
    ],
  ];
  for (const [what, change, said] of cases)
    test(`${what}: ${said}`, () => assert.equal(saidOf(change), said));

  test('under a lost key all entries are unproven, and one that does not fit is still broken', () => {
    const other = auditKeyOf(9);
    const withRecord = sql('UPDATE audit_mark SET sequence = 2', 'DELETE FROM audit WHERE sequence = 3');
    assert.equal(
      saidOf(() => undefined, other),
      'unproven 1-3?',
    );
    assert.equal(saidOf(withRecord, other), 'reordered 2', 'its hash is that of the third');
    assert.equal(saidOf(sql('DELETE FROM audit WHERE sequence = 2'), other), 'missing 2');
    const linked = sql('UPDATE audit SET previous = zeroblob(32) WHERE sequence = 2');
    assert.equal(saidOf(linked, other), 'altered 2');
  });

  test('of a log that began again under an available key names the first entry that differs', () => {
    using fixture = openAuditFixture();
    fixture.fill(2);
    const other = fixture.reopened(auditKeyOf(9), [auditKeyOf(7)]);
    other.append(entry);
    fixture.tamper("UPDATE audit SET action = 'person.changed' WHERE sequence = 3");
    assert.equal(fixture.reopened(auditKeyOf(7)).verify().breakage?.sequence, 3);
    const { sequence, reason } = other.verify().breakage ?? {};
    assert.deepEqual([sequence, reason], [3, 'altered']);
  });

  test('ends at the first entry that does not fit', () => {
    using fixture = openAuditFixture();
    fixture.fill(3);
    const rows = new AuditRows(fixture.database).after(0, 9);
    const check = new ChainCheck(new Map([[auditKeyId(auditKeyOf(7)), auditKeyOf(7)]]), undefined);
    const [first, , third] = rows;
    assert.ok(first !== undefined && third !== undefined);
    assert.deepEqual([check.step(first), check.step(third), check.step(third)], [true, false, false]);
    const { entryCount, newest, breakage } = check.finish(undefined);
    assert.deepEqual([entryCount, newest?.sequence, breakage?.reason], [1, 1, 'missing']);
  });

  test('compares a noted entry, also with pruned ones', () => {
    using fixture = openAuditFixture();
    fixture.fill(3);
    const { log } = fixture;
    const hashOf = (sequence: number) => log.from(sequence, 1)[0]?.hash ?? '';
    const said = (sequence: number, hash: string) => {
      const { outcome, breakage } = log.verify({ sequence, hash });
      return breakage === undefined ? outcome : `${breakage.reason} ${breakage.sequence}`;
    };
    assert.equal(said(2, hashOf(2)), 'whole');
    assert.equal(said(2, hashOf(3)), 'reordered 2');
    assert.equal(said(3, hashOf(3)), 'whole');
    assert.equal(said(4, hashOf(3)), 'truncated 4');
    log.prune(auditEpochMs + 2_000, somebody);
    assert.equal(said(1, hashOf(3)), 'whole', 'what is cut off cannot tell');
    assert.equal(said(2, hashOf(3)), 'reordered 2', 'the last that was cut off can');
  });
});

describe('the check of a log from an entry on', () => {
  const since = (sequence: number, change: (fixture: AuditFixture) => void = () => undefined): boolean => {
    using fixture = openAuditFixture();
    fixture.fill(4);
    change(fixture);
    return fixture.log.isWholeSince(sequence);
  };
  const headOf = ({ database }: AuditFixture) =>
    database.db.prepare("SELECT * FROM audit_mark WHERE kind = 'head'").get();
  const putHead = ({ tamper }: AuditFixture, head: unknown): void =>
    tamper('UPDATE audit_mark SET sequence = @sequence, hash = @hash, seal = @seal WHERE kind = @kind', head);
  const sql =
    (...statements: readonly string[]) =>
    ({ tamper }: AuditFixture): void => {
      for (const each of statements) tamper(each);
    };

  test('accepts present entries, also the last alone', () => {
    assert.deepEqual(
      [1, 2, 4, 5, 0].map((sequence) => since(sequence)),
      [true, true, true, false, false],
    );
  });

  test('does not depend on earlier entries', () => {
    const change = sql("UPDATE audit SET actor = 'uid:0' WHERE sequence = 2");
    assert.deepEqual([since(3, change), since(2, change), since(1, change)], [true, false, false]);
  });

  for (const [what, change] of [
    ['one is gone', sql('DELETE FROM audit WHERE sequence = 3')],
    ['the newest is gone', sql('DELETE FROM audit WHERE sequence = 4')],
    ['one is under a lost key', sql(`UPDATE audit SET key_id = '${others}' WHERE sequence = 3`)],
    ['the record of the newest is gone', sql('DELETE FROM audit_mark')],
    ['the record of the newest was altered', sql('UPDATE audit_mark SET seal = zeroblob(32)')],
    ['the record of the newest is under a lost key', sql(`UPDATE audit_mark SET key_id = '${others}'`)],
    [
      'the record is that of another one with its number',
      (fixture: AuditFixture) => {
        const { log, fill, tamper } = fixture;
        const before = headOf(fixture);
        fill(1);
        const replaced = headOf(fixture);
        tamper('DELETE FROM audit WHERE sequence = 5');
        putHead(fixture, before);
        log.append(entry);
        assert.equal(log.isWholeSince(5), true);
        putHead(fixture, replaced);
      },
    ],
    [
      'the record is that of an older one',
      (fixture: AuditFixture) => {
        const older = headOf(fixture);
        fixture.fill(1);
        putHead(fixture, older);
      },
    ],
    [
      'one is from another history of the same log',
      ({ database, fill, tamper, clock }: AuditFixture) => {
        const { db } = database;
        db.exec('CREATE TEMP TABLE mark AS SELECT * FROM audit_mark');
        fill(1);
        db.exec('CREATE TEMP TABLE tail AS SELECT * FROM audit WHERE sequence = 5');
        tamper('DELETE FROM audit WHERE sequence = 5');
        tamper('DELETE FROM audit_mark');
        db.exec('INSERT INTO audit_mark SELECT * FROM mark');
        clock.advanceBy(1);
        fill(2);
        tamper('DELETE FROM audit WHERE sequence = 5');
        db.exec('INSERT INTO audit SELECT * FROM tail');
      },
    ],
  ] as const) {
    test(`fails if ${what}`, () => assert.equal(since(2, change), false));
  }

  test('follows any number of batches, and so does the check of the whole log', async () => {
    using fixture = openAuditFixture();
    for (const count of [249, 1, 1, 249, 1]) {
      fixture.database.transaction(() => fixture.fill(count));
      const { entryCount, outcome } = fixture.log.verify();
      assert.deepEqual([entryCount, outcome], [fixture.log.count(), 'whole']);
      assert.deepEqual([fixture.log.isWholeSince(1), fixture.log.isWholeSince(200)], [true, true]);
      assert.equal((await fixture.log.verifyInTurns()).entryCount, entryCount);
    }
    fixture.tamper("UPDATE audit SET actor = 'uid:0' WHERE sequence = 500");
    assert.deepEqual([fixture.log.isWholeSince(1), fixture.log.verify().outcome], [false, 'broken']);
    assert.equal(fixture.log.list({}).length, 100, 'shown by default');
  });
});

describe('deletion of old entries', () => {
  test('ends before the first entry that is not older, and keeps all after it', () => {
    using fixture = openAuditFixture();
    fixture.fill(4);
    const at = (ms: number, limit?: number) => fixture.log.prune(auditEpochMs + ms, somebody, limit);
    assert.deepEqual(at(0), { cutCount: 0, isMoreDue: false });
    assert.equal(fixture.log.count(), 4, 'nothing is said where nothing is done');
    assert.equal(at(1).cutCount, 1);
    assert.deepEqual(fixture.log.list({}).at(-1)?.details, { entries: 1, through: 1, outcome: 'whole' });
    const { cutCount, isMoreDue } = at(3_000, 1);
    assert.deepEqual([cutCount, isMoreDue], [1, true]);
    const last = at(3_000, 1);
    assert.deepEqual([last.cutCount, last.isMoreDue, last.verdict?.outcome], [1, false, 'whole']);
    assert.equal(fixture.log.verify().outcome, 'whole');
  });

  test('takes a thousand entries at a time by default', () => {
    using fixture = openAuditFixture();
    fixture.database.transaction(() => fixture.fill(1_001));
    const { cutCount, isMoreDue } = fixture.log.prune(fixture.clock.wallMs(), somebody);
    assert.deepEqual([cutCount, isMoreDue], [1_000, true]);
  });
});
