import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type Database from 'better-sqlite3';
import type { StoredPassage } from '../../daemon/core/passages/passage-journal.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { cameraId, personId, strangerId } from '../../daemon/kernel/ids.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { unknownFact } from '../support/facts.js';
import { galleryOptions, openTestGallery, temporaryDirectory } from '../support/gallery-fixture.js';
import { filesIn, piecesIn } from '../support/gallery-tampering.js';
import {
  openPassageRecords,
  passageEpochMs,
  passageIdOf,
  passageOf,
  SettableVault,
  sealOf,
} from '../support/passage-fixture.js';

const ada = personId('p-ada');
const grace = personId('p-grace');
const day = 86_400_000;
const numbersOf = (stored: readonly StoredPassage[]): readonly number[] => stored.map(({ number }) => number);

describe('the journal of passages', () => {
  test('gives back what was put, lists by every filter, and replaces a passage by its id', async (t) => {
    const directory = temporaryDirectory(t);
    const clock = new VirtualClock(passageEpochMs);
    await using opened = await openTestGallery(galleryOptions(directory, { clock }));
    await using records = openPassageRecords(directory, clock, sealOf(new SettableVault(opened.gallery)));
    const { passages } = records;
    const stranger = { id: strangerId(`s-${'a'.repeat(26)}`), visit: 2 };
    const { personId: _, end: __, ...unseen } = passageOf(3);
    const all = [
      passageOf(1),
      passageOf(2, { personId: grace, outcome: 'unproven', reason: 'no-blink', events: [] }),
      { ...unseen, outcome: 'stranger' as const, reason: 'stranger' as const, nearest: [], stranger },
      passageOf(4, {
        openness: { fromMs: 40, packed: Uint8Array.of(0, 150, 4, 255) },
        cameraId: cameraId('yard'),
        startedAtMs: passageEpochMs + 2 * day,
      }),
    ];
    for (const passage of all) passages.put(passage);
    assert.deepEqual(
      passages.list({ limit: 10 }),
      all.map((passage, index) => ({ number: index + 1, id: passage.id, passage })),
    );
    for (const [query, expected] of [
      [{ cameraIds: [cameraId('yard')] }, [4]],
      [{ personId: ada }, [1, 4]],
      [{ personId: grace }, [2]],
      [{ personId: ada, cameraIds: [cameraId('gate')] }, [1]],
      [{ strangerId: stranger.id }, [3]],
      [{ outcome: 'attended' as const, reason: 'attended' as const }, [1, 4]],
      [{ reason: 'no-blink' as const }, [2]],
      [{ ids: [passageIdOf(4), passageIdOf(2), passageIdOf(9)], personId: ada }, [4]],
      [{ ids: [] }, []],
      [{ sinceMs: passageEpochMs + 2000, beforeMs: passageEpochMs + day }, [2, 3]],
      [{ afterNumber: 1, beforeNumber: 4 }, [2, 3]],
      [{ limit: 2 }, [3, 4]],
      [{ limit: 2, keep: 'oldest' as const }, [1, 2]],
    ] as const) {
      assert.deepEqual(numbersOf(passages.list({ limit: 10, ...query })), expected, JSON.stringify(query));
    }
    assert.deepEqual(passages.find(passageIdOf(2))?.passage, all[1]);
    assert.deepEqual(numbersOf(passages.beginningWith('0195f000-0000-7000-8000-00000000000', 2)), [1, 2]);
    assert.equal(passages.find(passageIdOf(9)), undefined);

    passages.put({ ...passageOf(2), outcome: 'attended', reason: 'attended' });
    assert.deepEqual(numbersOf(passages.list({ limit: 10, personId: ada })), [1, 2, 4]);
    assert.deepEqual(passages.list({ limit: 10, personId: grace }), []);
    assert.deepEqual(passages.counts(passageEpochMs, passageEpochMs + day), [
      { cameraId: 'gate', quarterMs: passageEpochMs, outcome: 'attended', reason: 'attended', count: 2 },
    ]);

    // A day has its own key, and one only.
    const days = opened.file.database.db.prepare('SELECT day_ms FROM passage_key ORDER BY 1').pluck().all();
    assert.deepEqual(
      days,
      [0, 2].map((later) => passageEpochMs - (passageEpochMs % day) + later * day),
    );
    const [once, again] = ['b', 'c'].map((letter) => strangerId(`s-${letter.repeat(26)}`));
    assert.ok(once && again);
    passages.put({
      ...unseen,
      id: passageIdOf(5),
      outcome: 'stranger',
      reason: 'stranger',
      nearest: [],
      stranger,
    });
    const ofStrangers = () =>
      [stranger.id, once, again].map((id) => numbersOf(passages.list({ strangerId: id, limit: 10 })));
    passages.moveStranger(stranger.id, once, [passageIdOf(5)]);
    assert.deepEqual(ofStrangers(), [[3], [6], []], 'only the passage that is named');
    passages.moveStranger(stranger.id, again, []);
    assert.deepEqual(ofStrangers(), [[3], [6], []]);
    passages.moveStranger(once, again);
    assert.deepEqual(ofStrangers(), [[3], [], [6]], 'all of them');
    passages.forgetStranger(stranger.id);
    assert.equal(passages.find(passageIdOf(3))?.passage?.stranger, undefined);
  });

  test('writes a passage with its event or not at all, and says so after the commit', async (t) => {
    const directory = temporaryDirectory(t);
    const clock = new VirtualClock(passageEpochMs);
    await using opened = await openTestGallery(galleryOptions(directory, { clock }));
    const vault = new SettableVault(opened.gallery);
    await using records = openPassageRecords(directory, clock, sealOf(vault));
    const { passages } = records;
    const written: StoredPassage[] = [];
    passages.onWritten((passage) => void written.push(passage));

    const { id } = records.record(unknownFact(), (event) =>
      passages.put(passageOf(1, { events: [event.id] })),
    );
    assert.throws(
      () =>
        records.record(unknownFact(), (event) => {
          passages.put(passageOf(1, { events: [id, event.id] }));
          throw new Error('the disk is full');
        }),
      /the disk is full/,
    );
    vault.present = undefined;
    assert.throws(() => records.record(unknownFact(), () => passages.put(passageOf(2))), {
      code: 'gallery-sealed',
    });
    vault.present = opened.gallery;
    assert.equal(records.list({ limit: 10 }).length, 1);
    assert.deepEqual(passages.list({ limit: 10 })[0]?.passage?.events, [id]);
    await Promise.resolve();
    assert.deepEqual(
      written.map(({ passage }) => passage?.events),
      [[id]],
    );
  });

  test('ends what was in sight without a key, and shows an altered row as unreadable', async (t) => {
    const directory = temporaryDirectory(t);
    const clock = new VirtualClock(passageEpochMs);
    await using opened = await openTestGallery(galleryOptions(directory, { clock }));
    const vault = new SettableVault(opened.gallery);
    await using records = openPassageRecords(directory, clock, sealOf(vault));
    const { passages } = records;
    const { end: _, ...open } = passageOf(1);
    passages.put(open);
    passages.put({ ...open, id: passageIdOf(2), outcome: 'undecided', reason: 'too-few-views' });
    passages.put(passageOf(3));
    vault.present = undefined;
    assert.equal(passages.endOpen(), 2);
    assert.equal(passages.endOpen(), 0);
    assert.throws(() => passages.list({ limit: 1 }), { code: 'gallery-sealed' });
    vault.present = opened.gallery;
    assert.deepEqual(
      passages.list({ limit: 10 }).map(({ passage }) => [passage?.end, passage?.reason]),
      [
        ['box-stopped', 'attended'],
        ['box-stopped', 'box-stopped'],
        ['left', 'attended'],
      ],
    );
    using db = openFile(join(directory, 'records.db'));
    for (const change of [
      "camera_id = 'yard'",
      "outcome = 'stranger'",
      "reason = 'no-blink'",
      "ended_as = 'box-stopped'",
      'started_at_ms = started_at_ms + 1',
      'last_seen_ms = last_seen_ms + 1',
      'content = (SELECT content FROM passage WHERE number = 1)',
    ]) {
      db.exec(`SAVEPOINT as_written; UPDATE passage SET ${change} WHERE number = 3; RELEASE as_written`);
      assert.equal(passages.find(passageIdOf(3))?.passage, undefined, change);
      passages.put(passageOf(3));
    }
    const { end: __, ...stays } = passageOf(5);
    passages.put(stays);
    db.exec("UPDATE passage SET ended_as = 'left' WHERE ended_as IS NULL");
    assert.equal(passages.find(passageIdOf(5))?.passage, undefined, 'ended by hand');
    db.exec(`DELETE FROM passage WHERE id = '${passageIdOf(5)}'`);
    opened.file.database.db.exec('DELETE FROM passage_key');
    assert.deepEqual(
      passages.list({ limit: 10 }).map(({ passage }) => passage),
      [undefined, undefined, undefined],
    );
    passages.put(passageOf(4));
    assert.deepEqual(passages.find(passageIdOf(4))?.passage, passageOf(4));
  });

  test('forgets a person: their passages, and their name in those of others', async (t) => {
    const directory = temporaryDirectory(t);
    const clock = new VirtualClock(passageEpochMs);
    await using opened = await openTestGallery(galleryOptions(directory, { clock }));
    const vault = new SettableVault(opened.gallery);
    {
      await using before = openPassageRecords(directory, clock, sealOf(vault, 1));
      before.passages.put(passageOf(1));
      before.passages.put(passageOf(2, { personId: grace }));
    }
    // The audit key was replaced meanwhile.
    await using records = openPassageRecords(directory, clock, sealOf(vault, 2, 1));
    const { passages } = records;
    passages.put(passageOf(3));
    passages.put(passageOf(4, { personId: grace }));
    assert.deepEqual(numbersOf(passages.list({ limit: 10, personId: ada })), [1, 3]);
    const traces = valuesOf(
      directory,
      'SELECT content FROM passage UNION SELECT tag FROM passage_person WHERE is_own = 1',
    );
    assert.equal(passages.forgetPerson(ada), 4);
    assert.ok(records.retention.emptyLog());
    const files = filesIn(t, directory);
    // Of Grace the tag alone is left: what named Ada was sealed again.
    assert.deepEqual(traces.filter((trace) => piecesIn(files, trace) > 0).length, 1);
    const left = passages.list({ limit: 10 });
    assert.deepEqual(numbersOf(left), [2, 4]);
    assert.deepEqual(
      left.map(({ passage }) => passage?.nearest.map((near) => near.personId)),
      [[grace], [grace]],
    );
    passages.put(passageOf(5));
    vault.present = undefined;
    // Without a key, a passage of another person cannot be sealed again without the name.
    assert.equal(passages.forgetPerson(grace), 3);
    vault.present = opened.gallery;
    assert.deepEqual(passages.list({ limit: 10 }), []);
    // A content whose key is gone may open again after another restore.
    passages.put(passageOf(6));
    opened.file.database.db.exec('DELETE FROM passage_key');
    assert.equal(passages.forgetPerson(grace), 1);
    assert.deepEqual(passages.list({ limit: 10 }), []);
  });

  test('shows neither person nor measurement in a file', async (t) => {
    const directory = temporaryDirectory(t);
    const clock = new VirtualClock(passageEpochMs);
    await using opened = await openTestGallery(galleryOptions(directory, { clock }));
    await using records = openPassageRecords(directory, clock, sealOf(new SettableVault(opened.gallery)));
    records.passages.put(passageOf(1));
    const files = filesIn(t, directory);
    const found = (text: string): number => piecesIn(files, Buffer.from(text));
    assert.ok(found(passageIdOf(1)) > 0, 'the scan sees what is there');
    for (const text of [ada, grace, 'similarity', 'blinkCount', 'faults']) {
      assert.equal(found(text), 0, text);
    }
  });
});

/** The values that a query finds in the records. */
function valuesOf(directory: string, query: string): readonly Buffer[] {
  using db = openFile(join(directory, 'records.db'));
  return db.prepare<[], Buffer>(query).pluck().all();
}

function openFile(path: string): Database.Database & Disposable {
  const db = new Sqlite(path);
  return Object.assign(db, { [Symbol.dispose]: () => void db.close() });
}
