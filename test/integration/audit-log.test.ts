import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openAuditLog } from '../../daemon/core/audit/audit-log.js';
import { retentionRun } from '../../daemon/kernel/actor.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import {
  type AuditFixture,
  auditEpochMs,
  auditKeyOf,
  openAuditFixture,
  somebody,
  withAuditLog,
} from '../support/audit-fixture.js';
import { mountSmallDisk } from '../support/small-disk.js';

const noteCount = ({ database }: AuditFixture): unknown =>
  database.db.prepare('SELECT count(*) FROM note').pluck().get();

describe('the audit log', () => {
  test('returns the written entries, and answers each append with sequence and hash', () =>
    withAuditLog(({ log, clock }) => {
      assert.deepEqual(log.verify(), { outcome: 'whole', entryCount: 0, segments: [] });
      const first = log.append({ by: somebody, action: 'key.initialised', subject: 'k-1' });
      clock.advanceBy(1500);
      const second = log.append({
        by: retentionRun,
        action: 'retention.run',
        details: { evidence: 3, isDry: false },
      });
      assert.deepEqual([first.sequence, second.sequence], [1, 2]);
      assert.match(second.hash, /^[0-9a-f]{64}$/);
      assert.deepEqual(log.list({}), [
        {
          sequence: 1,
          atMs: auditEpochMs,
          ...somebody,
          action: 'key.initialised',
          subject: 'k-1',
          details: {},
          hash: first.hash,
        },
        {
          sequence: 2,
          atMs: auditEpochMs + 1500,
          ...retentionRun,
          action: 'retention.run',
          details: { evidence: 3, isDry: false },
          hash: second.hash,
        },
      ]);
      const { keyId } = log;
      assert.deepEqual(log.verify(), {
        outcome: 'whole',
        entryCount: 2,
        segments: [{ keyId, first: 1, last: 2, isProven: true }],
        newest: second,
      });
    }));

  test('filters by time, action or group of actions, actor and subject', () =>
    withAuditLog(async ({ log, fill }) => {
      fill(9);
      log.append({ by: retentionRun, action: 'retention.run' });
      const sequences = (filter: Parameters<typeof log.list>[0]): number[] =>
        log.list(filter).map(({ sequence }) => sequence);
      assert.deepEqual(sequences({ action: 'person.erased' }), [3, 6, 9]);
      assert.deepEqual(sequences({ action: 'person' }), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
      assert.deepEqual(
        sequences({ action: 'person', limit: 2 }),
        [8, 9],
        'a limit keeps the newest entries; the oldest of them comes first',
      );
      assert.deepEqual(sequences({ action: 'perso' }), []);
      assert.deepEqual(sequences({ actor: 'retention' }), [10]);
      assert.deepEqual(sequences({ subject: 'p-4' }), [5]);
      assert.deepEqual(sequences({ fromMs: auditEpochMs + 2000, toMs: auditEpochMs + 4000 }), [3, 4]);
      assert.equal(log.count(), 10);
      assert.equal(log.count({ action: 'person.erased' }), 3);
      assert.deepEqual(await log.tallyInTurns({ fromMs: auditEpochMs + 7000 }), [
        { action: 'person.enrolled', actor: somebody.actor, count: 1 },
        { action: 'person.erased', actor: somebody.actor, count: 1 },
        { action: 'retention.run', actor: 'retention', count: 1 },
      ]);
    }));

  test('writes all entries of a transaction or none, without a gap', () =>
    withAuditLog((fixture) => {
      const { log, database, fill } = fixture;
      fill(2);
      const [a, b] = database.transaction(() => {
        database.db.exec("INSERT INTO note VALUES ('kept')");
        return [
          log.append({ by: somebody, action: 'person.enrolled' }),
          log.append({ by: somebody, action: 'person.changed' }),
        ];
      });
      assert.deepEqual([a?.sequence, b?.sequence], [3, 4]);
      assert.throws(
        () =>
          database.transaction(() => {
            database.db.exec("INSERT INTO note VALUES ('lost')");
            log.append({ by: somebody, action: 'person.enrolled' });
            log.append({ by: somebody, action: 'person.erased' });
            throw new Error('changed my mind');
          }),
        /changed my mind/,
      );
      assert.equal(noteCount(fixture), 1);
      assert.equal(log.append({ by: somebody, action: 'person.erased' }).sequence, 5);
      assert.equal(log.verify().outcome, 'whole');
      assert.equal(log.count(), 5);
    }));

  test('undoes the change of a transaction whose entry is refused', () =>
    withAuditLog((fixture) => {
      const { log, database } = fixture;
      assert.throws(
        () =>
          database.transaction(() => {
            database.db.exec("INSERT INTO note VALUES ('lost')");
            log.append({ by: somebody, action: 'person.enrolled', details: { who: 'Erika Mustermann' } });
          }),
        (error: unknown) => isRollcallError(error, 'audit-entry'),
      );
      assert.deepEqual([noteCount(fixture), log.count()], [0, 0]);
    }));

  test('rejects SQL that changes or deletes entries', () =>
    withAuditLog(({ database: { db }, log, fill, clock }) => {
      fill(3);
      log.prune(clock.wallMs() - 2000, somebody);
      assert.throws(() => db.exec("UPDATE audit SET actor = 'daemon'"), /never changed/);
      assert.throws(() => db.exec('DELETE FROM audit'), /behind an anchor/);
      assert.equal(log.verify().outcome, 'whole');
    }));

  test('keeps the order of the sequence if the clock is set back', () =>
    withAuditLog(({ database, log, fill }) => {
      fill(3);
      const key = auditKeyOf(7);
      const clock = {
        monotonicMs: () => 0,
        wallMs: () => 1234.75,
        after: () => ({ cancel: () => undefined }),
      };
      openAuditLog({ database, key, clock }).append({ by: somebody, action: 'daemon.started' });
      assert.equal(log.list({}).at(-1)?.atMs, 1234);
      assert.equal(log.verify().outcome, 'whole');
      assert.equal(
        log.prune(auditEpochMs, retentionRun).cutCount,
        0,
        'an older entry has a newer time, so nothing is cut',
      );
    }));

  test('verifies 10,000 entries, with turns of the event loop in between', () =>
    withAuditLog(async ({ database, log, fill }) => {
      database.transaction(() => fill(10_000));
      const verdict = log.verify();
      assert.deepEqual([verdict.outcome, verdict.entryCount], ['whole', 10_000]);
      let turns = 0;
      const count = (): void => {
        turns += 1;
        if (turns < 1000) setImmediate(count);
      };
      setImmediate(count);
      assert.deepEqual(await log.verifyInTurns(), verdict);
      assert.ok(turns >= 20, `${turns} turns`);
      turns = 1000;
    }));

  test('verifies in turns while entries are written and cut', () =>
    withAuditLog(async ({ database, log, fill, clock }) => {
      database.transaction(() => fill(2000));
      const verdict = log.verifyInTurns();
      fill(3);
      await new Promise((resolve) => setImmediate(resolve));
      log.prune(clock.wallMs() - 1_000_000, retentionRun);
      const { outcome, newest } = await verdict;
      assert.deepEqual([outcome, newest?.sequence], ['whole', 2004]);
    }));
});

describe('a full disk', () => {
  test('leaves the chain whole, and entries are written again once there is room', async (context) => {
    const disk = mountSmallDisk(2);
    if ('skip' in disk) return context.skip(disk.skip);
    using small = disk;
    using fixture = openAuditFixture(join(small.path, 'audit.db'));
    const { log, fill } = fixture;
    fill(5);
    small.fill();
    let written = 5;
    assert.throws(
      () => {
        for (;;) {
          fill(1);
          written += 1;
        }
      },
      (error: unknown) => isRollcallError(error, 'disk-full') || isRollcallError(error, 'disk-failed'),
    );
    assert.deepEqual([log.verify().outcome, log.count()], ['whole', written]);
    small.free();
    fill(2);
    assert.deepEqual([log.verify().outcome, log.count()], ['whole', written + 2]);
  });
});
