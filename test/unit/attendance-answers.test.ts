import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { AttendanceRow } from '../../daemon/contract/attendance.js';
import { personsInAPart, summaryOf } from '../../daemon/core/attendance/daily-summary.js';
import { PassageCorrections } from '../../daemon/core/attendance/passage-corrections.js';
import { cameraId, type PersonId, personId } from '../../daemon/kernel/ids.js';
import {
  type AttendanceBox,
  caller,
  enrolled,
  officer,
  openAttendanceBox,
  readAll,
} from '../support/attendance-box.js';
import { instant, paris } from '../support/attendance-plan.js';
import { unprovenFact } from '../support/facts.js';

const { signal } = new AbortController();
const nightShift = { id: 'night', days: ['mon', 'tue'], from: '22:00', to: '06:00' };

describe('the period of a report', () => {
  test('has 366 days at most, which a leap year has, and one at least', async (t) => {
    const { attendance } = await openAttendanceBox(t);
    const daysOf = async (from: string, to: string): Promise<string> => {
      const { head } = await attendance.report({ from, to });
      return `${head.from} ${head.to}`;
    };
    assert.equal(await daysOf('2028-01-01', '2028-12-31'), '2028-01-01 2028-12-31');
    assert.equal(await daysOf('2026-03-02', '2026-03-02'), '2026-03-02 2026-03-02');
    const tooLong = { code: 'period-refused', message: /367.*366|366.*367/ };
    await assert.rejects(daysOf('2028-01-01', '2029-01-01'), tooLong);
    await assert.rejects(daysOf('2026-03-02', '2026-03-01'), { code: 'period-refused' });
  });

  test('has 31 days at most where rules are proposed, and begins with the days that are kept', async (t) => {
    const box = await openAttendanceBox(t);
    const preview = (from: string, to: string) => box.attendance.preview({ from, to }, caller, signal);
    const { from, to } = await preview('2026-01-01', '2026-01-31');
    assert.deepEqual([from, to], ['2026-01-01', '2026-01-31']);
    await assert.rejects(preview('2026-01-01', '2026-02-01'), { code: 'period-refused' });
    box.configure({}, { retention: { attendanceRecords: 3 } });
    assert.equal((await preview('2026-03-01', '2026-03-09')).from, '2026-03-08');
    assert.equal((await preview('2026-03-09', '2026-03-09')).from, '2026-03-09');
  });
});

test('a report lists the first 200 recognitions without proof of life, over all its days', async (t) => {
  const box = await openAttendanceBox(t);
  const seen = (date: string, count: number): void => {
    for (let index = 0; index < count; index += 1) {
      const at = { cameraId: cameraId('entry'), occurredAtMs: instant(`${date}T08:00`, paris) + index };
      box.records.record(unprovenFact({ ...at, personId: personId(`p${index}`) }));
    }
  };
  const listed = async (from: string, to: string) => {
    const rows = (await box.attendance.report({ from, to })).head.seenNotProven ?? [];
    return [rows.length, new Set(rows.map(({ date }) => date)).size];
  };
  seen('2026-03-02', 150);
  seen('2026-03-03', 50);
  assert.deepEqual(await listed('2026-03-02', '2026-03-04'), [200, 2]);
  seen('2026-03-04', 1);
  assert.deepEqual(await listed('2026-03-02', '2026-03-04'), [200, 2], 'the day that is over the limit');
  assert.deepEqual(await listed('2026-03-03', '2026-03-04'), [51, 2]);
});

