import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { auditData } from '../../daemon/contract/events/notice-data.js';
import { auditDigest, checkDigestEveryMs } from '../../daemon/core/audit/audit-digest.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import type { Recurring } from '../../daemon/kernel/recurring.js';
import { openAuditFixture } from '../support/audit-fixture.js';
import { openSourceRecords } from '../support/event-source.js';

const dayMs = 24 * 3_600_000;

function open(context: TestContext) {
  const audit = openAuditFixture();
  context.after(() => audit[Symbol.dispose]());
  const source = openSourceRecords(context);
  return {
    audit,
    source,
    /** Starts the digest and waits for its first check. */
    async start() {
      const { records, clock } = source;
      const digest = auditDigest({ audit: audit.log, records, clock, logger: silentLogger }).start();
      await digest.settled();
      return digest;
    },
    /** Lets `durationMs` pass and waits for each check in that time. */
    async pass(digest: Recurring, durationMs: number) {
      for (let passedMs = 0; passedMs < durationMs; passedMs += checkDigestEveryMs) {
        source.clock.advanceBy(checkDigestEveryMs);
        await digest.settled();
      }
    },
    entries: () => source.events().map(({ data }) => data['entry']),
  };
}

test('the box publishes the head of the audit log at the start, once a day and after many entries, but only if it has changed', async (t) => {
  const { audit, start, pass, entries } = open(t);
  audit.fill(3);
  await using digest = await start();
  assert.deepEqual(entries(), [3]);
  await pass(digest, 2 * dayMs);
  assert.deepEqual(entries(), [3], 'an unchanged head is not published again');
  audit.fill(1);
  await pass(digest, checkDigestEveryMs);
  assert.deepEqual(entries(), [3, 4]);
  audit.fill(1);
  await pass(digest, dayMs - 2 * checkDigestEveryMs);
  assert.deepEqual(entries(), [3, 4]);
  await pass(digest, 2 * checkDigestEveryMs);
  assert.deepEqual(entries(), [3, 4, 5]);
  audit.fill(999);
  await pass(digest, checkDigestEveryMs);
  assert.deepEqual(entries(), [3, 4, 5]);
  audit.fill(1);
  await pass(digest, checkDigestEveryMs);
  assert.deepEqual(entries(), [3, 4, 5, 1_005]);
});

test('a published head verifies the log up to its entry', async (t) => {
  const { audit, source, start, entries } = open(t);
  audit.fill(5);
  await (await start())[Symbol.asyncDispose]();
  audit.fill(2);
  const told = source.events()[0]?.data;
  assert.ok(auditData.safeParse(told).success);
  const noted = { sequence: Number(told?.['entry']), hash: String(told?.['hash']) };
  assert.equal(audit.log.verify(noted).outcome, 'whole');
  assert.equal(audit.log.verify({ ...noted, hash: '0'.repeat(64) }).outcome, 'broken');
  await source.restart();
  await using _digest = await start();
  assert.deepEqual(entries(), [5, 7]);
});

test('the head of the audit log is published later if the disk is full', async (t) => {
  const { audit, source, start, pass, entries } = open(t);
  audit.fill(1);
  source.isDiskFull = true;
  await using digest = await start();
  source.isDiskFull = false;
  await pass(digest, checkDigestEveryMs);
  assert.deepEqual(entries(), [1]);
});
