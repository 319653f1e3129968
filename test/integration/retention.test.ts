import assert from 'node:assert/strict';
import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { retentionRun } from '../../daemon/kernel/actor.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { cameraId, passageId, trackId } from '../../daemon/kernel/ids.js';
import type { StrangerSight } from '../../daemon/kernel/strangers/stranger-book.js';
import { ambiguousFact, attackFact, attendanceFact, unknownFact } from '../support/facts.js';
import {
  enrolmentOf,
  temporaryDirectory,
  tester,
  testRecogniser,
  unitVector,
} from '../support/gallery-fixture.js';
import { filesIn, piecesIn } from '../support/gallery-tampering.js';
import {
  acknowledgeAll,
  dayMs,
  enrol,
  firstNoonMs,
  keepPicture,
  openRetentionBox,
} from '../support/retention-box.js';

const confirmed = { isClockConfirmed: true };

describe('a retention run deletes', () => {
  test('pictures of each kind in their time; the key of an unknown person goes along', async (t) => {
    await using box = await openRetentionBox(temporaryDirectory(t));
    const ada = await enrol(box, 'Ada', [1, 2]);
    for (const kind of ['attendance', 'attack'] as const) keepPicture(box, kind, ada);
    keepPicture(box, 'unknown');
    box.clock.advanceBy(8 * dayMs);
    keepPicture(box, 'unknown');
    assert.equal(box.value('SELECT count(*) FROM data_key'), 3);
    assert.deepEqual((await box.retention.run(confirmed, tester)).forgotten, { unknownEvidence: 1 });
    assert.equal(box.value('SELECT count(*) FROM data_key'), 2);

    box.clock.advanceBy(23 * dayMs);
    const { forgotten } = await box.retention.run(confirmed, tester);
    assert.deepEqual(forgotten, { attendanceEvidence: 1, unknownEvidence: 1, attackEvidence: 1 });
    assert.equal(box.value('SELECT count(*) FROM data_key'), 1);
    assert.deepEqual((await box.retention.run(confirmed, tester)).forgotten, {}, 'nothing is left');
  });

  test('unknown persons in their time, from the file and from the gallery that is open', async (t) => {
    await using box = await openRetentionBox(temporaryDirectory(t), { rules: { strangers: 30 } });
    const strangers = box.gallery?.strangers;
    assert.ok(strangers !== undefined);
    const see = (passage: string, seed: number) => {
      const atMs = box.clock.wallMs();
      const sight: StrangerSight = {
        ...{ passageId: passageId(passage), cameraId: cameraId('door'), recogniser: testRecogniser },
        ...{ firstSeenMs: atMs, lastSeenMs: atMs, threshold: 0.55 },
        views: [{ embedding: unitVector(seed), quality: 0.8 }],
      };
      strangers.see(sight);
      strangers.end(sight.passageId);
    };
    see('p-1', 1);
    box.clock.advanceBy(20 * dayMs);
    see('p-2', 2);
    assert.equal(strangers.count, 2);
    box.clock.advanceBy(11 * dayMs);
    assert.deepEqual((await box.retention.run(confirmed, tester)).forgotten, { strangers: 1 });
    assert.deepEqual([strangers.count, box.value('SELECT count(*) FROM stranger')], [1, 1]);
  });

  test('photographs go, templates and recognition stay', async (t) => {
    await using box = await openRetentionBox(temporaryDirectory(t));
    const ada = await enrol(box, 'Ada', [1, 2]);
    box.clock.advanceBy(366 * dayMs);
    const bea = await enrol(box, 'Bea', [3]);
    assert.deepEqual((await box.retention.run(confirmed, tester)).forgotten, { photographs: 2 });
    const shown = [ada, bea].map((id) => box.gallery?.showPerson(id));
    assert.deepEqual(
      shown.map((person) => [person?.templateCount, person?.photographCount]),
      [
        [2, 0],
        [1, 1],
      ],
    );
    assert.equal(box.value('SELECT count(*) FROM template WHERE photograph_id IS NULL'), 2);
    const found = await box.gallery?.nearest(
      enrolmentOf('', [1]).photographs[0]?.embedding ?? new Float32Array(),
      {
        count: 1,
      },
    );
    assert.equal(found?.[0]?.personId, ada);
  });

  test('removed persons are erased with tombstone and audit entry; active and restored ones stay', async (t) => {
    const directory = temporaryDirectory(t);
    await using box = await openRetentionBox(directory);
    const [gone, back, active] = [
      await enrol(box, 'Gone', [1]),
      await enrol(box, 'Back', [2]),
      await enrol(box, 'Active', [3]),
    ];
    const pieces = box.file.database.db
      .prepare<[string], Buffer>('SELECT vector FROM template WHERE person_id = ?')
      .pluck()
      .all(gone);
    for (const id of [gone, back]) box.gallery?.removePerson(id, tester);
    box.clock.advanceBy(20 * dayMs);
    box.gallery?.restorePerson(back, tester);
    assert.deepEqual((await box.retention.run(confirmed, retentionRun)).forgotten, {});
    box.clock.advanceBy(11 * dayMs);
    assert.deepEqual((await box.retention.run(confirmed, retentionRun)).forgotten, { removedPersons: 1 });
    assert.equal(box.gallery?.showPerson(gone), undefined);
    assert.deepEqual(
      [box.gallery?.showPerson(back)?.state, box.gallery?.showPerson(active)?.state],
      ['active', 'active'],
    );
    assert.deepEqual([box.forgottenPersons, box.forgottenCopies()], [[gone], 1]);
    assert.equal(box.value('SELECT person_id FROM tombstone'), gone);
    const [entry] = box.file.audit.list({ action: 'person.erased' });
    assert.deepEqual([entry?.subject, entry?.actor], [gone, 'retention']);
    assert.equal(pieces.length, 1);
    for (const piece of pieces) assert.equal(piecesIn(filesIn(t, directory), piece), 0, 'no byte is left');

    box.clock.advanceBy(401 * dayMs);
    const { forgotten } = await box.retention.run(confirmed, retentionRun);
    assert.equal(forgotten.tombstones, 1);
    assert.equal(box.value('SELECT count(*) FROM tombstone'), 0);
  });

  test('records of each kind in their time, but none that waits in the outbox', async (t) => {
    await using box = await openRetentionBox(temporaryDirectory(t));
    const { records, clock } = box;
    for (const fact of [attendanceFact, unknownFact, attackFact]) {
      for (let track = 0; track < 600; track += 1)
        records.record(fact({ trackId: trackId(`track-${track}`) }));
    }
    for (let track = 0; track < 3; track += 1) records.record(ambiguousFact());
    const waiting = [5, 700, 1300];
    const left = records.outbox.pending(0, 10_000, []).map(({ sequence }) => sequence);
    records.outbox.acknowledge(left.filter((sequence) => !waiting.includes(sequence)));
    clock.advanceBy(91 * dayMs);
    const due = (await box.retention.show()).rules.filter((rule) => rule.due > 0);
    assert.deepEqual(
      due.map(({ kind, due: count }) => [kind, count]),
      [
        ['unknownRecords', 599],
        ['attackRecords', 599],
      ],
    );
    const { forgotten } = await box.retention.run(confirmed, tester);
    assert.deepEqual(forgotten, { unknownRecords: 599, attackRecords: 599 });
    clock.advanceBy(300 * dayMs);
    assert.equal((await box.retention.run(confirmed, tester)).forgotten.attendanceRecords, 599 + 3);
    assert.deepEqual(
      records.outbox.pending(0, 10, []).map(({ sequence }) => sequence),
      waiting,
    );
    acknowledgeAll(box);
    const after = await box.retention.run(confirmed, tester);
    assert.deepEqual(after.forgotten, { attendanceRecords: 1, unknownRecords: 1, attackRecords: 1 });
    assert.equal(records.record(attendanceFact()).sequence, 1804, 'numbers never go back');
  });

  test('daily summaries with their records or earlier', async (t) => {
    await using box = await openRetentionBox(temporaryDirectory(t), { rules: { attendanceRecords: 30 } });
    const { records, clock } = box;
    const summary = {
      kind: 'summary',
      date: '2026-03-02',
      part: 1,
      parts: 1,
      counts: {},
      persons: [],
    } as const;
    records.record(attendanceFact());
    records.record({ ...summary, occurredAtMs: clock.wallMs() });
    acknowledgeAll(box);
    clock.advanceBy(31 * dayMs);
    assert.deepEqual((await box.retention.run(confirmed, tester)).forgotten, { attendanceRecords: 2 });
  });

  test('old audit entries, and the chain stays whole', async (t) => {
    await using box = await openRetentionBox(temporaryDirectory(t));
    for (let seed = 1; seed <= 500; seed += 1) {
      box.file.audit.append({ by: tester, action: 'key.unlocked', subject: `s${seed}` });
    }
    box.clock.advanceBy(731 * dayMs);
    const { forgotten } = await box.retention.run(confirmed, tester);
    assert.ok((forgotten.auditEntries ?? 0) >= 500, `${forgotten.auditEntries}`);
    assert.equal(box.file.audit.count({ action: 'login' }), 0);
    assert.equal(box.file.audit.verify().outcome, 'whole');
    const last = box.file.audit.list({ action: 'retention.run', limit: 1 })[0];
    assert.deepEqual([last?.actor, last?.details['auditEntries']], [tester.actor, forgotten.auditEntries]);
  });

  test('abandoned imports, unfinished or left in the database', async (t) => {
    const directory = temporaryDirectory(t);
    await using box = await openRetentionBox(directory);
    const { gallery } = box;
    assert.ok(gallery);
    const old = await gallery.beginImport();
    for (const seed of [1, 2]) await gallery.addPerson(enrolmentOf(`Staged ${seed}`, [seed]), tester, old);
    box.clock.advanceBy(2 * dayMs);
    const young = await gallery.beginImport();
    await gallery.addPerson(enrolmentOf('Young', [3]), tester, young);
    assert.deepEqual((await box.retention.run(confirmed, tester)).forgotten, { unfinishedImports: 2 });
    await assert.rejects(gallery.commitImport(old, tester), (error) =>
      isRollcallError(error, 'no-such-import'),
    );
    assert.equal((await gallery.commitImport(young, tester)).length, 1);
    assert.equal(box.value('SELECT count(*) FROM data_key'), 1);
    assert.equal(box.file.audit.list({ action: 'import.discarded' })[0]?.subject, old);
    // Staged by another process: the gallery knows no such import.
    const foreign = await gallery.beginImport();
    await gallery.addPerson(enrolmentOf('Foreign', [4]), tester, foreign);
    const { db } = box.file.database;
    db.prepare("UPDATE person SET import_id = 'foreign' WHERE import_id = ?").run(foreign);
    box.clock.advanceBy(2 * dayMs);
    assert.deepEqual((await box.retention.run(confirmed, tester)).forgotten, { unfinishedImports: 1 });
    assert.equal(box.value('SELECT count(*) FROM data_key'), 1);
  });

  test('old copies that migrations left', async (t) => {
    const directory = temporaryDirectory(t);
    await using box = await openRetentionBox(directory);
    const copies = ['gallery.db', 'records.db'].map((name) => join(directory, `${name}.before-migration-1`));
    for (const copy of copies) writeFileSync(copy, 'old');
    const [first = '', second = ''] = copies;
    utimesSync(first, (firstNoonMs - 8 * dayMs) / 1000, (firstNoonMs - 8 * dayMs) / 1000);
    utimesSync(second, firstNoonMs / 1000, firstNoonMs / 1000);
    assert.deepEqual((await box.retention.run(confirmed, tester)).forgotten, { databaseCopies: 1 });
    assert.deepEqual([existsSync(first), existsSync(second)], [false, true]);
  });

  test('nothing of a kind that is kept forever', async (t) => {
    const rules = { unknownEvidence: 'forever', photographs: 'forever', removedPersons: 'forever' } as const;
    await using box = await openRetentionBox(temporaryDirectory(t), { rules });
    const ada = await enrol(box, 'Ada', [1]);
    box.gallery?.removePerson(ada, tester);
    keepPicture(box, 'unknown');
    box.clock.advanceBy(700 * dayMs);
    assert.deepEqual((await box.retention.run(confirmed, tester)).forgotten, {});
    assert.equal(box.gallery?.showPerson(ada)?.photographCount, 1);
  });
});
