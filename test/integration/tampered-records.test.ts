import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openRecordStores, type RecordStores } from '../../daemon/core/compose/record-stores.js';
import { AlteredRecords } from '../../daemon/core/conditions/altered-records.js';
import { Conditions } from '../../daemon/core/conditions/conditions.js';
import { encodeEvent } from '../../daemon/core/delivery/encoding.js';
import { conditionFindings } from '../../daemon/core/doctor/condition-findings.js';
import { RecordsMark } from '../../daemon/core/records/recovery/records-mark.js';
import type { RecordFinding } from '../../daemon/core/records/seals/records-seals.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import { personId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { alertAtMs, alertMessageOf } from '../support/alert-messages.js';
import { openAuditFixture } from '../support/audit-fixture.js';
import { attendanceFact, unknownFact } from '../support/facts.js';
import { markPathIn, memoryTrail, recordsPathIn, sealWith } from '../support/marked-records.js';
import { passageOf } from '../support/passage-fixture.js';
import { box, temporaryFolder } from '../support/published-box.js';

const keyOf = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const ada = personId('person-1');
const dayMs = 86_400_000;

interface Opening {
  readonly auditKeys?: readonly Uint8Array[];
  readonly isAuditKeyNew?: boolean;
}

/** Records with their mark, which are opened anew as often as a test likes. */
class RecordsBox implements AsyncDisposable {
  readonly folder = temporaryFolder();
  readonly clock = new VirtualClock(alertAtMs);
  readonly trail = memoryTrail();
  /** What was found, as `fault table count`. */
  readonly found: string[] = [];
  #records: RecordStores | undefined;
  #mark: RecordsMark | undefined;

  get records(): RecordStores {
    assert.ok(this.#records);
    return this.#records;
  }

  get path(): string {
    return recordsPathIn(this.folder.path);
  }

  start({ auditKeys = [keyOf(7)], isAuditKeyNew = false }: Opening = {}): this {
    this.found.length = 0;
    this.#mark = RecordsMark.open({
      path: markPathIn(this.folder.path),
      seal: sealWith('a key'),
      ...{ trail: this.trail, clock: this.clock, logger: silentLogger },
    });
    this.#records = openRecordStores({
      path: this.path,
      encode: (event) => encodeEvent(event, box, {}),
      ...{ clock: this.clock, random: systemRandom, mark: this.#mark, auditKeys, isAuditKeyNew },
      onAltered: (found) => this.found.push(...found.map(textOf)),
    });
    return this;
  }

  async stop(): Promise<void> {
    await this.#records?.[Symbol.asyncDispose]();
    this.#mark?.[Symbol.dispose]();
    this.#records = undefined;
    this.#mark = undefined;
  }

  async restart(opening?: Opening): Promise<void> {
    await this.stop();
    this.start(opening);
  }

  /** Writes into the file as somebody else. */
  tamper(...statements: readonly string[]): void {
    const file = new Sqlite(this.path);
    file.pragma('foreign_keys = OFF');
    for (const sql of statements) file.exec(sql);
    file.close();
  }

  sequences(): readonly number[] {
    return this.records.list({ limit: 100 }).map(({ sequence }) => sequence);
  }

  waiting(): readonly number[] {
    return this.records.outbox.pending(0, 100, []).map(({ sequence }) => sequence);
  }

  attendances(): number {
    return this.records.attendance.attendancesOf(ada, 0, Number.MAX_SAFE_INTEGER).length;
  }

  correct(kind: 'in' | 'out'): void {
    this.records.attendance.corrections.add(
      {
        ...{ personId: ada, kind, date: '2026-03-02', atMs: alertAtMs, cameraId: null },
        ...{ reason: 'forgot', by: 'uid:1000', recordedAtMs: alertAtMs },
      },
      () => undefined,
    );
  }

  corrections(): readonly string[] {
    const all = this.records.attendance.corrections.of(ada, '2026-01-01', '2026-12-31');
    return all.map(({ kind, reason }) => `${kind} ${reason}`);
  }

  alert(): void {
    const message = alertMessageOf({ id: 'alert-1' });
    const alerts = [{ message, channels: ['hook'] }];
    this.records.alerts.journal.advance({ cursor: 1, rules: new Map(), alerts });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.folder[Symbol.dispose]();
  }
}

