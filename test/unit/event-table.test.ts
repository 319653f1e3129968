import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  attendanceCorrectionsOf,
  correctionReasonsOf,
  type StoredCorrection,
} from '../../daemon/core/attendance/attendance-corrections.js';
import { attendanceRecordsOf } from '../../daemon/core/attendance/attendance-records.js';
import { encodeEvent } from '../../daemon/core/delivery/encoding.js';
import { eventTableOf } from '../../daemon/core/records/event-table.js';
import { recentFactsOf } from '../../daemon/core/records/recent-facts.js';
import { recordsMigrations } from '../../daemon/core/records/records-schema.js';
import { retainedMessagesOf } from '../../daemon/core/records/retained-messages.js';
import { RowSeal } from '../../daemon/core/records/seals/row-seal.js';
import { correctionForm } from '../../daemon/core/records/seals/sealed-forms.js';
import { publishedConditionsOf, sourceStatesOf } from '../../daemon/core/records/source-states.js';
import type { EventQuery } from '../../daemon/core/records/stored-event.js';
import { ageingRows } from '../../daemon/core/retention/ageing-rows.js';
import { recordsRetentionOf } from '../../daemon/core/retention/records-retention.js';
import type { BoxEvent } from '../../daemon/kernel/events/event.js';
import {
  type CameraId,
  cameraId,
  eventId,
  type PersonId,
  passageId,
  personId,
  strangerId,
  trackId,
} from '../../daemon/kernel/ids.js';
import {
  ambiguousFact,
  attackFact,
  attendanceFact,
  everyNotice,
  noProof,
  refusedFact,
  unknownFact,
  unprovenFact,
  watchedFact,
} from '../support/facts.js';
import { openMemoryDatabase } from '../support/memory-database.js';
import { box } from '../support/published-box.js';

const gate = cameraId('gate');
const yard = cameraId('yard');
const [ada, grace, eve] = ['person-1', 'person-2', 'person-3'].map(personId) as [
  PersonId,
  PersonId,
  PersonId,
];
const dayMs = 86_400_000;

/** A table into which a test writes events, numbered from 1, each recorded at a hundred times its number. */
function start() {
  const database = openMemoryDatabase(recordsMigrations);
  database.db.pragma('foreign_keys = ON');
  const table = eventTableOf(database, {});
  let sequence = 0;
  const record = (...events: readonly BoxEvent[]): void => {
    for (const event of events) {
      sequence += 1;
      const id = eventId(`e-${sequence}`);
      const recorded = { ...event, id, sequence, recordedAtMs: sequence * 100 };
      table.insert(recorded, encodeEvent(recorded, box, {}));
    }
  };
  const listed = (query: Partial<EventQuery> = {}) =>
    table.list({ limit: 100, ...query }).map((event) => event.sequence);
  return { database, table, record, listed };
}

