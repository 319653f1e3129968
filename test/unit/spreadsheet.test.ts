import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crc32, inflateRawSync } from 'node:zlib';
import { strFromU8, unzipSync } from 'fflate';
import { csvText } from '../../daemon/base/csv.js';
import { spreadsheet } from '../../daemon/console/pages/attendance/spreadsheet.js';
import { attendanceCells, attendanceColumns } from '../../daemon/domain/attendance/attendance-table.js';

const row = {
  ...{ person: 'p-1', name: '=HYPERLINK("https://192.0.2.1")', date: '2026-03-02', shift: 'day' },
  ...{ shiftFrom: null, shiftTo: null, firstIn: '2026-03-02T08:00:00+01:00', lastOut: null },
  ...{ statuses: ['late', 'incomplete'], workedMin: 0, breakMin: 0, awayMin: 0, earlyMin: 0 },
  ...{ lateMin: 20, leftEarlyMin: 0, overtimeMin: 0, isCorrected: false },
};

const sheetIn = async (book: Blob): Promise<string> =>
  strFromU8(
    unzipSync(new Uint8Array(await book.arrayBuffer()))['xl/worksheets/sheet1.xml'] ?? new Uint8Array(),
  );

describe('the table of attendance', () => {
  test('has a cell for each column', () => {
    assert.equal(attendanceCells(row).length, attendanceColumns.length);
  });

  test('runs no name as a formula, in either form', async () => {
    const table = [attendanceColumns, attendanceCells(row)];
    assert.match(csvText(table), /,"'=HYPERLINK\(""https:\/\/192\.0\.2\.1""\)",/);
    const sheet = await sheetIn(await spreadsheet(table));
    assert.ok(sheet.includes('<c t="inlineStr"><is><t xml:space="preserve">=HYPERLINK("https'));
    assert.doesNotMatch(sheet, /<f>/);
    assert.ok(sheet.includes('<c><v>20</v></c>'), 'minutes are numbers');
  });

  test('of a workbook stays well-formed with signs of XML and control characters in it', async () => {
    const sheet = await sheetIn(await spreadsheet([['a<b>&\u0000c', 1]]));
    assert.ok(sheet.includes('>a&lt;b&gt;&amp;c</t>'));
  });

  test('of a workbook tells the checksum of each part, by which readers see damage', async () => {
    const bytes = Buffer.from(await (await spreadsheet([['a', 1]])).arrayBuffer());
    const begins = 30 + bytes.readUInt16LE(26);
    const packed = bytes.subarray(begins, begins + bytes.readUInt32LE(18));
    assert.equal(bytes.readUInt32LE(14), crc32(inflateRawSync(packed)));
  });

  test('of a workbook holds many rows', async () => {
    const rows = Array.from({ length: 2500 }, (_, index) => [`person ${index}`, index]);
    const sheet = await sheetIn(await spreadsheet(rows));
    assert.equal(sheet.match(/<row>/g)?.length, rows.length);
    assert.ok(sheet.includes('person 2499') && sheet.endsWith('</worksheet>'));
  });
});