const textOf = ({ fault, table, count }: RecordFinding): string =>
  [fault, table, count].filter((part) => part !== undefined).join(' ');

/** Three attendances that wait, two corrections, two passages and an alert that waits. */
async function openBox(): Promise<RecordsBox> {
  const box = new RecordsBox().start();
  for (let number = 0; number < 3; number += 1) box.records.record(attendanceFact());
  box.correct('in');
  box.correct('out');
  box.records.passages.put(passageOf(1));
  box.records.passages.put(passageOf(2));
  box.alert();
  return box;
}

const columns = 'id, kind, camera_id, track_id, person_id, occurred_at_ms, recorded_at_ms, payload, seal';
const copyAs = (sequence: number, id: string, rest = columns.replace('id, ', '')): string =>
  `INSERT INTO event (sequence, ${columns}) SELECT ${sequence}, ${id}, ${rest} FROM event WHERE sequence = 1;
   INSERT INTO outbox (sequence, kind, size_bytes, since_ms) VALUES (${sequence}, 'attendance', 9, 0)`;

/** What somebody does to the events, and which of the events 1 to 3 stay. */
const eventAttacks: Readonly<Record<string, readonly [sql: string, left: readonly number[]]>> = {
  'is inserted': [copyAs(4, "'x'", columns.replace('id, ', '').replace('seal', 'NULL')), [1, 2, 3]],
  'is inserted before the others': [copyAs(-4, "'x'"), [1, 2, 3]],
  'is a copy of another one': [copyAs(4, "'x'"), [1, 2, 3]],
  'has the payload of another one': [
    'UPDATE event SET payload = (SELECT payload FROM event WHERE sequence = 1) WHERE sequence = 2',
    [1, 3],
  ],
  'is moved to another number': [
    'UPDATE event SET sequence = 9 WHERE sequence = 2; UPDATE outbox SET sequence = 9 WHERE sequence = 2',
    [1, 3],
  ],
  'is moved to another person': ["UPDATE event SET person_id = 'person-2' WHERE sequence = 2", [1, 3]],
  'is moved to another hour': ['UPDATE event SET occurred_at_ms = 0 WHERE sequence = 2', [1, 3]],
  'has a text as seal': ["UPDATE event SET seal = x'00' WHERE sequence = 2", [1, 3]],
};

describe('an event in records.db that somebody else wrote', () => {
  for (const isRunning of [true, false]) {
    for (const [what, [sql, left]] of Object.entries(eventAttacks)) {
      test(`is neither sent, listed nor counted when it ${what} while the box ${isRunning ? 'runs' : 'is off'}`, async () => {
        await using box = await openBox();
        if (!isRunning) await box.stop();
        box.tamper(sql);
        if (!isRunning) box.start();
        assert.equal(box.attendances(), left.length);
        assert.deepEqual(box.waiting(), left);
        assert.deepEqual(box.sequences(), left);
        assert.deepEqual(box.found, ['not-sealed event 1']);
        assert.equal(box.records.record(attendanceFact()).sequence, 4);
        await box.restart();
        assert.deepEqual(box.waiting(), [...left, 4]);
        assert.deepEqual(box.found, []);
      });
    }
  }

  test('is not believed when it comes from another box', async () => {
    await using other = new RecordsBox().start({ auditKeys: [keyOf(8)] });
    for (let number = 0; number < 5; number += 1) other.records.record(attendanceFact());
    await other.stop();
    await using box = await openBox();
    box.tamper(
      `ATTACH '${other.path}' AS other`,
      'INSERT INTO main.event SELECT * FROM other.event WHERE sequence > 3',
      'INSERT INTO main.outbox SELECT * FROM other.outbox WHERE sequence > 3',
    );
    assert.deepEqual(box.waiting(), [1, 2, 3]);
    assert.deepEqual(box.found, ['not-sealed event 2']);
  });

  test('is kept aside until the retention of attendance, or until its person is erased', async () => {
    await using box = await openBox();
    const aside = (): unknown => {
      const file = new Sqlite(box.path, { readonly: true });
      const count = file.prepare('SELECT count(*) FROM row_set_aside').pluck().get();
      file.close();
      return count;
    };
    box.tamper('UPDATE event SET occurred_at_ms = 0', "UPDATE attendance_correction SET reason = 'Ada'");
    box.waiting();
    assert.equal(aside(), 5);
    box.records.retention.forgetAbout(ada);
    assert.equal(aside(), 0);
    box.records.record(attendanceFact());
    box.tamper('UPDATE event SET occurred_at_ms = 0');
    box.waiting();
    assert.equal(aside(), 1);
    const step = box.records.retention.ageing('attendance').begin(alertAtMs + dayMs);
    while (step(100).isMoreDue);
    assert.equal(aside(), 0);
  });

  test('is not written by a trigger that somebody put into the file', async () => {
    await using box = await openBox();
    const copy = copyAs(999, "'x'").replace('WHERE sequence = 1', 'WHERE sequence = NEW.sequence');
    box.tamper(`CREATE TRIGGER evil AFTER INSERT ON passage BEGIN ${copy}; END`);
    box.records.passages.put(passageOf(3));
    assert.deepEqual(box.sequences(), [1, 2, 3]);
    assert.deepEqual(box.found, ['not-sealed trigger 1']);
    box.tamper('DROP TRIGGER outbox_shrinks');
    box.records.outbox.acknowledge([1]);
    assert.equal(box.records.outbox.depth(), 2);
    assert.deepEqual(box.found.at(-1), 'not-sealed trigger 1');
  });
});

