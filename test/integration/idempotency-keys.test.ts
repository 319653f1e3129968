import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import Database from 'better-sqlite3';
import { VirtualClock } from '../../daemon/base/virtual-clock.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import { openRecords, type Records } from '../../daemon/records/open-records.js';
import { exitOf } from '../../scripts/child-end.js';
import { builtChild, root } from '../support/built.js';
import { temporaryDirectory, tester } from '../support/gallery-fixture.js';
import { openGalleryPersons } from '../support/gallery-persons.js';
import { keyedEnrolment } from '../support/keyed-enrolment.js';
import { paintFace } from '../support/painted-faces.js';

const enrolment = (personId: string) => ({ content: 'c', personId, answer: '{}' });
const found = (personId: string) => ({ personId, answer: '{}', isSame: true });
const hourMs = 60 * 60_000;

function open(folder: string, clock: VirtualClock, auditKeys = [Buffer.alloc(32, 1)]): Records {
  const encode = () => new Uint8Array();
  return openRecords({ path: join(folder, 'records.db'), auditKeys, encode, clock, random: systemRandom });
}

describe('idempotency keys', { timeout: 120_000 }, () => {
  test('belong to one caller each, last 24 hours over restarts, and go with an erased person', async (t) => {
    const folder = temporaryDirectory(t);
    const clock = new VirtualClock(0);
    {
      await using records = open(folder, clock);
      records.enrolments.remember('user:1', 'key', enrolment('p-1'));
      records.enrolments.remember('user:1', 'other', enrolment('p-2'));
      records.enrolments.remember('user:1', 'erased', enrolment('p-3'));
      records.enrolments.forget('p-3');
    }
    await using records = open(folder, clock);
    const { enrolments } = records;
    assert.deepEqual(enrolments.find('user:1', 'key', 'c'), found('p-1'));
    assert.equal(enrolments.find('user:2', 'key', 'c'), undefined);
    assert.equal(enrolments.find('user:1', 'erased', 'c'), undefined);
    clock.advanceBy(24 * hourMs - 1);
    assert.equal(enrolments.find('user:1', 'other', 'c')?.personId, 'p-2');
    clock.advanceBy(1);
    assert.equal(enrolments.find('user:1', 'other', 'c'), undefined);
  });

  test('are stored as hashes that only a key of the box can repeat, also after the box got another key', async (t) => {
    const folder = temporaryDirectory(t);
    const clock = new VirtualClock(0);
    const rowOf = (place: string) => {
      const file = new Database(join(place, 'records.db'), { readonly: true });
      const row = file
        .prepare<[], { readonly place: Buffer; readonly content: Buffer }>('SELECT * FROM enrolment_key')
        .get();
      file.close();
      assert.ok(row !== undefined);
      return row;
    };
    {
      await using records = open(folder, clock);
      records.enrolments.remember('uid:0', 'key', enrolment('p-1'));
    }
    const other = temporaryDirectory(t);
    {
      await using records = open(other, clock, [Buffer.alloc(32, 2)]);
      records.enrolments.remember('uid:0', 'key', enrolment('p-1'));
    }
    const [row, guessed] = [rowOf(folder), rowOf(other)];
    assert.notDeepEqual(row.place, guessed.place, 'a thief with a key of their own gets other hashes');
    assert.notDeepEqual(row.content, guessed.content);
    await using records = open(folder, clock, [Buffer.alloc(32, 3), Buffer.alloc(32, 1)]);
    assert.deepEqual(records.enrolments.find('uid:0', 'key', 'c'), found('p-1'));
    assert.equal(records.enrolments.find('uid:0', 'key', 'other')?.isSame, false);
  });

  test('take a bounded room: the oldest are forgotten first, and the file names no key', async (t) => {
    const folder = temporaryDirectory(t);
    const clock = new VirtualClock(1000);
    await using records = open(folder, clock);
    records.enrolments.remember('uid:0', 'the first of all', enrolment('p-1'));
    const file = new Database(join(folder, 'records.db'));
    file.exec(
      `WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 9999)
       INSERT INTO enrolment_key SELECT randomblob(32), content, person_id, answer, at_ms + n FROM enrolment_key, number`,
    );
    const placed = file.prepare<[], { readonly place: Buffer }>('SELECT place FROM enrolment_key').all();
    assert.ok(placed.every(({ place }) => place.length === 32 && !place.includes('first')));
    clock.advanceBy(20_000);
    assert.ok(records.enrolments.find('uid:0', 'the first of all', 'c'));
    records.enrolments.remember('uid:0', 'the last of all', enrolment('p-2'));
    const left = file.prepare('SELECT count(*) FROM enrolment_key').pluck().get();
    file.close();
    assert.equal(left, 10_000);
    assert.equal(records.enrolments.find('uid:0', 'the first of all', 'c'), undefined);
  });

  for (const [moment, stored] of [
    ['remembered', 0],
    ['stored', 1],
  ] as const) {
    test(`enrol a person once, also when the box is killed when the key is ${moment}`, async (t) => {
      const directory = temporaryDirectory(t);
      const child = spawn(
        process.execPath,
        [builtChild('test/support/enrolment-child.ts'), directory, moment],
        { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
      );
      assert.equal((await exitOf(child)).signal, 'SIGKILL');
      await using box = await openGalleryPersons({ directory });
      assert.equal(box.rowCount(), stored);
      const [before] = await box.vault.gallery().listPersons();
      const first = await box.persons.add(keyedEnrolment, tester);
      const second = await box.persons.add(keyedEnrolment, tester);
      assert.ok(first.outcome === 'enrolled');
      if (before !== undefined) assert.equal(first.person.id, before.id);
      assert.deepEqual(second, first);
      assert.equal(box.rowCount(), 1);
      const other = { ...keyedEnrolment, photographs: [paintFace('ada', 3)] };
      await assert.rejects(box.persons.add(other, tester), { code: 'idempotency-key-reused' });
    });
  }
});
