import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { summaryData } from '../../daemon/contract/events/notice-data.js';
import { summariseDays } from '../../daemon/core/attendance/attendance-part.js';
import {
  checkDaysEveryMs,
  type DailySummaryOptions,
  dailySummary,
  personsInAPart,
} from '../../daemon/core/attendance/daily-summary.js';
import type { OpenVault } from '../../daemon/core/gallery/gallery-vault.js';
import { operational } from '../../daemon/kernel/errors.js';
import { personId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { Recurring } from '../../daemon/kernel/recurring.js';
import { type AttendanceBox, enrolled, openAttendanceBox } from '../support/attendance-box.js';
import { instant, paris } from '../support/attendance-plan.js';
import { unprovenFact } from '../support/facts.js';

const dayShift = { id: 'day', from: '08:00', to: '16:00' };
const nightShift = { id: 'night', days: ['mon', 'tue', 'wed', 'thu'], from: '22:00', to: '06:00' };

interface Told {
  readonly date: string;
  readonly part: number;
  readonly parts: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly persons: readonly {
    readonly person: string;
    readonly shift: string | null;
    readonly statuses: readonly string[];
    readonly firstIn: string | null;
    readonly lastOut: string | null;
    readonly workedMin: number | null;
  }[];
}

const told = ({ records }: AttendanceBox): readonly Told[] =>
  records
    .list({ kind: 'summary', limit: 10_000 })
    .map(({ payload }) => (JSON.parse(new TextDecoder().decode(payload)) as { data: Told }).data);

const datesOf = (box: AttendanceBox): readonly string[] => told(box).map(({ date }) => date);

async function open(context: TestContext, time: string, shifts: readonly object[] = [dayShift]) {
  const box = await openAttendanceBox(context);
  box.configure({ shifts });
  box.setClock(time);
  const summaryOf = (changes: Partial<DailySummaryOptions> = {}): Recurring =>
    dailySummary({
      attendance: box.attendance,
      records: box.records,
      current: () => box.config,
      localTime: paris,
      isReady: () => true,
      clock: box.clock,
      logger: silentLogger,
      ...changes,
    });
  return {
    box,
    summaryOf,
    /** Starts a box at local time `at`, waits for its first check, and stops it. */
    async look(at: string, changes: Partial<DailySummaryOptions> = {}) {
      box.setClock(at);
      await using summary = summaryOf(changes).start();
      await summary.settled();
    },
  };
}

describe('a day', () => {
  test('waits for an open gallery, for sightings that were not recorded, and for a clock to trust', async (t) => {
    const { box } = await open(t, '2026-03-02T07:00');
    const ready = { vault: { open: {} as OpenVault }, intake: { problem: undefined } };
    const summarise = async (changes: Partial<Parameters<typeof summariseDays>[0]>) => {
      const started: Recurring[] = [];
      const lifetime = {
        use<T extends AsyncDisposable>(_name: string, part: T): T {
          if (part instanceof Recurring) started.push(part);
          return part;
        },
      };
      summariseDays({
        ...{ attendance: box.attendance, records: box.records, current: () => box.config },
        ...{ ...ready, retention: { isClockTrusted: true }, lifetime, clock: box.clock },
        ...{ logger: silentLogger, ...changes },
      });
      const [summary] = started;
      assert.ok(summary !== undefined);
      await summary.settled();
      await summary[Symbol.asyncDispose]();
    };
    await summarise({});
    box.setClock('2026-03-03T12:00');
    await summarise({ vault: { open: undefined } });
    await summarise({ intake: { problem: new Error('the disk is full') } });
    await summarise({ retention: { isClockTrusted: false } });
    assert.deepEqual(datesOf(box), []);
    await summarise({});
    assert.deepEqual(datesOf(box), ['2026-03-02']);
  });

  test('is summarised when it is over, with present and absent persons', async (t) => {
    const { box, look } = await open(t, '2026-03-02T07:00');
    box.persons = [enrolled('ada', 'Ada'), enrolled('bea', 'Bea'), enrolled('cyd', 'Cyd')];
    await look('2026-03-02T07:00');
    box.see('ada', 'entry', '2026-03-02T08:00');
    box.see('ada', 'exit', '2026-03-02T16:00');
    box.see('bea', 'entry', '2026-03-02T09:30');
    box.see('gone', 'entry', '2026-03-02T08:00');
    box.records.record(
      unprovenFact({ personId: personId('cyd'), occurredAtMs: instant('2026-03-02T08:00', paris) }),
    );
    await look('2026-03-02T23:59');
    assert.deepEqual(told(box), []);
    await look('2026-03-03T00:00');
    await look('2026-03-03T12:00');
    const [day, ...others] = told(box);
    assert.deepEqual(others, []);
    assert.deepEqual(day, {
      date: '2026-03-02',
      part: 1,
      parts: 1,
      counts: { absent: 1, incomplete: 2, late: 1, 'on-time': 2, 'seen-not-proven': 1 },
      persons: [
        {
          person: 'ada',
          shift: 'day',
          statuses: ['on-time'],
          firstIn: '2026-03-02T07:00:00.000Z',
          lastOut: '2026-03-02T15:00:00.000Z',
          workedMin: 480,
        },
        {
          person: 'bea',
          shift: 'day',
          statuses: ['late', 'incomplete'],
          firstIn: '2026-03-02T08:30:00.000Z',
          lastOut: null,
          workedMin: 0,
        },
        {
          person: 'cyd',
          shift: 'day',
          statuses: ['absent', 'seen-not-proven'],
          ...{ firstIn: null, lastOut: null, workedMin: 0 },
        },
        {
          person: 'gone',
          shift: 'day',
          statuses: ['on-time', 'incomplete'],
          firstIn: '2026-03-02T07:00:00.000Z',
          lastOut: null,
          workedMin: 0,
        },
      ],
    });
    assert.ok(!JSON.stringify(day).includes('Ada'), 'the summary contains no name');
    assert.ok(summaryData.safeParse(day).success, 'the data match the contract');
  });

  test('with a night shift is summarised when the shift has ended', async (t) => {
    const { box, look } = await open(t, '2026-03-02T07:00', [nightShift]);
    box.persons = [enrolled('ada')];
    await look('2026-03-02T07:00');
    box.see('ada', 'entry', '2026-03-02T21:58');
    box.see('ada', 'exit', '2026-03-03T06:02');
    await look('2026-03-03T13:59');
    assert.deepEqual(told(box), []);
    await look('2026-03-03T14:00');
    const [day] = told(box);
    assert.deepEqual(
      [day?.date, day?.persons[0]?.firstIn, day?.persons[0]?.lastOut, day?.counts],
      ['2026-03-02', '2026-03-02T20:58:00.000Z', '2026-03-03T05:02:00.000Z', { 'on-time': 1 }],
    );
  });

  test('without present or expected persons is summarised, too', async (t) => {
    const { box, look } = await open(t, '2026-03-07T07:00');
    await look('2026-03-07T07:00');
    await look('2026-03-08T00:00');
    assert.deepEqual(told(box), [{ date: '2026-03-07', part: 1, parts: 1, counts: {}, persons: [] }]);
  });

  test('with many persons is summarised in several parts at once', async (t) => {
    const { box, look } = await open(t, '2026-03-02T07:00');
    box.persons = Array.from({ length: 2 * personsInAPart + 1 }, (_, index) =>
      enrolled(`p-${10_000 + index}`),
    );
    await look('2026-03-02T07:00');
    await look('2026-03-03T00:00');
    assert.deepEqual(
      told(box).map(({ part, parts, persons, counts }) => [part, parts, persons.length, counts['absent']]),
      [
        [1, 3, 500, 1001],
        [2, 3, 500, 1001],
        [3, 3, 1, 1001],
      ],
    );
    const ids = told(box).flatMap(({ persons }) => persons.map(({ person }) => person));
    assert.equal(new Set(ids).size, 1001);
  });
});

describe('each day is summarised once', () => {
  test('the box summarises missed days in order after a restart', async (t) => {
    const { box, look } = await open(t, '2026-03-02T07:00');
    await look('2026-03-02T07:00');
    await look('2026-03-05T12:00');
    await look('2026-03-05T12:01');
    assert.deepEqual(datesOf(box), ['2026-03-02', '2026-03-03', '2026-03-04']);
    await look('2026-05-05T12:00');
    assert.equal(datesOf(box).length, 3 + 31, 'at most a month is summarised');
    assert.deepEqual([...datesOf(box)].sort(), datesOf(box));
  });

  test('the box neither loses nor repeats a part after a kill or a full disk', async (t) => {
    const { box, look } = await open(t, '2026-03-02T07:00');
    box.persons = Array.from({ length: personsInAPart + 1 }, (_, index) => enrolled(`p-${10_000 + index}`));
    await look('2026-03-02T07:00');
    const { records } = box;
    let calls = 0;
    const failing: DailySummaryOptions['records'] = {
      ...records,
      recordAll(events, alongside) {
        calls += 1;
        if (calls === 1) return records.recordAll(events, alongside);
        return records.recordAll(events, () => {
          alongside?.();
          throw operational('disk-full', 'the disk is full');
        });
      },
    };
    await look('2026-03-05T12:00', { records: failing });
    assert.deepEqual(datesOf(box), ['2026-03-02', '2026-03-02']);
    await look('2026-03-05T12:01');
    assert.deepEqual(datesOf(box), [
      ...['2026-03-02', '2026-03-02'],
      ...['2026-03-03', '2026-03-03'],
      ...['2026-03-04', '2026-03-04'],
    ]);
  });

  test('a running box summarises a day when it ends', async (t) => {
    const { box, summaryOf } = await open(t, '2026-03-02T07:00');
    await using summary = summaryOf().start();
    await summary.settled();
    box.setClock('2026-03-03T00:00');
    box.clock.advanceBy(checkDaysEveryMs);
    await summary.settled();
    box.clock.advanceBy(checkDaysEveryMs);
    await summary.settled();
    assert.deepEqual(datesOf(box), ['2026-03-02']);
  });
});

describe('the daily summary', () => {
  test('waits while sightings wait or enrolled persons are unknown', async (t) => {
    const { box, look } = await open(t, '2026-03-02T07:00');
    await look('2026-03-02T07:00');
    await look('2026-03-03T12:00', { isReady: () => false });
    box.persons = undefined;
    await look('2026-03-03T12:00');
    assert.deepEqual(told(box), []);
    box.persons = [enrolled('ada')];
    await look('2026-03-03T12:01');
    assert.deepEqual(datesOf(box), ['2026-03-02']);
  });

  test('waits for shifts; days on which it is switched off are never summarised', async (t) => {
    const { box, look } = await open(t, '2026-03-02T07:00', []);
    await look('2026-03-02T07:00');
    await look('2026-03-04T07:00');
    box.configure({ shifts: [dayShift], dailySummary: false });
    await look('2026-03-06T07:00');
    assert.deepEqual(told(box), []);
    box.configure({ shifts: [dayShift] });
    await look('2026-03-08T07:00');
    await look('2026-03-09T07:00');
    assert.deepEqual(datesOf(box), ['2026-03-08']);
    box.configure({ shifts: [dayShift], dailySummary: false });
    await look('2026-03-11T07:00');
    box.configure({ shifts: [dayShift] });
    await look('2026-03-12T07:00');
    await look('2026-03-13T07:00');
    assert.deepEqual(datesOf(box), ['2026-03-08', '2026-03-12']);
  });

  test('repeats days that were summarised too early because the clock was ahead', async (t) => {
    const { box, look } = await open(t, '2026-03-02T07:00');
    await look('2026-03-02T07:00');
    await look('2026-03-05T07:00');
    await look('2026-03-03T07:00');
    await look('2026-03-04T07:00');
    assert.deepEqual(datesOf(box), ['2026-03-02', '2026-03-03', '2026-03-04', '2026-03-03']);
  });
});

describe('a correction', () => {
  test('of a summarised day gives one new summary after the last correction', async (t) => {
    const { box, look } = await open(t, '2026-03-02T07:00');
    box.persons = [enrolled('ada')];
    await look('2026-03-02T07:00');
    await look('2026-03-03T08:00');
    await box.correct({ person: 'ada', date: '2026-03-02', kind: 'in', time: '08:00' });
    box.setClock('2026-03-03T08:04');
    await box.correct({ person: 'ada', date: '2026-03-02', kind: 'out', time: '16:00' });
    await look('2026-03-03T08:06');
    assert.equal(told(box).length, 1, 'the summary waits for more corrections');
    await look('2026-03-03T08:09');
    await look('2026-03-03T08:20');
    assert.deepEqual(
      told(box).map(({ date, counts }) => [date, counts]),
      [
        ['2026-03-02', { absent: 1 }],
        ['2026-03-02', { 'on-time': 1 }],
      ],
    );
  });

  test('of a day that has not ended causes no second summary', async (t) => {
    const { box, look } = await open(t, '2026-03-02T07:00');
    box.persons = [enrolled('ada')];
    await look('2026-03-02T07:00');
    box.setClock('2026-03-02T17:00');
    await box.correct({ person: 'ada', date: '2026-03-02', kind: 'in', time: '08:00' });
    await look('2026-03-02T18:00');
    await look('2026-03-03T01:00');
    await look('2026-03-03T02:00');
    assert.deepEqual(datesOf(box), ['2026-03-02']);
  });
});
