import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localTimeOf } from '../../daemon/host/local-time.js';
import { type AttendanceDay, attendanceDays } from '../../daemon/kernel/attendance/attendance-day.js';
import type { Correction } from '../../daemon/kernel/attendance/attendance-day-correction.js';
import type { Mark } from '../../daemon/kernel/attendance/attendance-day-marks.js';
import {
  type AttendancePlan,
  type LocalTime,
  type Shift,
  shiftCalendar,
} from '../../daemon/kernel/attendance/shift.js';
import { secondOfDay } from '../../daemon/kernel/attendance/time-text.js';
import type { Direction } from '../../daemon/kernel/events/event.js';

export const paris = localTimeOf('Europe/Paris');

/** A shift on every day of the week unless set otherwise; graces as configured by default, no break. */
export function shiftOf(id: string, from: string, to: string, changes: Partial<Shift> = {}): Shift {
  return {
    id,
    days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
    fromS: secondOfDay(from),
    toS: secondOfDay(to),
    lateGraceS: 300,
    earlyLeaveGraceS: 300,
    overtimeAfterS: 900,
    breakS: 0,
    breakAfterS: 21_600,
    validFrom: null,
    validUntil: null,
    ...changes,
  };
}

export function planOf(shifts: readonly Shift[], changes: Partial<AttendancePlan> = {}): AttendancePlan {
  return { shifts, holidays: new Set(), pairing: 'first-in-last-out', ...changes };
}

/** `in 2026-03-02T08:01` by the clock of the site; `both` and `out` alike; with `unproven` behind it without proof of life. A time with an offset is that instant. */
export function marksOf(lines: readonly string[], localTime: LocalTime): readonly Mark[] {
  return lines.map((line) => {
    const [direction = '', time = '', proof] = line.split(' ');
    const isProven = proof === undefined ? {} : { isProven: false };
    return { direction: direction as Direction, atMs: instant(time, localTime), ...isProven };
  });
}

export function instant(time: string, localTime: LocalTime): number {
  if (time.length > 16) return Date.parse(time);
  return localTime.instantOf(time.slice(0, 10), secondOfDay(time.slice(11)));
}

export interface Scene {
  readonly plan: AttendancePlan;
  readonly marks: readonly string[];
  readonly period: readonly [from: string, to: string];
  readonly corrections?: readonly Correction[];
  readonly localTime?: LocalTime;
  /** By default long after all events. */
  readonly now?: string;
  readonly enrolledAt?: string;
  /** Recognised without proof of life, by the clock of the site. */
  readonly unproven?: readonly string[];
}

export function daysOf(scene: Scene): readonly AttendanceDay[] {
  const {
    plan,
    marks,
    corrections = [],
    localTime = paris,
    now = '2027-12-31T12:00',
    enrolledAt,
    unproven = [],
  } = scene;
  const [from, to] = scene.period;
  const facts = {
    marks: marksOf(marks, localTime),
    unprovenMs: unproven.map((time) => instant(time, localTime)),
    corrections,
    expectedFromMs: enrolledAt === undefined ? undefined : instant(enrolledAt, localTime),
  };
  return attendanceDays(facts, shiftCalendar(plan, localTime), { from, to }, instant(now, localTime));
}

const minutes = (ms: number): number => Math.floor(ms / 60_000);

/** A day in one line: `2026-03-02 day worked 540 on-time`, with what is not zero. */
export function lineOf(day: AttendanceDay): string {
  const durations = [
    ['so far', day.workedSoFarMs ?? 0],
    ['break', day.breakMs],
    ['away', day.awayMs],
    ['early', day.earlyMs],
    ['late', day.lateMs],
    ['left-early', day.leftEarlyMs],
    ['overtime', day.overtimeMs],
  ] as const;
  return [
    day.date,
    day.on?.shift.id ?? '-',
    `worked ${minutes(day.workedMs)}`,
    ...durations.flatMap(([name, ms]) => (ms === 0 ? [] : [`${name} ${minutes(ms)}`])),
    `[${day.statuses.join(' ')}]`,
  ].join(' ');
}

export interface DayCase extends Partial<Scene> {
  readonly what: string;
  readonly marks: readonly string[];
  readonly lines: readonly string[];
}

/** One test a case: the days of a scene, as lines. */
export function checkDays(
  cases: readonly DayCase[],
  common: Pick<Scene, 'plan' | 'period'> & Partial<Scene>,
): void {
  for (const { what, lines, ...scene } of cases) {
    test(what, () => assert.deepEqual(daysOf({ ...common, ...scene }).map(lineOf), lines));
  }
}
