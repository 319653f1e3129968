import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { retentionRun } from '../../daemon/kernel/actor.js';
import { auditEpochMs, auditKeyOf, somebody, withAuditLog } from '../support/audit-fixture.js';

describe('the retention of audit entries', () => {
  test('cuts the oldest entries, writes an entry about the cut, and the rest still verifies', () =>
    withAuditLog(({ log, fill }) => {
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
      assert.equal(log.count(), 7, 'without a cut there is no new entry');
    }));

  test('keeps the last cut entry comparable with a noted one', () =>
    withAuditLog(({ log, fill }) => {
      fill(4);
      const noted = log.list({}).at(-1);
      assert.ok(noted);
      fill(2);
      log.prune(auditEpochMs + 4000, retentionRun);
      assert.equal(log.verify(noted).outcome, 'whole');
      assert.equal(log.verify({ sequence: 4, hash: 'ab'.repeat(32) }).breakage?.sequence, 4);
      assert.equal(
        log.verify({ sequence: 1, hash: noted.hash }).outcome,
        'whole',
        'an entry that was cut cannot be compared',
      );
    }));

  test('cuts in steps, and may cut all entries', () =>
    withAuditLog(({ log, fill, clock }) => {
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

  test('records a broken entry that it cuts in the entry about the cut', () =>
    withAuditLog(({ log, fill, tamper }) => {
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
      assert.equal(log.verify().outcome, 'whole', 'the remaining entries are whole');
    }));
});

describe('another audit key', () => {
  test('is noticed, and the first new entry begins a segment and names the former key', () =>
    withAuditLog(({ log, fill, reopened }) => {
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

  test('verifies everything together with the former key, and finds entries altered under that key', () =>
    withAuditLog(({ fill, reopened, tamper }) => {
      fill(3);
      const both = reopened(auditKeyOf(9), [auditKeyOf(7)]);
      both.append({ by: somebody, action: 'key.unlocked' });
      assert.equal(both.verify().outcome, 'whole');
      assert.equal(reopened(auditKeyOf(9)).verify().outcome, 'unproven');
      tamper("UPDATE audit SET subject = 'p-9' WHERE sequence = 2");
      assert.deepEqual(both.verify().breakage?.sequence, 2);
      assert.equal(
        reopened(auditKeyOf(9)).verify().outcome,
        'unproven',
        'without the former key the change cannot be found',
      );
    }));

  test('does not hide an entry that is missing in an unproven segment', () =>
    withAuditLog(({ fill, reopened, tamper }) => {
      fill(3);
      const other = reopened(auditKeyOf(9));
      other.append({ by: somebody, action: 'key.unlocked' });
      tamper('DELETE FROM audit WHERE sequence = 2');
      assert.equal(other.verify().breakage?.sequence, 2);
    }));

  test('detects an altered last entry of the segment before, although that segment is unproven', () =>
    withAuditLog(({ fill, reopened, tamper }) => {
      fill(3);
      const other = reopened(auditKeyOf(9));
      other.append({ by: somebody, action: 'key.unlocked' });
      tamper('UPDATE audit SET hash = zeroblob(32) WHERE sequence = 3');
      const { sequence, reason } = other.verify().breakage ?? {};
      assert.deepEqual([sequence, reason], [3, 'altered']);
    }));

  test('may be followed by the first key again', () =>
    withAuditLog(({ log, fill, reopened }) => {
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