describe('an operator who says of a passage who it was', () => {
  const place = { cameraId: cameraId('entry'), atMs: instant('2026-03-02T08:00', paris) };
  const ids = (...names: readonly string[]): readonly PersonId[] => names.map(personId);

  async function open(t: TestContext) {
    const box = await openAttendanceBox(t);
    box.persons = ['ada', 'ben'].map((id) => enrolled(id));
    const corrections = new PassageCorrections({
      ...{ records: box.records.attendance, current: () => box.config, localTime: paris, clock: box.clock },
      audit: {
        append(entry) {
          (box.audit as (typeof entry)[]).push(entry);
          return { sequence: 1, hash: '' };
        },
      },
    });
    return { box, corrections };
  }

  const attended = async ({ attendance }: AttendanceBox, date = '2026-03-02') =>
    (await readAll(await attendance.report({ from: date, to: date }))).rows
      .filter(({ firstIn }) => firstIn !== null)
      .map(({ person, firstIn }) => `${person} ${firstIn?.slice(11, 16)}`);

  test('moves the attendance to that person, once, with audit entries', async (t) => {
    const { box, corrections } = await open(t);
    box.see('ada', 'entry', '2026-03-02T08:00');
    const marked = { ...place, present: personId('ben'), others: ids('ada', 'ben') };
    assert.equal(corrections.areDue(marked), true);
    assert.equal(corrections.apply(marked, 'it was Ben', officer), 2);
    assert.deepEqual(await attended(box), ['ben 08:00']);
    assert.deepEqual(
      box.audit.map(({ by, action, subject, details }) => [by, action, subject, details]),
      [
        ['ada', 'not-seen', 1],
        ['ben', 'seen', 2],
      ].map(([subject, kind, correction]) => [
        officer,
        'attendance.corrected',
        subject,
        { correction, kind, date: '2026-03-02', at: '2026-03-02T07:00:00.000Z', camera: 'entry' },
      ]),
    );
    assert.equal(corrections.areDue(marked), false);
    assert.equal(corrections.apply(marked, 'it was Ben', officer), 0, 'the days say so already');
  });

  test('cancels the attendance where it was none of the enrolled persons', async (t) => {
    const { box, corrections } = await open(t);
    box.see('ada', 'entry', '2026-03-02T08:00');
    assert.equal(corrections.apply({ ...place, others: ids('ada', 'ben') }, 'a visitor', officer), 1);
    assert.deepEqual(await attended(box), []);
  });

  test('changes nothing at another camera or another time', async (t) => {
    const { box, corrections } = await open(t);
    box.see('ada', 'exit', '2026-03-02T08:00');
    box.see('ada', 'entry', '2026-03-02T08:01');
    assert.equal(corrections.areDue({ ...place, others: ids('ada') }), false);
    assert.equal(corrections.areDue({ ...place, present: personId('ada'), others: [] }), true);
  });

  test('corrects the day of a night shift once, also from after midnight', async (t) => {
    const { box, corrections } = await open(t);
    box.configure({ shifts: [nightShift] });
    const late = { cameraId: cameraId('entry'), atMs: instant('2026-03-03T02:00', paris) };
    const marked = { ...late, present: personId('ada'), others: [] };
    assert.equal(corrections.apply(marked, 'seen', officer), 1);
    assert.equal(box.audit.at(-1)?.details?.['date'], '2026-03-02');
    assert.equal(corrections.areDue(marked), false, 'the correction of the day before counts');
    assert.deepEqual(await attended(box), ['ada 02:00']);
  });
});

describe('the summary of a day', () => {
  const row = (person: string, given: Partial<AttendanceRow> = {}): AttendanceRow => ({
    ...{ person, date: '2026-03-02', shift: null, shiftFrom: null, shiftTo: null },
    ...{ firstIn: null, lastOut: null, statuses: [], workedMin: 0, breakMin: 0, awayMin: 0, earlyMin: 0 },
    ...{ lateMin: 0, leftEarlyMin: 0, overtimeMin: 0, isCorrected: false },
    ...given,
  });
  async function* each(rows: readonly AttendanceRow[]): AsyncGenerator<AttendanceRow> {
    yield* rows;
  }
  const summarised = (rows: readonly AttendanceRow[]) => summaryOf('2026-03-02', each(rows), 1000);

  test('says times in UTC and no names', async () => {
    const [notice] = await summarised([
      row('p1', {
        ...{ name: 'Ada', shift: 'day', statuses: ['late'], workedMin: 420 },
        ...{ firstIn: '2026-03-02T08:20:00+01:00', lastOut: '2026-03-02T16:00:00+01:00' },
      }),
    ]);
    assert.deepEqual(notice?.persons, [
      {
        ...{ personId: 'p1', shift: 'day', statuses: ['late'], workedMin: 420 },
        ...{ firstIn: '2026-03-02T07:20:00.000Z', lastOut: '2026-03-02T15:00:00.000Z' },
      },
    ]);
    const { occurredAtMs, date, part, parts } = notice;
    assert.deepEqual([occurredAtMs, date, part, parts], [1000, '2026-03-02', 1, 1]);
  });

  test('counts a person with two shifts once for each status', async () => {
    const [notice] = await summarised([
      row('p1', { shift: 'early', statuses: ['late', 'incomplete'] }),
      row('p1', { shift: 'late', statuses: ['late'] }),
      row('p2', { statuses: ['absent'] }),
      row('p3', { statuses: ['late'] }),
    ]);
    assert.deepEqual(notice?.counts, { absent: 1, incomplete: 1, late: 2 });
    assert.deepEqual(Object.keys(notice.counts), ['absent', 'incomplete', 'late']);
    assert.equal(notice.persons.length, 4);
  });

  test('has a part more as soon as one is full, each with the counts of all', async () => {
    for (const [count, sizes] of [
      [0, [0]],
      [personsInAPart, [personsInAPart]],
      [personsInAPart + 1, [personsInAPart, 1]],
    ] as const) {
      const rows = Array.from({ length: count }, (_, index) => row(`p${index}`, { statuses: ['absent'] }));
      const notices = await summarised(rows);
      assert.deepEqual(
        notices.map(({ persons }) => persons.length),
        sizes,
      );
      for (const [index, { part, parts, counts }] of notices.entries())
        assert.deepEqual([part, parts, counts['absent'] ?? 0], [index + 1, sizes.length, count]);
      assert.equal(
        new Set(notices.flatMap(({ persons }) => persons.map((each) => each.personId))).size,
        count,
      );
    }
  });
});
