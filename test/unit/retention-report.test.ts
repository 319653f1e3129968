import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { retentionSchema } from '../../daemon/contract/settings/retention-schema.js';
import type { AuditLog } from '../../daemon/core/audit/audit-log.js';
import { Retention } from '../../daemon/core/retention/retention.js';
import type { AgeingKinds } from '../../daemon/core/retention/retention-run.js';
import { retentionRun } from '../../daemon/kernel/actor.js';
import { operational } from '../../daemon/kernel/errors.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { type Ageing, retentionKinds } from '../../daemon/kernel/retention/retention-rules.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

const nothing: Ageing = { countDue: () => 0, begin: () => () => ({ count: 0, isMoreDue: false }) };
const photographs: Ageing = {
  countDue: () => 2,
  begin: () => () => ({ count: 2, isMoreDue: false }),
};

/** Retention that deletes two photos; its audit log does what `append` does. */
function start(append: (entry: Parameters<AuditLog['append']>[0]) => void): Retention {
  const idle = Object.fromEntries(retentionKinds.map((kind) => [kind, nothing])) as Record<
    (typeof retentionKinds)[number],
    Ageing
  >;
  const kinds: AgeingKinds = { ...idle, photographs };
  return new Retention({
    ...{ kinds: () => kinds, rules: () => retentionSchema.parse({}), timeZone: 'UTC' },
    ...{ newestRecordMs: () => undefined, emptyLogs: () => true, database: () => undefined },
    ...{ audit: { append } as unknown as AuditLog, logger: silentLogger },
    clock: new VirtualClock(Date.UTC(2026, 5, 1)),
  });
}

describe('the report of a retention run', () => {
  test('goes into the audit log with what was deleted', async () => {
    const entries: unknown[] = [];
    await using retention = start((entry) => void entries.push(entry));
    const report = await retention.run({ isClockConfirmed: false }, retentionRun);
    assert.deepEqual([report.forgotten, report.failures], [{ photographs: 2 }, []]);
    const details = { photographs: 2, failed: 0, tookMs: report.durationMs };
    assert.deepEqual(entries, [{ by: retentionRun, action: 'retention.run', details }]);
  });

  test('names the audit log that takes no entry, and is remembered all the same', async () => {
    await using retention = start(() => {
      throw operational('disk-full', 'the disk is full', { remedy: 'Make room.' });
    });
    const failure = { kind: 'report', code: 'disk-full', message: 'the disk is full', remedy: 'Make room.' };
    const { forgotten, failures } = await retention.run({ isClockConfirmed: false }, retentionRun);
    assert.deepEqual([forgotten, failures], [{ photographs: 2 }, [failure]]);
    assert.equal(retention.summary.failures, 1);
    assert.equal(retention.summary.lastRunAt, '2026-06-01T00:00:00.000Z');
    assert.deepEqual((await retention.show()).lastRun?.failures, [failure]);
  });
});