describe('the table of events', () => {
  test('gives an event back with the ids that it carries, in whole milliseconds', () => {
    const { table, database } = start();
    const insert = (event: BoxEvent, number: number) =>
      table.insert(
        { ...event, occurredAtMs: 5.75, id: eventId(`e-${number}`), sequence: number, recordedAtMs: 6.75 },
        Buffer.from(String(number)),
      );
    insert(attendanceFact(), 1);
    const reply = everyNotice.find(({ kind }) => kind === 'reply');
    const camera = everyNotice.find(({ kind }) => kind === 'camera');
    assert.ok(reply && camera);
    insert(reply, 2);
    insert(camera, 3);
    const none = { cameraId: null, trackId: null, personId: null };
    const shown = [1, 2, 3].map((number) => {
      const event = table.find(number);
      return event && { ...event, payload: Buffer.from(event.payload).toString() };
    });
    const times = { occurredAtMs: 5, recordedAtMs: 6 };
    assert.deepEqual(shown, [
      {
        ...{
          sequence: 1,
          id: 'e-1',
          kind: 'attendance',
          cameraId: 'gate',
          trackId: 'track-1',
          personId: ada,
        },
        ...{ ...times, payload: '1' },
      },
      { sequence: 2, id: 'e-2', kind: 'reply', ...none, ...times, payload: '2' },
      { sequence: 3, id: 'e-3', kind: 'camera', ...none, cameraId: 'gate', ...times, payload: '3' },
    ]);
    assert.equal(
      database.db.prepare('SELECT command_id FROM event WHERE sequence = 2').pluck().get(),
      '0190a2e0-0000-7000-8000-000000000001',
    );
    assert.equal(table.find(9), undefined);
    assert.equal(table.find('e-3')?.sequence, 3);
    assert.equal(table.find('e-9'), undefined);
  });

  test('lists by every part of a query, and those at the wanted end', () => {
    const { record, listed } = start();
    record(attendanceFact(), unknownFact(), unknownFact({ cameraId: yard }), attackFact(), unknownFact());
    assert.deepEqual(listed(), [1, 2, 3, 4, 5]);
    assert.deepEqual(listed({ limit: 2 }), [4, 5]);
    assert.deepEqual(listed({ limit: 2, keep: 'newest' }), [4, 5]);
    assert.deepEqual(listed({ limit: 2, keep: 'oldest' }), [1, 2]);
    assert.deepEqual(listed({ afterSequence: 2 }), [3, 4, 5]);
    assert.deepEqual(listed({ toSequence: 2 }), [1, 2]);
    assert.deepEqual(listed({ recordedSinceMs: 300 }), [3, 4, 5]);
    assert.deepEqual(listed({ recordedBeforeMs: 300 }), [1, 2]);
    assert.deepEqual(listed({ kind: 'unknown' }), [2, 3, 5]);
    assert.deepEqual(listed({ cameraIds: [yard] }), [3]);
    assert.deepEqual(listed({ cameraIds: [] }), []);
    assert.deepEqual(listed({ kind: 'unknown', cameraIds: [gate], limit: 1 }), [5]);
  });

  test('lists what names a person, for certain or as one of two', () => {
    const { record, listed } = start();
    const pair = (first: PersonId, second: PersonId) =>
      ambiguousFact({
        candidates: [
          { personId: first, similarity: 0.7 },
          { personId: second, similarity: 0.69 },
        ],
      });
    record(
      attendanceFact(),
      pair(ada, grace),
      pair(grace, ada),
      pair(grace, eve),
      unprovenFact(),
      attackFact(),
    );
    assert.deepEqual(listed({ personId: ada }), [1, 2, 3, 5]);
    assert.deepEqual(listed({ personId: ada, limit: 2 }), [3, 5]);
    assert.deepEqual(listed({ personId: ada, limit: 2, keep: 'oldest' }), [1, 2]);
    assert.deepEqual(listed({ personId: ada, kind: 'recognised-ambiguous' }), [2, 3]);
    assert.deepEqual(listed({ personId: eve }), [4]);
  });

  test('has the newest of a kind, and where those since a time begin', () => {
    const { record, table } = start();
    record(unknownFact(), attackFact(), unknownFact(), unknownFact());
    assert.deepEqual(
      table.newestOf('unknown', 2).map(({ sequence }) => sequence),
      [3, 4],
    );
    assert.deepEqual(table.newestOf('camera', 2), []);
    assert.deepEqual(table.lowestSince('unknown', 101, 9), { lowest: 3, latestMs: 400, count: 2 });
    assert.deepEqual(table.lowestSince('unknown', 300, 1), { lowest: 3, latestMs: 300, count: 1 });
    assert.equal(table.lowestSince('unknown', 401, 9), undefined);
  });

  test('finds ids by their beginning, and counts the unknown at each camera', () => {
    const { record, table } = start();
    record(unknownFact(), unknownFact(), unknownFact({ cameraId: yard }), attackFact());
    const beginning = (text: string, limit = 9) =>
      table.beginningWith(text, limit).map(({ sequence }) => sequence);
    assert.deepEqual(beginning('e-'), [1, 2, 3, 4]);
    assert.deepEqual(beginning('e-', 2), [1, 2]);
    assert.deepEqual(beginning('e-3'), [3]);
    assert.deepEqual(beginning('f'), []);
    assert.deepEqual([...table.countUnknown(200)].sort(), [
      ['gate', 1],
      ['yard', 1],
    ]);
    assert.equal(table.countUnknown(100).get('gate'), 2);
  });
});

