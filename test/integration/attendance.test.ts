import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { attendanceOperations } from '../../daemon/contract/attendance.js';
import type { Caller } from '../../daemon/contract/caller.js';
import { operational } from '../../daemon/kernel/errors.js';
import { cameraId, personId, trackId } from '../../daemon/kernel/ids.js';
import { present } from '../../daemon/kernel/present.js';
import {
  type AttendanceBox,
  briefly,
  caller,
  enrolled,
  officer,
  openAttendanceBox,
  readAll,
} from '../support/attendance-box.js';
import { instant, paris } from '../support/attendance-plan.js';
import { ambiguousFact, attendanceFact, noProof, unprovenFact } from '../support/facts.js';

const dayShift = { id: 'day', from: '08:00', to: '17:00' };
const monday = { from: '2026-03-02', to: '2026-03-02' };

const reportOf = async (box: AttendanceBox, query: { from: string; to: string; person?: string } = monday) =>
  (await readAll(await box.attendance.report(query))).rows.map(briefly);

describe('the attendance report', () => {
  test('lists every person once, enrolled or known only from records, and shows no names while the gallery is sealed', async (t) => {
    const box = await openAttendanceBox(t);
    box.configure({ shifts: [dayShift] });
    box.persons = [enrolled('b', 'Ben'), enrolled('d', 'Dora'), enrolled('f', 'Fay', undefined)];
    for (const person of ['a', 'b', 'c', 'e', 'f']) box.see(person, 'entry', '2026-03-02T08:00');
    assert.deepEqual(await reportOf(box), [
      'a 2026-03-02 day 0 on-time incomplete',
      'Ben 2026-03-02 day 0 on-time incomplete',
      'c 2026-03-02 day 0 on-time incomplete',
      'Dora 2026-03-02 day 0 absent',
      'e 2026-03-02 day 0 on-time incomplete',
      'Fay 2026-03-02 day 0 on-time incomplete',
    ]);
    box.persons = undefined;
    const { head, rows } = await readAll(await box.attendance.report(monday));
    assert.equal(head.areAbsencesKnown, false);
    assert.deepEqual(
      rows.map(({ person }) => person),
      ['a', 'b', 'c', 'e', 'f'],
    );
  });

  test('covers more persons than one query looks up', async (t) => {
    const box = await openAttendanceBox(t);
    const ids = Array.from({ length: 250 }, (_, index) => `p${String(index).padStart(3, '0')}`);
    for (const id of ids) box.see(id, 'entry', '2026-03-02T08:00');
    const { rows } = await readAll(await box.attendance.report(monday));
    assert.deepEqual(
      rows.map(({ person }) => person),
      ids,
    );
  });

  test('applies changed rules to past days', async (t) => {
    const box = await openAttendanceBox(t);
    box.see('p1', 'entry', '2026-03-02T08:30');
    box.see('p1', 'exit', '2026-03-02T17:00');
    assert.deepEqual(await reportOf(box), ['p1 2026-03-02 - 510']);
    box.configure({ shifts: [dayShift] });
    assert.deepEqual(await reportOf(box), ['p1 2026-03-02 day 510 late']);
    box.configure({ shifts: [{ ...dayShift, from: '08:30' }] });
    assert.deepEqual(await reportOf(box), ['p1 2026-03-02 day 510 on-time']);
    box.configure({ shifts: [dayShift], holidays: ['2026-03-02'] });
    assert.deepEqual(await reportOf(box), ['p1 2026-03-02 - 510 overtime']);
  });

  test('prefers lists of cameras to their directions, also for cameras that no longer exist', async (t) => {
    const box = await openAttendanceBox(t);
    const shifts = [dayShift];
    box.configure({ shifts, pairing: 'pairs' });
    box.see('p1', 'old-door', '2026-03-02T08:01');
    box.see('p1', 'gate', '2026-03-02T12:00');
    assert.deepEqual(await reportOf(box), ['p1 2026-03-02 day 239 on-time left-early']);
    box.configure({ shifts, entryCameras: ['old-door', 'gate'] });
    assert.deepEqual(await reportOf(box), ['p1 2026-03-02 day 0 on-time incomplete']);
    box.configure({ shifts, exitCameras: ['old-door', 'gate'] });
    assert.deepEqual(await reportOf(box), ['p1 2026-03-02 day 0 left-early incomplete']);
    box.configure({ shifts, entryCameras: ['exit', 'entry'], exitCameras: ['entry'] });
    box.see('p2', 'exit', '2026-03-02T08:00');
    box.see('p2', 'entry', '2026-03-02T17:00');
    assert.deepEqual((await reportOf(box)).slice(1), ['p2 2026-03-02 day 540 on-time']);
  });

  test('counts a passage that matches two persons for neither, and lists it apart', async (t) => {
    const box = await openAttendanceBox(t);
    box.configure({ shifts: [dayShift] });
    box.persons = [enrolled('a', 'Ann'), enrolled('b', 'Ben'), enrolled('c', 'Cid')];
    const candidates = ['a', 'b'].map((id) => ({ personId: personId(id), similarity: 0.95 }));
    const [nearer, other] = candidates;
    assert.ok(nearer !== undefined && other !== undefined);
    const passAt = (time: string, track: string) =>
      box.records.record(
        ambiguousFact({
          ...{ candidates: [nearer, other], cameraId: cameraId('entry'), trackId: trackId(track) },
          occurredAtMs: instant(time, paris),
        }),
      );
    passAt('2026-03-02T08:05', 'track-open');
    const settled = passAt('2026-03-02T08:30', 'track-settled');
    box.records.record(
      attendanceFact({
        ...{ personId: personId('b'), cameraId: cameraId('entry'), trackId: trackId('track-settled') },
        occurredAtMs: settled.occurredAtMs + 2000,
      }),
    );
    passAt('2026-03-03T08:00', 'track-tomorrow');
    const report = async (person?: string) =>
      (await readAll(await box.attendance.report({ ...monday, ...present({ person }) }, caller))).head
        .ambiguous;
    const open = {
      ...{ date: '2026-03-02', at: '2026-03-02T08:05:00+01:00', camera: 'entry', direction: 'in', event: 1 },
      candidates: [
        { person: 'a', name: 'Ann' },
        { person: 'b', name: 'Ben' },
      ],
      isCorrected: false,
    };
    assert.deepEqual(await report(), [open]);
    assert.deepEqual(await reportOf(box), [
      'Ann 2026-03-02 day 0 absent',
      'Ben 2026-03-02 day 0 late incomplete',
      'Cid 2026-03-02 day 0 absent',
    ]);
    assert.deepEqual(await report('a'), [open]);
    assert.equal(
      box.audit.at(-1)?.details?.['names'],
      2,
      'the audit entry counts the name of the other candidate, too',
    );
    assert.equal(await report('c'), undefined);
    await box.correct({ person: 'a', kind: 'in', time: '08:05' });
    assert.deepEqual(await report(), [{ ...open, isCorrected: true }]);
    assert.equal((await reportOf(box))[0], 'Ann 2026-03-02 day 0 on-time incomplete');
  });

  test('lists days without proof of life apart, booked or not', async (t) => {
    const box = await openAttendanceBox(t);
    box.configure({ shifts: [dayShift] });
    box.persons = [enrolled('a', 'Ann'), enrolled('b', 'Ben'), enrolled('c', 'Cid')];
    const seen = (person: string, time: string) => ({
      ...{ personId: personId(person), cameraId: cameraId('entry'), occurredAtMs: instant(time, paris) },
      liveness: noProof,
    });
    box.records.record(unprovenFact(seen('a', '2026-03-02T08:00')));
    box.records.record(attendanceFact(seen('a', '2026-03-02T08:01')));
    box.records.record(unprovenFact(seen('b', '2026-03-02T08:03')));
    box.records.record(unprovenFact(seen('b', '2026-03-03T08:03')));
    box.records.record(unprovenFact(seen('gone', '2026-03-02T09:00')));
    box.see('c', 'entry', '2026-03-02T08:00');
    assert.deepEqual(await reportOf(box), [
      'Ann 2026-03-02 day 0 on-time incomplete unproven',
      'Ben 2026-03-02 day 0 absent seen-not-proven',
      'Cid 2026-03-02 day 0 on-time incomplete',
      'gone 2026-03-02 day 0 seen-not-proven',
    ]);
    const apart = async (person?: string) =>
      (await readAll(await box.attendance.report({ ...monday, ...present({ person }) }, caller))).head
        .seenNotProven;
    const ben = {
      ...{ person: 'b', name: 'Ben', date: '2026-03-02', at: '2026-03-02T08:03:00+01:00', camera: 'entry' },
      ...{ direction: 'in', reason: 'observed-too-briefly', event: 3, isCorrected: false },
    };
    assert.deepEqual(await apart('b'), [ben]);
    assert.equal(await apart('a'), undefined, 'a person who attended is in the table only');
    assert.deepEqual(
      (await apart())?.map(({ person }) => person),
      ['b', 'gone'],
    );
    await box.correct({ person: 'b', kind: 'in', time: '08:03' });
    assert.deepEqual(await apart('b'), [{ ...ben, isCorrected: true }]);
    assert.equal((await reportOf(box))[1], 'Ben 2026-03-02 day 0 on-time incomplete');
  });

  test('shows today, with the night shift that has not ended', async (t) => {
    const box = await openAttendanceBox(t);
    box.configure({
      shifts: [{ id: 'night', days: ['mon', 'tue', 'wed'], from: '22:00', to: '06:00' }],
    });
    box.persons = [enrolled('p1', 'Ada')];
    box.see('p1', 'entry', '2026-03-02T21:58');
    const today = async (): Promise<readonly string[]> =>
      (await readAll(await box.attendance.today(caller))).rows.map(briefly);
    box.setClock('2026-03-03T03:00');
    assert.deepEqual(await today(), [
      'Ada 2026-03-02 night 0 on-time present',
      'Ada 2026-03-03 night 0 expected',
    ]);
    const { rows } = await readAll(await box.attendance.today(caller));
    assert.deepEqual(
      rows.map(({ workedSoFarMin }) => workedSoFarMin),
      [302, undefined],
    );
    box.setClock('2026-03-03T12:00');
    assert.deepEqual(await today(), ['Ada 2026-03-03 night 0 expected']);
  });

  test('leaves an audit entry without names for a reader, and none for the box itself', async (t) => {
    const box = await openAttendanceBox(t);
    box.persons = [enrolled('p1', 'Ada'), enrolled('p2', 'Ben'), enrolled('p3')];
    await box.attendance.report(monday);
    assert.deepEqual(box.audit, []);
    await box.attendance.today(caller);
    await box.attendance.report({ ...monday, person: 'p1' }, caller);
    assert.deepEqual(box.audit, [
      {
        by: officer,
        action: 'attendance.read',
        details: { from: '2026-03-10', to: '2026-03-10', names: 2 },
      },
      { by: officer, action: 'attendance.read', subject: 'p1', details: { ...monday, names: 1 } },
    ]);
    box.auditFailure = operational('disk-full', 'the disk is full');
    await assert.rejects(box.attendance.today(caller), { code: 'disk-full' });
  });

  test('gives no names to a caller without their scope, and no report to one who is limited to cameras', async (t) => {
    const box = await openAttendanceBox(t);
    box.persons = [enrolled('p1', 'Ada')];
    const nameless = { ...caller, scopes: new Set(['attendance:read', 'attendance:write'] as const) };
    box.see('p1', 'entry', '2026-03-02T08:00');
    const { head, rows } = await readAll(await box.attendance.report(monday, nameless));
    assert.equal(head.areNamesKnown, false);
    assert.deepEqual(
      rows.map(({ person, name }) => [person, name]),
      [['p1', undefined]],
    );
    assert.equal(box.audit.at(-1)?.details?.['names'], 0);
    const excused = {
      ...({ person: 'p1', date: '2026-03-03', kind: 'absence-excused' } as const),
      reason: 'a holiday',
    };
    const corrected = await box.attendance.correct(excused, nameless);
    assert.equal(corrected.rows[0]?.name, undefined);
    const limited = { ...caller, cameras: new Set(['entry']) };
    await assert.rejects(box.attendance.report(monday, limited), { code: 'forbidden' });
    await assert.rejects(box.attendance.correct(excused, limited), { code: 'forbidden' });
  });

  test('gives the number of a person in another system and custom fields with the name, and to no caller without that scope', async (t) => {
    const box = await openAttendanceBox(t);
    const secret = 'payroll-4711';
    box.persons = [
      {
        ...enrolled('p1', 'Ada'),
        profile: () => ({ externalId: secret, fields: { cost_centre: 'payroll-7' } }),
      },
    ];
    const nameless = { ...caller, scopes: new Set(['attendance:read', 'attendance:write'] as const) };
    box.see('p1', 'entry', '2026-03-02T08:00');
    box.see('p1', 'entry', '2026-03-10T08:00');
    const days = { from: '2026-03-02', to: '2026-03-02' };
    const correction = {
      person: 'p1',
      date: '2026-03-02',
      kind: 'out',
      time: '17:00',
      reason: 'left',
    } as const;
    const answers = async (by: Caller): Promise<readonly string[]> => [
      JSON.stringify(await readAll(await box.attendance.report(days, by))),
      JSON.stringify(await readAll(await box.attendance.report({ ...days, person: 'p1' }, by))),
      JSON.stringify(await readAll(await box.attendance.today(by))),
      JSON.stringify(await box.attendance.correct(correction, by)),
      JSON.stringify(await box.attendance.preview({ ...days, shifts: [] }, by, new AbortController().signal)),
    ];
    assert.deepEqual(
      (await answers(caller)).map((answer) => answer.includes(secret) && answer.includes('"payroll-7"')),
      [true, true, true, true, false],
    );
    for (const answer of await answers(nameless)) assert.doesNotMatch(answer, /payroll|Ada/);
  });

  test('shows the shifts and holidays that it applies', async (t) => {
    const box = await openAttendanceBox(t);
    box.configure({ shifts: [dayShift], holidays: ['2026-12-25'], pairing: 'pairs' });
    const { schema } = attendanceOperations['attendance.shifts'].answer;
    const shown = schema.parse(box.attendance.rules());
    assert.equal(shown.timeZone, 'Europe/Paris');
    assert.deepEqual(shown.holidays, ['2026-12-25']);
    assert.equal(shown.pairing, 'pairs');
    const [shift] = shown.shifts;
    assert.deepEqual([shift?.id, shift?.from, shift?.to, shift?.lateGraceS], ['day', '08:00', '17:00', 300]);
  });

  test('refuses unknown periods and persons', async (t) => {
    const box = await openAttendanceBox(t);
    const refused = { code: 'period-refused' };
    await assert.rejects(box.attendance.report({ from: '2026-03-02', to: '2026-03-01' }), refused);
    await assert.rejects(box.attendance.report({ from: '2025-01-01', to: '2026-03-01' }), refused);
    await assert.rejects(box.attendance.report({ ...monday, person: 'nobody' }), { code: 'no-such-person' });
  });

  test('does not report a person as absent on days whose records were forgotten', async (t) => {
    const box = await openAttendanceBox(t);
    box.configure({ shifts: [dayShift] }, { retention: { attendanceRecords: 3 } });
    box.persons = [enrolled('p1')];
    const { head, rows } = await readAll(
      await box.attendance.report({ from: '2026-03-02', to: '2026-03-09' }),
    );
    assert.equal(head.keptFrom, '2026-03-08');
    assert.deepEqual(rows.map(briefly), ['p1 2026-03-09 day 0 absent']);
    await assert.rejects(box.correct({ time: '08:00' }), { code: 'correction-refused' });
  });
});

