import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { AuditLog } from '../../daemon/core/audit/audit-log.js';
import { type AuditFixture, auditEpochMs, openAuditFixture, somebody } from '../support/audit-fixture.js';
import { openSourceRecords, type SourceRecords } from '../support/event-source.js';
import { followLog } from '../support/followed-log.js';
import { temporaryDirectory } from '../support/gallery-fixture.js';
import { countTurns } from '../support/turn-count.js';

function openLog(context: TestContext): AuditFixture {
  const fixture = openAuditFixture(join(temporaryDirectory(context), 'audit.db'));
  context.after(() => fixture[Symbol.dispose]());
  return fixture;
}

async function follow(audit: AuditLog, { records, clock }: SourceRecords): Promise<void> {
  await followLog({ audit, records, clock });
}

const subjects = (source: SourceRecords): readonly unknown[] =>
  source.events().map(({ data }) => data['person'] ?? data['change']);

const enrol = ({ log }: AuditFixture, ...ids: readonly string[]): void => {
  for (const subject of ids) log.append({ by: somebody, action: 'person.enrolled', subject });
};

test('the box continues the events after it prunes audit entries that it has already followed', async (t) => {
  const [audit, source] = [openLog(t), openSourceRecords(t)];
  await follow(audit.log, source);
  enrol(audit, 'a', 'b');
  await follow(audit.log, source);
  audit.clock.advanceBy(1000);
  audit.log.prune(audit.clock.wallMs(), somebody);
  enrol(audit, 'c');
  await follow(audit.log, source);
  assert.deepEqual(subjects(source), ['a', 'b', 'c']);
});

test('the box reports the gallery as restored if audit entries were pruned before it followed them, and publishes the rest', async (t) => {
  const [audit, source] = [openLog(t), openSourceRecords(t)];
  enrol(audit, 'z');
  await follow(audit.log, source);
  enrol(audit, 'a', 'b');
  audit.clock.advanceBy(1000);
  enrol(audit, 'c');
  audit.log.prune(audit.clock.wallMs(), somebody);
  await follow(audit.log, source);
  await follow(audit.log, source);
  assert.deepEqual(subjects(source), ['restored', 'c']);
});

test('the box reports the gallery as restored if an older file replaces it, and does not publish old entries again', async (t) => {
  const [audit, older, source] = [openLog(t), openLog(t), openSourceRecords(t)];
  older.log.append({ by: somebody, action: 'backup.restored' });
  enrol(older, 'x');
  audit.clock.advanceBy(60_000);
  enrol(audit, 'a', 'b', 'c', 'd');
  await follow(audit.log, source);
  await follow(older.log, source);
  older.clock.advanceBy(120_000);
  enrol(older, 'y');
  await follow(older.log, source);
  assert.deepEqual(subjects(source), ['restored', 'y']);
});

test('the box reports the gallery as restored if another log with more entries replaces its own', async (t) => {
  const [audit, other, source] = [openLog(t), openLog(t), openSourceRecords(t)];
  enrol(audit, 'a', 'b');
  enrol(other, 'x', 'y', 'z');
  await follow(audit.log, source);
  await follow(other.log, source);
  await follow(other.log, source);
  assert.deepEqual(subjects(source), ['restored']);
});

test('the box follows an empty log from its first entry', async (t) => {
  const [audit, source] = [openLog(t), openSourceRecords(t)];
  await follow(audit.log, source);
  enrol(audit, 'a');
  await follow(audit.log, source);
  assert.deepEqual(subjects(source), ['a']);
  assert.equal(
    source.events()[0]?.time,
    new Date(auditEpochMs).toISOString(),
    'the event has the time of the entry',
  );
});

test('the box follows 10,000 entries in small transactions with pauses in between', async (t) => {
  const [audit, source] = [openLog(t), openSourceRecords(t)];
  await follow(audit.log, source);
  audit.database.transaction(() =>
    enrol(audit, ...Array.from({ length: 10_000 }, (_, index) => `p-${index}`)),
  );
  const { records, clock } = source;
  const sizes: number[] = [];
  const counting: Pick<typeof records, 'recordAll' | 'sources'> = {
    sources: records.sources,
    recordAll(events, alongside) {
      sizes.push(events.length);
      return records.recordAll(events, alongside);
    },
  };
  using counter = countTurns();
  await followLog({ audit: audit.log, records: counting, clock });
  const { turns } = counter;
  assert.equal(source.events().length, 10_000);
  assert.ok(Math.max(...sizes) <= 25, `${Math.max(...sizes)} at once`);
  assert.ok(turns >= sizes.length - 1, `${turns} turns, ${sizes.length} transactions`);
  assert.deepEqual(new Set(subjects(source)).size, 10_000);
});
