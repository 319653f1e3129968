import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'csv-parse/sync';
import {
  attendanceCsv,
  describeReport,
  describeToday,
  type ReadReport,
  readReport,
} from '../../daemon/cli/attendance/attendance-text.js';
import type { AttendanceHead, AttendanceRow, ReportItem } from '../../daemon/contract/attendance.js';
import { installedLanguages } from '../../daemon/host/installed-languages.js';
import { english } from '../../daemon/words/language.js';

const reader = { show: (iso: string) => iso, say: english.say };
const head: AttendanceHead = {
  site: 'head-office',
  timeZone: 'Europe/Paris',
  madeAt: '2026-03-03T09:00:00+01:00',
  from: '2026-03-02',
  to: '2026-03-02',
  areNamesKnown: true,
  areAbsencesKnown: true,
};

function rowOf(changes: Partial<AttendanceRow> = {}): AttendanceRow {
  return {
    person: 'p1',
    name: 'Ada',
    date: '2026-03-02',
    shift: 'night',
    shiftFrom: '2026-03-02T22:00:00+01:00',
    shiftTo: '2026-03-03T06:00:00+01:00',
    firstIn: '2026-03-02T22:10:00+01:00',
    lastOut: '2026-03-03T06:05:00+01:00',
    statuses: ['late'],
    ...{ workedMin: 475, breakMin: 0, awayMin: 0, earlyMin: 0, lateMin: 10, leftEarlyMin: 0, overtimeMin: 0 },
    isCorrected: false,
    ...changes,
  };
}

const cellsOf = (report: ReadReport): readonly Record<string, string>[] =>
  parse(attendanceCsv(report), { columns: true, bom: true });

describe('the table for spreadsheets', () => {
  test('has every value under its column', () => {
    const [cells] = cellsOf({ head, rows: [rowOf({ statuses: ['late', 'overtime'], isCorrected: true })] });
    assert.deepEqual(cells, {
      person: 'p1',
      external_id: '',
      name: 'Ada',
      date: '2026-03-02',
      shift: 'night',
      shift_from: '2026-03-02T22:00:00+01:00',
      shift_to: '2026-03-03T06:00:00+01:00',
      first_in: '2026-03-02T22:10:00+01:00',
      last_out: '2026-03-03T06:05:00+01:00',
      statuses: 'late overtime',
      ...{ worked_min: '475', break_min: '0', away_min: '0', early_min: '0' },
      ...{ late_min: '10', left_early_min: '0', overtime_min: '0' },
      corrected: 'yes',
    });
  });

  test('has headings, times and the separator of a spreadsheet in the language that is asked for', () => {
    const report = { head, rows: [rowOf({ externalId: '0017' })] };
    const german = attendanceCsv(report, { language: installedLanguages().firstOf(['de']) });
    const [cells] = parse<Record<string, string>>(german, { columns: true, bom: true, delimiter: ';' });
    assert.deepEqual(
      [cells?.['Externe Kennung'], cells?.['Erstes Kommen'], cells?.['Korrigiert']],
      ['0017', '2026-03-02 22:10:00', 'nein'],
    );
    const tabs = attendanceCsv(report, { language: english, separator: '\t' });
    const [other] = parse<Record<string, string>>(tabs, { columns: true, bom: true, delimiter: '\t' });
    assert.equal(other?.['First arrival'], '2026-03-02 22:10:00');
  });

  test('contains no formula, whatever a person is called', () => {
    for (const name of ['=1+1', '+49 30', '-2', '@SUM(A1)', "'=x", '\t=x']) {
      const [cells] = cellsOf({ head, rows: [rowOf({ name })] });
      assert.equal(cells?.['name'], `'${name}`);
    }
  });

  test('keeps commas, quotes and line ends in their cell, and leaves unknown names empty', () => {
    const names = ['Lovelace, Ada', 'Ada "Countess"', 'two\nlines'];
    const rows = [...names.map((name) => rowOf({ name })), { ...rowOf(), name: undefined }].map(
      ({ name, ...rest }) => (name === undefined ? rest : { ...rest, name }),
    );
    assert.deepEqual(
      cellsOf({ head, rows }).map((cells) => cells['name']),
      [...names, ''],
    );
  });
});

