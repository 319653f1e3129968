import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { localTimeOf } from '../../daemon/host/local-time.js';
import { shiftCalendar } from '../../daemon/kernel/attendance/shift.js';
import {
  dateOfDay,
  datesBetween,
  dayNumberOf,
  weekdayOf,
} from '../../daemon/kernel/attendance/shift-calendar.js';
import { localIso, readGivenTime } from '../../daemon/kernel/attendance/time-text.js';
import { planOf, shiftOf } from '../support/attendance-plan.js';

const zones = ['Europe/Paris', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'UTC'] as const;

describe('days of the calendar', () => {
  test('their numbers and weekdays are those of Date, over four centuries', () => {
    fc.assert(
      fc.property(fc.integer({ min: -80_000, max: 80_000 }), (day) => {
        const date = new Date(day * 86_400_000);
        const text = date.toISOString().slice(0, 10);
        assert.equal(dateOfDay(day), text);
        assert.equal(dayNumberOf(text), day);
        const names = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
        assert.equal(weekdayOf(text), names[date.getUTCDay()]);
      }),
    );
  });

  test('a leap day and the end of a year lie between their neighbours', () => {
    assert.deepEqual(datesBetween('2028-02-28', '2028-03-01'), ['2028-02-28', '2028-02-29', '2028-03-01']);
    assert.deepEqual(datesBetween('2026-12-31', '2027-01-01'), ['2026-12-31', '2027-01-01']);
    assert.deepEqual(datesBetween('2026-03-02', '2026-03-01'), []);
  });
});

describe('local time', () => {
  for (const zone of zones) {
    test(`${zone}: an instant is among those that show its time, and its text names it`, () => {
      const localTime = localTimeOf(zone);
      const from = Date.UTC(2025, 0, 1) / 1000;
      fc.assert(
        fc.property(fc.integer({ min: from, max: from + 3 * 366 * 86_400 }), (second) => {
          const { date, secondOfDay } = localTime.at(second * 1000);
          assert.ok(localTime.instantsOf(date, secondOfDay).includes(second * 1000));
          assert.equal(Date.parse(localIso(second * 1000, localTime)), second * 1000);
        }),
      );
    });
  }

  const changes = [
    // Forward: a gap. The time within it is as far after the change as it is after the beginning of the gap.
    ['Europe/Paris', '2026-03-29', '02:30', [], '2026-03-29T03:30:00+02:00'],
    ['America/New_York', '2026-03-08', '02:30', [], '2026-03-08T03:30:00-04:00'],
    ['Australia/Lord_Howe', '2026-10-04', '02:15', [], '2026-10-04T02:45:00+11:00'],
    // Back: an hour, or half of one, comes twice.
    [
      'Europe/Paris',
      '2026-10-25',
      '02:30',
      ['2026-10-25T02:30:00+02:00', '2026-10-25T02:30:00+01:00'],
      '2026-10-25T02:30:00+02:00',
    ],
    [
      'America/New_York',
      '2026-11-01',
      '01:30',
      ['2026-11-01T01:30:00-04:00', '2026-11-01T01:30:00-05:00'],
      '2026-11-01T01:30:00-04:00',
    ],
    [
      'Australia/Lord_Howe',
      '2026-04-05',
      '01:45',
      ['2026-04-05T01:45:00+11:00', '2026-04-05T01:45:00+10:30'],
      '2026-04-05T01:45:00+11:00',
    ],
    ['Europe/Paris', '2026-03-29', '03:00', ['2026-03-29T03:00:00+02:00'], '2026-03-29T03:00:00+02:00'],
    ['Europe/Paris', '2026-10-25', '03:00', ['2026-10-25T03:00:00+01:00'], '2026-10-25T03:00:00+01:00'],
    [
      'Australia/Lord_Howe',
      '2026-10-04',
      '01:59',
      ['2026-10-04T01:59:00+10:30'],
      '2026-10-04T01:59:00+10:30',
    ],
  ] as const;
  for (const [zone, date, time, instants, chosen] of changes) {
    test(`${zone} ${date} ${time} comes ${instants.length} times`, () => {
      const localTime = localTimeOf(zone);
      const second = Number(time.slice(0, 2)) * 3600 + Number(time.slice(3)) * 60;
      const shown = localTime.instantsOf(date, second).map((each) => localIso(each, localTime));
      assert.deepEqual(shown, instants);
      assert.equal(localIso(localTime.instantOf(date, second), localTime), chosen);
      const given = readGivenTime(time, date, localTime);
      assert.equal(given.outcome, ['no-such-time', 'time', 'ambiguous'][instants.length]);
    });
  }
});

