import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { recordsMigrations } from '../../daemon/core/records/records-schema.js';
import { countRows, followOwnCounts } from '../../daemon/core/records/seals/own-counts.js';
import { RowSeal, withFormerSeal } from '../../daemon/core/records/seals/row-seal.js';
import {
  type CorrectionRow,
  correctionForm,
  type EventRow,
  eventForm,
} from '../../daemon/core/records/seals/sealed-forms.js';
import type { OpenDatabase } from '../../daemon/host/sqlite.js';
import { cameraId, eventId, personId, trackId } from '../../daemon/kernel/ids.js';
import { openMemoryDatabase } from '../support/memory-database.js';

const keyOf = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const event: EventRow = {
  ...{ sequence: 1, id: eventId('e-1'), kind: 'attendance', cameraId: cameraId('gate') },
  ...{ trackId: trackId('t-1'), personId: personId('p-1'), commandId: null },
  ...{ occurredAtMs: 5, recordedAtMs: 6, payload: Uint8Array.of(1, 2) },
};
const correction: CorrectionRow = {
  ...{ sequence: 1, personId: personId('p-1'), date: '2026-03-02', kind: 'in', atMs: 5 },
  ...{ cameraId: null, reason: 'forgot', by: 'uid:1', recordedAtMs: 6 },
};

describe('the seal of a row', () => {
  test('covers every field, and the table', () => {
    using rows = new RowSeal([keyOf(1)]);
    const seal = rows.seal(eventForm, event);
    assert.equal(rows.isGenuine(eventForm, { ...event, seal }, [0]), true);
    for (const field of Object.keys(eventForm.columns) as (keyof EventRow)[]) {
      const altered = field === 'payload' ? Uint8Array.of(1, 3) : 'x';
      assert.equal(rows.isGenuine(eventForm, { ...event, [field]: altered, seal }, [0]), false, field);
    }
    const other = rows.seal(correctionForm, correction);
    assert.equal(rows.isGenuine(correctionForm, { ...correction, seal: other }, [0]), true);
    for (const field of Object.keys(correctionForm.columns))
      assert.equal(
        rows.isGenuine(correctionForm, { ...correction, [field]: 'x', seal: other }, [0]),
        false,
        field,
      );
    const twin = { ...correctionForm, name: 'event' };
    assert.notDeepEqual(rows.seal(twin, correction), other);
  });

  test('tells a number from its text, and nothing from an empty text', () => {
    using rows = new RowSeal([keyOf(1)]);
    const form = { name: 't', key: 'a', columns: { a: 'a', b: 'b' } } as const;
    type Row = { readonly a: string | number | Uint8Array | null; readonly b: string | Uint8Array | null };
    const seals = [
      { a: 1, b: null },
      { a: '1', b: null },
      { a: 1, b: '' },
      { a: 1, b: 'null' },
      { a: null, b: '1' },
      { a: Buffer.from('1'), b: null },
      { a: null, b: Buffer.from('1') },
    ].map((row: Row) => Buffer.from(rows.seal<Row>(form, row)).toString('hex'));
    assert.equal(new Set(seals).size, seals.length);
  });

  test('proves nothing where there is none, or a part of one', () => {
    using rows = new RowSeal([keyOf(1)]);
    const seal = rows.seal(eventForm, event);
    for (const wrong of [null, new Uint8Array(0), seal.subarray(0, 31), new Uint8Array(32)])
      assert.equal(rows.isGenuine(eventForm, { ...event, seal: wrong }, [0]), false);
  });

  test('counts only under the keys that are asked for', () => {
    using before = new RowSeal([keyOf(1)]);
    using after = new RowSeal([keyOf(2), keyOf(1)]);
    const row = { ...event, seal: before.seal(eventForm, event) };
    assert.deepEqual(after.keys, [0, 1]);
    assert.equal(after.isGenuine(eventForm, row, [0]), false);
    assert.equal(after.isGenuine(eventForm, row, [1]), true);
    assert.equal(after.isGenuine(eventForm, row, after.keys), true);
    assert.equal(after.isGenuine(eventForm, row, []), false);
    assert.throws(() => after.isGenuine(eventForm, row, [2]), RangeError);
  });

  test('keeps the former one behind it, and no earlier one', () => {
    const seals = [1, 2, 3].map((fill) => new RowSeal([keyOf(fill)]));
    const [first, second, third] = seals.map((rows) => rows.seal(eventForm, event));
    assert.ok(first && second && third);
    assert.deepEqual(withFormerSeal(first, null), first);
    assert.deepEqual(withFormerSeal(first, new Uint8Array(3)), first);
    const two = withFormerSeal(second, first);
    const three = withFormerSeal(third, two);
    const provenBy = (seal: Uint8Array) =>
      seals.map((rows) => rows.isGenuine(eventForm, { ...event, seal }, [0]));
    assert.deepEqual(provenBy(two), [true, true, false]);
    assert.deepEqual(provenBy(three), [false, true, true]);
    assert.deepEqual(
      provenBy(Buffer.concat([two, third])),
      [true, true, false],
      'a third part proves nothing',
    );
    assert.equal(three.length, 64);
  });

  test('of a text tells which key made it', () => {
    using before = new RowSeal([keyOf(1)]);
    using after = new RowSeal([keyOf(2), keyOf(1)]);
    assert.equal(after.keyOfText('text', after.sealText('text')), 0);
    assert.equal(after.keyOfText('text', before.sealText('text')), 1);
    assert.equal(after.keyOfText('other', after.sealText('text')), undefined);
    assert.equal(before.keyOfText('text', after.sealText('text')), undefined);
  });

  test('is worthless after the end: the keys are overwritten', () => {
    const rows = new RowSeal([keyOf(1), keyOf(2)]);
    const seal = rows.seal(eventForm, event);
    const [own, former] = [rows.sealText('text'), new RowSeal([keyOf(2)]).sealText('text')];
    rows[Symbol.dispose]();
    assert.equal(rows.isGenuine(eventForm, { ...event, seal }, [0, 1]), false);
    assert.deepEqual([rows.keyOfText('text', own), rows.keyOfText('text', former)], [undefined, undefined]);
  });
});