describe('corrections', () => {
  test('are kept beside the records, audited without their reason, and reverted by another correction', async (t) => {
    const box = await openAttendanceBox(t);
    box.configure({ shifts: [dayShift] });
    box.see('p1', 'entry', '2026-03-02T09:00');
    box.see('p1', 'exit', '2026-03-02T17:00');
    const events = box.records.list({ limit: 10 });
    const { correction, rows } = await box.correct({ time: '08:00', reason: 'Ada waited outside' });
    assert.deepEqual(rows.map(briefly), ['p1 2026-03-02 day 540 on-time']);
    assert.deepEqual([correction.number, correction.at], [1, '2026-03-02T08:00:00+01:00']);
    assert.deepEqual(box.audit, [
      {
        by: { actor: 'uid:1000', origin: 'local socket pid 1' },
        action: 'attendance.corrected',
        subject: 'p1',
        details: { correction: 1, kind: 'in', date: '2026-03-02', at: '2026-03-02T07:00:00.000Z' },
      },
    ]);
    await box.correct({ kind: 'as-recorded' });
    assert.deepEqual(await reportOf(box), ['p1 2026-03-02 day 480 late']);
    const { head } = await readAll(await box.attendance.report({ ...monday, person: 'p1' }));
    assert.deepEqual(
      head.corrections?.map(({ kind, reason, by }) => [kind, reason, by]),
      [
        ['in', 'Ada waited outside', 'uid:1000'],
        ['as-recorded', 'the camera was down', 'uid:1000'],
      ],
    );
    assert.deepEqual(
      box.records.list({ limit: 10 }),
      events,
      'a correction does not change the recorded events',
    );
  });

  test('are refused when the audit entry cannot be written', async (t) => {
    const box = await openAttendanceBox(t);
    box.see('p1', 'entry', '2026-03-02T09:00');
    box.auditFailure = operational('disk-full', 'the disk is full');
    await assert.rejects(box.correct({ time: '08:00' }), { code: 'disk-full' });
    assert.deepEqual(box.records.attendance.corrections.of(personId('p1'), '2026-03-01', '2026-03-31'), []);
  });

  test('are refused when they make no sense', async (t) => {
    const box = await openAttendanceBox(t);
    box.persons = [enrolled('p1')];
    const cases = [
      ['no-such-person', { person: 'p2', time: '08:00' }],
      ['correction-refused', { time: '8 in the morning' }],
      ['correction-refused', { kind: 'out' }],
      ['correction-refused', { kind: 'absence-excused', time: '08:00' }],
      ['correction-refused', { time: '08:00', reason: '  ' }],
      ['correction-refused', { time: '08:00', reason: 'x'.repeat(201) }],
      ['correction-refused', { date: '2026-03-11', time: '08:00' }],
      ['correction-refused', { time: '2026-03-05T08:00Z' }],
    ] as const;
    for (const [code, request] of cases) await assert.rejects(box.correct(request), { code });
    await box.correct({ time: '08:00' });
    await assert.rejects(box.correct({ kind: 'out', time: '07:59' }), { code: 'correction-refused' });
    await box.correct({ kind: 'out', time: '02:00+1' });
    box.setClock('2026-12-01T12:00');
    await assert.rejects(box.correct({ date: '2026-03-29', time: '02:30' }), { code: 'no-such-time' });
    await assert.rejects(box.correct({ date: '2026-10-25', time: '02:30' }), { code: 'ambiguous-time' });
    await box.correct({ date: '2026-10-25', time: '2026-10-25T02:30+01:00' });
    assert.equal(box.audit.length, 3);
  });

  test('age with the attendance records, and lose their reasons with the person', async (t) => {
    const box = await openAttendanceBox(t);
    box.see('p1', 'entry', '2026-03-02T09:00');
    await box.correct({ time: '08:00' });
    box.setClock('2026-04-10T12:00');
    await box.correct({ date: '2026-04-09', time: '08:00' });
    const { corrections } = box.records.attendance;
    const kept = () => corrections.of(personId('p1'), '2026-01-01', '2026-12-31');
    box.records.retention.forgetAbout(personId('p1'));
    assert.deepEqual(
      kept().map(({ date, reason }) => [date, reason]),
      [
        ['2026-03-02', ''],
        ['2026-04-09', ''],
      ],
    );
    const ageing = box.records.retention.ageing('attendance');
    const beforeMs = Date.UTC(2026, 3, 1);
    assert.equal(ageing.countDue(beforeMs), 1, 'the event waits in the outbox');
    box.records.outbox.acknowledge([1]);
    assert.equal(ageing.countDue(beforeMs), 2);
    const step = ageing.begin(beforeMs);
    let count = 0;
    for (let isMoreDue = true; isMoreDue; ) {
      const batch = step(1);
      count += batch.count;
      isMoreDue = batch.isMoreDue;
    }
    assert.equal(count, 2);
    assert.deepEqual(
      kept().map(({ date }) => date),
      ['2026-04-09'],
    );
    assert.equal(box.records.list({ limit: 1 }).length, 0);
  });
});