describe('a correction in records.db that somebody else wrote', () => {
  const copy = (values: string): string =>
    `INSERT INTO attendance_correction (person_id, date, kind, at_ms, reason, made_by, recorded_at_ms, seal)
     SELECT person_id, date, ${values}, made_by, recorded_at_ms, seal FROM attendance_correction WHERE sequence = 1`;
  const attacks: Readonly<Record<string, readonly [sql: string, left: readonly string[]]>> = {
    inserted: [copy("'absence-excused', at_ms, 'x'"), ['in forgot', 'out forgot']],
    copied: [copy('kind, at_ms, reason'), ['in forgot', 'out forgot']],
    changed: ["UPDATE attendance_correction SET reason = 'x' WHERE sequence = 1", ['out forgot']],
    'moved to another day': [
      "UPDATE attendance_correction SET date = '2026-03-03' WHERE sequence = 2",
      ['in forgot'],
    ],
  };
  for (const [what, [sql, left]] of Object.entries(attacks)) {
    test(`changes no report when it is ${what}`, async () => {
      await using box = await openBox();
      box.tamper(sql);
      assert.deepEqual(box.corrections(), left);
      assert.deepEqual(box.found, ['not-sealed attendance_correction 1']);
    });
  }
});

describe('a row that somebody deletes in records.db', () => {
  const deletions: Readonly<Record<string, readonly [sql: string, found: string]>> = {
    'an event that was sent': ['DELETE FROM event WHERE sequence = 1', 'missing event 1'],
    'an event that waits': ['DELETE FROM outbox WHERE sequence = 2', 'missing outbox 1'],
    'the newest correction': [
      'DELETE FROM attendance_correction WHERE sequence = 2',
      'missing attendance_correction 1',
    ],
    'all corrections': ['DELETE FROM attendance_correction', 'missing attendance_correction 2'],
    'a passage': ['DELETE FROM passage WHERE number = 1', 'missing passage 1'],
    'an alert that waits': ['DELETE FROM alert_delivery; DELETE FROM alert', 'missing alert_delivery 1'],
    'the waiting of an alert': ["UPDATE alert_delivery SET state = 'delivered'", 'missing alert_delivery 1'],
  };
  for (const isRunning of [true, false]) {
    for (const [what, [sql, found]] of Object.entries(deletions)) {
      test(`is reported: ${what}, while the box ${isRunning ? 'runs' : 'is off'}`, async () => {
        await using box = await openBox();
        box.records.outbox.acknowledge([1]);
        if (!isRunning) await box.stop();
        box.tamper(sql);
        if (!isRunning) box.start();
        box.waiting();
        assert.deepEqual(box.found, [found]);
        await box.restart();
        assert.deepEqual(box.found, []);
      });
    }
  }

  test('is reported when somebody also sets the numbers of the file right', async () => {
    await using box = await openBox();
    box.tamper(
      'DELETE FROM passage WHERE number = 1',
      "UPDATE own_count SET count = 1 WHERE name = 'passage'",
    );
    box.waiting();
    assert.deepEqual(box.found, ['counters 1']);
    box.tamper("UPDATE counter SET value = 9 WHERE name = 'sent'", 'DELETE FROM numbers_seal');
    box.waiting();
    assert.deepEqual(box.found, ['counters 1', 'counters 1']);
  });

  test('is reported when it comes back after retention deleted it', async () => {
    await using box = await openBox();
    box.records.outbox.acknowledge([1, 2, 3]);
    box.tamper('CREATE TABLE kept AS SELECT * FROM event WHERE sequence = 1');
    box.records.retention.ageing('attendance').begin(alertAtMs + dayMs)(100);
    assert.deepEqual(box.found, []);
    box.tamper('INSERT INTO event SELECT * FROM kept');
    box.waiting();
    assert.deepEqual(box.found, ['put-back event 1']);
  });
});

