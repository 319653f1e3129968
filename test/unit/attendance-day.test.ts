import { describe } from 'node:test';
import { checkDays, instant, paris, planOf, shiftOf } from '../support/attendance-plan.js';

const day = shiftOf('day', '08:00', '17:00');
const office = { plan: planOf([day]), period: ['2026-03-02', '2026-03-02'] } as const;

describe('arriving and leaving', () => {
  checkDays(
    [
      {
        what: 'on time',
        marks: ['in 2026-03-02T08:00', 'out 2026-03-02T17:00'],
        lines: ['2026-03-02 day worked 540 [on-time]'],
      },
      {
        what: 'at the last moment of every grace',
        marks: ['in 2026-03-02T08:05', 'out 2026-03-02T16:55'],
        lines: ['2026-03-02 day worked 530 [on-time]'],
      },
      {
        what: 'a minute beyond every grace',
        marks: ['in 2026-03-02T08:06', 'out 2026-03-02T16:54'],
        lines: ['2026-03-02 day worked 528 late 6 left-early 6 [late left-early]'],
      },
      {
        what: 'early, and overtime from its threshold on',
        marks: ['in 2026-03-02T07:54', 'out 2026-03-02T17:15'],
        lines: ['2026-03-02 day worked 561 early 6 overtime 15 [early overtime]'],
      },
      {
        what: 'a minute too little for overtime',
        marks: ['in 2026-03-02T08:00', 'out 2026-03-02T17:14'],
        lines: ['2026-03-02 day worked 554 [on-time]'],
      },
      {
        what: 'overtime over midnight counts for the day before',
        marks: ['in 2026-03-02T08:00', 'out 2026-03-03T00:30'],
        lines: ['2026-03-02 day worked 990 overtime 450 [on-time overtime]'],
      },
      {
        what: 'cameras for both ways: the first look counts as arriving, the last as leaving',
        marks: ['both 2026-03-02T08:01', 'both 2026-03-02T12:00', 'both 2026-03-02T17:02'],
        lines: ['2026-03-02 day worked 541 [on-time]'],
      },
      {
        what: 'duplicates and looks by two cameras at one door count once',
        marks: [
          'in 2026-03-02T08:00',
          'in 2026-03-02T08:00',
          'both 2026-03-02T08:01',
          'out 2026-03-02T17:00',
          'out 2026-03-02T17:00',
        ],
        lines: ['2026-03-02 day worked 540 [on-time]'],
      },
      {
        what: 'late by a millisecond without a grace',
        plan: planOf([shiftOf('day', '08:00', '17:00', { lateGraceS: 0 })]),
        marks: ['in 2026-03-02T08:00:00.001+01:00', 'out 2026-03-02T17:00'],
        lines: ['2026-03-02 day worked 539 late 0 [late]'],
      },
      {
        what: 'early by a millisecond without a grace',
        plan: planOf([shiftOf('day', '08:00', '17:00', { lateGraceS: 0 })]),
        marks: ['in 2026-03-02T07:59:59.999+01:00', 'out 2026-03-02T17:00'],
        lines: ['2026-03-02 day worked 540 early 0 [early]'],
      },
      {
        what: 'only in',
        marks: ['in 2026-03-02T08:00'],
        lines: ['2026-03-02 day worked 0 [on-time incomplete]'],
      },
      { what: 'only out', marks: ['out 2026-03-02T17:00'], lines: ['2026-03-02 day worked 0 [incomplete]'] },
      {
        what: 'one look for both ways near the end counts as leaving',
        marks: ['both 2026-03-02T16:00'],
        lines: ['2026-03-02 day worked 0 left-early 60 [left-early incomplete]'],
      },
      {
        what: 'in again and not out again',
        marks: ['in 2026-03-02T08:00', 'out 2026-03-02T12:00', 'in 2026-03-02T13:00'],
        lines: ['2026-03-02 day worked 240 [on-time incomplete]'],
      },
      {
        what: 'an out without an in',
        marks: ['out 2026-03-02T12:00', 'in 2026-03-02T13:00', 'out 2026-03-02T17:00'],
        lines: ['2026-03-02 day worked 240 late 300 [late incomplete]'],
      },
      { what: 'no person was expected', marks: [], lines: [] },
      {
        what: 'absent',
        marks: [],
        enrolledAt: '2026-03-01T12:00',
        lines: ['2026-03-02 day worked 0 [absent]'],
      },
      {
        what: 'an in or an out without proof of life is marked',
        marks: ['in 2026-03-02T08:00 unproven', 'out 2026-03-02T17:00'],
        lines: ['2026-03-02 day worked 540 [on-time unproven]'],
      },
      {
        what: 'looks without proof between the first and the last count only for pairs',
        marks: ['both 2026-03-02T08:00', 'both 2026-03-02T12:00 unproven', 'both 2026-03-02T17:00'],
        lines: ['2026-03-02 day worked 540 [on-time]'],
      },
      {
        what: 'in pairs every look counts',
        plan: planOf([day], { pairing: 'pairs' }),
        marks: [
          ...['in 2026-03-02T08:00', 'out 2026-03-02T12:00 unproven'],
          ...['in 2026-03-02T13:00', 'out 2026-03-02T17:00'],
        ],
        lines: ['2026-03-02 day worked 480 away 60 [on-time unproven]'],
      },
      {
        what: 'a look with proof within a minute proves the one without',
        marks: ['both 2026-03-02T08:00 unproven', 'both 2026-03-02T08:01', 'out 2026-03-02T17:00'],
        lines: ['2026-03-02 day worked 540 [on-time]'],
      },
      {
        what: 'a time that was corrected needs no proof',
        marks: ['in 2026-03-02T08:00 unproven', 'out 2026-03-02T17:00'],
        corrections: [{ kind: 'in', date: '2026-03-02', atMs: instant('2026-03-02T08:00', paris) }],
        lines: ['2026-03-02 day worked 540 [on-time]'],
      },
      {
        what: 'present without proof',
        marks: ['in 2026-03-02T08:00 unproven'],
        now: '2026-03-02T12:00',
        lines: ['2026-03-02 day worked 0 so far 240 [on-time present unproven]'],
      },
      {
        what: 'seen without proof is absent, and marked apart',
        marks: [],
        unproven: ['2026-03-02T08:00', '2026-03-02T17:00'],
        enrolledAt: '2026-03-01T12:00',
        lines: ['2026-03-02 day worked 0 [absent seen-not-proven]'],
      },
      {
        what: 'seen without proof on a day without a shift',
        marks: [],
        unproven: ['2026-03-02T08:00'],
        lines: ['2026-03-02 day worked 0 [seen-not-proven]'],
      },
      {
        what: 'seen without proof on another day, or beside an attendance, says nothing',
        marks: ['in 2026-03-02T08:00', 'out 2026-03-02T17:00'],
        unproven: ['2026-03-02T12:00', '2026-03-03T08:00'],
        lines: ['2026-03-02 day worked 540 [on-time]'],
      },
      { what: 'not before being enrolled', marks: [], enrolledAt: '2026-03-02T12:00', lines: [] },
      {
        what: 'expected until the shift is over',
        marks: [],
        enrolledAt: '2026-03-01T12:00',
        now: '2026-03-02T16:59',
        lines: ['2026-03-02 day worked 0 [expected]'],
      },
      {
        what: 'present; leaving early is not known at noon',
        marks: ['in 2026-03-02T08:00'],
        now: '2026-03-02T12:00',
        lines: ['2026-03-02 day worked 0 so far 240 [on-time present]'],
      },
      {
        what: 'out for lunch is not leaving early yet',
        marks: ['in 2026-03-02T08:00', 'out 2026-03-02T12:00'],
        now: '2026-03-02T12:30',
        lines: ['2026-03-02 day worked 240 [on-time]'],
      },
    ],
    office,
  );
});