describe('shifts of a day', () => {
  const hours = (zone: string, date: string, from: string, to: string): number => {
    const [on] = shiftCalendar(planOf([shiftOf('x', from, to)]), localTimeOf(zone)).on(date);
    return on === undefined ? Number.NaN : (on.endMs - on.startMs) / 3_600_000;
  };
  const lengths = [
    ['Europe/Paris', '2026-03-27', '22:00', '06:00', 8],
    ['Europe/Paris', '2026-03-28', '22:00', '06:00', 7],
    ['Europe/Paris', '2026-10-24', '22:00', '06:00', 9],
    ['America/New_York', '2026-03-07', '22:00', '06:00', 7],
    ['America/New_York', '2026-10-31', '22:00', '06:00', 9],
    ['Australia/Lord_Howe', '2026-10-03', '22:00', '06:00', 7.5],
    ['Australia/Lord_Howe', '2026-04-04', '22:00', '06:00', 8.5],
    ['Europe/Paris', '2026-03-29', '00:00', '00:00', 23],
    ['Europe/Paris', '2026-10-25', '00:00', '00:00', 25],
    ['Europe/Paris', '2026-12-31', '22:00', '06:00', 8],
    ['Europe/Paris', '2028-02-28', '22:00', '06:00', 8],
  ] as const;
  for (const [zone, date, from, to, expected] of lengths) {
    test(`${from} to ${to} on ${date} in ${zone} lasts ${expected} hours`, () => {
      assert.equal(hours(zone, date, from, to), expected);
    });
  }

  test('take place on their weekdays within their period only, and not on holidays', () => {
    const shift = shiftOf('x', '08:00', '16:00', {
      days: ['mon', 'tue'],
      validFrom: '2026-03-02',
      validUntil: '2026-03-10',
    });
    const calendar = shiftCalendar(
      planOf([shift], { holidays: new Set(['2026-03-03']) }),
      localTimeOf('UTC'),
    );
    const found = datesBetween('2026-02-20', '2026-03-20').filter((date) => calendar.on(date).length > 0);
    assert.deepEqual(found, ['2026-03-02', '2026-03-09', '2026-03-10']);
  });
});

describe('a time as it is given', () => {
  const localTime = localTimeOf('Europe/Paris');
  const read = (text: string) => readGivenTime(text, '2026-12-31', localTime);

  test('means that day, the next one, or an instant', () => {
    assert.deepEqual(read('08:05'), { outcome: 'time', atMs: Date.parse('2026-12-31T07:05:00Z') });
    assert.deepEqual(read('8:05'), read('08:05'));
    assert.deepEqual(read('2026-12-31 08:05'), read('08:05'));
    assert.equal(read('2026-10-25 02:30').outcome, 'ambiguous');
    assert.deepEqual(read('06:10+1'), { outcome: 'time', atMs: Date.parse('2027-01-01T05:10:00Z') });
    assert.deepEqual(read('2026-10-25T02:30+01:00'), {
      outcome: 'time',
      atMs: Date.parse('2026-10-25T01:30Z'),
    });
    assert.deepEqual(read('2026-10-25T02:30:07-03:30'), {
      outcome: 'time',
      atMs: Date.parse('2026-10-25T06:00:07Z'),
    });
  });

  test('is refused in any other form', () => {
    for (const text of [
      '24:00',
      '08:60',
      '08:05+2',
      '2026-10-25',
      '2026-10-2502:30',
      'today 08:05',
      '08:05+01:00',
      '2026-02-30T02:30Z',
      '',
      'noon',
    ])
      assert.deepEqual(read(text), { outcome: 'unreadable' }, text);
  });
});
