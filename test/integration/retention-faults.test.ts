import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { seededRandom } from '../../daemon/kernel/random.js';
import { attendanceFact } from '../support/facts.js';
import { enrolmentOf, noiseJpeg, temporaryDirectory, tester } from '../support/gallery-fixture.js';
import { runAndKill } from '../support/killed-child.js';
import { dayMs, firstNoonMs, openRetentionBox, type RetentionBox } from '../support/retention-box.js';
import { mountSmallDisk } from '../support/small-disk.js';

const confirmed = { isClockConfirmed: true };
const pictureCount = 600;
const recordCount = 600;
const removedCount = 6;
const kills = 12;

/** Persons, pictures and records, all of which are due but one person, their template and what is in the outbox. */
async function fill(box: RetentionBox): Promise<void> {
  const { gallery, records, clock } = box;
  assert.ok(gallery);
  await gallery.addPerson(enrolmentOf('Stays', [1]), tester);
  for (let seed = 2; seed < 2 + removedCount; seed += 1) {
    const id = await gallery.addPerson(enrolmentOf(`Goes ${seed}`, [seed]), tester);
    gallery.removePerson(id, tester);
  }
  const about = { kind: 'unknown', eventId: 'event', cameraId: 'gate', takenAtMs: clock.wallMs() } as const;
  for (let picture = 0; picture < pictureCount; picture += 1) {
    gallery.addEvidence({ ...about, jpeg: noiseJpeg(1, 3000) });
  }
  for (let record = 0; record < recordCount; record += 1) records.record(attendanceFact());
  const waiting = records.outbox.pending(0, 10_000, []).map(({ sequence }) => sequence);
  records.outbox.acknowledge(waiting.slice(1));
}

async function assertAllGone(box: RetentionBox): Promise<void> {
  const { value, gallery, records, file } = box;
  assert.deepEqual(
    ['person', 'template', 'photograph', 'evidence', 'data_key', 'tombstone'].map((table) =>
      value(`SELECT count(*) FROM ${table}`),
    ),
    [1, 1, 0, 0, 1, removedCount],
  );
  assert.equal(records.list({ limit: 10_000 }).length, 1);
  assert.equal(records.outbox.depth(), 1);
  assert.equal(file.audit.count({ action: 'person.erased' }), removedCount, 'each erasure has one entry');
  assert.equal(file.audit.verify().outcome, 'whole');
  assert.equal(file.database.db.pragma('integrity_check', { simple: true }), 'ok');
  assert.deepEqual(gallery?.quarantined, []);
}

describe('an interrupted run', () => {
  test(`after ${kills} kills the next run finishes the rest`, async (t) => {
    const prepared = temporaryDirectory(t);
    {
      await using box = await openRetentionBox(prepared);
      await fill(box);
    }
    const nowMs = firstNoonMs + 400 * dayMs;
    const random = seededRandom(4);
    let cutShort = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      const directory = join(temporaryDirectory(t), 'box');
      cpSync(prepared, directory, { recursive: true });
      // The first kill comes at once, so that on a fast machine too one comes before the end of the run.
      const afterMs = kill === 0 ? 0 : random.unit() * 120;
      const lines = await runAndKill('retention-child.ts', [directory, String(nowMs)], afterMs);
      if (!lines.includes('done')) cutShort += 1;
      await using box = await openRetentionBox(directory, { nowMs });
      assert.equal(box.file.audit.verify().outcome, 'whole');
      const { failures } = await box.retention.run(confirmed, tester);
      assert.deepEqual(failures, []);
      await assertAllGone(box);
    }
    t.diagnostic(`${cutShort} of ${kills} kills came before the end of the run`);
    assert.ok(cutShort > 0, 'some kill came in the middle');
  });

  test('on a full disk reports that, leaves nothing partial, and the next run continues', async (t) => {
    const disk = mountSmallDisk(24);
    if ('skip' in disk) return t.skip(disk.skip);
    using mounted = disk;
    {
      await using box = await openRetentionBox(mounted.path);
      await fill(box);
      box.clock.advanceBy(400 * dayMs);
      mounted.fill();
      const report = await box.retention.run(confirmed, tester);
      const codes = new Set(report.failures.map(({ code }) => code));
      assert.ok(codes.has('disk-full') || codes.has('disk-failed'), [...codes].join());
      assert.ok(!codes.has('internal'), [...codes].join());
      assert.ok(((await box.retention.show()).lastRun?.failures.length ?? 0) > 0);
      assert.equal(box.file.audit.verify().outcome, 'whole');
      mounted.free();
      assert.deepEqual((await box.retention.run(confirmed, tester)).failures, []);
      await assertAllGone(box);
    }
  });
});
