import { describe } from 'node:test';
import { checkDays, instant, paris, planOf, shiftOf } from '../support/attendance-plan.js';

const day = shiftOf('day', '08:00', '17:00');
const night = shiftOf('night', '22:00', '06:00');
const plant = [shiftOf('early', '06:00', '14:00'), shiftOf('late', '14:00', '22:00'), night];
const office = { plan: planOf([day]), period: ['2026-03-02', '2026-03-02'] } as const;

describe('corrections of a night', () => {
  const at = (time: string): number => instant(time, paris);
  checkDays(
    [
      {
        what: 'a stay of the next shift gets its place after a correction of the in',
        marks: ['both 2026-03-03T06:02'],
        corrections: [{ kind: 'in', date: '2026-03-02', atMs: at('2026-03-02T22:00') }],
        lines: ['2026-03-02 night worked 482 [on-time]'],
      },
      {
        what: 'a correction that fits another day applies to its own day',
        marks: [],
        corrections: [{ kind: 'in', date: '2026-03-02', atMs: at('2026-03-03T06:00') }],
        lines: ['2026-03-02 night worked 0 late 480 [late incomplete]'],
      },
    ],
    { plan: planOf(plant), period: ['2026-03-02', '2026-03-03'] },
  );
});

describe('corrections', () => {
  const at = (time: string): number => instant(time, paris);
  const came = { kind: 'in', date: '2026-03-02', atMs: at('2026-03-02T08:00') } as const;
  const left = { kind: 'out', date: '2026-03-02', atMs: at('2026-03-02T17:00') } as const;
  const excused = { kind: 'absence-excused', date: '2026-03-02', atMs: null } as const;
  const asRecorded = { kind: 'as-recorded', date: '2026-03-02', atMs: null } as const;
  const onTime = ['2026-03-02 day worked 540 [on-time]'];
  checkDays(
    [
      {
        what: 'adds an in on a day with only an out',
        marks: ['out 2026-03-02T17:00'],
        corrections: [came],
        lines: onTime,
      },
      {
        what: 'sets an in before the recorded one',
        marks: ['in 2026-03-02T09:10', 'out 2026-03-02T17:00'],
        corrections: [came],
        lines: onTime,
      },
      {
        what: 'sets an in after the recorded one',
        marks: ['in 2026-03-02T07:00', 'out 2026-03-02T17:00'],
        corrections: [came],
        lines: onTime,
      },
      {
        what: 'sets an in if the only look was for both ways',
        marks: ['both 2026-03-02T17:00'],
        corrections: [came],
        lines: onTime,
      },
      { what: 'sets an out', marks: ['in 2026-03-02T08:00'], corrections: [left], lines: onTime },
      {
        what: 'sets an out before the recorded one',
        marks: ['in 2026-03-02T08:00', 'out 2026-03-02T19:00'],
        corrections: [left],
        lines: onTime,
      },
      {
        what: 'sets an in and an out on a day without a look',
        marks: [],
        corrections: [left, came],
        lines: onTime,
      },
      {
        what: 'applies the last of several',
        marks: ['in 2026-03-02T08:00'],
        corrections: [{ ...left, atMs: at('2026-03-02T12:00') }, left],
        lines: onTime,
      },
      {
        what: '"as recorded" undoes all earlier ones',
        marks: ['in 2026-03-02T08:00', 'out 2026-03-02T12:00'],
        corrections: [left, asRecorded],
        lines: ['2026-03-02 day worked 240 left-early 300 [on-time left-early]'],
      },
      {
        what: 'excuses an absence',
        marks: [],
        corrections: [excused],
        enrolledAt: '2026-03-01T12:00',
        lines: ['2026-03-02 day worked 0 [excused]'],
      },
      {
        what: 'an excuse is withdrawn',
        marks: [],
        corrections: [excused, asRecorded],
        enrolledAt: '2026-03-01T12:00',
        lines: ['2026-03-02 day worked 0 [absent]'],
      },
      {
        what: 'a correction of another day does nothing',
        marks: ['in 2026-03-02T08:00', 'out 2026-03-02T17:00'],
        corrections: [{ kind: 'out', date: '2026-03-01', atMs: at('2026-03-01T12:00') }],
        lines: onTime,
      },
    ],
    office,
  );
});
