import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { retentionSchema } from '../../daemon/contract/settings/retention-schema.js';
import type { GalleryFile } from '../../daemon/core/gallery/gallery-file.js';
import { ageingKinds, emptyLogs } from '../../daemon/core/retention/retention-kinds.js';
import { runRetention } from '../../daemon/core/retention/retention-run.js';
import { retentionRun } from '../../daemon/kernel/actor.js';
import { type PersonId, personId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { unknownFact } from '../support/facts.js';
import { enrolmentOf, temporaryDirectory, tester } from '../support/gallery-fixture.js';
import { passageOf } from '../support/passage-fixture.js';
import {
  acknowledgeAll,
  dayMs,
  enrol,
  firstNoonMs,
  keepPicture,
  openRetentionBox,
} from '../support/retention-box.js';
import { countTurns } from '../support/turn-count.js';

const confirmed = { isClockConfirmed: true };

describe('a retention run', () => {
  test('deletes one batch in a transaction, with turns of the event loop between', async (t) => {
    await using box = await openRetentionBox(temporaryDirectory(t));
    for (let picture = 0; picture < 1500; picture += 1) keepPicture(box, 'unknown', undefined, 200);
    box.clock.advanceBy(8 * dayMs);
    using counter = countTurns();
    const report = await box.retention.run(confirmed, tester);
    const { turns } = counter;
    assert.equal(report.forgotten.unknownEvidence, 1500);
    // A picture and its key: two rows.
    assert.ok(Math.max(...box.changesPerTransaction) <= 512, `${box.changesPerTransaction}`);
    assert.ok(box.changesPerTransaction.length >= 8, `${box.changesPerTransaction}`);
    assert.ok(turns >= box.changesPerTransaction.length - 1, `${turns} turns`);
  });

  test('deletes the same from a sealed gallery, including removed persons', async (t) => {
    const directory = temporaryDirectory(t);
    let removed: PersonId;
    {
      await using box = await openRetentionBox(directory);
      removed = await enrol(box, 'Ada', [1]);
      await enrol(box, 'Bea', [2]);
      box.gallery?.removePerson(removed, tester);
      keepPicture(box, 'unknown');
      keepPicture(box, 'passage');
      const startedAtMs = box.clock.wallMs();
      const ofOther = { personId: personId('p-other'), nearest: [] };
      box.records.passages.put(passageOf(1, { startedAtMs, ...ofOther }));
      // Of the removed person, and about to be written when the clock of the box was far ahead.
      box.records.passages.put(passageOf(2, { startedAtMs: startedAtMs + 400 * dayMs, personId: removed }));
      box.records.passages.put(passageOf(3, { startedAtMs: startedAtMs + 400 * dayMs, ...ofOther }));
      const id = await box.gallery?.beginImport();
      await box.gallery?.addPerson(enrolmentOf('Staged', [3]), tester, id);
    }
    const nowMs = firstNoonMs + 366 * dayMs;
    await using box = await openRetentionBox(directory, { nowMs, isSealed: true });
    const { forgotten, failures } = await box.retention.run(confirmed, tester);
    assert.deepEqual(failures, []);
    assert.deepEqual(forgotten, {
      unfinishedImports: 1,
      removedPersons: 1,
      photographs: 1,
      unknownEvidence: 1,
      passagePictures: 1,
      passages: 1,
    });
    // What is left was sealed on the day of the third passage, and for Bea.
    const [erasure] = box.file.audit.list({ limit: 1, action: 'person.erased' });
    assert.equal(JSON.stringify(erasure?.details).includes('"passages":1'), true);
    assert.equal(box.value('SELECT person_id FROM tombstone'), removed);
    assert.equal(box.value('SELECT count(*) FROM data_key'), 2);
    assert.equal(box.file.audit.verify().outcome, 'whole');
  });

  test('leaves empty write-ahead logs, and reports one that is being read', async (t) => {
    const directory = temporaryDirectory(t);
    await using box = await openRetentionBox(directory);
    keepPicture(box, 'unknown');
    box.records.record(unknownFact());
    acknowledgeAll(box);
    box.clock.advanceBy(91 * dayMs);
    const { Sqlite } = await import('../../daemon/host/sqlite-driver.js');
    const reader = new Sqlite(join(directory, 'gallery.db'), { readonly: true });
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM person').get();
    const held = await box.retention.run(confirmed, tester);
    assert.deepEqual(
      held.failures.map(({ kind, code }) => [kind, code]),
      [['writeAheadLog', 'log-in-use']],
    );
    reader.close();
    assert.deepEqual((await box.retention.run(confirmed, tester)).failures, []);
    assert.equal(statSync(join(directory, 'records.db-wal')).size, 0);
  });

  test('deletes the other kinds when one fails, and that one the next time', async (t) => {
    await using box = await openRetentionBox(temporaryDirectory(t));
    await enrol(box, 'Ada', [1]);
    keepPicture(box, 'unknown');
    const { db } = box.file.database;
    db.exec("CREATE TRIGGER stuck BEFORE DELETE ON photograph BEGIN SELECT raise(ABORT, 'stuck'); END");
    box.clock.advanceBy(366 * dayMs);
    const first = await box.retention.run(confirmed, tester);
    assert.deepEqual(first.forgotten, { unknownEvidence: 1 });
    assert.deepEqual(
      first.failures.map(({ kind }) => kind),
      ['photographs'],
    );
    assert.equal((await box.retention.show()).lastRun?.failures.length, 1);
    assert.ok(
      box.log.some(({ level, message }) => level === 'error' && message.includes('could not delete')),
    );
    db.exec('DROP TRIGGER stuck');
    assert.deepEqual((await box.retention.run(confirmed, tester)).forgotten, { photographs: 1 });
  });

  test('deletes records also without the gallery file, or with another one in its place', async (t) => {
    await using box = await openRetentionBox(temporaryDirectory(t));
    for (let picture = 0; picture < 20; picture += 1) keepPicture(box, 'unknown', undefined, 200);
    box.records.record(unknownFact());
    acknowledgeAll(box);
    box.clock.advanceBy(91 * dayMs);
    const present: Record<string, () => GalleryFile | undefined> = {
      'gallery-not-open': () => undefined,
      // Each asking finds another file, as if a backup had been restored since.
      'gallery-replaced': () => ({ ...box.file }),
    };
    for (const [code, file] of Object.entries(present)) {
      const sources = {
        file,
        gallery: () => undefined,
        forgetPerson: () => undefined,
        forgetCopies: () => undefined,
        records: box.records.retention,
        databasePaths: [],
        clock: box.clock,
      };
      const { atHour: _, ...rules } = retentionSchema.parse({ unknownRecords: 1 });
      const { forgotten, failures } = await runRetention({
        kinds: ageingKinds(sources, retentionRun),
        rules,
        by: retentionRun,
        emptyLogs: () => emptyLogs(sources),
        clock: box.clock,
        logger: silentLogger,
        signal: new AbortController().signal,
      });
      assert.deepEqual([...new Set(failures.map((failure) => failure.code))], [code]);
      assert.equal(forgotten.unknownEvidence, undefined);
      assert.equal(box.value('SELECT count(*) FROM evidence'), 20);
      assert.equal(forgotten.unknownRecords, code === 'gallery-not-open' ? 1 : undefined);
    }
  });
});
