import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Config, configSchema } from '../../daemon/contract/settings/schema.js';
import { AttendanceDays } from '../../daemon/core/attendance/attendance-days.js';
import { Attendance } from '../../daemon/core/attendance/attendance-handlers.js';
import type { KnownPersons } from '../../daemon/core/attendance/attendance-persons.js';
import type { AttendanceRecords } from '../../daemon/core/attendance/attendance-records.js';
import { cameraId, personId } from '../../daemon/kernel/ids.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { enrolled, readAll } from '../support/attendance-box.js';
import { instant, paris } from '../support/attendance-plan.js';

const noonMs = instant('2026-03-31T12:00', paris);

/** Records of attendances alone: when each person was seen. A query gives at most two persons. */
function recordsOf(seen: Readonly<Record<string, readonly string[]>>): AttendanceRecords {
  const ids = Object.keys(seen).sort().map(personId);
  return {
    corrections: {
      of: () => [],
      since: () => assert.fail('no summary is asked for'),
      add: () => assert.fail('nothing is corrected'),
    },
    attendancesOf: (id, fromMs, toMs) =>
      (seen[id] ?? [])
        .map((time) => instant(time, paris))
        .filter((atMs) => fromMs <= atMs && atMs < toMs)
        .map((atMs) => ({ cameraId: cameraId('gate'), atMs, isProven: true })),
    unprovenTimesOf: () => [],
    unprovenSightings: () => [],
    ambiguousPassages: () => [],
    hasRecords: (id) => id in seen,
    personsAfter: (after, limit) => ids.filter((id) => id > after).slice(0, Math.min(limit, 2)),
  };
}

function configOf(attendanceRecords: number | 'forever'): Config {
  const site = { id: 'site', timeZone: 'Europe/Paris' };
  return configSchema.parse({ site, cameras: [], retention: { attendanceRecords } });
}

const optionsOf = (
  records: AttendanceRecords,
  kept: number | 'forever',
  clock = new VirtualClock(noonMs),
) => ({
  ...{ records, clock, localTime: paris, current: () => configOf(kept) },
});

const personsOf = (...ids: readonly string[]): NonNullable<KnownPersons> =>
  new Map(ids.map((id) => [personId(id), enrolled(id)]));

describe('the days of a report', () => {
  const records = recordsOf({ ada: ['2026-03-01T23:00', '2026-03-02T08:00', '2026-03-05T08:00'] });

  test('begin after the last day from which retention has deleted, and never if it deletes none', () => {
    assert.equal(new AttendanceDays(optionsOf(records, 30)).keptFrom(noonMs), '2026-03-02');
    assert.equal(new AttendanceDays(optionsOf(records, 'forever')).keptFrom(noonMs), undefined);
  });

  test('begin later than asked for only where the head of the report says so', async () => {
    const options = optionsOf(records, 30);
    const attendance = new Attendance({
      ...options,
      persons: async () => personsOf(),
      audit: { append: () => assert.fail('nothing is corrected') },
      readings: { note: () => assert.fail('no person reads') },
      site: options.current().site,
    });
    const report = async (from: string) => {
      const { head, rows } = await readAll(await attendance.report({ from, to: '2026-03-05' }));
      return { from: head.from, keptFrom: head.keptFrom, days: rows.map(({ date }) => date) };
    };
    const days = ['2026-03-02', '2026-03-05'];
    assert.deepEqual(await report('2026-02-20'), { from: '2026-02-20', keptFrom: '2026-03-02', days });
    assert.deepEqual(await report('2026-03-02'), { from: '2026-03-02', keptFrom: undefined, days });
  });

  test('are those of enrolled persons and of others with records, by id and each person once', () => {
    const days = new AttendanceDays(optionsOf(recordsOf({ b: [], c: [], e: [], f: [], g: [] }), 30));
    const merged = (...ids: readonly string[]) => [...days.persons(personsOf(...ids))].join('');
    assert.equal(merged('h', 'a', 'c', 'd', 'g'), 'abcdefgh');
    assert.equal(merged(), 'bcefg');
    assert.equal([...days.persons(undefined)].join(''), 'bcefg');
  });

  test('are calculated with turns of the event loop, so that a long report holds nothing up', async () => {
    let readings = 0;
    const clock = Object.assign(new VirtualClock(noonMs), {
      monotonicMs() {
        readings += 1;
        return 1000 * readings;
      },
    });
    const persons = personsOf('a', 'b', 'c', 'd');
    const period = { from: '2026-03-02', to: '2026-03-02' };
    let turns = 0;
    const turn = (): void => {
      turns += 1;
      immediate = setImmediate(turn);
    };
    let immediate = setImmediate(turn);
    try {
      const days = new AttendanceDays(optionsOf(records, 30, clock));
      for await (const _ of days.rows(persons.keys(), period, persons, () => true));
    } finally {
      clearImmediate(immediate);
    }
    assert.ok(turns >= persons.size, `${turns} turns`);
  });
});
