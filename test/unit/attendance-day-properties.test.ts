import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type AttendanceDay, attendanceDays } from '../../daemon/kernel/attendance/attendance-day.js';
import type { Correction } from '../../daemon/kernel/attendance/attendance-day-correction.js';
import type { Mark } from '../../daemon/kernel/attendance/attendance-day-marks.js';
import { type Pairing, type Shift, shiftCalendar } from '../../daemon/kernel/attendance/shift.js';
import { paris, planOf, shiftOf } from '../support/attendance-plan.js';

const firstMs = Date.UTC(2026, 2, 26);
const spanMs = 6 * 86_400_000;
const period = { from: '2026-03-26', to: '2026-03-31' };

const minute = (fromMs: number) =>
  fc.integer({ min: 0, max: spanMs / 60_000 }).map((count) => fromMs + count * 60_000);

const mark: fc.Arbitrary<Mark> = fc.record({
  atMs: minute(firstMs),
  direction: fc.constantFrom('in', 'out', 'both'),
});

const time = fc
  .integer({ min: 0, max: 95 })
  .map(
    (quarter) =>
      `${String(Math.floor(quarter / 4)).padStart(2, '0')}:${String((quarter % 4) * 15).padStart(2, '0')}`,
  );

const shift: fc.Arbitrary<Shift> = fc
  .tuple(time, time, fc.integer({ min: 0, max: 7200 }), fc.integer({ min: 0, max: 30_000 }))
  .map(([from, to, breakS, breakAfterS]) => shiftOf(`${from}-${to}`, from, to, { breakS, breakAfterS }));

const correction: fc.Arbitrary<Correction> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('in' as const, 'out' as const),
    date: fc.constantFrom('2026-03-27', '2026-03-28', '2026-03-29'),
    atMs: minute(firstMs),
  }),
  fc.record({
    kind: fc.constantFrom('absence-excused' as const, 'as-recorded' as const),
    date: fc.constantFrom('2026-03-27', '2026-03-28'),
    atMs: fc.constant(null),
  }),
);

const scene = fc.record({
  marks: fc.array(mark, { maxLength: 30 }),
  shifts: fc.array(shift, { maxLength: 4 }),
  pairing: fc.constantFrom<Pairing>('first-in-last-out', 'pairs'),
  corrections: fc.array(correction, { maxLength: 4 }),
  nowMs: minute(firstMs),
});

type Given = typeof scene extends fc.Arbitrary<infer T> ? T : never;

function daysOf({ marks, shifts, pairing, corrections, nowMs }: Given): readonly AttendanceDay[] {
  const calendar = shiftCalendar(planOf(shifts, { pairing }), paris);
  return attendanceDays({ marks, corrections, expectedFromMs: 0 }, calendar, period, nowMs);
}

const durations = (day: AttendanceDay): readonly number[] => [
  ...[day.workedMs, day.workedSoFarMs ?? 0, day.breakMs, day.awayMs],
  ...[day.earlyMs, day.lateMs, day.leftEarlyMs, day.overtimeMs],
];

describe('whatever was recorded', () => {
  test('no duration is negative, and statuses do not contradict each other', () => {
    fc.assert(
      fc.property(scene, (given) => {
        for (const day of daysOf(given)) {
          for (const duration of durations(day)) assert.ok(duration >= 0, JSON.stringify(day));
          const said = new Set(day.statuses);
          assert.equal(said.size, day.statuses.length);
          for (const few of [
            ['early', 'on-time', 'late'],
            ['left-early', 'overtime'],
            ['absent', 'excused', 'expected', 'present', 'incomplete'],
          ] as const)
            assert.ok(few.filter((each) => said.has(each)).length <= 1, JSON.stringify(day));
        }
      }),
      { numRuns: 250 },
    );
  });

  test('worked, break and away are the time from the first in to the last out', () => {
    fc.assert(
      fc.property(scene, (given) => {
        for (const { firstInMs, lastOutMs, workedMs, breakMs, awayMs } of daysOf(given)) {
          const span = firstInMs === undefined || lastOutMs === undefined ? 0 : lastOutMs - firstInMs;
          assert.equal(workedMs + breakMs + awayMs, span);
        }
      }),
      { numRuns: 250 },
    );
  });

  test('the order in which it is given, and what is given twice, change nothing', () => {
    fc.assert(
      fc.property(scene, fc.infiniteStream(fc.nat()), (given, keys) => {
        const expected = daysOf(given);
        const doubled = [...given.marks, ...given.marks.slice(0, 5)];
        const shuffled = doubled
          .map((each) => ({ each, key: keys.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ each }) => each);
        assert.deepEqual(daysOf({ ...given, marks: shuffled }), expected);
      }),
    );
  });

  test('no look is counted in two stays: worked time is never more than the time there was', () => {
    fc.assert(
      fc.property(scene, (given) => {
        const days = daysOf({ ...given, corrections: [] }).filter(({ firstInMs }) => firstInMs !== undefined);
        const spans = days
          .flatMap(({ firstInMs, lastOutMs }) =>
            firstInMs === undefined || lastOutMs === undefined ? [] : [[firstInMs, lastOutMs] as const],
          )
          .sort(([a], [b]) => a - b);
        for (const [index, [from]] of spans.entries()) {
          const before = spans[index - 1];
          if (before !== undefined) assert.ok(before[1] <= from, JSON.stringify(spans));
        }
      }),
      { numRuns: 250 },
    );
  });
});
