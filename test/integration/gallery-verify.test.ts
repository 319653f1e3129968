import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type Sqlite from 'better-sqlite3';
import { verifyGallery } from '../../daemon/core/gallery/verify/verify-gallery.js';
import type { VerifyProgress, VerifyReport } from '../../daemon/core/gallery/verify/verify-report.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { Clock } from '../../daemon/kernel/clock.js';
import type { RecogniserId } from '../../daemon/kernel/ids.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import {
  enrolmentOf,
  noiseJpeg,
  temporaryDirectory,
  tester,
  testRecogniser,
  unitVector,
} from '../support/gallery-fixture.js';
import { type MovingGallery, moveOrder, openMoving, untilMove } from '../support/re-embed-fixture.js';
import { otherRecogniser } from '../support/scripted-embedder.js';

const persons = 4;
const signal = new AbortController().signal;

/** Four persons with two photographs each, evidence of the first and of a stranger. */
async function filled(
  t: TestContext,
): Promise<{ readonly directory: string; readonly opened: MovingGallery }> {
  const directory = temporaryDirectory(t);
  const opened = await openMoving(directory);
  for (let seed = 1; seed <= persons; seed += 1) {
    await opened.gallery.addPerson(enrolmentOf(`Person ${seed}`, [seed * 10, seed * 10 + 1]), tester);
  }
  const [first] = await opened.gallery.listPersons();
  assert.ok(first);
  const about = { cameraId: 'door', takenAtMs: 1, jpeg: noiseJpeg(900) };
  opened.gallery.addEvidence({ ...about, kind: 'attendance', eventId: 'event-1', personId: first.id });
  opened.gallery.addEvidence({ ...about, kind: 'unknown', eventId: 'event-2' });
  t.after(() => opened[Symbol.asyncDispose]());
  return { directory, opened };
}

function verify(
  { file, gallery, ring }: MovingGallery,
  thresholds: ReadonlyMap<RecogniserId, number> = new Map(),
  onProgress: (progress: VerifyProgress) => void = () => undefined,
  clock: Clock = systemClock,
): Promise<VerifyReport> {
  return verifyGallery({ file, gallery, ring, clock, by: tester, thresholds, signal, onProgress });
}

/** Changes rows under the running program, as a bad disk would; foreign keys are not asked. */
function damage({ file }: MovingGallery, work: (db: Sqlite.Database) => void): void {
  const { db } = file.database;
  db.pragma('foreign_keys = OFF');
  work(db);
  db.pragma('foreign_keys = ON');
}

function flip(db: Sqlite.Database, table: string, column: string, id: string): void {
  const read = db.prepare<[string], Buffer>(`SELECT ${column} FROM ${table} WHERE id = ?`).pluck();
  const value = read.get(id);
  assert.ok(value);
  value.writeUInt8(value.readUInt8(40) ^ 4, 40);
  db.prepare(`UPDATE ${table} SET ${column} = ? WHERE id = ?`).run(value, id);
}

function firstId({ file }: MovingGallery, table: string, condition = '1'): string {
  const id = file.database.db
    .prepare<[], string>(`SELECT id FROM ${table} WHERE ${condition} ORDER BY id LIMIT 1`)
    .pluck()
    .get();
  assert.ok(id);
  return id;
}

const isKnown = async ({ gallery }: MovingGallery, id: string): Promise<boolean> => {
  for (let seed = 1; seed <= persons; seed += 1) {
    for (const photograph of [seed * 10, seed * 10 + 1]) {
      const [best] = await gallery.nearest(unitVector(photograph), { count: 1 });
      if (best?.personId === id && best.similarity > 0.99) return true;
    }
  }
  return false;
};

