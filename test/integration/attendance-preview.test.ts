import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { briefly, caller, enrolled, openAttendanceBox } from '../support/attendance-box.js';

const dayShift = { id: 'day', from: '08:00', to: '17:00' };
const week = { from: '2026-03-02', to: '2026-03-06' };

/** The caller waits for the answer. */
const stays = new AbortController().signal;

describe('the preview of other shifts', () => {
  test('stops when its caller leaves', async (t) => {
    const box = await openAttendanceBox(t);
    box.persons = [enrolled('a', 'Ann')];
    const preview = box.attendance.preview({ ...week, shifts: [dayShift] }, caller, AbortSignal.abort());
    await assert.rejects(preview, { name: 'AbortError' });
  });

  test('tells which recorded days they would change, and changes nothing', async (t) => {
    const box = await openAttendanceBox(t);
    box.configure({ shifts: [dayShift] });
    box.persons = [enrolled('a', 'Ann'), enrolled('b', 'Ben')];
    for (const day of ['02', '03']) {
      box.see('a', 'entry', `2026-03-${day}T08:20`);
      box.see('a', 'exit', `2026-03-${day}T17:00`);
    }
    const later = { ...dayShift, from: '08:30' };
    const preview = await box.attendance.preview(
      { ...week, shifts: [later], holidays: ['2026-03-03'] },
      caller,
      stays,
    );
    assert.deepEqual(
      preview.changed.map(({ before, after }) => [before, after].map((rows) => rows.map(briefly))),
      [
        [['Ann 2026-03-02 day 520 late'], ['Ann 2026-03-02 day 520 early']],
        [['Ann 2026-03-03 day 520 late'], ['Ann 2026-03-03 - 520 overtime']],
        [['Ben 2026-03-03 day 0 absent'], []],
      ],
    );
    assert.equal(preview.changedDays, 3);
    assert.deepEqual(preview.before, {
      statuses: { late: 2, absent: 8 },
      workedMin: 1040,
      lateMin: 40,
      overtimeMin: 0,
    });
    assert.deepEqual(preview.after, {
      statuses: { early: 1, overtime: 1, absent: 7 },
      workedMin: 1040,
      lateMin: 0,
      overtimeMin: 520,
    });
    assert.deepEqual(
      box.attendance.rules().shifts.map(({ from }) => from),
      ['08:00'],
    );
    assert.deepEqual(
      box.audit.map(({ action, details }) => [action, details?.['names']]),
      [['attendance.read', 2]],
    );
  });

  test('refuses shifts that the configuration would refuse, and names what is wrong', async (t) => {
    const box = await openAttendanceBox(t);
    const shifts = [{ ...dayShift, from: 'eight' }, dayShift];
    await assert.rejects(box.attendance.preview({ ...week, shifts }, caller, stays), (error) => {
      assert.ok(isRollcallError(error));
      assert.equal(error.code, 'settings-refused');
      assert.match(error.message, /attendance\.shifts\.0\.from must be a time of day/);
      assert.match(error.message, /attendance\.shifts\.1\.id/);
      return true;
    });
  });

  test('shows no names to callers without that scope, and refuses too many days', async (t) => {
    const box = await openAttendanceBox(t);
    box.persons = [enrolled('a', 'Ann')];
    box.see('a', 'entry', '2026-03-02T08:20');
    const scopes = new Set([...caller.scopes].filter((scope) => scope !== 'names:read'));
    const { changed } = await box.attendance.preview(
      { ...week, shifts: [dayShift] },
      { ...caller, scopes },
      stays,
    );
    assert.ok(changed.length > 0);
    assert.doesNotMatch(JSON.stringify(changed), /Ann/);
    const long = { from: '2026-01-01', to: '2026-02-01' };
    await assert.rejects(box.attendance.preview(long, caller, stays), /at most 31 days/);
  });
});