describe('the report for a person', () => {
  test('lists passages that could be of either of two persons separately', () => {
    const ambiguous = [
      {
        ...{ date: '2026-03-02', at: '2026-03-02T08:05:00+01:00', camera: 'gate', direction: 'in' as const },
        ...{ event: 41, candidates: [{ person: 'p1', name: 'Ada' }, { person: 'p2' }], isCorrected: false },
      },
    ];
    for (const text of [
      describeReport({ head: { ...head, ambiguous }, rows: [] }, reader),
      describeToday({ head: { ...head, ambiguous }, rows: [] }, reader),
    ]) {
      assert.match(text, /2026-03-02 +08:05 +gate +in +Ada or p2 +41 +open/);
      assert.match(text, /1 passage fits two persons and counts for neither\. Correct /);
    }
    assert.doesNotMatch(describeReport({ head, rows: [] }, reader), /two persons/);
  });

  test('lists days without proof of liveness separately and counts them', () => {
    const seenNotProven = [
      {
        ...{ person: 'p2', name: 'Bea', date: '2026-03-02', at: '2026-03-02T08:05:00+01:00', camera: 'gate' },
        ...({ direction: 'in', reason: 'eyes-not-seen-well', event: 7, isCorrected: false } as const),
      },
    ];
    const rows = [
      rowOf({ statuses: ['late', 'unproven'] }),
      rowOf({ person: 'p2', name: 'Bea', statuses: ['absent', 'seen-not-proven'] }),
    ];
    const report = { head: { ...head, seenNotProven }, rows };
    for (const text of [describeReport(report, reader), describeToday(report, reader)]) {
      assert.match(text, /p1 +Ada .* late, unproven/);
      assert.match(text, /Bea +2026-03-02 +08:05 +gate +in +eyes-not-seen-well +7 +open/);
      assert.match(text, /1 day marked "unproven": /);
      assert.match(text, /1 recognition without proof of liveness/);
    }
    assert.match(describeToday(report, reader), /1 absent, 1 late, 1 unproven, 1 seen but not proven/);
    assert.doesNotMatch(describeToday({ head, rows: [rowOf()] }, reader), /proven/);
    assert.deepEqual(
      cellsOf(report).map((cells) => cells['statuses']),
      ['late unproven', 'absent seen-not-proven'],
    );
  });

  test('shows times by the clock of the site, and marks those of the next day', () => {
    const text = describeReport({ head, rows: [rowOf()] }, reader);
    assert.match(
      text,
      /head-office, 2026-03-02 to 2026-03-02 \(Europe\/Paris\): 7:55 worked, of which 0:00 overtime/,
    );
    assert.match(text, /p1 +Ada +2026-03-02 +night +22:10 +06:05\+1 +7:55 +0:10 +- +- +late/);
  });

  test('counts present persons', () => {
    const rows = [
      rowOf({ statuses: ['on-time', 'present'] }),
      rowOf({ statuses: ['late', 'present'] }),
      rowOf({ statuses: ['expected'] }),
    ];
    assert.match(describeToday({ head, rows }, reader), /2 present, 1 expected, 0 absent, 1 late/);
  });

  test('shows the time of a present person as running, and leaves it out of the sum', () => {
    const present = rowOf({
      workedMin: 0,
      workedSoFarMin: 192,
      lastOut: null,
      statuses: ['late', 'present'],
    });
    assert.match(describeToday({ head, rows: [present] }, reader), /22:10 +- +3:12 so far +0:10/);
    const text = describeReport({ head, rows: [rowOf(), present] }, reader);
    assert.match(text, /: 7:55 worked/);
    assert.match(text, /The sum does not include the time of persons who are still present/);
    assert.doesNotMatch(describeReport({ head, rows: [rowOf()] }, reader), /so far/);
    const [cells] = cellsOf({ head, rows: [present] });
    assert.equal(cells?.['worked_min'], '0');
  });

  test('states its limits', () => {
    const unknown = { ...head, keptFrom: '2026-03-02', areNamesKnown: false, areAbsencesKnown: false };
    const text = describeReport({ head: unknown, rows: [] }, reader);
    assert.match(text, /no attendance in this period/);
    assert.match(text, /Records from before 2026-03-02 have been deleted/);
    assert.match(text, /Absences are missing/);
  });
});

describe('a received report', () => {
  const answer = (items: readonly ReportItem[], end?: Error) =>
    readReport(
      Promise.resolve(
        (async function* () {
          yield* items;
          if (end !== undefined) throw end;
        })(),
      ),
    );
  const whole: readonly ReportItem[] = [
    { kind: 'head', head },
    { kind: 'row', row: rowOf() },
  ];

  test('is read if it is complete', async () => {
    assert.deepEqual(await answer(whole), { head, rows: [rowOf()] });
  });

  test('is refused if its end or its head is missing', async () => {
    await assert.rejects(answer(whole, new Error('cut off')), /cut off/);
    await assert.rejects(answer(whole.slice(1)), { code: 'report-without-head' });
  });
});