describe('the last facts in the records', () => {
  test('are those of the person, the camera and the kind, the newest by number', () => {
    const { database, record } = start();
    const recent = recentFactsOf(database);
    for (const occurredAtMs of [9_000, 2_000]) {
      record(attendanceFact({ occurredAtMs }), unprovenFact({ occurredAtMs: occurredAtMs + 1 }));
      record(watchedFact({ occurredAtMs: occurredAtMs + 2 }), attackFact({ occurredAtMs: occurredAtMs + 3 }));
      record(ambiguousFact({ occurredAtMs: occurredAtMs + 4 }));
    }
    const asked = (person: PersonId, camera: typeof gate) => [
      recent.lastAttendanceMs(person, camera),
      recent.lastUnprovenMs(person, camera),
      recent.lastWatchedMs(person, camera),
      recent.lastAttackMs(camera),
      recent.lastAmbiguousMs([person, grace], camera),
    ];
    assert.deepEqual(asked(ada, gate), [2_000, 2_001, 2_002, 2_003, 2_004]);
    assert.deepEqual(asked(ada, yard), [undefined, undefined, undefined, undefined, undefined]);
    assert.deepEqual(asked(eve, gate), [undefined, undefined, undefined, 2_003, undefined]);
    assert.equal(recent.lastAmbiguousMs([grace, ada], gate), 2_004, 'in either order');
  });

  test('tell a refusal, and for a barred person only one of that reason', () => {
    const { database, record } = start();
    const recent = recentFactsOf(database);
    const asked = () => [false, true].map((isBarred) => recent.lastRefusedMs(ada, gate, isBarred));
    assert.deepEqual(asked(), [undefined, undefined]);
    record(refusedFact({ reason: 'barred', occurredAtMs: 1 }));
    assert.deepEqual(asked(), [1, 1]);
    record(refusedFact({ reason: 'expired', occurredAtMs: 2 }));
    assert.deepEqual(asked(), [2, undefined]);
    assert.equal(recent.lastRefusedMs(grace, gate, false), undefined);
    assert.equal(recent.lastRefusedMs(ada, yard, false), undefined);
  });

  test('lead to their passage while they are among the newest thousand', () => {
    const { database, record } = start();
    const recent = recentFactsOf(database);
    record(attendanceFact({ occurredAtMs: 5.5, passageId: passageId('p-1') }));
    assert.equal(recent.passageOfFact('attendance', gate, 5.9), 'p-1');
    assert.equal(recent.passageOfFact('attendance', gate, 6), undefined);
    assert.equal(recent.passageOfFact('attendance', yard, 5), undefined);
    assert.equal(recent.passageOfFact('attack', gate, 5), undefined);
    for (let number = 1; number < 1_000; number += 1) record(attackFact());
    assert.equal(recent.passageOfFact('attendance', gate, 5), 'p-1');
    record(attackFact());
    assert.equal(recent.passageOfFact('attendance', gate, 5), undefined);
  });
});

