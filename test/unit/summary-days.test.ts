import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { localTimeOf } from '../../daemon/host/local-time.js';
import {
  dayIsOverAtMs,
  daysToSummarise,
  type LocalTime,
  type Shift,
  shiftCalendar,
} from '../../daemon/kernel/attendance/shift.js';
import { instant, paris, planOf, shiftOf } from '../support/attendance-plan.js';

const day = shiftOf('day', '08:00', '16:00');
const night = shiftOf('night', '22:00', '06:00');
const long = shiftOf('long', '20:00', '19:00', { days: ['mon'] });
const saoPaulo = localTimeOf('America/Sao_Paulo');

interface OverCase {
  readonly what: string;
  readonly shifts: readonly Shift[];
  readonly date: string;
  /** UTC. */
  readonly over: string;
  readonly localTime?: LocalTime;
  readonly holidays?: readonly string[];
}

const overCases: readonly OverCase[] = [
  {
    what: 'a day without a shift ends at midnight',
    shifts: [],
    date: '2026-03-02',
    over: '2026-03-02T23:00',
  },
  {
    what: 'a day shift does not delay the end of the day at midnight',
    shifts: [day],
    date: '2026-03-02',
    over: '2026-03-02T23:00',
  },
  {
    what: 'a late shift keeps the day open until all people have left',
    shifts: [day, shiftOf('late', '14:00', '22:00')],
    date: '2026-03-02',
    over: '2026-03-03T05:00',
  },
  {
    what: 'a night shift counts for the day on which it begins',
    shifts: [night],
    date: '2026-03-02',
    over: '2026-03-03T13:00',
  },
  {
    what: 'a holiday has no shift to wait for',
    shifts: [night],
    date: '2026-03-02',
    over: '2026-03-02T23:00',
    holidays: ['2026-03-02'],
  },
  {
    what: 'the day on which the clock is set forward has 23 hours',
    shifts: [],
    date: '2026-03-29',
    over: '2026-03-29T22:00',
  },
  {
    what: 'a night shift over the change ends by the new clock',
    shifts: [night],
    date: '2026-03-28',
    over: '2026-03-29T12:00',
  },
  {
    what: 'the day on which the clock is set back has 25 hours',
    shifts: [],
    date: '2026-10-25',
    over: '2026-10-25T23:00',
  },
  {
    what: 'a night shift over that change ends by the new clock',
    shifts: [night],
    date: '2026-10-24',
    over: '2026-10-25T13:00',
  },
  {
    what: 'where midnight is skipped the day ends when the clock is set forward',
    shifts: [],
    date: '2018-11-03',
    over: '2018-11-04T03:00',
    localTime: saoPaulo,
  },
  { what: 'a leap day is a day', shifts: [night], date: '2028-02-29', over: '2028-03-01T13:00' },
];

describe('when a day is over', () => {
  for (const { what, shifts, date, over, localTime = paris, holidays = [] } of overCases) {
    test(what, () => {
      const calendar = shiftCalendar(planOf(shifts, { holidays: new Set(holidays) }), localTime);
      assert.equal(new Date(dayIsOverAtMs(date, calendar)).toISOString().slice(0, 16), over);
    });
  }
});

interface DueCase {
  readonly what: string;
  readonly shifts: readonly Shift[];
  readonly last: string;
  readonly now: string;
  readonly due: readonly string[];
}

const dueCases: readonly DueCase[] = [
  { what: 'today is not', shifts: [day], last: '2026-03-01', now: '2026-03-02T23:59', due: [] },
  { what: 'yesterday is', shifts: [day], last: '2026-03-01', now: '2026-03-03T00:00', due: ['2026-03-02'] },
  {
    what: 'not before the night shift is over',
    shifts: [night],
    last: '2026-03-01',
    now: '2026-03-03T13:59',
    due: [],
  },
  { what: 'then it is', shifts: [night], last: '2026-03-01', now: '2026-03-03T14:00', due: ['2026-03-02'] },
  {
    what: 'a longer day holds up the shorter one behind it',
    shifts: [long],
    last: '2026-03-01',
    now: '2026-03-04T02:00',
    due: [],
  },
  {
    what: 'and both days come in order',
    shifts: [long],
    last: '2026-03-01',
    now: '2026-03-04T03:00',
    due: ['2026-03-02', '2026-03-03'],
  },
  { what: 'nothing twice', shifts: [day], last: '2026-03-02', now: '2026-03-03T12:00', due: [] },
];

describe('which days are due', () => {
  for (const { what, shifts, last, now, due } of dueCases) {
    test(what, () => {
      const calendar = shiftCalendar(planOf(shifts), paris);
      assert.deepEqual(daysToSummarise(last, instant(now, paris), calendar), due);
    });
  }

  test('a box that was off makes up 31 days at most, over a change of the clock as well', () => {
    const calendar = shiftCalendar(planOf([day]), paris);
    const due = daysToSummarise('2026-01-01', instant('2026-04-10T12:00', paris), calendar);
    assert.deepEqual([due.length, due[0], due.at(-1)], [31, '2026-03-10', '2026-04-09']);
    assert.equal(new Set(due).size, 31);
  });
});