describe('what the box does itself in records.db', () => {
  test('is no finding: publishing, retention, erasing, acknowledging and passages, over restarts', async () => {
    await using box = await openBox();
    const { records } = box;
    records.record(unknownFact());
    const gap = { kind: 'gap', occurredAtMs: alertAtMs, firstSequence: 1, lastSequence: 1 } as const;
    records.record({ ...gap, counts: { attendance: 1 }, reason: 'too-many' }, () =>
      records.surplus.giveUp([1]),
    );
    records.outbox.acknowledge([2, 3]);
    records.outbox.forCentre.begin();
    records.outbox.forCentre.acknowledge([4]);
    records.outbox.centre.confirmUpTo(4, []);
    records.outbox.putBack({ first: 1, last: 3 }, { nowMs: alertAtMs, limit: 10 });
    records.passages.put(passageOf(2, { lastSeenMs: alertAtMs }));
    records.retention.forgetAbout(ada);
    assert.deepEqual(box.corrections(), ['in ', 'out ']);
    const [due] = [records.alerts.deliveries.due(alertAtMs, dayMs, [])];
    assert.ok(due);
    records.alerts.deliveries.settle(due.number, { state: 'delivered', atMs: alertAtMs, note: null });
    await box.restart();
    assert.deepEqual(box.found, []);
    box.records.alerts.deliveries.prune({ beforeMs: alertAtMs + dayMs, keep: 0, limit: 10 });
    await box.restart();
    box.waiting();
    assert.deepEqual(box.found, []);
    const { retention } = box.records;
    for (const ageing of [retention.ageing('attendance', 'unknown'), retention.passages()]) {
      const step = ageing.begin(alertAtMs + dayMs);
      while (step(100).isMoreDue);
    }
    box.records.retention.emptyLog();
    box.waiting();
    await box.restart();
    assert.deepEqual(box.corrections(), []);
    assert.deepEqual(box.found, []);
  });

  test('is no finding after a kill, and after a transaction that failed', async () => {
    await using box = await openBox();
    assert.throws(() =>
      box.records.record(attendanceFact(), () => {
        throw new Error('no');
      }),
    );
    box.records.record(attendanceFact());
    box.records.passages.put(passageOf(4));
    // The file and its log as they are, without a clean end.
    await using copy = new RecordsBox();
    cpSync(box.folder.path, copy.folder.path, { recursive: true });
    copy.start();
    assert.deepEqual(copy.waiting(), [1, 2, 3, 4]);
    assert.deepEqual(copy.found, []);
    assert.equal(copy.records.loss.reported(), undefined);
  });

  test('is no finding after an older copy of the file, which is reported as a loss', async () => {
    await using box = await openBox();
    await box.stop();
    const path = join(box.folder.path, 'older');
    cpSync(box.path, path);
    await box.start().records.record(attendanceFact());
    await box.stop();
    cpSync(path, box.path);
    box.start();
    assert.equal(box.records.loss.reported()?.loss, 'older');
    assert.equal(box.attendances(), 3);
    assert.deepEqual(box.found, []);
  });
});