describe('the records of attendance', () => {
  test('are a person’s times from a time and before another, and say which are proven', () => {
    const { database, record } = start();
    const records = attendanceRecordsOf(database);
    record(
      attendanceFact({ occurredAtMs: 300 }),
      attendanceFact({ occurredAtMs: 100, liveness: noProof, cameraId: yard }),
      attendanceFact({ occurredAtMs: 200, personId: grace }),
      unprovenFact({ occurredAtMs: 250 }),
      unprovenFact({ occurredAtMs: 150 }),
    );
    assert.deepEqual(records.attendancesOf(ada, 100, 301), [
      { cameraId: 'yard', atMs: 100, isProven: false },
      { cameraId: 'gate', atMs: 300, isProven: true },
    ]);
    assert.deepEqual(records.attendancesOf(ada, 101, 300), []);
    assert.deepEqual(records.unprovenTimesOf(ada, 150, 251), [150, 250]);
    assert.deepEqual(records.unprovenTimesOf(ada, 151, 250), []);
    assert.deepEqual(records.unprovenTimesOf(grace, 0, 999), []);
  });

  test('show who was recognised without proof, in a period in which they have no attendance', () => {
    const { database, record } = start();
    const records = attendanceRecordsOf(database);
    record(
      unprovenFact({ occurredAtMs: 300 }),
      unprovenFact({ occurredAtMs: 100, personId: grace }),
      unprovenFact({ occurredAtMs: 200, personId: grace }),
      attendanceFact({ occurredAtMs: 900 }),
    );
    const found = (toMs: number, person?: PersonId, limit = 9) =>
      records.unprovenSightings(0, toMs, { person, limit }).map(({ sequence }) => sequence);
    assert.deepEqual(found(900), [2, 3, 1]);
    assert.deepEqual(found(901), [2, 3], 'the other attended in this period');
    assert.deepEqual(found(900, ada), [1]);
    assert.deepEqual(found(900, undefined, 1), [2]);
    assert.deepEqual(records.unprovenSightings(300, 301, { person: undefined, limit: 9 }), [
      { sequence: 1, cameraId: 'gate', personId: ada, atMs: 300, reason: 'observed-too-briefly' },
    ]);
  });

  test('show whom nobody could tell apart, unless the track was recognised within a day', () => {
    const { database, record } = start();
    const records = attendanceRecordsOf(database);
    record(
      ambiguousFact({ occurredAtMs: 100, trackId: trackId('a') }),
      ambiguousFact({ occurredAtMs: 100, trackId: trackId('b') }),
      ambiguousFact({ occurredAtMs: 100, trackId: trackId('c') }),
      attendanceFact({ occurredAtMs: 100 + dayMs - 1, trackId: trackId('a') }),
      attendanceFact({ occurredAtMs: 100 + dayMs, trackId: trackId('b') }),
      attendanceFact({ occurredAtMs: 200, trackId: trackId('c'), personId: eve }),
    );
    const found = (fromMs: number, toMs: number, person?: PersonId, limit = 9) =>
      records.ambiguousPassages(fromMs, toMs, { person, limit }).map(({ sequence }) => sequence);
    assert.deepEqual(found(100, 101), [2, 3]);
    assert.deepEqual(found(0, 100), []);
    assert.deepEqual(found(101, 999), []);
    assert.deepEqual([found(0, 999, ada), found(0, 999, grace), found(0, 999, eve)], [[2, 3], [2, 3], []]);
    assert.deepEqual(found(0, 999, undefined, 1), [2]);
    assert.deepEqual(records.ambiguousPassages(0, 999, { person: undefined, limit: 1 }), [
      { sequence: 2, cameraId: 'gate', atMs: 100, candidates: [ada, grace] },
    ]);
  });

  test('name each person once who attended, was recognised or corrected, in order', () => {
    const { database, record } = start();
    const records = attendanceRecordsOf(database);
    record(
      attendanceFact({ personId: grace }),
      attendanceFact({ personId: grace }),
      unprovenFact(),
      attackFact(),
    );
    records.corrections.add(
      {
        ...{ personId: eve, kind: 'in', date: '2026-03-02', atMs: 1, reason: '', by: 'uid:1' },
        recordedAtMs: 1,
      },
      () => undefined,
    );
    assert.deepEqual(records.personsAfter('', 9), [ada, grace, eve]);
    assert.deepEqual(records.personsAfter('', 2), [ada, grace]);
    assert.deepEqual(records.personsAfter(ada, 9), [grace, eve]);
    assert.deepEqual(records.personsAfter(eve, 9), []);
    assert.deepEqual(
      [ada, grace, eve, personId('person-4')].map((person) => records.hasRecords(person)),
      [true, true, true, false],
    );
  });
});