describe('the time so far of a person who is present', () => {
  const since = ['in 2026-03-02T08:05'];
  const lunch = ['in 2026-03-02T08:00', 'out 2026-03-02T12:00', 'in 2026-03-02T13:00'];
  const plan = planOf([shiftOf('day', '08:00', '17:00', { breakS: 3600 })]);
  checkDays(
    [
      {
        what: 'runs until now',
        marks: since,
        now: '2026-03-02T11:17',
        lines: ['2026-03-02 day worked 0 so far 192 [on-time present]'],
      },
      {
        what: 'is reduced by the break that is due by now',
        marks: since,
        now: '2026-03-02T15:05',
        lines: ['2026-03-02 day worked 0 so far 360 [on-time present]'],
      },
      {
        what: 'counts from the first arrival if a person came in again',
        marks: lunch,
        now: '2026-03-02T14:00',
        lines: ['2026-03-02 day worked 240 so far 360 [on-time present]'],
      },
      {
        what: 'leaves out the time between two pairs, which is the break',
        plan: { ...plan, pairing: 'pairs' },
        marks: lunch,
        now: '2026-03-02T15:30',
        lines: ['2026-03-02 day worked 240 so far 390 [on-time present]'],
      },
      {
        what: 'runs at a door for both ways after one look',
        marks: ['both 2026-03-02T08:00'],
        now: '2026-03-02T09:30',
        lines: ['2026-03-02 day worked 0 so far 90 [on-time present]'],
      },
      {
        what: 'is zero if the clock was set back before the look',
        marks: since,
        now: '2026-03-02T07:00',
        lines: ['2026-03-02 day worked 0 [on-time present]'],
      },
      {
        what: 'is no longer given once the day is over',
        marks: since,
        now: '2026-03-03T01:00',
        lines: ['2026-03-02 day worked 0 [on-time incomplete]'],
      },
    ],
    { plan, period: office.period },
  );
});