describe('the counts of own rows', () => {
  const addEvent = `INSERT INTO event (sequence, id, kind, occurred_at_ms, recorded_at_ms, payload)
    VALUES (1, 'e-1', 'unknown', 1, 1, x'00')`;
  const addDelivery = `INSERT INTO alert_delivery (alert_number, channel_id, state, next_at_ms) VALUES (1, 'c', ?, 0)`;

  function start() {
    const database = openMemoryDatabase(recordsMigrations);
    database.db.pragma('foreign_keys = OFF');
    const put = database.db.prepare('INSERT INTO own_count (name, count) VALUES (?, ?)');
    for (const [name, count] of countRows(database)) put.run(name, count);
    followOwnCounts(database);
    return database;
  }
  const kept = ({ db }: OpenDatabase) =>
    Object.fromEntries(db.prepare('SELECT name, count FROM own_count').raw().all() as [string, number][]);
  const none = { event: 0, attendance_correction: 0, passage: 0, outbox: 0, alert_delivery: 0 };

  test('begin with what is there, of each counted table', () => {
    const database = openMemoryDatabase(recordsMigrations);
    assert.deepEqual(Object.fromEntries(countRows(database)), none);
    database.db.pragma('foreign_keys = OFF');
    database.db.exec(addEvent);
    for (const state of ['pending', 'failed', 'pending']) database.db.prepare(addDelivery).run(state);
    assert.deepEqual(Object.fromEntries(countRows(database)), { ...none, event: 1, alert_delivery: 2 });
  });

  test('follow rows that come and go', () => {
    const database = start();
    const { db } = database;
    db.exec(addEvent);
    db.exec("INSERT INTO outbox (sequence, kind, size_bytes, since_ms) VALUES (1, 'unknown', 1, 1)");
    db.exec(`INSERT INTO attendance_correction (person_id, date, kind, reason, made_by, recorded_at_ms)
      VALUES ('p', '2026-03-02', 'in', '', 'b', 1)`);
    db.exec(`INSERT INTO passage (id, camera_id, started_at_ms, last_seen_ms, outcome, reason, key_id, content)
      VALUES ('p', 'c', 1, 1, 'stranger', 'stranger', 'k', x'00')`);
    assert.deepEqual(kept(database), {
      ...{ event: 1, attendance_correction: 1, passage: 1, outbox: 1, alert_delivery: 0 },
    });
    for (const table of ['outbox', 'event', 'attendance_correction', 'passage'])
      db.exec(`DELETE FROM ${table}`);
    assert.deepEqual(kept(database), none);
  });

  test('have the deliveries of alerts while they wait', () => {
    const database = start();
    const { db } = database;
    const deliveries = () => kept(database)['alert_delivery'];
    for (const state of ['pending', 'pending', 'delivered']) db.prepare(addDelivery).run(state);
    assert.equal(deliveries(), 2);
    const setState = db.prepare('UPDATE alert_delivery SET state = ? WHERE number = ?');
    setState.run('pending', 1);
    assert.equal(deliveries(), 2);
    setState.run('failed', 1);
    assert.equal(deliveries(), 1);
    setState.run('delivered', 1);
    assert.equal(deliveries(), 1);
    setState.run('pending', 3);
    assert.equal(deliveries(), 2);
    db.exec('DELETE FROM alert_delivery WHERE number IN (1, 2)');
    assert.equal(deliveries(), 1);
    assert.equal(countRows(database).get('alert_delivery'), 1);
  });
});