describe('corrections of attendance', () => {
  const correction: Omit<StoredCorrection, 'sequence'> = {
    ...{ personId: ada, date: '2026-03-02', atMs: 7, cameraId: gate, reason: 'forgot' },
    ...{ kind: 'seen', by: 'uid:1', recordedAtMs: 50 },
  };

  test('are kept in their order, and none without its audit entry', () => {
    const database = openMemoryDatabase(recordsMigrations);
    const corrections = attendanceCorrectionsOf(database, undefined);
    const traced: number[] = [];
    const trace = (sequence: number): void => void traced.push(sequence);
    assert.deepEqual(corrections.add(correction, trace), { ...correction, sequence: 1 });
    const { cameraId: _, ...plain } = { ...correction, date: '2026-03-04', recordedAtMs: 60 };
    corrections.add(plain, trace);
    corrections.add({ ...correction, date: '2026-03-01', recordedAtMs: 70 }, trace);
    const failing = (): void => {
      throw new Error('the log is full');
    };
    assert.throws(() => corrections.add(correction, failing), /full/);
    assert.deepEqual(traced, [1, 2, 3]);
    assert.deepEqual(corrections.of(ada, '2026-03-02', '2026-03-04'), [
      { ...correction, sequence: 1 },
      { ...plain, cameraId: null, sequence: 2 },
    ]);
    assert.deepEqual(corrections.of(grace, '2026-01-01', '2026-12-31'), []);
    assert.deepEqual(corrections.since(1), {
      ...{ dates: ['2026-03-01', '2026-03-04'], newest: 3, newestAtMs: 70 },
    });
    assert.deepEqual(corrections.since(3), { dates: [], newest: 3, newestAtMs: 0 });
  });

  test('are sealed, also after they lost their reason', () => {
    const database = openMemoryDatabase(recordsMigrations);
    using rows = new RowSeal([new Uint8Array(32).fill(1)]);
    const corrections = attendanceCorrectionsOf(database, rows);
    corrections.add(correction, () => undefined);
    corrections.add({ ...correction, personId: grace }, () => undefined);
    const sealOf = (sequence: number) =>
      database.db.prepare('SELECT seal FROM attendance_correction WHERE sequence = ?').pluck().get(sequence);
    const isGenuine = (reason: string): boolean =>
      rows.isGenuine(
        correctionForm,
        { ...correction, cameraId: gate, sequence: 1, reason, seal: sealOf(1) as Uint8Array },
        [0],
      );
    assert.equal(isGenuine('forgot'), true);
    correctionReasonsOf(database, rows).forget(ada);
    assert.equal(isGenuine(''), true);
    assert.deepEqual(
      [ada, grace].map((person) => corrections.of(person, '2026-01-01', '2026-12-31')[0]?.reason),
      ['', 'forgot'],
    );
    attendanceCorrectionsOf(database, undefined).add(correction, () => undefined);
    assert.equal(sealOf(3), null, 'without a key, there is no seal');
  });
});