describe('verifying a gallery', () => {
  test('an undamaged gallery is reported as undamaged, with an audit entry', async (t) => {
    const { opened } = await filled(t);
    const told: VerifyProgress[] = [];
    const clock = new VirtualClock(5_000);
    clock.advanceBy(60_000);
    const report = await verify(
      opened,
      new Map(),
      (progress) => {
        told.push(progress);
        clock.advanceBy(10.5);
      },
      clock,
    );
    assert.deepEqual([report.findings, report.pages, report.isWhole], [[], [], true]);
    assert.deepEqual([report.startedAtMs, report.durationMs], [65_000, Math.round(told.length * 10.5)]);
    const total = 5 + persons + 8 + 2;
    const rows = Array.from({ length: total }, (_, index) => ({ step: 'rows', done: index + 1, total }));
    const firstOfEach = told.filter(({ step, done }, index) => {
      const before = told[index - 1];
      return before?.step !== step || before.done !== done;
    });
    const end = [
      { step: 'audit-log', done: total, total },
      { step: 'pages', done: total, total },
    ];
    assert.deepEqual(firstOfEach, [...rows, ...end], 'how far it is, row by row');
    assert.deepEqual(report.checked, {
      dataKeys: 5,
      persons,
      templates: 8,
      strangers: 0,
      photographs: 8,
      evidence: 2,
    });
    const [entry] = opened.file.audit.list({ action: 'gallery.verified' });
    assert.deepEqual([entry?.details['damaged'], entry?.details['audit']], [0, 'whole']);
  });

  test('an audit entry about no single person, such as reading the list, causes no report of a missing person', async (t) => {
    const { opened } = await filled(t);
    for (const action of ['person.listed', 'person.exported'] as const)
      opened.file.audit.append({ by: tester, action, details: { persons } });
    const report = await verify(opened);
    assert.deepEqual([report.findings, report.isWhole], [[], true]);
  });

  test('persons whose templates disagree are named, and are still recognised', async (t) => {
    const opened = await openMoving(temporaryDirectory(t));
    t.after(() => opened[Symbol.asyncDispose]());
    const { gallery } = opened;
    const enrol = (name: string, seeds: readonly number[], importId?: string) =>
      gallery.addPerson(enrolmentOf(name, seeds), tester, importId);
    await enrol('Ada', [1, 1, 1]);
    await enrol('Bea', [2]);
    const two = await enrol('Two people', [3, 4]);
    const guest = await enrol('Cyd with a guest', [5, 6, 5]);
    const removed = await enrol('Two who were removed', [7, 8]);
    gallery.removePerson(removed, tester);
    await enrol('Two who are only staged', [9, 10], await gallery.beginImport());
    const { findings, disagreeing, isWhole } = await verify(opened, new Map([[testRecogniser, 0.5]]));
    assert.deepEqual([findings, isWhole], [[], true], 'nothing is damaged');
    const named = disagreeing.map(({ personId, isWrongOneKnown, templates }) => [
      ...[personId, isWrongOneKnown, templates.length],
    ]);
    assert.deepEqual(
      named.toSorted(),
      [
        [two, false, 2],
        [guest, true, 1],
        [removed, false, 2],
      ].toSorted(),
    );
    const found = disagreeing.find(({ personId }) => personId === guest);
    const photographIds = gallery.showPerson(guest)?.photographs.map(({ id }) => id);
    assert.ok(photographIds?.includes(found?.templates[0]?.photographId ?? ''));
    assert.ok((found?.templates[0]?.similarity ?? 1) < 0.5);
    assert.deepEqual([found?.recogniser, found?.threshold], [testRecogniser, 0.5]);
    assert.equal((await gallery.nearest(unitVector(6), { count: 1 }))[0]?.personId, guest);
    assert.deepEqual(gallery.quarantined, []);
    const [entry] = opened.file.audit.list({ action: 'gallery.verified' });
    assert.deepEqual([entry?.details['damaged'], entry?.details['disagreeing']], [0, 3]);
    await opened.moves.start(moveOrder);
    await untilMove(opened, 'ready');
    const thresholds = new Map([testRecogniser, otherRecogniser].map((recogniser) => [recogniser, 0.5]));
    const amidMove = (await verify(opened, thresholds)).disagreeing.map(({ recogniser }) => recogniser);
    assert.deepEqual(
      amidMove.toSorted(),
      [...Array(3).fill(testRecogniser), ...Array(3).fill(otherRecogniser)],
      'templates that are made for a move are compared before it',
    );
    assert.deepEqual((await verify(opened)).disagreeing, [], 'without a threshold nothing is compared');
  });

  for (const [table, column, reason, isForgotten] of [
    ['person', 'profile', 'does-not-open', true],
    ['template', 'vector', 'does-not-open', false],
    ['photograph', 'jpeg', 'does-not-open', false],
    ['evidence', 'jpeg', 'does-not-open', false],
  ] as const) {
    test(`a flipped bit in ${table}.${column} loses that row alone`, async (t) => {
      const { opened } = await filled(t);
      const id = firstId(opened, table);
      damage(opened, (db) => flip(db, table, column, id));
      const { findings, isWhole } = await verify(opened);
      assert.equal(isWhole, false);
      assert.deepEqual(
        findings.map((found) => [found.table, found.rowId, found.reason]),
        [[table, id, reason]],
      );
      assert.ok(opened.gallery.quarantined.some((row) => row.rowId === id));
      assert.equal(opened.gallery.personCount, isForgotten ? persons - 1 : persons);
      assert.equal(opened.gallery.templateCount, isForgotten ? 6 : table === 'template' ? 7 : 8);
      assert.equal((await verify(opened)).findings.length, 1, 'the same once more');
      assert.equal(opened.gallery.quarantined.length, 1);
    });
  }

  test('a person is no longer recognised after a flipped bit in their data key', async (t) => {
    const { opened } = await filled(t);
    const person = firstId(opened, 'person');
    const key = firstId(opened, 'data_key', `id = (SELECT data_key_id FROM person WHERE id = '${person}')`);
    assert.ok(await isKnown(opened, person));
    damage(opened, (db) => flip(db, 'data_key', 'wrapped', key));
    const { findings } = await verify(opened);
    assert.ok(findings.some((found) => found.table === 'data_key' && found.rowId === key));
    assert.ok(findings.some((found) => found.rowId === person && found.reason === 'key-does-not-open'));
    assert.equal(await isKnown(opened, person), false);
    assert.equal(opened.gallery.personCount, persons - 1);
  });

  for (const [table, column] of [
    ['person', 'profile'],
    ['template', 'vector'],
    ['photograph', 'jpeg'],
  ] as const) {
    test(`swapped values of ${table}.${column} are both named`, async (t) => {
      const { opened } = await filled(t);
      const { db } = opened.file.database;
      const ids = db.prepare<[], string>(`SELECT id FROM ${table} ORDER BY id LIMIT 2`).pluck().all();
      damage(opened, () => {
        const values = ids.map((id) =>
          db.prepare<[string], Buffer>(`SELECT ${column} FROM ${table} WHERE id = ?`).pluck().get(id),
        );
        for (const [index, id] of ids.entries())
          db.prepare(`UPDATE ${table} SET ${column} = ? WHERE id = ?`).run(values[1 - index], id);
      });
      const { findings } = await verify(opened);
      assert.deepEqual(findings.map(({ rowId }) => rowId).toSorted(), ids);
    });
  }

  test('an older row of a removed person is named as replayed, and is not recognised', async (t) => {
    const { opened } = await filled(t);
    const { db } = opened.file.database;
    const [person] = await opened.gallery.listPersons();
    assert.ok(person);
    const before = db.prepare('SELECT * FROM person WHERE id = ?').get(person.id);
    opened.gallery.removePerson(person.id, tester);
    damage(opened, () =>
      db
        .prepare('UPDATE person SET state = @state, revision = @revision, profile = @profile WHERE id = @id')
        .run(before),
    );
    assert.equal(opened.gallery.restorePerson(person.id, tester), false);
    const { findings } = await verify(opened);
    assert.deepEqual(findings, [
      { table: 'person', rowId: person.id, personId: person.id, reason: 'rolled-back' },
    ]);
    assert.equal(await isKnown(opened, person.id), false);
  });

  test('rows of an erased person that were put back are named, and not recognised', async (t) => {
    const { opened } = await filled(t);
    const { db } = opened.file.database;
    const [person] = await opened.gallery.listPersons();
    assert.ok(person);
    const row = db.prepare<[string], object>('SELECT * FROM person WHERE id = ?').get(person.id);
    const key = db
      .prepare<[string], object>(
        'SELECT * FROM data_key WHERE id = (SELECT data_key_id FROM person WHERE id = ?)',
      )
      .get(person.id);
    opened.gallery.erasePerson(person.id, tester);
    damage(opened, () => {
      for (const [table, values] of Object.entries({ data_key: key, person: row })) {
        const columns = Object.keys(values ?? {});
        db.prepare(
          `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((name) => `@${name}`).join(', ')})`,
        ).run(values);
      }
    });
    const withTombstone = await verify(opened);
    assert.ok(withTombstone.findings.some(({ rowId, reason }) => rowId === person.id && reason === 'erased'));
    damage(opened, () => db.exec('DELETE FROM tombstone'));
    const without = await verify(opened);
    assert.ok(without.findings.some(({ rowId, reason }) => rowId === person.id && reason === 'erased'));
  });

  test('deleted rows are reported: a person, a template, a data key', async (t) => {
    const { opened } = await filled(t);
    const ids = opened.file.database.db
      .prepare<[], string>('SELECT id FROM person ORDER BY id')
      .pluck()
      .all();
    const [gone = '', cut = '', keyless = ''] = ids;
    damage(opened, (db) => {
      db.exec('DELETE FROM evidence WHERE person_id IS NOT NULL');
      db.prepare('DELETE FROM data_key WHERE id = (SELECT data_key_id FROM person WHERE id = ?)').run(
        keyless,
      );
      db.prepare('DELETE FROM person WHERE id = ?').run(gone);
      db.prepare('DELETE FROM template WHERE id = (SELECT max(id) FROM template WHERE person_id = ?)').run(
        cut,
      );
    });
    const { findings } = await verify(opened);
    const has = (table: string, id: string, reason: string): boolean =>
      findings.some((found) => found.table === table && found.personId === id && found.reason === reason);
    assert.ok(has('person', gone, 'missing'));
    assert.ok(has('template', gone, 'of-nobody'));
    assert.ok(has('photograph', gone, 'of-nobody'));
    assert.ok(has('template', cut, 'missing'));
    assert.ok(has('person', keyless, 'key-does-not-open'));
    assert.ok(findings.some(({ table, reason }) => table === 'data_key' && reason === 'of-nothing'));
    assert.equal(await isKnown(opened, gone), false);
    assert.equal(await isKnown(opened, keyless), false);
  });

  test('evidence of a person whose row was deleted is reported as without a person', async (t) => {
    const { opened } = await filled(t);
    damage(opened, (db) => db.exec('DELETE FROM person WHERE id = (SELECT max(person_id) FROM evidence)'));
    const { findings } = await verify(opened);
    assert.ok(findings.some(({ table, reason }) => table === 'evidence' && reason === 'of-nobody'));
  });

  test('an altered proof of the key is named', async (t) => {
    const { opened } = await filled(t);
    damage(opened, (db) => db.exec('UPDATE key_slot SET seal = zeroblob(length(seal))'));
    const { findings } = await verify(opened);
    const rowId = opened.ring.current.id;
    assert.deepEqual(findings, [{ table: 'key_slot', rowId, reason: 'does-not-open' }]);
  });

  test('an altered audit entry is found', async (t) => {
    const { opened } = await filled(t);
    damage(opened, (db) => {
      db.exec('DROP TRIGGER audit_entry_unchanged');
      db.exec("UPDATE audit SET actor = 'uid:0' WHERE sequence = 3");
    });
    const { audit, isWhole } = await verify(opened);
    assert.deepEqual([audit?.breakage?.sequence, isWhole], [3, false]);
  });

  test('a damaged page is named, and the other pages are verified', async (t) => {
    const { directory, opened } = await filled(t);
    await opened[Symbol.asyncDispose]();
    const path = join(directory, 'gallery.db');
    const bytes = readFileSync(path);
    const at = pageOfPhotographs(bytes);
    bytes.fill(0xff, at, at + 16);
    writeFileSync(path, bytes);
    await using again = await openMoving(directory);
    const { findings, pages, isWhole, checked } = await verify(again);
    assert.equal(isWhole, false);
    assert.ok(pages.length > 0);
    assert.ok(
      findings.some(({ reason }) => reason === 'page-damaged'),
      JSON.stringify(findings),
    );
    assert.deepEqual([checked.persons, checked.templates, again.gallery.personCount], [persons, 8, persons]);
  });

  test('the gallery enrols, erases and recognises persons during the verification', async (t) => {
    const { opened } = await filled(t);
    let isDone = false;
    const verifying = verify(opened).finally(() => {
      isDone = true;
    });
    let enrolled = 0;
    while (!isDone) {
      enrolled += 1;
      const id = await opened.gallery.addPerson(enrolmentOf('Guest', [1000 + enrolled]), tester);
      const [best] = await opened.gallery.nearest(unitVector(1000 + enrolled), { count: 1 });
      assert.equal(best?.personId, id);
      if (enrolled % 2 === 0) opened.gallery.removePerson(id, tester);
    }
    const { findings, isWhole } = await verifying;
    assert.deepEqual([findings, isWhole], [[], true]);
    assert.ok(enrolled > 1);
  });
});

/** Where a leaf page of the table of photographs begins: the page that holds the first id in full beside its picture. */
function pageOfPhotographs(bytes: Buffer): number {
  const pageBytes = bytes.readUInt16BE(16);
  for (let at = pageBytes; at < bytes.length; at += pageBytes) {
    const isTableLeaf = bytes[at] === 0x0d;
    const page = bytes.subarray(at, at + pageBytes);
    if (isTableLeaf && page.includes('f-') && page.includes('p-') && !page.includes('CREATE')) return at;
  }
  throw new Error('there is no page of photographs');
}
