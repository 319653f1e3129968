import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { retentionRun } from '../../daemon/audit/actor.js';
import { openAuditLog } from '../../daemon/audit/audit-log.js';
import { isRollcallError } from '../../daemon/base/errors.js';
import {
  type AuditFixture,
  auditEpochMs,
  auditKeyOf,
  openAuditFixture,
  somebody,
} from '../support/audit-fixture.js';
import { mountSmallDisk } from '../support/small-disk.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

async function withLog(work: (fixture: AuditFixture) => void | Promise<void>): Promise<void> {
  await using directory = await temporaryDirectory();
  using fixture = openAuditFixture(join(directory.path, 'audit.db'));
  await work(fixture);
}

const noteCount = ({ database }: AuditFixture): unknown =>
  database.db.prepare('SELECT count(*) FROM note').pluck().get();

describe('the audit log', () => {
  test('gives back what was written, and answers with its place and hash', () =>
    withLog(({ log, clock }) => {
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
    withLog(({ log, fill }) => {
      fill(9);
      log.append({ by: retentionRun, action: 'retention.run' });
      const sequences = (filter: Parameters<typeof log.list>[0]): number[] =>
        log.list(filter).map(({ sequence }) => sequence);
      assert.deepEqual(sequences({ action: 'person.erased' }), [3, 6, 9]);
      assert.deepEqual(sequences({ action: 'person' }), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
      assert.deepEqual(sequences({ action: 'person', limit: 2 }), [8, 9], 'the newest, oldest first');
      assert.deepEqual(sequences({ action: 'perso' }), []);
      assert.deepEqual(sequences({ actor: 'retention' }), [10]);
      assert.deepEqual(sequences({ subject: 'p-4' }), [5]);
      assert.deepEqual(sequences({ fromMs: auditEpochMs + 2000, toMs: auditEpochMs + 4000 }), [3, 4]);
      assert.equal(log.count(), 10);
      assert.equal(log.count({ action: 'person.erased' }), 3);
      assert.deepEqual(log.countPerAction({ fromMs: auditEpochMs + 7000 }), {
        'person.enrolled': 1,
        'person.erased': 1,
        'retention.run': 1,
      });
    }));

  test('writes within the transaction that runs: all entries of it or none, and no gap', () =>
    withLog((fixture) => {
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

  test('takes the change along when the entry is refused', () =>
    withLog((fixture) => {
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

  test('is not changed or shortened by a mistake of the program', () =>
    withLog(({ database: { db }, log, fill, clock }) => {
      fill(3);
      log.prune(clock.wallMs() - 2000, somebody);
      assert.throws(() => db.exec("UPDATE audit SET actor = 'daemon'"), /never changed/);
      assert.throws(() => db.exec('DELETE FROM audit'), /behind an anchor/);
      assert.equal(log.verify().outcome, 'whole');
    }));

  test('goes by its sequence where the clock is set back', () =>
    withLog(({ database, log, fill }) => {
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
      assert.equal(log.prune(auditEpochMs, retentionRun).cutCount, 0, 'entries before it are newer');
    }));

  test('verifies 10,000 entries, with turns of the event loop between', () =>
    withLog(async ({ database, log, fill }) => {
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
    withLog(async ({ database, log, fill, clock }) => {
      database.transaction(() => fill(2000));
      const verdict = log.verifyInTurns();
      fill(3);
      await new Promise((resolve) => setImmediate(resolve));
      log.prune(clock.wallMs() - 1_000_000, retentionRun);
      const { outcome, newest } = await verdict;
      assert.deepEqual([outcome, newest?.sequence], ['whole', 2004]);
    }));
});

describe('forgetting old entries', () => {
  test('cuts the oldest, says so, and the rest still verifies', () =>
    withLog(({ log, fill }) => {
      fill(10);
      const { cutCount, isMoreDue, verdict } = log.prune(auditEpochMs + 4000, retentionRun);
      assert.deepEqual([cutCount, isMoreDue, verdict?.outcome], [4, false, 'whole']);
      assert.deepEqual(
        log.list({}).map(({ sequence }) => sequence),
        [5, 6, 7, 8, 9, 10, 11],
      );
      const { action, details, actor } = log.list({}).at(-1) ?? {};
      assert.deepEqual([action, actor], ['audit.pruned', 'retention']);
      assert.deepEqual(details, { entries: 4, through: 4, outcome: 'whole' });
      assert.equal(log.verify().outcome, 'whole');
      assert.equal(log.prune(auditEpochMs + 4000, retentionRun).cutCount, 0);
      assert.equal(log.count(), 7, 'nothing cut, nothing said');
    }));

  test('goes in steps, and may take everything', () =>
    withLog(({ log, fill, clock }) => {
      fill(10);
      const beforeMs = clock.wallMs();
      const steps = [1, 2, 3].map(() => log.prune(beforeMs, retentionRun, 4));
      assert.deepEqual(
        steps.map(({ cutCount, isMoreDue }) => [cutCount, isMoreDue]),
        [
          [4, true],
          [4, true],
          [2, false],
        ],
      );
      assert.deepEqual([log.verify().outcome, log.count()], ['whole', 3]);
      clock.advanceBy(1000);
      log.prune(clock.wallMs(), retentionRun);
      assert.deepEqual([log.verify().outcome, log.count()], ['whole', 1]);
      assert.equal(log.append({ by: somebody, action: 'key.unlocked' }).sequence, 15);
      assert.equal(log.verify().outcome, 'whole');
    }));

  test('keeps what it found wrong in the entry about the cut', () =>
    withLog(({ log, fill, tamper }) => {
      fill(10);
      tamper("UPDATE audit SET actor = 'uid:0' WHERE sequence = 3");
      const { verdict } = log.prune(auditEpochMs + 5000, retentionRun);
      assert.equal(verdict?.breakage?.sequence, 3);
      assert.deepEqual(log.list({}).at(-1)?.details, {
        entries: 5,
        through: 5,
        outcome: 'broken',
        brokenAt: 3,
        reason: 'altered',
      });
      assert.equal(log.verify().outcome, 'whole', 'the rest is');
    }));
});

describe('another audit key', () => {
  test('is noticed, and new entries begin a segment that says so', () =>
    withLog(({ log, fill, reopened }) => {
      fill(3);
      assert.equal(log.foreignKeyId, undefined);
      const other = reopened(auditKeyOf(9));
      assert.equal(other.foreignKeyId, log.keyId);
      assert.equal(other.verify().outcome, 'unproven');
      assert.equal(other.append({ by: somebody, action: 'key.unlocked' }).sequence, 5);
      assert.equal(other.foreignKeyId, undefined);
      const begun = other.list({ action: 'audit.key-changed' });
      assert.deepEqual(
        begun.map(({ sequence, actor, details }) => ({ sequence, actor, details })),
        [{ sequence: 4, actor: 'daemon', details: { formerKey: log.keyId } }],
      );
      const verdict = other.verify();
      assert.equal(verdict.outcome, 'unproven');
      assert.deepEqual(verdict.segments, [
        { keyId: log.keyId, first: 1, last: 3, isProven: false },
        { keyId: other.keyId, first: 4, last: 5, isProven: true },
      ]);
      assert.equal(log.verify().outcome, 'unproven', 'with the former key alone the rest cannot be proven');
    }));

  test('proves everything together with the former one, and finds what was altered then', () =>
    withLog(({ fill, reopened, tamper }) => {
      fill(3);
      const both = reopened(auditKeyOf(9), [auditKeyOf(7)]);
      both.append({ by: somebody, action: 'key.unlocked' });
      assert.equal(both.verify().outcome, 'whole');
      assert.equal(reopened(auditKeyOf(9)).verify().outcome, 'unproven');
      tamper("UPDATE audit SET subject = 'p-9' WHERE sequence = 2");
      assert.deepEqual(both.verify().breakage?.sequence, 2);
      assert.equal(reopened(auditKeyOf(9)).verify().outcome, 'unproven', 'only the key can tell');
    }));

  test('does not hide a change of the order or of what the next segment names', () =>
    withLog(({ fill, reopened, tamper }) => {
      fill(3);
      const other = reopened(auditKeyOf(9));
      other.append({ by: somebody, action: 'key.unlocked' });
      tamper('DELETE FROM audit WHERE sequence = 2');
      assert.equal(other.verify().breakage?.sequence, 2);
    }));

  test('may be followed by the first again', () =>
    withLog(({ log, fill, reopened }) => {
      fill(2);
      reopened(auditKeyOf(9)).append({ by: somebody, action: 'key.unlocked' });
      fill(1);
      assert.equal(reopened(auditKeyOf(7), [auditKeyOf(9)]).verify().outcome, 'whole');
      const { outcome, segments } = log.verify();
      assert.equal(outcome, 'unproven');
      assert.deepEqual(
        segments.map(({ first, last, isProven }) => [first, last, isProven]),
        [
          [1, 2, true],
          [3, 4, false],
          [5, 6, true],
        ],
      );
    }));
});

describe('a full disk', () => {
  test('leaves the chain whole, and writing goes on once there is room', async (context) => {
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