describe('what ages in the records', () => {
  function aged() {
    const started = start();
    const forgotten: string[] = [];
    const note =
      (what: string) =>
      (id: string): number =>
        forgotten.push(`${what} ${id}`);
    const retention = recordsRetentionOf(started.database, {
      journal: { forgetPerson: note('passages of'), forgetStranger: note('stranger') },
      requests: { forget: note('requests of'), expire: () => void forgotten.push('expired') },
      review: { forgetPerson: note('review of'), expire: () => void forgotten.push('review expired') },
      rowSeal: undefined,
    });
    return { ...started, retention, forgotten };
  }

  test('are rows before a time, the oldest first, as many at once as are asked for', () => {
    const { database } = aged();
    const add = database.db.prepare(
      "INSERT INTO row_set_aside (name, row, found_at_ms) VALUES ('event', '{}', ?)",
    );
    for (const atMs of [30, 10, 20, 40]) add.run(atMs);
    const rows = ageingRows(database, { table: 'row_set_aside', key: 'number', time: 'found_at_ms' });
    assert.deepEqual([rows.countDue(40), rows.countDue(10)], [3, 0]);
    const step = rows.begin(40);
    assert.deepEqual(step(2), { count: 2, isMoreDue: true });
    assert.deepEqual(database.db.prepare('SELECT found_at_ms FROM row_set_aside').pluck().all(), [30, 40]);
    assert.deepEqual(step(2), { count: 1, isMoreDue: false });
    assert.equal(rows.countDue(99), 1);
  });

  test('are events of the kinds that were recorded before a time, but none that waits', () => {
    const { database, record, retention, listed } = aged();
    record(attackFact(), unknownFact(), attackFact(), attackFact(), unknownFact());
    database.db.exec(
      "INSERT INTO outbox (sequence, kind, size_bytes, since_ms) VALUES (3, 'attack', 1, 1), (5, 'unknown', 1, 1)",
    );
    const attacks = retention.ageing('attack');
    assert.deepEqual([attacks.countDue(400), attacks.countDue(401)], [1, 2]);
    const step = attacks.begin(401);
    assert.deepEqual(step(2), { count: 1, isMoreDue: true });
    assert.deepEqual(step(2), { count: 1, isMoreDue: false });
    assert.deepEqual(listed(), [2, 3, 5]);
    assert.equal(retention.ageing('unknown').begin(500)(1).count, 1);
    assert.deepEqual(listed(), [3, 5]);
  });

  test('of several kinds go one kind after the other', () => {
    const { record, retention, listed } = aged();
    record(attackFact(), unknownFact(), attackFact());
    const both = retention.ageing('unknown', 'attack');
    assert.equal(both.countDue(999), 3);
    const step = both.begin(999);
    assert.deepEqual(step(9), { count: 1, isMoreDue: true });
    assert.deepEqual(listed(), [1, 3]);
    assert.deepEqual(step(9), { count: 2, isMoreDue: false });
    assert.deepEqual(step(9), { count: 0, isMoreDue: false });
    assert.deepEqual(retention.ageing().begin(1)(9), { count: 0, isMoreDue: false });
  });

  test('as attendance does are corrections and rows that were set aside, too', () => {
    const { database, record, retention } = aged();
    record(attendanceFact());
    database.db.exec(`
      INSERT INTO attendance_correction (person_id, date, kind, reason, made_by, recorded_at_ms)
        VALUES ('person-1', '2026-03-02', 'in', '', 'uid:1', 5);
      INSERT INTO row_set_aside (name, row, found_at_ms) VALUES ('event', '{}', 6);`);
    assert.equal(retention.ageing('unknown').countDue(999), 0);
    const attendance = retention.ageing('attendance');
    assert.deepEqual([attendance.countDue(5), attendance.countDue(6), attendance.countDue(999)], [0, 1, 3]);
  });

  test('are passages by their beginning', () => {
    const { database, retention } = aged();
    const add = database.db.prepare(`
      INSERT INTO passage (id, camera_id, started_at_ms, last_seen_ms, outcome, reason, key_id, content)
      VALUES (?, 'gate', ?, 900, 'stranger', 'stranger', 'k', x'00')`);
    for (const atMs of [10, 20]) add.run(`p-${atMs}`, atMs);
    assert.equal(retention.passages().countDue(20), 1);
    assert.deepEqual(retention.passages().begin(20)(9), { count: 1, isMoreDue: false });
    assert.deepEqual(database.db.prepare('SELECT id FROM passage').pluck().all(), ['p-20']);
  });

  test('goes with a person in everything but events', () => {
    const { database, retention, forgotten } = aged();
    const corrections = attendanceCorrectionsOf(database, undefined);
    database.db.exec(`
      INSERT INTO row_set_aside (name, row, found_at_ms) VALUES
        ('event', '{"personId":"person-1"}', 6), ('event', '{"personId":"person-2"}', 6);
      INSERT INTO person_photographs (person_id, hashes) VALUES ('person-1', 'a'), ('person-2', 'b');`);
    for (const person of [ada, grace])
      corrections.add(
        {
          ...{ personId: person, kind: 'in', date: '2026-03-02', atMs: 1, reason: 'why', by: 'uid:1' },
          recordedAtMs: 1,
        },
        () => undefined,
      );
    assert.equal(retention.forgetAbout(ada), 3, 'the number of passages');
    assert.deepEqual(forgotten, ['requests of person-1', 'review of person-1', 'passages of person-1']);
    assert.equal(corrections.of(ada, '2026-01-01', '2026-12-31')[0]?.reason, '');
    assert.deepEqual(database.db.prepare('SELECT row FROM row_set_aside').pluck().all(), [
      '{"personId":"person-2"}',
    ]);
    assert.deepEqual(database.db.prepare('SELECT person_id FROM person_photographs').pluck().all(), [grace]);
  });

  test('leaves the log after 20 ms of waiting for somebody who reads it', () => {
    const { database } = aged();
    database.db.pragma('busy_timeout = 1234');
    const waits: unknown[] = [];
    const pragma = (sql: string, options?: { readonly simple: boolean }): unknown => {
      if (sql.startsWith('wal_checkpoint')) waits.push(database.db.pragma('busy_timeout', { simple: true }));
      return database.db.pragma(sql, options);
    };
    const db = new Proxy(database.db, {
      get: (real, name) => {
        if (name === 'pragma') return pragma;
        const value: unknown = Reflect.get(real, name);
        return typeof value === 'function' ? value.bind(real) : value;
      },
    });
    const retention = recordsRetentionOf(
      { ...database, db },
      {
        journal: { forgetPerson: () => 0, forgetStranger: () => undefined },
        requests: { forget: () => undefined, expire: () => undefined },
        review: { forgetPerson: () => undefined, expire: () => undefined },
        rowSeal: undefined,
      },
    );
    retention.emptyLog();
    assert.deepEqual(waits, [20]);
  });

  test('are changes of cameras, but not the last one of each', () => {
    const { retention, record, table } = aged();
    const change = (id: CameraId, occurredAtMs: number): BoxEvent => ({
      ...{ kind: 'camera', cameraId: id, state: 'failed', code: 'no-answer', occurredAtMs },
    });
    record(change(gate, 1), change(yard, 2), change(gate, 3), change(gate, 4));
    const cameras = retention.ageing('camera');
    assert.equal(cameras.countDue(9999), 2);
    assert.deepEqual(cameras.begin(9999)(9), { count: 2, isMoreDue: false });
    assert.deepEqual(
      table.newestOf('camera', 9).map(({ sequence }) => sequence),
      [2, 4],
    );
    assert.equal(cameras.countDue(9999), 0);
  });

  test('goes with strangers, and the log is emptied of what expired', () => {
    const { retention, forgotten, database } = aged();
    retention.forgetStrangers(['s-1', 's-2'].map(strangerId));
    assert.deepEqual(forgotten.splice(0), ['stranger s-1', 'stranger s-2']);
    database.db.pragma('busy_timeout = 1234');
    assert.equal(retention.emptyLog(), true);
    assert.deepEqual(forgotten, ['expired', 'review expired']);
    assert.equal(database.db.pragma('busy_timeout', { simple: true }), 1234);
  });
});

