import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import type { RetentionReport, RetentionStatus } from '../../daemon/contract/retention.js';
import { eventId } from '../../daemon/domain/ids.js';
import { encodeEvent } from '../../daemon/publish/encoding.js';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { root } from '../support/built.js';
import { unknownFact } from '../support/facts.js';
import { privacyRules } from '../support/privacy-page.js';
import { box as identity } from '../support/published-box.js';

const dayMs = 86_400_000;

/** Adds an unknown-person event of `ageDays` ago to the records of a stopped box. */
function addRecord(box: TestBox, sequence: number, ageDays: number): void {
  const atMs = Date.now() - ageDays * dayMs;
  const id = eventId(`event-${sequence}`);
  const fact = unknownFact({ occurredAtMs: atMs });
  const database = new Database(join(box.directory, 'data', 'records.db'));
  try {
    database
      .prepare(
        `INSERT INTO event (sequence, id, kind, camera_id, track_id, occurred_at_ms, recorded_at_ms, payload)
         VALUES (?, ?, 'unknown', 'gate', 'track', ?, ?, ?)`,
      )
      .run(
        sequence,
        id,
        atMs,
        atMs,
        encodeEvent({ ...fact, id, sequence, recordedAtMs: atMs }, identity, {}),
      );
    database.prepare("UPDATE counter SET value = ? WHERE name = 'event'").run(sequence);
  } finally {
    database.close();
  }
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
  // The box has already recorded events about itself.
  addRecord(box, 1001, 40);
  addRecord(box, 1002, 6);
  addRecord(box, 1003, 4);
  await box.start();

  const shown = await box.command('retention', 'show', '--json');
  assert.equal(shown.exitCode, 0, shown.stderr);
  const before = JSON.parse(shown.stdout) as RetentionStatus;
  const rule = before.rules.find(({ kind }) => kind === 'unknownRecords');
  assert.deepEqual(rule, { kind: 'unknownRecords', keep: 5, due: 2 });
  const page = privacyRules(await readFile(join(root, 'docs/privacy.md'), 'utf8'));
  const inForce = new Map(before.rules.map(({ kind, keep }) => [kind as string, keep]));
  assert.deepEqual(inForce, new Map([...page, ['unknownRecords', 5]]), 'docs/privacy.md tells the rules');
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