describe('pairs and breaks', () => {
  const pairs = planOf([day], { pairing: 'pairs' });
  const broken = shiftOf('day', '08:00', '17:00', { breakS: 3600 });
  const lunch = [
    'in 2026-03-02T08:00',
    'out 2026-03-02T12:00',
    'in 2026-03-02T12:40',
    'out 2026-03-02T17:00',
  ];
  checkDays(
    [
      {
        what: 'first in and last out pay lunch',
        marks: lunch,
        plan: planOf([day]),
        lines: ['2026-03-02 day worked 540 [on-time]'],
      },
      { what: 'pairs do not', marks: lunch, lines: ['2026-03-02 day worked 500 away 40 [on-time]'] },
      {
        what: 'a break is taken off',
        marks: lunch,
        plan: planOf([broken]),
        lines: ['2026-03-02 day worked 480 break 60 [on-time]'],
      },
      {
        what: 'time away counts towards the break',
        marks: lunch,
        plan: planOf([broken], { pairing: 'pairs' }),
        lines: ['2026-03-02 day worked 480 break 20 away 40 [on-time]'],
      },
      {
        what: 'a break is limited to the time beyond the presence from which it is due',
        marks: ['in 2026-03-02T08:00', 'out 2026-03-02T14:10'],
        plan: planOf([broken]),
        lines: ['2026-03-02 day worked 360 break 10 left-early 170 [on-time left-early]'],
      },
      {
        what: 'looks for both ways take turns',
        marks: [
          'both 2026-03-02T08:00',
          'both 2026-03-02T12:00',
          'both 2026-03-02T13:00',
          'both 2026-03-02T17:00',
        ],
        lines: ['2026-03-02 day worked 480 away 60 [on-time]'],
      },
      {
        what: 'a missing out leaves the pair open to the next one',
        marks: ['in 2026-03-02T08:00', 'in 2026-03-02T13:00', 'out 2026-03-02T17:00'],
        lines: ['2026-03-02 day worked 540 [on-time incomplete]'],
      },
      {
        what: 'a missing in pays nothing',
        marks: ['in 2026-03-02T08:00', 'out 2026-03-02T12:00', 'out 2026-03-02T17:00'],
        lines: ['2026-03-02 day worked 240 away 300 [on-time incomplete]'],
      },
    ],
    { plan: pairs, period: office.period },
  );
});

describe('days without a shift', () => {
  const weekly = planOf([shiftOf('day', '08:00', '17:00', { days: ['mon'] })], {
    holidays: new Set(['2026-03-09']),
  });
  checkDays(
    [
      {
        what: 'all of it is overtime',
        marks: ['in 2026-03-07T10:00', 'out 2026-03-07T12:00'],
        lines: ['2026-03-07 - worked 120 overtime 120 [overtime]'],
      },
      {
        what: 'a holiday is marked, and no person is absent on it',
        marks: ['in 2026-03-09T08:00', 'out 2026-03-09T17:00'],
        enrolledAt: '2026-01-01T12:00',
        lines: ['2026-03-09 - worked 540 overtime 540 [overtime]'],
      },
      {
        what: 'out after midnight belongs to the day of the in',
        marks: ['in 2026-03-07T22:00', 'out 2026-03-08T02:00'],
        lines: ['2026-03-07 - worked 240 overtime 240 [overtime]'],
      },
      {
        what: 'a person without any shift has no overtime',
        plan: planOf([]),
        marks: ['both 2026-03-07T10:00', 'both 2026-03-07T12:00'],
        lines: ['2026-03-07 - worked 120 []'],
      },
    ],
    { plan: weekly, period: ['2026-03-07', '2026-03-10'] },
  );
});

