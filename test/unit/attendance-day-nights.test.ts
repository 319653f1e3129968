import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { localTimeOf } from '../../daemon/host/local-time.js';
import { checkDays, daysOf, lineOf, planOf, shiftOf } from '../support/attendance-plan.js';

const night = shiftOf('night', '22:00', '06:00');
const plant = [shiftOf('early', '06:00', '14:00'), shiftOf('late', '14:00', '22:00'), night];

describe('nights, and shifts one after the other', () => {
  const period = ['2026-03-01', '2026-03-04'] as const;
  checkDays(
    [
      {
        what: 'a night counts for the day on which it begins',
        marks: ['in 2026-03-02T21:58', 'out 2026-03-03T06:03'],
        lines: ['2026-03-02 night worked 485 [on-time]'],
      },
      {
        what: 'nights follow one another at cameras for both ways',
        marks: [
          'both 2026-03-01T21:58',
          'both 2026-03-02T06:03',
          'both 2026-03-02T21:50',
          'both 2026-03-03T06:00',
        ],
        lines: ['2026-03-01 night worked 485 [on-time]', '2026-03-02 night worked 490 early 10 [early]'],
      },
      {
        what: 'a sighting without proof after midnight counts for the night that began before',
        plan: planOf([night]),
        marks: [],
        unproven: ['2026-03-03T02:00'],
        enrolledAt: '2026-03-02T12:00',
        period: ['2026-03-02', '2026-03-03'],
        lines: ['2026-03-02 night worked 0 [absent seen-not-proven]', '2026-03-03 night worked 0 [absent]'],
      },
      {
        what: 'a night shift is followed by the late shift of the same day',
        marks: ['in 2026-03-02T22:00', 'out 2026-03-03T06:00', 'in 2026-03-03T13:55', 'out 2026-03-03T22:00'],
        lines: ['2026-03-02 night worked 480 [on-time]', '2026-03-03 late worked 485 [on-time]'],
      },
      {
        what: 'work into the next shift is overtime',
        marks: ['in 2026-03-02T06:00', 'out 2026-03-02T18:00'],
        lines: ['2026-03-02 early worked 720 overtime 240 [on-time overtime]'],
      },
      {
        what: 'a missing out does not swallow the next day',
        marks: ['in 2026-03-02T06:00', 'in 2026-03-03T06:00', 'out 2026-03-03T14:00'],
        lines: ['2026-03-02 early worked 0 [on-time incomplete]', '2026-03-03 early worked 480 [on-time]'],
      },
      {
        what: 'an absence from three shifts is one absence of the day',
        marks: [],
        enrolledAt: '2026-02-01T12:00',
        period: ['2026-03-02', '2026-03-02'],
        lines: ['2026-03-02 - worked 0 [absent]'],
      },
      {
        what: 'of two shifts with the same beginning the one counts that ends when the person left',
        plan: planOf([shiftOf('short', '08:00', '12:00'), shiftOf('long', '08:00', '17:00')]),
        marks: ['in 2026-03-02T08:00', 'out 2026-03-02T17:00'],
        lines: ['2026-03-02 long worked 540 [on-time]'],
      },
      {
        what: 'both halves of a divided day count',
        plan: planOf([shiftOf('am', '08:00', '12:00'), shiftOf('pm', '14:00', '18:00')]),
        marks: [
          'both 2026-03-02T08:00',
          'both 2026-03-02T12:03',
          'both 2026-03-02T13:55',
          'both 2026-03-02T18:00',
        ],
        lines: ['2026-03-02 am worked 243 [on-time]', '2026-03-02 pm worked 245 [on-time]'],
      },
    ],
    { plan: planOf(plant), period },
  );
});

describe('clocks that are set, ends of months and years', () => {
  const nights = planOf([night]);
  const run = (zone: string, date: string, next: string, line: string): void => {
    const marks = [`in ${date}T22:00`, `out ${next}T06:00`];
    const scene = { plan: nights, marks, period: [date, date], localTime: localTimeOf(zone) } as const;
    assert.deepEqual(daysOf(scene).map(lineOf), [`${date} night worked ${line}`]);
  };
  const nightsOfChange = [
    ['Europe/Paris', '2026-03-28', '2026-03-29', '420 [on-time]'],
    ['Europe/Paris', '2026-10-24', '2026-10-25', '540 [on-time]'],
    ['America/New_York', '2026-03-07', '2026-03-08', '420 [on-time]'],
    ['America/New_York', '2026-10-31', '2026-11-01', '540 [on-time]'],
    ['Australia/Lord_Howe', '2026-10-03', '2026-10-04', '450 [on-time]'],
    ['Australia/Lord_Howe', '2026-04-04', '2026-04-05', '510 [on-time]'],
    ['Europe/Paris', '2026-12-31', '2027-01-01', '480 [on-time]'],
    ['Europe/Paris', '2028-02-28', '2028-02-29', '480 [on-time]'],
    ['Europe/Paris', '2028-02-29', '2028-03-01', '480 [on-time]'],
  ] as const;
  for (const [zone, date, next, line] of nightsOfChange)
    test(`the night of ${date} in ${zone}`, () => run(zone, date, next, line));

  test('a repeated hour is distinguished by its instant', () => {
    const early = shiftOf('early', '02:30', '08:00');
    const come = (time: string) =>
      daysOf({
        plan: planOf([early]),
        marks: [`in ${time}`, 'out 2026-10-25T08:00'],
        period: ['2026-10-25', '2026-10-25'],
      });
    assert.deepEqual(come('2026-10-25T02:30:00+02:00').map(lineOf), [
      '2026-10-25 early worked 390 [on-time]',
    ]);
    assert.deepEqual(come('2026-10-25T02:30:00+01:00').map(lineOf), [
      '2026-10-25 early worked 330 late 60 [late]',
    ]);
  });
});