describe('what the sources of events remember', () => {
  test('is one text for each, until it is forgotten', () => {
    const states = sourceStatesOf(openMemoryDatabase(recordsMigrations));
    assert.equal(states.of('a'), undefined);
    states.set('a', '1');
    states.set('b', '2');
    states.set('a', '3');
    assert.deepEqual([states.of('a'), states.of('b')], ['3', '2']);
    states.forget('a');
    assert.deepEqual([states.of('a'), states.of('b')], [undefined, '2']);
  });

  test('are the active conditions with what they are about', () => {
    const conditions = publishedConditionsOf(openMemoryDatabase(recordsMigrations));
    const note = (
      condition: 'disk-low' | 'clock-unsynchronised',
      isActive: boolean,
      about?: readonly string[],
    ) =>
      conditions.note({
        ...{ kind: 'box', occurredAtMs: 1, condition, isActive, details: {} },
        ...(about && { about }),
      } as Parameters<typeof conditions.note>[0]);
    note('disk-low', true, ['a', 'b']);
    note('clock-unsynchronised', true);
    assert.deepEqual([...conditions.active()].sort(), [
      ['clock-unsynchronised', []],
      ['disk-low', ['a', 'b']],
    ]);
    note('disk-low', true, ['c']);
    note('clock-unsynchronised', false);
    assert.deepEqual([...conditions.active()], [['disk-low', ['c']]]);
  });

  test('are the retained messages of each owner, by topic', () => {
    const retained = retainedMessagesOf(openMemoryDatabase(recordsMigrations));
    retained.remember(
      'a',
      new Map([
        ['t/2', '{}'],
        ['t/1', '1'],
      ]),
    );
    retained.remember('b', new Map([['t/1', 'b']]));
    retained.remember('a', new Map([['t/2', '2']]));
    assert.deepEqual(
      [...retained.of('a')],
      [
        ['t/1', '1'],
        ['t/2', '2'],
      ],
    );
    retained.forget('a', 't/1');
    assert.deepEqual([...retained.of('a')], [['t/2', '2']]);
    assert.deepEqual([...retained.of('b')], [['t/1', 'b']]);
  });
});