describe('the end of the time in which a sighting belongs to a shift, a stay or an arrival', () => {
  const weekly = planOf([shiftOf('day', '08:00', '17:00', { days: ['mon'] })]);
  const pairs = planOf([day], { pairing: 'pairs' });
  const halves = planOf([shiftOf('am', '08:00', '12:00'), shiftOf('pm', '14:00', '18:00')]);
  const week = ['2026-03-02', '2026-03-08'] as const;
  checkDays(
    [
      {
        what: 'four hours before a shift begins',
        marks: ['in 2026-03-02T04:00', 'out 2026-03-02T17:00'],
        lines: ['2026-03-02 day worked 780 early 240 [early]'],
      },
      {
        what: 'a minute more does not count as arriving for it',
        marks: ['in 2026-03-02T03:59', 'out 2026-03-02T17:00'],
        lines: ['2026-03-02 - worked 781 overtime 781 [overtime]'],
      },
      {
        what: 'coming in a minute before a shift ends',
        marks: ['in 2026-03-02T16:59', 'out 2026-03-02T19:00'],
        lines: ['2026-03-02 day worked 121 late 539 overtime 120 [late overtime]'],
      },
      {
        what: 'coming in when it ends does not count as arriving for it',
        marks: ['in 2026-03-02T17:00', 'out 2026-03-02T19:00'],
        lines: ['2026-03-02 - worked 120 overtime 120 [overtime]'],
      },
      {
        what: 'leaving a minute after a shift began',
        marks: ['out 2026-03-02T08:01'],
        lines: ['2026-03-02 day worked 0 left-early 539 [left-early incomplete]'],
      },
      {
        what: 'leaving when it begins does not count as leaving from it',
        marks: ['out 2026-03-02T08:00'],
        lines: ['2026-03-02 - worked 0 [incomplete]'],
      },
      {
        what: 'eight hours after a shift ended',
        marks: ['in 2026-03-02T08:00', 'out 2026-03-03T01:00'],
        period: week,
        lines: ['2026-03-02 day worked 1020 overtime 480 [on-time overtime]'],
      },
      {
        what: 'a minute later does not count as leaving from it',
        marks: ['in 2026-03-02T08:00', 'out 2026-03-03T01:01'],
        period: week,
        lines: ['2026-03-02 day worked 0 [on-time incomplete]', '2026-03-03 - worked 0 [incomplete]'],
      },
      {
        what: 'sixteen hours without a shift',
        plan: weekly,
        marks: ['in 2026-03-07T20:00', 'out 2026-03-08T12:00'],
        period: week,
        lines: ['2026-03-07 - worked 960 overtime 960 [overtime]'],
      },
      {
        what: 'a minute more than sixteen hours is a missing out and a missing in',
        plan: weekly,
        marks: ['in 2026-03-07T20:00', 'out 2026-03-08T12:01'],
        period: week,
        lines: ['2026-03-07 - worked 0 [incomplete]', '2026-03-08 - worked 0 [incomplete]'],
      },
      {
        what: 'two looks for both ways within a minute are one',
        plan: pairs,
        marks: ['both 2026-03-02T08:00', 'both 2026-03-02T08:01', 'both 2026-03-02T17:00'],
        lines: ['2026-03-02 day worked 540 [on-time]'],
      },
      {
        what: 'two looks for both ways a second further apart are two',
        plan: pairs,
        marks: ['both 2026-03-02T08:00', 'both 2026-03-02T08:01:01+01:00', 'both 2026-03-02T17:00'],
        lines: ['2026-03-02 day worked 1 [on-time incomplete]'],
      },
      {
        what: 'coming in twice within a minute is coming in once',
        plan: pairs,
        marks: ['in 2026-03-02T08:00', 'in 2026-03-02T08:01', 'out 2026-03-02T17:00'],
        lines: ['2026-03-02 day worked 540 [on-time]'],
      },
      {
        what: 'coming in twice a second further apart is a missing out',
        plan: pairs,
        marks: ['in 2026-03-02T08:00', 'in 2026-03-02T08:01:01+01:00', 'out 2026-03-02T17:00'],
        lines: ['2026-03-02 day worked 540 [on-time incomplete]'],
      },
      {
        what: 'one look for both ways in the middle of the shift counts as arriving',
        marks: ['both 2026-03-02T12:30'],
        lines: ['2026-03-02 day worked 0 late 270 [late incomplete]'],
      },
      {
        what: 'one look for both ways after the middle counts as leaving',
        marks: ['both 2026-03-02T12:31'],
        lines: ['2026-03-02 day worked 0 left-early 269 [left-early incomplete]'],
      },
      {
        what: 'leaving at the end is not overtime, even with the smallest minimum',
        plan: planOf([shiftOf('day', '08:00', '17:00', { overtimeAfterS: 0 })]),
        marks: ['in 2026-03-02T08:00', 'out 2026-03-02T17:00'],
        lines: ['2026-03-02 day worked 540 [on-time]'],
      },
      {
        what: 'leaving a minute later is overtime with the smallest minimum',
        plan: planOf([shiftOf('day', '08:00', '17:00', { overtimeAfterS: 0 })]),
        marks: ['in 2026-03-02T08:00', 'out 2026-03-02T17:01'],
        lines: ['2026-03-02 day worked 541 overtime 1 [on-time overtime]'],
      },
      {
        what: 'one look for both ways at the end of the first of two shifts counts as leaving it',
        plan: halves,
        marks: ['both 2026-03-02T12:00'],
        lines: ['2026-03-02 am worked 0 [incomplete]'],
      },
      {
        what: 'a shift that a stay does not fit in the end is free for the next stay of the day',
        plan: planOf([
          shiftOf('am', '08:00', '12:00'),
          shiftOf('mid', '08:30', '13:00'),
          shiftOf('pm', '14:00', '18:00'),
        ]),
        marks: ['in 2026-03-02T08:10', 'out 2026-03-02T13:00', 'in 2026-03-02T14:00', 'out 2026-03-02T18:00'],
        corrections: [{ kind: 'out', date: '2026-03-02', atMs: instant('2026-03-02T12:00', paris) }],
        lines: ['2026-03-02 mid worked 290 early 20 [early]', '2026-03-02 am worked 0 [incomplete]'],
      },
    ],
    office,
  );
});

