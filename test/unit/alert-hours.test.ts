import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { localTimeOf } from '../../daemon/host/local-time.js';
import { type AlertHours, isWithinHours } from '../../daemon/kernel/alerts/alert-hours.js';
import { weekdays } from '../../daemon/kernel/attendance/shift-calendar.js';
import { secondOfDay } from '../../daemon/kernel/attendance/time-text.js';

const paris = localTimeOf('Europe/Paris');
const hours = (from: string, to: string, days: AlertHours['days'] = weekdays): AlertHours => ({
  fromS: secondOfDay(from),
  toS: secondOfDay(to),
  days,
});
const night = hours('22:00', '06:00');

describe('quiet hours', () => {
  const cases: readonly (readonly [string, AlertHours, string, boolean])[] = [
    ['before midnight', night, '2026-03-02T21:00:00Z', true],
    ['after midnight', night, '2026-03-03T04:59:59Z', true],
    ['their end is no longer quiet', night, '2026-03-03T05:00:00Z', false],
    ['their beginning is quiet', night, '2026-03-02T21:00:00.000Z', true],
    ['just before', night, '2026-03-02T20:59:59.999Z', false],
    ['in the day', night, '2026-03-02T12:00:00Z', false],
    ['on the same day', hours('12:00', '13:00'), '2026-03-02T11:30:00Z', true],
    ['all day', hours('00:00', '00:00'), '2026-03-02T11:30:00Z', true],
    // 2026-03-01 is a Sunday.
    ['a night that began on its day', hours('22:00', '06:00', ['sun']), '2026-03-02T03:00:00Z', true],
    ['a night that began on another', hours('22:00', '06:00', ['sun']), '2026-03-03T03:00:00Z', false],
    ['the day itself, before', hours('22:00', '06:00', ['sun']), '2026-03-01T03:00:00Z', false],
    // The clock goes from 02:00 to 03:00 on 2026-03-29 at 01:00 UTC.
    ['a short night ends an hour sooner', night, '2026-03-29T03:59:59Z', true],
    ['by local time', night, '2026-03-29T04:00:00Z', false],
    ['hours that are left out move on', hours('02:10', '02:50'), '2026-03-29T01:20:00Z', true],
    // The clock goes from 03:00 back to 02:00 on 2026-10-25 at 01:00 UTC.
    ['a long night ends an hour later', night, '2026-10-25T04:59:59Z', true],
    ['by the clock, too', night, '2026-10-25T05:00:00Z', false],
    ['a repeated hour counts once, the first time', hours('02:00', '03:00'), '2026-10-25T00:30:00Z', true],
    ['and goes on until the clock shows the end', hours('02:00', '03:00'), '2026-10-25T01:30:00Z', true],
  ];
  for (const [name, given, time, expected] of cases) {
    test(`${name}: ${time}`, () => {
      assert.equal(isWithinHours(given, Date.parse(time), paris), expected);
    });
  }

  test('follow local time on every day without a clock change', () => {
    const instants = fc.date({
      min: new Date('2026-04-01Z'),
      max: new Date('2026-10-01Z'),
      noInvalidDate: true,
    });
    const second = fc.integer({ min: 0, max: 86_399 });
    fc.assert(
      fc.property(instants, second, second, (instant, fromS, toS) => {
        const shownS = paris.at(instant.getTime()).secondOfDay + (instant.getTime() % 1000) / 1000;
        const isOver = toS <= fromS;
        const expected = isOver ? shownS >= fromS || shownS < toS : shownS >= fromS && shownS < toS;
        assert.equal(isWithinHours({ fromS, toS, days: weekdays }, instant.getTime(), paris), expected);
      }),
    );
  });

  test('last at most a day and an hour, also over every change of the clock', () => {
    const zones = ['Europe/Paris', 'America/New_York', 'Australia/Lord_Howe', 'UTC'].map(localTimeOf);
    const second = fc.integer({ min: 0, max: 86_399 });
    const start = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 0, 1) });
    fc.assert(
      fc.property(fc.constantFrom(...zones), second, second, start, (zone, fromS, toS, atMs) => {
        const once: AlertHours = { fromS, toS, days: ['wed'] };
        const samples = Array.from({ length: 8 * 24 * 2 }, (_, half) => atMs + half * 1_800_000);
        const quiet = samples.filter((ms) => isWithinHours(once, ms, zone)).length / 2;
        assert.ok(quiet <= 2 * 25, `${quiet} hours of 8 days with at most two Wednesdays`);
      }),
      { numRuns: 30 },
    );
  });
});
