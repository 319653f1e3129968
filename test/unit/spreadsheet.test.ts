import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crc32, inflateRawSync } from 'node:zlib';
import { strFromU8, unzipSync } from 'fflate';
import { spreadsheet } from '../../daemon/console/pages/attendance/spreadsheet.js';
import {
  attendanceTable,
  type TableWords,
  textCells,
} from '../../daemon/kernel/attendance/attendance-table.js';
import { csvText } from '../../daemon/kernel/csv.js';

const german: TableWords = {
  heading: (column) => `${column} auf Deutsch`,
  field: ({ name }) => name,
  status: (status) => `${status}!`,
  separator: ', ',
  yes: 'ja',
  no: 'nein',
};

const fields = [
  { id: 'cost_centre', name: 'Cost centre' },
  { id: 'badge', name: 'Badge' },
];

const row = {
  ...{ person: 'p-1', name: '=HYPERLINK("https://192.0.2.1")', date: '2026-03-02', shift: 'day' },
  ...{ shiftFrom: null, shiftTo: null, firstIn: '2026-03-02T08:00:00+01:00', lastOut: null },
  ...{ statuses: ['late', 'incomplete'] as const, workedMin: 0, breakMin: 0, awayMin: 0, earlyMin: 0 },
  ...{ lateMin: 20, leftEarlyMin: 0, overtimeMin: 0, isCorrected: false },
};

const partIn = async (book: Blob, path: string): Promise<string> =>
  strFromU8(unzipSync(new Uint8Array(await book.arrayBuffer()))[path] ?? new Uint8Array());

const sheetIn = (book: Blob): Promise<string> => partIn(book, 'xl/worksheets/sheet1.xml');

describe('the table of attendance', () => {
  test('has a cell for each column', () => {
    for (const words of [undefined, german]) {
      const [names, cells] = attendanceTable([row], fields, words);
      assert.equal(cells?.length, names?.length);
      assert.equal(new Set(names).size, names?.length, 'no name comes twice');
    }
  });

  test('ends with the custom fields: by ID for programs, by name for people, empty without a value', () => {
    const rows = [{ ...row, fields: { cost_centre: '=1+1' } }, row];
    const ends = [undefined, german].map((words) =>
      textCells(attendanceTable(rows, fields, words)).map((cells) => cells.slice(-2)),
    );
    assert.deepEqual(ends, [
      [
        ['field_cost_centre', 'field_badge'],
        ['=1+1', ''],
        ['', ''],
      ],
      [
        ['Cost centre', 'Badge'],
        ['=1+1', ''],
        ['', ''],
      ],
    ]);
    assert.match(csvText(textCells(attendanceTable(rows, fields))), /,'=1\+1,/);
  });

  test('says statuses in the words of the reader', () => {
    assert.ok(attendanceTable([row])[1]?.includes('late incomplete'));
    assert.ok(attendanceTable([row], [], german)[1]?.includes('late!, incomplete!'));
  });

  test('runs no name as a formula, in either form', async () => {
    const table = attendanceTable([row]);
    for (const separator of [',', ';', '\t'] as const)
      assert.ok(csvText(textCells(table), separator).includes(`${separator}"'=HYPERLINK(`), separator);
    assert.match(csvText(textCells(table)), /,"'=HYPERLINK\(""https:\/\/192\.0\.2\.1""\)",/);
    const sheet = await sheetIn(await spreadsheet(table));
    assert.ok(sheet.includes('<c t="inlineStr"><is><t xml:space="preserve">=HYPERLINK("https'));
    assert.doesNotMatch(sheet, /<f>/);
    assert.ok(sheet.includes('<c><v>20</v></c>'), 'minutes are numbers');
  });

  test('has the external id, and days and times that a workbook calculates with, by the clock of the site', async () => {
    const table = attendanceTable([{ ...row, externalId: '0017' }], [], german);
    assert.deepEqual(table[0]?.slice(0, 2), ['person auf Deutsch', 'external_id auf Deutsch']);
    const sheet = await sheetIn(await spreadsheet(table));
    // 46083 is 2 March 2026; a third of a day is eight o'clock.
    assert.ok(sheet.includes('<c s="1"><v>46083</v></c>'), sheet);
    assert.match(sheet, /<c s="2"><v>46083\.3333333+\d*<\/v><\/c>/);
    assert.ok(sheet.includes('>0017</t>'), 'an external id is a text, with its zeros');
    const [, cells = []] = textCells(table, { isForPeople: true });
    assert.deepEqual([cells[1], cells[3], cells[7]], ['0017', '2026-03-02', '2026-03-02 08:00:00']);
    assert.equal(cells.at(-1), 'nein');
  });

  test('of a workbook has the formats of a day and of a time where its cells look for them', async () => {
    const book = await spreadsheet(attendanceTable([row]));
    const styles = [...(await sheetIn(book)).matchAll(/<c s="(\d)">/g)].map(([, style]) => Number(style));
    const [, count, listed = ''] =
      /<cellXfs count="(\d)">(.*)<\/cellXfs>/.exec(await partIn(book, 'xl/styles.xml')) ?? [];
    const formats = [...listed.matchAll(/numFmtId="(\d+)"/g)].map(([, format]) => format);
    assert.equal(Number(count), formats.length);
    assert.deepEqual(
      [...new Set(styles)].map((style) => formats[style]),
      ['14', '22'],
    );
  });

  test('of a workbook stays well-formed with signs of XML and control characters in it', async () => {
    const sheet = await sheetIn(await spreadsheet([['a<b>&\u0000c', 1]]));
    assert.ok(sheet.includes('>a&lt;b&gt;&amp;c</t>'));
  });

  test('of a workbook tells the checksum of each part, by which readers see damage', async () => {
    const book = Buffer.from(await (await spreadsheet([['a', 1]])).arrayBuffer());
    const entry = book.indexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
    const at = book.readUInt32LE(entry + 42);
    const begins = at + 30 + book.readUInt16LE(at + 26);
    const packed = book.subarray(begins, begins + book.readUInt32LE(entry + 20));
    assert.equal(book.readUInt32LE(entry + 16), crc32(inflateRawSync(packed)));
  });

  test('of a workbook holds many rows', async () => {
    const rows = Array.from({ length: 2500 }, (_, index) => [`person ${index}`, index]);
    const sheet = await sheetIn(await spreadsheet(rows));
    assert.equal(sheet.match(/<row>/g)?.length, rows.length);
    assert.ok(sheet.includes('person 2499') && sheet.endsWith('</worksheet>'));
  });
});
