import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RetentionReport, RetentionStatus } from '../../daemon/contract/retention.js';
import { openRecordStores } from '../../daemon/core/compose/record-stores.js';
import { encodeEvent } from '../../daemon/core/delivery/encoding.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { root } from '../support/built.js';
import { unknownFact } from '../support/facts.js';
import { privacyRules } from '../support/privacy-page.js';
import { box as identity } from '../support/published-box.js';

const dayMs = 86_400_000;

/** Adds an unknown-person event of `ageDays` ago, which was sent, to the records of a stopped box. */
async function addRecord(box: TestBox, ageDays: number): Promise<void> {
  const atMs = Date.now() - ageDays * dayMs;
  await using records = openRecordStores({
    path: join(box.directory, 'data', 'records.db'),
    encode: (event) => encodeEvent(event, identity, {}),
    clock: { ...systemClock, wallMs: () => atMs },
    random: systemRandom,
    auditKeys: [await readFile(join(box.directory, 'data', 'keys', 'audit-key'))],
  });
  const { sequence } = records.record(unknownFact({ occurredAtMs: atMs }));
  records.outbox.acknowledge([sequence]);
}

async function unknownCount(box: TestBox): Promise<number> {
  return (await box.client.call('events.list', { kind: 'unknown' })).items.length;
}

test('retention run deletes by the rules, shows the result, and writes an audit entry', {
  skip: withoutBuild,
}, async () => {
  await using box = await makeBox({ config: { retention: { unknownRecords: 5 } } });
  await box.start();
  await box.stop();
  await addRecord(box, 40);
  await addRecord(box, 6);
  await addRecord(box, 4);
  await box.start();

  const shown = await box.command('retention', 'show', '--json');
  assert.equal(shown.exitCode, 0, shown.stderr);
  const before = JSON.parse(shown.stdout) as RetentionStatus;
  const rule = before.rules.find(({ kind }) => kind === 'unknownRecords');
  assert.deepEqual(rule, { kind: 'unknownRecords', keep: 5, due: 2 });
  const page = privacyRules(await readFile(join(root, 'docs/explanation/privacy.md'), 'utf8'));
  const inForce = new Map(before.rules.map(({ kind, keep }) => [kind as string, keep]));
  assert.deepEqual(
    inForce,
    new Map([...page, ['unknownRecords', 5]]),
    'docs/explanation/privacy.md tells the rules',
  );
  assert.equal(before.lastRun, undefined);

  const dry = await box.command('retention', 'run', '--dry-run');
  assert.match(dry.stdout, /unknown persons recorded: 2/);
  const unasked = await box.command('retention', 'run');
  assert.equal(unasked.exitCode, 2, unasked.stdout);
  assert.match(unasked.stderr, /--yes/);
  assert.equal(await unknownCount(box), 3, 'the dry run deletes nothing');

  const ran = await box.command('retention', 'run', '--yes', '--json');
  assert.equal(ran.exitCode, 0, ran.stderr);
  const report = JSON.parse(ran.stdout) as RetentionReport;
  assert.deepEqual([report.forgotten, report.failures], [{ unknownRecords: 2 }, []]);
  assert.equal(await unknownCount(box), 1);
  assert.match((await box.command('retention', 'show')).stdout, /deleted unknown persons recorded: 2/);
  const audit = await box.command('audit', 'list', '--action', 'retention.run', '--json');
  assert.match(audit.stdout, /"unknownRecords": 2/);
  const status = await box.reload({ retention: { unknownRecords: 1 } });
  assert.equal(status.outcome, 'applied', 'a running daemon applies changed rules');
  assert.match(
    (await box.command('retention', 'run', '--yes')).stdout,
    /deleted unknown persons recorded: 1/,
  );
});