describe('the seals of records.db', () => {
  test('are made once for the rows of an earlier version', async () => {
    await using box = new RecordsBox().start({ auditKeys: [] });
    box.records.record(attendanceFact());
    box.correct('in');
    await box.restart();
    assert.deepEqual([box.sequences(), box.corrections(), box.found], [[1], ['in forgot'], []]);
    await box.stop();
    // Whoever removes all seals finds no second update.
    box.tamper('UPDATE event SET seal = NULL', 'DELETE FROM numbers_seal', 'DELETE FROM own_count');
    box.start();
    assert.deepEqual([box.sequences(), box.corrections()], [[], ['in forgot']]);
    assert.deepEqual(box.found, ['not-sealed event 1', 'counters 1']);
  });

  test('are made anew under a new key; afterwards the former one proves nothing', async () => {
    await using former = await openBox();
    await former.stop();
    await using box = new RecordsBox();
    cpSync(former.folder.path, box.folder.path, { recursive: true });
    box.start({ auditKeys: [keyOf(8), keyOf(7)] });
    assert.deepEqual([box.sequences(), box.found], [[1, 2, 3], []]);
    await box.restart({ auditKeys: [keyOf(8), keyOf(7)] });
    box.tamper(
      `ATTACH '${former.path}' AS former`,
      'DELETE FROM main.event WHERE sequence = 3',
      'INSERT INTO main.event SELECT * FROM former.event WHERE sequence = 3',
    );
    assert.deepEqual(box.sequences(), [1, 2]);
    assert.deepEqual(box.found, ['not-sealed event 1']);
  });

  test('a lost key loses no row, also when the key is found again', async () => {
    await using box = await openBox();
    await box.restart({ auditKeys: [keyOf(9)], isAuditKeyNew: true });
    assert.deepEqual([box.sequences(), box.found], [[1, 2, 3], []]);
    await box.restart({ auditKeys: [keyOf(9)] });
    assert.deepEqual([box.sequences(), box.found], [[1, 2, 3], []]);
    await box.restart();
    assert.deepEqual(box.sequences(), [1, 2, 3]);
    assert.deepEqual(box.corrections(), ['in forgot', 'out forgot']);
  });

  test('rows that were set aside under a wrong key return with the right one', async () => {
    await using box = await openBox();
    await box.restart({ auditKeys: [keyOf(9)] });
    assert.deepEqual([box.sequences(), box.corrections()], [[], []]);
    await box.restart();
    assert.deepEqual(
      [box.sequences(), box.corrections()],
      [
        [1, 2, 3],
        ['in forgot', 'out forgot'],
      ],
    );
  });
});

test('what was found is in status, doctor and the audit log, also after a restart, and ends after a week', async () => {
  using audit = openAuditFixture();
  await using box = await openBox();
  const { clock } = box;
  const report = (): readonly [AlteredRecords, Conditions] => {
    const altered = new AlteredRecords({ audit: audit.log, clock: audit.clock, logger: silentLogger });
    const conditions = new Conditions({ records: box.records, clock, logger: silentLogger });
    altered.reportTo(conditions);
    return [altered, conditions];
  };
  const [altered, conditions] = report();
  assert.deepEqual(conditions.current(), []);
  altered.note([
    { fault: 'not-sealed', table: 'attendance_correction', count: 2 },
    { fault: 'missing', table: 'passage', count: 1 },
  ]);
  await Promise.resolve();
  assert.deepEqual(conditions.about(), { 'records-altered': ['missing', 'not-sealed'] });
  const [entry] = audit.log.list({ action: 'records.set-aside', limit: 1 });
  assert.equal(entry?.details['found'], 'not-sealed:attendance_correction:2,missing:passage:1');
  const [finding] = conditionFindings({
    conditions: conditions.current(),
    conditionsAbout: conditions.about(),
  });
  assert.match(finding?.message ?? '', /^records\.db was altered.*\(missing, not-sealed\)$/);
  await box.restart();
  assert.deepEqual(report()[1].current(), ['records-altered']);
  audit.clock.advanceBy(8 * dayMs);
  await box.restart();
  assert.deepEqual(report()[1].current(), []);
});