describe('when a status becomes true', () => {
  const halves = planOf([shiftOf('am', '08:00', '12:00'), shiftOf('pm', '14:00', '18:00')]);
  const enrolledAt = '2026-03-01T12:00';
  const since = ['in 2026-03-02T08:00'];
  const left = (time: string) =>
    [{ kind: 'out', date: '2026-03-02', atMs: instant(`2026-03-02T${time}`, paris) }] as const;
  checkDays(
    [
      {
        what: 'absent as the shift ends',
        marks: [],
        enrolledAt,
        now: '2026-03-02T17:00',
        lines: ['2026-03-02 day worked 0 [absent]'],
      },
      {
        what: 'expected until the last of two shifts has ended',
        plan: halves,
        marks: [],
        enrolledAt,
        now: '2026-03-02T17:59',
        lines: ['2026-03-02 - worked 0 [expected]'],
      },
      {
        what: 'absent as the last of two shifts ends',
        plan: halves,
        marks: [],
        enrolledAt,
        now: '2026-03-02T18:00',
        lines: ['2026-03-02 - worked 0 [absent]'],
      },
      {
        what: 'absent after an enrolment at the beginning of the second of two shifts',
        plan: halves,
        marks: [],
        enrolledAt: '2026-03-02T14:00',
        lines: ['2026-03-02 - worked 0 [absent]'],
      },
      {
        what: 'not listed after an enrolment a minute later',
        plan: halves,
        marks: [],
        enrolledAt: '2026-03-02T14:01',
        lines: [],
      },
      {
        what: 'present for eight hours after the end',
        marks: since,
        now: '2026-03-03T00:59',
        lines: ['2026-03-02 day worked 0 so far 1019 [on-time present]'],
      },
      {
        what: 'not present any more after eight hours',
        marks: since,
        now: '2026-03-03T01:00',
        lines: ['2026-03-02 day worked 0 [on-time incomplete]'],
      },
      {
        what: 'present without a shift until the day is over',
        plan: planOf([]),
        marks: since,
        now: '2026-03-02T23:59',
        lines: ['2026-03-02 - worked 0 so far 959 [present]'],
      },
      {
        what: 'not present any more after a day without a shift',
        plan: planOf([]),
        marks: since,
        now: '2026-03-03T00:00',
        lines: ['2026-03-02 - worked 0 [incomplete]'],
      },
      {
        what: 'not left early before the end, though a leaving yet to come is known',
        marks: since,
        corrections: left('16:00'),
        now: '2026-03-02T12:00',
        lines: ['2026-03-02 day worked 480 [on-time]'],
      },
      {
        what: 'left early as the shift ends',
        marks: since,
        corrections: left('16:00'),
        now: '2026-03-02T17:00',
        lines: ['2026-03-02 day worked 480 left-early 60 [on-time left-early]'],
      },
      {
        what: 'overtime as soon as a leaving after the end is known',
        marks: since,
        corrections: left('18:00'),
        now: '2026-03-02T12:00',
        lines: ['2026-03-02 day worked 600 overtime 60 [on-time overtime]'],
      },
    ],
    office,
  );
});
